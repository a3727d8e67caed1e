#!/bin/sh
# Builds hostapd's own authentication centre out of Debian's source package, because no package has the program.
# hlr_auc_gw.sh WHERE: leaves WHERE/hlr_auc_gw; needs apt-get, dpkg-dev, gcc, libssl-dev and libsqlite3-dev.
set -eu
where=$(mkdir -p "$1" && cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir -p lists/partial
sed 's/^Types: deb$/Types: deb-src/' /etc/apt/sources.list.d/debian.sources >debian.sources
apt() {
  apt-get -q -o Dir::Etc::sourcelist="$work/debian.sources" -o Dir::Etc::sourceparts=- -o Dir::State::Lists="$work/lists" \
    -o APT::Sandbox::User=root "$@"
}
apt update
apt source wpa
cd wpa-*/hostapd
printf 'CONFIG_SQLITE=y\nCONFIG_TLS=openssl\n' >.config
make -s hlr_auc_gw
install -m 755 hlr_auc_gw "$where/hlr_auc_gw"
