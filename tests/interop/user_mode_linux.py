"""Linux as a program (Debian's user-mode-linux): a kernel with ESP and Mobile IPv6 of its own, on a TAP device."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.house.source_tree import ROOT
from tests.namespaces import Namespace

LIMIT = 60.0

_BEGIN = """\
#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs run /run
# The package has its modules where modprobe does not look.
mkdir -p /run/modules/lib
ln -s /usr/lib/uml/modules /run/modules/lib/modules
printf '#!/bin/sh\\nexec modprobe -d /run/modules "$@"\\n' >/run/modprobe
chmod +x /run/modprobe
echo /run/modprobe >/proc/sys/kernel/modprobe
for module in xfrm_user esp6 mip6; do
  /run/modprobe $module
done
ip link set lo up
ip link set vec0 up
"""
"""The kernel's first process; when it ends, that is a panic, which ends the kernel at once."""


def run_kernel(where: Namespace, tap: str, folder: Path, linux: str, commands: Sequence[str]) -> list[str]:
    """Boot the kernel with its interface `vec0` on the TAP device of a namespace, run `commands`, and end.

    Returns what they printed, a line each. The root is this machine's file system, and read only.
    """
    init = folder / "init.sh"
    init.write_text(_BEGIN + "\n".join(commands) + "\n", encoding="utf-8")
    init.chmod(0o700)
    words = (
        linux,
        "mem=256M",
        "root=/dev/root",
        "rootfstype=hostfs",
        "rootflags=/",
        "ro",
        f"init={init}",
        "con=null",
        "con0=null,fd:1",
        "quiet",
        "panic=-1",
        f"vec0:transport=tap,ifname={tap},depth=64",
    )
    done = subprocess.run(
        where.command("env", "TMPDIR=/dev/shm", *words),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        timeout=LIMIT,
    )
    return done.stdout.decode("utf-8", "replace").splitlines()
