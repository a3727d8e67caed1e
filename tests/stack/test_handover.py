"""A UE on real links: IPv6 here, IPv4 behind a NAT there, and a download that goes on through both (RFC 5555 §4.4)."""

import json
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from akadia.laboratory import Laboratory, create
from tests.namespaces import AKADIA, Namespace, NewNamespace, impossible, line_of, network_up, process, until

pytestmark = pytest.mark.stack

FOREIGN6, GATE6 = "2001:db8:b::77", "2001:db8:b::1"
FOREIGN4, NAT4 = "10.99.0.10", "10.99.0.1"

SERVER = """
import hashlib, os, socket, sys, time
with socket.create_server((sys.argv[1], 7777), family=socket.AF_INET6) as listening:
    listening.settimeout(60)
    print("listening", flush=True)
    served, peer = listening.accept()
    digest = hashlib.sha256()
    with served:
        served.settimeout(60)
        for _ in range(150):
            octets = os.urandom(20000)
            digest.update(octets)
            served.sendall(octets)
            time.sleep(0.1)
    print(peer[0], digest.hexdigest(), flush=True)
"""

CLIENT = """
import hashlib, socket, sys, time
digest, longest = hashlib.sha256(), 0.0
with socket.create_connection((sys.argv[1], 7777), timeout=60) as stream:
    print("connected", flush=True)
    last = time.monotonic()
    while octets := stream.recv(65536):
        now = time.monotonic()
        longest, last = max(longest, now - last), now
        digest.update(octets)
print(f"{digest.hexdigest()} {longest:.1f}", flush=True)
"""


@dataclass(frozen=True)
class Ground:
    """The home network with its gateway, and a UE with two cables into foreign networks."""

    laboratory: Laboratory
    home: Namespace
    ue: Namespace

    @property
    def host(self) -> str:
        """A host of the home network."""
        return str(self.laboratory.plan.block.home_prefix[2])

    def leave_ipv6(self) -> None:
        """The UE's IPv6 network is gone."""
        self.ue.ip("link set cable6 down")

    def come_to_ipv6(self) -> None:
        """And is there again."""
        self.ue.ip("link set cable6 up")
        self.ue.ip(f"address replace {FOREIGN6}/64 dev cable6 nodad")
        self.ue.ip(f"-6 route replace default via {GATE6} dev cable6")


def _cable(one: Namespace, name: str, other: Namespace, far_name: str) -> None:
    one.ip(f"link add {name} type veth peer name {far_name} netns {other.holder.pid}")
    one.ip(f"link set {name} up")
    other.ip(f"link set {far_name} up")


def _forwards(router: Namespace, version: int) -> None:
    name = "ipv4/ip_forward" if version == 4 else "ipv6/conf/all/forwarding"
    done = router.run("sh", "-c", f"echo 1 >/proc/sys/net/{name}")
    assert done.returncode == 0, done.stderr


@pytest.fixture
def ground(namespace: NewNamespace, tmp_path: Path) -> Ground:
    if shutil.which("nft") is None:
        impossible("nft is not installed (Debian package nftables)")
    laboratory, home, ue, nat = create(tmp_path / "lab"), namespace(), namespace(), namespace()
    block = laboratory.plan.block
    _configure(laboratory)
    _cable(ue, "cable6", home, "gate6")
    home.ip(f"address add {GATE6}/64 dev gate6 nodad")
    _cable(nat, "out", home, "gate4")
    for host in (2, 3, 4, 53):
        home.ip(f"address add 192.0.2.{host}/24 dev gate4")
    nat.ip("address add 192.0.2.20/24 dev out")
    _cable(ue, "cable4", nat, "inside")
    nat.ip(f"address add {NAT4}/24 dev inside")
    ue.ip(f"address add {FOREIGN4}/24 dev cable4")
    ue.ip(f"route add 192.0.2.0/24 via {NAT4}")
    _forwards(nat, 4)
    _forwards(home, 6)
    rules = "table ip t { chain c { type nat hook postrouting priority 100; oifname out masquerade; }; }"
    done = nat.run("nft", rules)
    assert done.returncode == 0, done.stderr
    home.ip(f"-6 address add {block.home_prefix[2]}/128 dev lo")
    here = Ground(laboratory, home, ue)
    here.come_to_ipv6()
    return here


def _configure(laboratory: Laboratory) -> None:
    """The gateway is at 192.0.2.4 and behind its TUN device; the UE is in whichever foreign network there is.

    Its home agent it finds by the anycast address of the home prefix (RFC 6275 §11.4.1).
    """
    block = laboratory.plan.block
    text = laboratory.config.read_text(encoding="utf-8")
    places = (
        f'address = "{FOREIGN6}"\nfurther_addresses = ["{FOREIGN4}"]\n'
        f'home_prefix = "{block.home_prefix}"\ngateway = "192.0.2.4"\n'
    )
    text, found = re.subn(r"(?m)(?<=^\[ue\])(.*\n)address = .*\n", lambda head: head[1] + places, text)
    assert found == 1
    text = text.replace(f"127.{block.a}.{block.b}.", "192.0.2.").replace('"127.0.0.0/8"', '"192.0.2.0/24"')
    laboratory.config.write_text(text.replace('tun = ""', 'tun = "home0"'), encoding="utf-8")


@contextmanager
def attached(ground: Ground) -> Iterator[str]:
    """The UE with a TUN device; its Home Address."""
    words = (
        "--config",
        str(ground.laboratory.config),
        "ue",
        "attach",
        "--tun",
        "ak0",
        "--stay",
        "--json",
        "--pings",
        "3",
    )
    with process(ground.ue.command(*AKADIA, *words)) as ue:
        told = json.loads(until(ue, '{"n": 8,'))
        assert told["evidence"]["pings"] == "3 of 3"
        assert told["evidence"]["IPv4 ping"].endswith("1 of 1")
        yield told["evidence"]["TUN device"].split()[1].partition("/")[0]


def test_download_survives_the_way_to_ipv4_behind_a_nat_and_back(ground: Ground) -> None:
    with network_up(ground.home, ground.laboratory), attached(ground) as home_address:
        with ExitStack() as stack:
            serving = stack.enter_context(process(ground.home.command(sys.executable, "-c", SERVER, ground.host)))
            assert line_of(serving) == "listening"
            loading = stack.enter_context(process(ground.ue.command(sys.executable, "-c", CLIENT, ground.host)))
            assert line_of(loading) == "connected"
            for change in (ground.leave_ipv6, ground.come_to_ipv6):
                # some seconds of the download in each network
                ground.ue.run("sleep", "4")
                change()
            digest, longest = line_of(loading).split()
            served_to, served = line_of(serving).split()
        print(f"longest time without traffic: {longest} s")
        assert (served_to, served) == (home_address, digest)
        replies = ground.ue.ping(ground.host, device="ak0")
    assert replies == ["reply 1", "reply 2", "reply 3"]
