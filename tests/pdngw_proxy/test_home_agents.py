"""The Home Agents List: order, lot and room."""

from ipaddress import IPv6Address
from random import Random

from pdngw_proxy.home_agents import MOST_HEARD, HomeAgents, KnownAgent
from tests.wire.mip6.test_router_advertisement import FIXED, PREFIX, said
from wire.ip.icmpv6 import build_icmpv6
from wire.ip.neighbors import solicitation
from wire.mip6.discovery import AgentReply

FIRST, SECOND, THIRD = (IPv6Address(f"2001:db8:1::{end}") for end in (1, 2, 3))


def test_the_preferred_come_first_and_equals_by_lot() -> None:
    agents = HomeAgents(
        [KnownAgent(FIRST), KnownAgent(SECOND, 10), KnownAgent(THIRD)],
        random=Random(1).randbytes,
    )
    orders = {agents.listed() for _ in range(100)}
    assert orders == {(SECOND, FIRST, THIRD), (SECOND, THIRD, FIRST)}


def test_who_is_told_twice_is_listed_once_as_told_last() -> None:
    agents = HomeAgents([KnownAgent(FIRST), KnownAgent(SECOND), KnownAgent(FIRST, 5)], random=Random(1).randbytes)
    assert agents.listed() == (FIRST, SECOND)


def test_so_many_are_listed_as_fit_the_smallest_path() -> None:
    many = [KnownAgent(FIRST + number, number) for number in range(100)]
    listed = HomeAgents(many, random=Random(1).randbytes).listed()
    reply = build_icmpv6(AgentReply(1, listed).build(), FIRST, SECOND)
    assert 1280 - 16 < 40 + len(reply) <= 1280
    assert listed[0] == FIRST + 99
    assert FIRST not in listed


# Heard on the home link (RFC 6275 §10.5.1)


def heard(number: int = 2, *, preference: int = 10, lifetime: int = 1800) -> bytes:
    """As radvd would say it, of another router."""
    router = IPv6Address("fe80::") + number
    information = b"\x08\x01\x00\x00" + preference.to_bytes(2, "big") + lifetime.to_bytes(2, "big")
    body = FIXED + PREFIX[:-16] + (FIRST - 1 + number).packed + information
    return said(body, source=router)


def test_home_agent_that_is_heard_is_listed_until_its_lifetime_is_over() -> None:
    agents = HomeAgents([KnownAgent(FIRST)], random=bytes)
    agents.hear(heard(), 100.0)
    assert agents.listed() == (SECOND, FIRST)
    assert agents.deadline == 1900.0
    agents.hear(heard(preference=0), 200.0)
    assert agents.listed() == (FIRST, SECOND)
    agents.forget(1999.0)
    assert SECOND in agents.listed()
    agents.forget(2000.0)
    assert agents.listed() == (FIRST,)


def test_home_agent_that_is_none_any_more_is_not_listed() -> None:
    agents = HomeAgents([KnownAgent(FIRST)], random=bytes)
    agents.hear(heard(), 100.0)
    agents.hear(heard(lifetime=0), 101.0)
    agents.hear(heard(lifetime=0), 102.0)
    assert agents.listed() == (FIRST,)


def test_what_is_told_counts_more_than_what_is_heard() -> None:
    agents = HomeAgents([KnownAgent(FIRST, 5), KnownAgent(SECOND, 1)], random=bytes)
    agents.hear(heard(preference=9), 0.0)
    assert agents.listed() == (FIRST, SECOND)


def test_strangers_on_the_link_make_the_list_no_longer_than_its_limit() -> None:
    agents = HomeAgents([KnownAgent(FIRST)], random=bytes)
    for number in range(2, 100):
        agents.hear(heard(number), 0.0)
    assert len(agents.listed()) == MOST_HEARD + 1
    agents.hear(heard(2, preference=77), 1.0)
    assert agents.listed()[0] == SECOND, "who is known is still heard"


def test_what_is_no_advertisement_is_passed_over() -> None:
    agents = HomeAgents([KnownAgent(FIRST)], random=bytes)
    for octets in (b"", heard()[:-1] + b"?", solicitation(SECOND)):
        agents.hear(octets, 0.0)
    assert agents.listed() == (FIRST,)
