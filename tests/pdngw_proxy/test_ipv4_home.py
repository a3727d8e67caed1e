"""IPv4 Home Addresses: whom they are given, and what is said to whom they are not (RFC 5555 §4.5)."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address

import pytest

from pdngw_proxy.ipv4_home import Ipv4HomePool, home_agent_of
from wire.mip6.ipv4_options import Ipv4AddressAck, Ipv4HomeAddress

PREFIX = IPv4Network("10.1.2.0/29")
ANY = Ipv4HomeAddress(IPv4Address(0))
ONE, TWO = IPv6Address("2001:db8:1::100"), IPv6Address("2001:db8:1::101")


def address(end: int) -> IPv4Address:
    return PREFIX.network_address + end


def pool() -> Ipv4HomePool:
    return Ipv4HomePool(PREFIX, reserved=frozenset({home_agent_of(PREFIX), address(6)}))


def test_every_mobile_node_gets_one_that_is_nobody_elses() -> None:
    given = pool()
    assert given.answer(ANY, ONE) == Ipv4AddressAck(0, address(2), 29)
    assert given.answer(ANY, TWO) == Ipv4AddressAck(0, address(3), 29)
    assert (given.holder(address(2)), given.holder(address(3)), given.holder(address(4))) == (ONE, TWO, None)
    assert len(given) == 2


def test_mobile_node_keeps_its_own_by_name_and_without() -> None:
    given = pool()
    given.answer(ANY, ONE)
    for asked in (ANY, Ipv4HomeAddress(address(2))):
        assert given.answer(asked, ONE) == Ipv4AddressAck(0, address(2), 29)
    assert len(given) == 1


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (Ipv4HomeAddress(address(3)), 130),
        (Ipv4HomeAddress(IPv4Address("192.0.2.1")), 130),
        (Ipv4HomeAddress(IPv4Address(0), 0), 131),
        (Ipv4HomeAddress(IPv4Address("224.0.0.5")), 131),
        (Ipv4HomeAddress(IPv4Address(0), 24, prefix_requested=True), 133),
    ],
)
def test_nothing_else_is_given(asked: Ipv4HomeAddress, status: int) -> None:
    given = pool()
    given.answer(ANY, TWO)
    assert given.answer(asked, ONE) == Ipv4AddressAck(status, asked.address, 0)
    assert len(given) == 1


def test_address_of_another_is_incorrect() -> None:
    given = pool()
    given.answer(ANY, TWO)
    assert given.answer(Ipv4HomeAddress(address(2)), ONE).status == 130
    assert given.holder(address(2)) == TWO


def test_full_pool_has_none_and_takes_the_one_that_is_freed() -> None:
    given = pool()
    homes = [IPv6Address("2001:db8:1::100") + number for number in range(5)]
    assert [given.answer(ANY, home).status for home in homes] == [0, 0, 0, 0, 132]
    given.release(homes[1])
    given.release(homes[1])
    assert given.holder(address(3)) is None
    assert given.answer(ANY, homes[4]) == Ipv4AddressAck(0, address(3), 29)


def test_home_agent_without_ipv4_has_none() -> None:
    none = Ipv4HomePool(None)
    assert none.answer(ANY, ONE).status == 132
    assert none.answer(Ipv4HomeAddress(address(2)), ONE).status == 130
