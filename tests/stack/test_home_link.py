"""A home link that another kernel is on: its Neighbor Discovery finds a mobile node, or has its address already."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from akadia.laboratory import Laboratory, create
from tests.namespaces import AKADIA, Namespace, NewNamespace, apart, network_up, process, until

pytestmark = pytest.mark.stack

ATTACH = ("ue", "attach", "--tun", "ak0", "--stay", "--json", "--pings", "1")
REPLIES = ["reply 1", "reply 2", "reply 3"]


@dataclass(frozen=True)
class Ground:
    """A UE far away, the gateway, and a host on the home link beside it."""

    laboratory: Laboratory
    ue: Namespace
    gateway: Namespace
    host: Namespace

    @property
    def address(self) -> str:
        """The host's."""
        return str(self.laboratory.plan.block.home_prefix[0xBEEF])

    def forwards(self, value: int) -> None:
        """Whether the gateway's kernel does."""
        done = self.gateway.run("sh", "-c", f"echo {value} >/proc/sys/net/ipv6/conf/all/forwarding")
        assert done.returncode == 0, done.stderr

    def want(self, address: str) -> list[str]:
        """What becomes of an address that the host is given, once its kernel has looked for a duplicate."""
        self.host.ip(f"address add {address}/64 dev wire0")
        flags = ["tentative"]
        while "tentative" in flags and "dadfailed" not in flags:
            (link,) = json.loads(self.host.ip(f"-json -6 address show dev wire0 to {address}"))
            flags = list(link["addr_info"][0])
        return flags

    def neighbor(self, address: str) -> dict[str, object]:
        """What the host's kernel knows of a neighbor."""
        found: list[dict[str, object]] = json.loads(self.host.ip(f"-json -6 neighbor show {address} dev wire0"))
        return found[0] if found else {}


@pytest.fixture
def ground(namespace: NewNamespace, tmp_path: Path) -> Ground:
    here = Ground(create(tmp_path / "lab"), namespace(), namespace(), namespace())
    apart(here.laboratory, here.ue, here.gateway)
    text = here.laboratory.config.read_text(encoding="utf-8")
    here.laboratory.config.write_text(text.replace('home_link = ""', 'home_link = "wire0"'), encoding="utf-8")
    here.host.ip(f"link add wire0 type veth peer name wire0 netns {here.gateway.holder.pid}")
    here.host.ip(f"address add {here.address}/64 dev wire0 nodad")
    for one in (here.host, here.gateway):
        one.ip("link set wire0 up")
    here.forwards(1)
    return here


@contextmanager
def attached(ground: Ground) -> Iterator[str]:
    """The UE with a TUN device; its Home Address."""
    with process(ground.ue.command(*AKADIA, "--config", str(ground.laboratory.config), *ATTACH)) as ue:
        told = json.loads(until(ue, '{"n": 8,'))
        yield told["evidence"]["TUN device"].split()[1].partition("/")[0]


def test_a_host_of_the_home_link_finds_the_mobile_node_and_cannot_take_its_address(ground: Ground) -> None:
    home_agent = str(ground.laboratory.plan.block.home_agent)
    with network_up(ground.gateway, ground.laboratory):
        with attached(ground) as home_address:
            assert ground.host.ping(home_address) == REPLIES
            assert ground.ue.ping(ground.address, device="ak0") == REPLIES
            (wire,) = json.loads(ground.gateway.ip("-json link show wire0"))
            found = ground.neighbor(home_address)
            assert (found["lladdr"], found.get("router")) == (wire["address"], None)
            assert ground.host.ping(home_agent) == REPLIES
            assert ground.neighbor(home_agent)["lladdr"] == wire["address"]
            assert home_address in ground.gateway.ip("-6 neighbor show proxy")
            assert "dadfailed" in ground.want(home_address), "it is defended against a host that comes later"
        assert home_address not in ground.gateway.ip("-6 neighbor show proxy"), "it is let go with its binding"
    assert ground.gateway.ip("-6 neighbor show proxy") == ""
    assert str(ground.laboratory.plan.block.home_prefix) not in ground.gateway.ip("-6 route")


def test_an_address_that_a_host_of_the_home_link_has_is_refused_and_not_given_again(ground: Ground) -> None:
    taken = str(ground.laboratory.plan.block.home_prefix[0x100])
    ground.host.ip(f"address add {taken}/64 dev wire0 nodad")
    with network_up(ground.gateway, ground.laboratory):
        done = ground.ue.run(*AKADIA, "--config", str(ground.laboratory.config), *ATTACH)
        assert done.returncode == 1
        assert "status 134" in done.stdout + done.stderr
        with attached(ground) as home_address:
            assert home_address != taken
            assert ground.host.ping(home_address) == REPLIES


def test_a_kernel_that_does_not_forward_is_said_in_one_line(ground: Ground) -> None:
    ground.forwards(0)
    done = ground.gateway.run(*AKADIA, "--config", str(ground.laboratory.config), "pdngw", "serve")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "error: home link wire0: IPv6 is not forwarded; set net.ipv6.conf.all.forwarding to 1"
    )
