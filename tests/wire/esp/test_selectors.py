"""Traffic selectors: the mobility SA and the tunnel of one Home Address (RFC 4301 §4.4.1.1, RFC 5555 §5.2.1)."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from wire.esp.selectors import Selector, Selectors, ports_of
from wire.ip.ipv6 import Ipv6Packet
from wire.ip.udp import UdpDatagram
from wire.mip6.header import MobilityHeader

HOME, OTHER, AGENT = (IPv6Address(f"2001:db8::{end}") for end in ("100", "101", "1"))
EVERYWHERE = Selector(first=IPv6Address(0), last=IPv6Address(2**128 - 1))
UPDATES = Selectors(
    local=(Selector(first=HOME, last=HOME, protocol=135, first_port=0x0500, last_port=0x0500),),
    remote=(Selector(first=AGENT, last=AGENT, protocol=135, first_port=0x0600, last_port=0x0600),),
)
TUNNEL = Selectors(local=(Selector(first=HOME, last=HOME),), remote=(EVERYWHERE,))


def mobility(source: IPv6Address, destination: IPv6Address, mh_type: int) -> Ipv6Packet:
    header = MobilityHeader(mh_type, bytes(2)).build(source, destination)
    return Ipv6Packet(source=source, destination=destination, next_header=135, payload=header)


def udp(source: IPv6Address, destination: IPv6Address, ports: tuple[int, int] = (40000, 7)) -> Ipv6Packet:
    payload = UdpDatagram(*ports, b"").build(source, destination)
    return Ipv6Packet(source=source, destination=destination, next_header=17, payload=payload)


def test_mobility_sa_carries_updates_one_way_and_acknowledgements_the_other() -> None:
    assert UPDATES.allow_outbound(mobility(HOME, AGENT, 5))
    assert UPDATES.allow_inbound(mobility(AGENT, HOME, 6))


@pytest.mark.parametrize(
    "packet",
    [mobility(HOME, AGENT, 6), mobility(OTHER, AGENT, 5), mobility(HOME, OTHER, 5), udp(HOME, AGENT)],
    ids=["type", "source", "destination", "protocol"],
)
def test_mobility_sa_carries_nothing_else(packet: Ipv6Packet) -> None:
    assert not UPDATES.allow_outbound(packet)


def test_tunnel_sa_carries_the_home_address_alone() -> None:
    assert TUNNEL.allow_outbound(udp(HOME, OTHER))
    assert TUNNEL.allow_inbound(udp(OTHER, HOME))
    assert not TUNNEL.allow_outbound(udp(OTHER, HOME))
    assert not TUNNEL.allow_inbound(udp(HOME, OTHER))


def test_tunnel_that_carries_all_is_told_from_one_that_does_not() -> None:
    assert TUNNEL.carry_all(HOME, remote=False)
    assert Selectors(local=TUNNEL.remote, remote=TUNNEL.local).carry_all(HOME, remote=True)
    assert not TUNNEL.carry_all(HOME, remote=True)
    assert not TUNNEL.carry_all(OTHER, remote=False)
    assert not UPDATES.carry_all(HOME, remote=False)
    for narrower in (
        Selector(first=IPv6Address(1), last=EVERYWHERE.last),
        Selector(first=EVERYWHERE.first, last=EVERYWHERE.last, protocol=17),
        Selector(first=EVERYWHERE.first, last=EVERYWHERE.last, first_port=1),
        Selector(first=IPv4Address(0), last=IPv4Address(2**32 - 1)),
    ):
        assert not Selectors(local=TUNNEL.local, remote=(narrower,)).carry_all(HOME, remote=False)
        assert Selectors(local=TUNNEL.local, remote=(narrower, EVERYWHERE)).carry_all(HOME, remote=False)


def test_ports_are_compared_where_the_protocol_has_them() -> None:
    echo = Selectors(
        local=(EVERYWHERE,),
        remote=(Selector(first=AGENT, last=AGENT, protocol=17, first_port=7, last_port=7),),
    )
    assert echo.allow_outbound(udp(HOME, AGENT))
    assert not echo.allow_outbound(udp(HOME, AGENT, (7, 53)))


def test_addresses_of_another_family_never_fit() -> None:
    assert not Selector(first=IPv4Address(0), last=IPv4Address(2**32 - 1)).covers(HOME, 17, 0)


@pytest.mark.parametrize(
    ("next_header", "payload", "ports"),
    [
        (17, "9c400007", (40000, 7)),
        (6, "9c400007", (40000, 7)),
        (135, "3b000500", (0x0500, None)),
        (58, "80000000", (0x8000, None)),
        (50, "9c400007", (0, 0)),
        (17, "9c4000", (0, 0)),
    ],
)
def test_ports_of_each_protocol(next_header: int, payload: str, ports: tuple[int, int | None]) -> None:
    packet = Ipv6Packet(source=HOME, destination=AGENT, next_header=next_header, payload=bytes.fromhex(payload))
    assert ports_of(packet) == ports
