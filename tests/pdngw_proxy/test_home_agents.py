"""The Home Agents List: order, lot and room."""

from ipaddress import IPv6Address
from random import Random

from pdngw_proxy.home_agents import HomeAgents, KnownAgent
from wire.ip.icmpv6 import build_icmpv6
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
