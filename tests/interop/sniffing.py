"""tcpdump listening on an interface while a test goes on."""

import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.interop.program import LIMIT, Program

_PORT = 65000
_BROADCAST = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending:
    sending.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    sending.sendto(bytes.fromhex(sys.argv[2]), (sys.argv[1], int(sys.argv[3])))
"""


@contextmanager
def listening(
    tcpdump: str,
    interface: str,
    broadcast: str,
    only: str,
    file: Path,
    where: Callable[..., list[str]] = lambda *w: [*w],
) -> Iterator[Path]:
    """What `only` lets through, in `file`, which is whole afterwards.

    `broadcast` is an address that leads out by `interface`, `where` says how a command is run at that place.
    """
    command = where(tcpdump, "--immediate-mode", "-U", "-Z", "root", "-i", interface, "-w", str(file))
    program = Program(*command, f"({only}) or udp port {_PORT}")
    try:
        program.wait_for("listening on")
        yield file
        _wait_for_the_rest(file, broadcast, where)
    finally:
        program.end()


def _wait_for_the_rest(file: Path, broadcast: str, where: Callable[..., list[str]]) -> None:
    """Packets stand in the file in their order: where the last one is, there is every other."""
    last = secrets.token_bytes(16)
    command = where(sys.executable, "-c", _BROADCAST, broadcast, last.hex(), str(_PORT))
    subprocess.run(command, check=True, timeout=LIMIT)
    end = time.monotonic() + LIMIT
    while last not in file.read_bytes():
        assert time.monotonic() < end, "tcpdump has not written what was sent"
        time.sleep(0.05)
