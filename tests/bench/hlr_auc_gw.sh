#!/bin/sh
# Builds hostapd's own authentication centre out of Debian's source package, because no package has the program.
# hlr_auc_gw.sh WHERE leaves WHERE/hlr_auc_gw; it changes nothing else, but root installs what the compiler needs.
set -eu
needs="dpkg-dev gcc libc6-dev libsqlite3-dev libssl-dev make pkg-config"
where=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ "$(id -u)" = 0 ] && ! dpkg -s $needs >/dev/null 2>&1; then
  apt-get update -q
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $needs
fi
cd "$work"
mkdir -p lists/partial
if [ -e /etc/apt/sources.list.d/debian.sources ]; then
  sed 's/^Types: .*/Types: deb-src/' /etc/apt/sources.list.d/debian.sources >source.sources
else
  sed -n 's/^deb /deb-src /p' /etc/apt/sources.list >source.list
fi
from_source() {
  apt-get -q -o Dir::Etc::sourcelist="$(echo "$work"/source.*)" -o Dir::Etc::sourceparts=- \
    -o Dir::State::Lists="$work/lists" -o APT::Sandbox::User=root "$@"
}
from_source update
from_source source wpa
cd wpa-*/hostapd
printf 'CONFIG_SQLITE=y\nCONFIG_TLS=openssl\n' >.config
make -s hlr_auc_gw
cp hlr_auc_gw "$where/hlr_auc_gw"
