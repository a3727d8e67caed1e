#!/bin/sh
# Builds out of Debian's source package what no package has of hostap: its authentication centre, and hostapd without its
# limits of 1,000 RADIUS sessions that stay for 5 seconds each, which reject a load that lasts.
# hostap.sh WHERE leaves WHERE/hlr_auc_gw and WHERE/hostapd-unlimited; it changes nothing else, but root installs what the
# compiler needs.
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
cat >.config <<'CONFIG'
CONFIG_SQLITE=y
CONFIG_TLS=openssl
CONFIG_DRIVER_NONE=y
CONFIG_RADIUS_SERVER=y
CONFIG_EAP=y
CONFIG_EAP_SIM=y
CONFIG_EAP_AKA=y
CONFIG_EAP_AKA_PRIME=y
CONFIG
sed -i 's/^#define RADIUS_MAX_SESSION .*/#define RADIUS_MAX_SESSION 100000/; s/^#define RADIUS_SESSION_MAINTAIN .*/#define RADIUS_SESSION_MAINTAIN 0/' \
  ../src/radius/radius_server.c
make -s hlr_auc_gw
cp hlr_auc_gw "$where/hlr_auc_gw"
make -s hostapd
cp hostapd "$where/hostapd-unlimited"
