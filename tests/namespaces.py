"""Network namespaces for tests, which end with the processes in them."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

from akadia.laboratory import Laboratory
from runtime.tun import CONTROL
from tests.house.source_tree import ROOT

AKADIA = (sys.executable, "-P", "-m", "akadia")
LIMIT = 60.0

PING = """
import os, socket, struct, sys
device, destination = sys.argv[1:]
with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as raw:
    raw.settimeout(5)
    if device:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
    for sequence in range(1, 4):
        asked = struct.pack("!HH", os.getpid() & 0xFFFF, sequence) + b"0123456789" * 120
        raw.sendto(struct.pack("!BBH", 128, 0, 0) + asked, (destination, 0))
        while True:
            octets, source = raw.recvfrom(2000)
            if octets[0] == 129 and octets[4:] == asked and source[0] == destination:
                print("reply", sequence, flush=True)
                break
"""


@dataclass(frozen=True)
class Namespace:
    """A network namespace with its loopback up; it is gone when its last process is."""

    holder: "subprocess.Popen[str]"

    def command(self, *words: str) -> list[str]:
        """The command that runs `words` in it, in the same process."""
        return ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net", "--", *words]

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run a command in it to its end."""
        return subprocess.run(
            self.command(*words), cwd=ROOT, capture_output=True, text=True, check=False, timeout=LIMIT
        )

    def ip(self, words: str) -> str:
        """Have ip(8) do something, which must work."""
        done = self.run("ip", *words.split())
        assert done.returncode == 0, done.stderr
        return done.stdout

    def ping(self, destination: str, device: str = "") -> list[str]:
        """Three echo requests of the kernel's own host."""
        done = self.run(sys.executable, "-c", PING, device, destination)
        return done.stdout.splitlines() or [done.stderr]


NewNamespace = Callable[[], Namespace]


@pytest.fixture
def namespace() -> Iterator[NewNamespace]:
    """Makes network namespaces; skips where that is not possible, except in CI as root."""
    if os.geteuid():
        pytest.skip("network namespaces and TUN devices need root")
    for tool in ("ip", "unshare", "nsenter", "setpriv"):
        if shutil.which(tool) is None:
            impossible(f"{tool} is not installed (Debian packages iproute2 and util-linux)")
    if not Path(CONTROL).exists():
        impossible(f"there is no {CONTROL}")
    with ExitStack() as stack:
        yield lambda: stack.enter_context(new_namespace())


def impossible(reason: str) -> NoReturn:
    """Skip the test, or fail it in CI, where everything has to be possible."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def new_namespace() -> Iterator[Namespace]:
    """One more, until the end of the block; for who is no test and has seen to what `namespace` sees to."""
    # It reads a pipe of ours, so that it ends even when this process is killed.
    with process(["unshare", "--net", "sh", "-c", "ip link set lo up && echo up && read end"]) as holder:
        if line_of(holder) != "up":
            impossible("this kernel gives root no network namespace")
        yield Namespace(holder)


@contextmanager
def process(command: list[str]) -> "Iterator[subprocess.Popen[str]]":
    """A process that is asked to stop, and then made to."""
    running = subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield running
    finally:
        running.terminate()
        try:
            running.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            running.kill()
            running.communicate()


def line_of(running: "subprocess.Popen[str]") -> str:
    """The next line that a process prints."""
    assert running.stdout is not None
    return running.stdout.readline().rstrip("\n")


def until(running: "subprocess.Popen[str]", start: str) -> str:
    """Read lines until one begins so; the test's own limit ends a wait for ever."""
    said: list[str] = []
    while line := line_of(running):
        said.append(line)
        if line.startswith(start):
            return line
    pytest.fail("\n".join(said))


def join(core: Namespace, hosts: Mapping[Namespace, Sequence[str]]) -> None:
    """Make one link of `core` and others, by a bridge in `core`; each has its addresses, such as 192.0.2.4/24."""
    core.ip("link add name link0 type bridge")
    core.ip("link set link0 up")
    for number, (host, addresses) in enumerate(hosts.items()):
        device = "link0" if host is core else "cable0"
        if host is not core:
            host.ip(f"link add cable0 type veth peer name port{number} netns {core.holder.pid}")
            core.ip(f"link set port{number} master link0 up")
            host.ip("link set cable0 up")
        for address in addresses:
            # Nobody else is on the link, so nobody has to be asked whether an address is free.
            host.ip(f"address add {address} dev {device}" + (" nodad" if ":" in address else ""))


def apart(laboratory: Laboratory, ue: Namespace, gateway: Namespace) -> None:
    """Join two namespaces by a cable, and put the laboratory on it: the UE at one end, all else at the other."""
    block = laboratory.plan.block
    text = laboratory.config.read_text(encoding="utf-8")
    text = text.replace(f"127.{block.a}.{block.b}.", "192.0.2.").replace('"127.0.0.0/8"', '"192.0.2.0/24"')
    laboratory.config.write_text(text.replace('tun = ""', 'tun = "home0"'), encoding="utf-8")
    ue.ip(f"link add cable0 type veth peer name cable0 netns {gateway.holder.pid}")
    for where, hosts in ((ue, (10,)), (gateway, (2, 3, 4, 53))):
        for host in hosts:
            where.ip(f"address add 192.0.2.{host}/24 dev cable0")
        where.ip("link set cable0 up")


@contextmanager
def network_up(where: Namespace, laboratory: Laboratory) -> Iterator[None]:
    """All daemons, in a namespace."""
    with process(where.command(*AKADIA, "--config", str(laboratory.config), "up")) as daemons:
        until(daemons, "ready")
        yield
