"""Where a UE is, as its machine's addresses come and go."""

from ipaddress import IPv4Address, IPv6Address

from ue_sim.places import Places
from wire.ip.checksum import IpAddress

SIX, MORE_SIX, FOUR = IPv6Address("2001:db8:b::77"), IPv6Address("2001:db8:c::77"), IPv4Address("10.99.0.10")


def places(*further: IpAddress, here: set[IpAddress]) -> Places:
    return Places(SIX, further, is_here=here.__contains__)


def test_first_that_the_machine_has_is_the_place() -> None:
    here: set[IpAddress] = {SIX, FOUR}
    where = places(FOUR, here=here)
    assert where.best == SIX
    here.discard(SIX)
    assert where.best == FOUR
    here.clear()
    assert where.best == SIX


def test_ue_without_a_choice_is_where_it_is() -> None:
    where = places(here={FOUR})
    where.found_silent(SIX)
    assert where.best == SIX


def test_ipv6_without_an_answer_gives_way_to_ipv4_until_it_is_gone() -> None:
    # RFC 5555 §4.4.1: and the family does not change back while the outage may last
    here: set[IpAddress] = {SIX, FOUR}
    where = places(FOUR, here=here)
    where.found_silent(SIX)
    assert where.best == FOUR
    here.discard(FOUR)
    assert where.best == SIX
    here.add(FOUR)
    assert where.best == FOUR
    here.discard(SIX)
    assert where.best == FOUR
    here.add(SIX)
    assert where.best == SIX


def test_nothing_gives_way_to_what_is_not_configured() -> None:
    where = places(MORE_SIX, here={SIX, MORE_SIX})
    where.found_silent(SIX)
    assert where.best == SIX
    both = places(FOUR, here={SIX, FOUR})
    both.found_silent(FOUR)
    assert both.best == SIX
