# For scripts that build out of Debian's source packages, which read it by `.` once they have set `needs`: the packages
# that the compiler needs, which root installs; nothing else is changed. Then $where is the folder that is the script's
# argument, it is in a new folder, which goes with it, and `from_source` is an apt-get that knows the source packages.
set -eu
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
