#!/bin/sh
# Builds strongSwan's AKA card, which Debian's packages leave out, from Debian's own source against the installed daemon.
# eap_aka_3gpp.sh WHERE leaves WHERE/libstrongswan-eap-aka-3gpp.so; it changes nothing else, but root installs what the
# compiler needs.
needs="dpkg-dev gcc libc6-dev"
. "$(dirname "$0")/debian_source.sh"
# Only the upstream archive is needed, which every revision of the package shares.
upstream=$(dpkg-query -W -f '${source:Upstream-Version}' strongswan-libcharon)
from_source --download-only source strongswan || test -e "strongswan_$upstream.orig.tar.bz2"
tar xf "strongswan_$upstream.orig.tar.bz2"
cd "strongswan-$upstream/src"
cat >config.h <<'DEFINES'
#define CONFIG_H_INCLUDED
#define _GNU_SOURCE
#define HAVE_STDBOOL_H 1
#define HAVE__BOOL 1
#define HAVE_INT128 1
#define HAVE_EXPLICIT_BZERO 1
#define HAVE_MEMRCHR 1
#define HAVE_FMEMOPEN 1
#define HAVE_GCC_ATOMIC_OPERATIONS 1
#define HAVE_CLOCK_GETTIME 1
#define HAVE_CONDATTR_CLOCK_MONOTONIC 1
#define HAVE_ALLOCA_H 1
#define HAVE_SYS_PARAM_H 1
#define HAVE_SIGWAITINFO 1
#define HAVE_CLOSEFROM 1
#define HAVE_PTHREAD_RWLOCK_INIT 1
DEFINES
gcc -shared -fPIC -O2 -w -include config.h -DVERSION="\"$upstream\"" -Ilibstrongswan -Ilibcharon -Ilibsimaka \
  -o "$where/libstrongswan-eap-aka-3gpp.so" libcharon/plugins/eap_aka_3gpp/*.c \
  -L/usr/lib/ipsec -l:libsimaka.so.0 -l:libstrongswan.so.0 -Wl,-rpath,/usr/lib/ipsec
