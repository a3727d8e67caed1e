#!/bin/sh
# Builds out of Debian's source package what no package has of hostap: its authentication centre, and hostapd without its
# limits of 1,000 RADIUS sessions that stay for 5 seconds each, which reject a load that lasts.
# hostap.sh WHERE leaves WHERE/hlr_auc_gw and WHERE/hostapd-unlimited; it changes nothing else, but root installs what the
# compiler needs.
needs="dpkg-dev gcc libc6-dev libsqlite3-dev libssl-dev make pkg-config"
. "$(dirname "$0")/../interop/debian_source.sh"
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
