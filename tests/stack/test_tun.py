"""TUN devices with the kernel itself, in network namespaces that end with the processes in them."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

from akadia.laboratory import Laboratory, create
from runtime.tun import CONTROL
from tests.house.source_tree import ROOT

pytestmark = pytest.mark.stack

AKADIA = (sys.executable, "-P", "-m", "akadia")
LIMIT = 60.0
ATTACH = ("ue", "attach", "--tun", "ak0", "--stay", "--json", "--pings", "1")

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

SERVER = """
import socket, sys
with socket.create_server((sys.argv[1], 7777), family=socket.AF_INET6) as listening:
    listening.settimeout(30)
    print("listening", flush=True)
    served, peer = listening.accept()
    with served:
        print(peer[0], flush=True)
        while octets := served.recv(65536):
            served.sendall(octets)
"""

CLIENT = """
import socket, sys, threading
sent = bytes(range(256)) * 1000
with socket.create_connection((sys.argv[1], 7777), timeout=30) as stream:
    def send():
        stream.sendall(sent)
        stream.shutdown(socket.SHUT_WR)
    threading.Thread(target=send).start()
    came = b""
    while octets := stream.recv(65536):
        came += octets
    print(came == sent, flush=True)
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
            _impossible(f"{tool} is not installed (Debian packages iproute2 and util-linux)")
    if not Path(CONTROL).exists():
        _impossible(f"there is no {CONTROL}")
    with ExitStack() as stack:
        yield lambda: stack.enter_context(_new_namespace())


def _impossible(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def _new_namespace() -> Iterator[Namespace]:
    # It reads a pipe of ours, so that it ends even when this process is killed.
    with process(["unshare", "--net", "sh", "-c", "ip link set lo up && echo up && read end"]) as holder:
        if line_of(holder) != "up":
            _impossible("this kernel gives root no network namespace")
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


@contextmanager
def network_up(where: Namespace, laboratory: Laboratory) -> Iterator[None]:
    """All daemons, in a namespace."""
    with process(where.command(*AKADIA, "--config", str(laboratory.config), "up")) as daemons:
        until(daemons, "ready")
        yield


@contextmanager
def attached(where: Namespace, laboratory: Laboratory) -> Iterator[str]:
    """A UE with a TUN device in a namespace; its Home Address."""
    with process(where.command(*AKADIA, "--config", str(laboratory.config), *ATTACH)) as ue:
        told = json.loads(until(ue, '{"n": 8,'))
        assert told["evidence"]["pings"] == "1 of 1"
        device, home_address = told["evidence"]["TUN device"].split()
        assert device == "ak0"
        yield home_address.partition("/")[0]


def assert_has(where: Namespace, address: str) -> None:
    """The device has the Home Address, and no address of the kernel's own beside it."""
    (link,) = json.loads(where.ip("-json -6 address show dev ak0"))
    assert [entry["local"] for entry in link["addr_info"]] == [address]
    assert (link["mtu"], "UP" in link["flags"]) == (1400, True)


REPLIES = ["reply 1", "reply 2", "reply 3"]


def test_kernel_pings_the_home_agent_through_the_ue(namespace: NewNamespace, tmp_path: Path) -> None:
    laboratory, here = create(tmp_path / "lab"), namespace()
    with network_up(here, laboratory):
        with attached(here, laboratory) as home_address:
            assert_has(here, home_address)
            assert here.ping(str(laboratory.plan.block.home_agent), device="ak0") == REPLIES
        assert "ak0" not in here.ip("-brief link"), "the device ends with the attach"


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


def carries_a_stream(server: Namespace, address: str, client: Namespace) -> str:
    """Send 256,000 octets over TCP there and back; whose address the server saw."""
    with process(server.command(sys.executable, "-c", SERVER, address)) as serving:
        assert line_of(serving) == "listening"
        done = client.run(sys.executable, "-c", CLIENT, address)
        assert done.stdout == "True\n", done.stderr
        return line_of(serving)


def test_kernels_talk_between_ue_and_home_network(namespace: NewNamespace, tmp_path: Path) -> None:
    laboratory, ue, gateway = create(tmp_path / "lab"), namespace(), namespace()
    apart(laboratory, ue, gateway)
    home_agent = str(laboratory.plan.block.home_agent)
    host = str(laboratory.plan.block.home_prefix[2])
    gateway.ip(f"-6 address add {host}/128 dev lo")
    with network_up(gateway, laboratory), attached(ue, laboratory) as home_address:
        assert home_agent not in gateway.ip("-6 address"), "the home agent's address is not the kernel's"
        assert ue.ping(home_agent, device="ak0") == gateway.ping(home_agent) == REPLIES
        assert ue.ping(host, device="ak0") == gateway.ping(home_address) == REPLIES
        assert carries_a_stream(gateway, host, ue) == home_address
        assert carries_a_stream(ue, home_address, gateway) == host


@pytest.mark.parametrize(("device", "words"), [("ak0", ATTACH), ("home0", ("pdngw", "serve"))])
def test_missing_privilege_is_one_line_that_says_what_to_do(
    namespace: NewNamespace, tmp_path: Path, device: str, words: tuple[str, ...]
) -> None:
    laboratory, here = create(tmp_path / "lab"), namespace()
    text = laboratory.config.read_text(encoding="utf-8")
    laboratory.config.write_text(text.replace('tun = ""', 'tun = "home0"'), encoding="utf-8")
    unprivileged = ("setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin")
    done = here.run(*unprivileged, *AKADIA, "--config", str(laboratory.config), *words)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"error: TUN device {device}: Operation not permitted; run as root or with CAP_NET_ADMIN, or name no TUN device"
    )
    assert "Traceback" not in done.stderr
