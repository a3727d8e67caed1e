"""The UE finds home agents by anycast, against the Mobile IPv6 set and the clock of RFC 6275 §12."""

import sys
from ipaddress import IPv6Address, IPv6Network

import pytest

from tests.transitions import entries, taken_by
from tests.wire.mip6.vectors import named
from ue_sim.agent_discovery import (
    TRANSITIONS,
    AgentDiscovery,
    AgentsFound,
    AgentsWanted,
    Asking,
    NoAgents,
    ReplyArrived,
    SendRequest,
)
from wire.ip.icmpv6 import parse_icmpv6
from wire.ip.ipv6 import Ipv6Packet
from wire.mip6.discovery import AgentReply, AgentRequest, home_agents_of
from wire.sansio import Tick

PREFIX = IPv6Network("2001:db8:aaaa::/64")
CARE_OF = IPv6Address("2001:db8:b::77")
WANTED = AgentsWanted(PREFIX, CARE_OF)
FIRST, SECOND = IPv6Address("2001:db8:aaaa::1"), IPv6Address("2001:db8:aaaa::2")
NUMBER = 0x55AA


def search(*, give_up_after: float = 1000.0) -> AgentDiscovery:
    return AgentDiscovery(random=lambda count: NUMBER.to_bytes(count, "big"), give_up_after=give_up_after)


def asking(*, give_up_after: float = 1000.0) -> AgentDiscovery:
    machine = search(give_up_after=give_up_after)
    machine.handle(WANTED, 0.0)
    return machine


def test_request_is_that_of_the_mobile_ipv6_set() -> None:
    packet = Ipv6Packet.parse(named("dhaad_request").packet)
    (sent,) = search().handle(AgentsWanted(PREFIX, packet.source), 0.0)
    assert isinstance(sent, SendRequest)
    assert sent.to == home_agents_of(PREFIX)
    assert Ipv6Packet.parse(sent.octets).payload == packet.payload


def test_home_agents_are_found_in_their_order_and_each_once() -> None:
    machine = asking()
    reply = AgentReply(NUMBER, (SECOND, FIRST, SECOND))
    assert machine.handle(ReplyArrived(reply), 1.0) == [AgentsFound((SECOND, FIRST))]
    assert machine.deadline is None
    assert machine.handle(ReplyArrived(reply), 2.0) == []


@pytest.mark.parametrize(
    "reply",
    [
        AgentReply(NUMBER + 1, (FIRST,)),
        AgentReply(NUMBER, ()),
        AgentReply(NUMBER, (IPv6Address("ff02::1"), IPv6Address("fe80::1"), IPv6Address("::"), IPv6Address("::1"))),
    ],
)
def test_reply_that_names_no_home_agent_of_ours_is_passed_over(reply: AgentReply) -> None:
    machine = asking()
    assert machine.handle(ReplyArrived(reply), 1.0) == []
    assert isinstance(machine.state, Asking)


def test_silent_prefix_is_asked_five_times_with_doubled_patience() -> None:
    machine = asking()
    times = []
    while machine.deadline is not None:
        now = machine.deadline
        assert machine.handle(Tick(), now - 0.01) == []
        (effect,) = machine.handle(Tick(), now)
        times.append(now)
        if isinstance(effect, SendRequest):
            packet = Ipv6Packet.parse(effect.octets)
            message = parse_icmpv6(packet.payload, packet.source, packet.destination)
            assert message == AgentRequest(NUMBER).build()
    assert times == [3.0, 9.0, 21.0, 45.0, 93.0]
    assert effect == NoAgents(f"no home agent of {PREFIX} has answered: 93 s after 5 requests")


def test_search_ends_when_the_attach_does() -> None:
    machine = asking(give_up_after=8.0)
    machine.handle(Tick(), 3.0)
    assert machine.deadline == 8.0
    (gave_up,) = machine.handle(Tick(), 8.0)
    assert isinstance(gave_up, NoAgents)


def test_nothing_happens_before_it_begins() -> None:
    machine = search()
    assert machine.handle(Tick(), 0.0) == machine.handle(ReplyArrived(AgentReply(NUMBER, (FIRST,))), 0.0) == []
    assert machine.deadline is None


def test_every_entry_of_the_table_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    assert taken_by(sys.modules[__name__], "ue_sim.search", monkeypatch) == entries(TRANSITIONS)
