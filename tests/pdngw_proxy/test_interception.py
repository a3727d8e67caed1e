"""What the kernel is asked for on the home link; tests/stack/test_home_link.py has the kernel itself."""

import errno
import os
from ipaddress import IPv6Address, IPv6Network
from pathlib import Path

import pytest
import structlog.testing

from pdngw_proxy import interception
from pdngw_proxy.interception import Interception
from runtime import netlink
from runtime.config import ConfigError

PREFIX = IPv6Network("2001:db8:1::/64")
HOME, AGENT, LOCAL = IPv6Address("2001:db8:1::100"), IPv6Address("2001:db8:1::1"), IPv6Address("fe80::100")
STALE, FOREIGN = IPv6Address("2001:db8:1::200"), IPv6Address("2001:db8:2::200")


class Machine:
    """A kernel that takes every request but those that a test names, and a TUN device."""

    def __init__(self, folder: Path) -> None:
        self.asked: list[bytes] = []
        self.routes: list[IPv6Network] = []
        self.proxies: list[bytes] = []
        self.refuses: dict[bytes, int] = {}
        self.settings = folder
        for name, value in (
            ("conf/all/forwarding", "1"),
            ("conf/eth1/proxy_ndp", "0"),
            ("neigh/eth1/proxy_delay", "80"),
        ):
            (folder / name).parent.mkdir(parents=True)
            (folder / name).write_text(f"{value}\n")

    def ask(self, request: bytes) -> None:
        if request in self.refuses:
            raise OSError(self.refuses[request], os.strerror(self.refuses[request]))
        self.asked.append(request)

    def answers_of(self, request: bytes) -> list[bytes]:
        assert request == netlink.all_proxies()
        return self.proxies

    def add_route(self, network: IPv6Network) -> None:
        self.routes.append(network)

    def remove_route(self, network: IPv6Network) -> None:
        self.routes.remove(network)

    def open(self) -> Interception:
        return Interception.open("eth1", self, PREFIX, settings=self.settings)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    stand_in = Machine(tmp_path)
    monkeypatch.setattr(interception, "if_nametoindex", lambda _name: 7)
    monkeypatch.setattr(netlink, "ask", stand_in.ask)
    monkeypatch.setattr(netlink, "answers_of", stand_in.answers_of)
    return stand_in


def proxy(index: int, address: IPv6Address) -> bytes:
    return netlink.new_proxy(index, address)[16:]


def test_the_home_prefix_is_led_to_the_link_and_the_kernel_answers_at_once(machine: Machine) -> None:
    machine.refuses[netlink.no_route(7, PREFIX)] = errno.ESRCH
    machine.open()
    assert machine.asked == [netlink.new_route(7, PREFIX)]
    assert (machine.settings / "conf/eth1/proxy_ndp").read_text() == "1"
    assert (machine.settings / "neigh/eth1/proxy_delay").read_text() == "0"


def test_what_a_killed_gateway_has_left_is_removed(machine: Machine) -> None:
    machine.proxies = [proxy(7, STALE), proxy(7, LOCAL), proxy(7, FOREIGN), proxy(8, HOME), b""]
    machine.open()
    assert machine.asked == [
        netlink.no_proxy(7, STALE),
        netlink.no_proxy(7, LOCAL),
        netlink.no_route(7, PREFIX),
        netlink.new_route(7, PREFIX),
    ]


def test_an_address_has_a_proxy_and_a_route_and_a_link_local_one_the_proxy_alone(machine: Machine) -> None:
    link = machine.open()
    machine.asked.clear()
    link.begin(HOME)
    link.begin(AGENT, is_own=True)
    link.begin(LOCAL)
    assert machine.asked == [
        netlink.new_proxy(7, HOME),
        netlink.new_proxy(7, AGENT, router=True),
        netlink.new_proxy(7, LOCAL),
    ]
    assert machine.routes == [IPv6Network(HOME), IPv6Network(AGENT)]
    machine.asked.clear()
    link.end(HOME)
    link.end(HOME)
    link.end(LOCAL)
    assert machine.asked == [netlink.no_proxy(7, HOME), netlink.no_proxy(7, LOCAL)]
    machine.asked.clear()
    link.close()
    assert machine.asked == [netlink.no_proxy(7, AGENT), netlink.no_route(7, PREFIX)]
    assert machine.routes == []


def test_what_the_kernel_refuses_later_is_one_line(machine: Machine) -> None:
    link = machine.open()
    machine.refuses[netlink.new_proxy(7, HOME)] = errno.ENOBUFS
    with structlog.testing.capture_logs() as lines:
        link.begin(HOME)
    (line,) = lines
    assert (line["event"], line["address"]) == ("address not intercepted", str(HOME))
    assert "eth1: " in line["cause"]


@pytest.mark.parametrize("where", ["all", "eth1"])
def test_a_kernel_that_does_not_forward_is_refused(machine: Machine, where: str) -> None:
    (machine.settings / f"conf/{where}/forwarding").write_text("0\n")
    with pytest.raises(ConfigError, match=rf"IPv6 is not forwarded; set net.ipv6.conf.{where}.forwarding to 1"):
        machine.open()


def test_a_setting_that_cannot_be_made_is_one_line(machine: Machine) -> None:
    (machine.settings / "conf/eth1/proxy_ndp").unlink()
    (machine.settings / "conf/eth1/proxy_ndp").mkdir()
    with pytest.raises(ConfigError, match=r"net\.ipv6.conf.eth1.proxy_ndp cannot be set to 1"):
        machine.open()


def test_a_route_that_is_there_already_is_one_line(machine: Machine) -> None:
    machine.refuses[netlink.new_route(7, PREFIX)] = errno.EEXIST
    with pytest.raises(ConfigError, match="home link eth1: File exists; run as root"):
        machine.open()
