"""The UE finds its PDN GW by DNS: queries as dnspython reads them, answers as it writes them."""

from ipaddress import IPv4Address, IPv6Address
from itertools import accumulate

import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from ue_sim.discovery import (
    TRANSITIONS,
    WAITS,
    AnswerArrived,
    Asking,
    Discovered,
    Discovery,
    DiscoveryFailed,
    DiscoveryRequested,
    Effect,
    Finished,
    SendQuery,
)
from wire.sansio import Tick

NAME = "internet.ha-apn.mnc012.mcc345.pub.3gppnetwork.org"
SERVICE = "_mip6._ipv6.example.org"
RECORDS = {
    (NAME, "AAAA"): "2001:db8::1",
    (NAME, "A"): "192.0.2.1",
}


class Counter:
    """Entropy for a test: 1, 2, 3, …"""

    def __init__(self) -> None:
        self._last = 0

    def __call__(self, count: int) -> bytes:
        self._last += 1
        return self._last.to_bytes(count, "big")


def answer(query: SendQuery, records: dict[tuple[str, str], str], *, rcode: int = 0) -> AnswerArrived:
    asked = dns.message.from_wire(query.datagram)
    reply = dns.message.make_response(asked)
    reply.set_rcode(dns.rcode.Rcode(rcode))
    question = asked.question[0]
    name, kind = question.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(question.rdtype)
    if (name, kind) in records:
        reply.answer.append(dns.rrset.from_text(name + ".", 60, "IN", kind, records[name, kind]))
    return AnswerArrived(reply.to_wire())


def queries(effects: list[Effect]) -> list[SendQuery]:
    return [effect for effect in effects if isinstance(effect, SendQuery)]


def play(discovery: Discovery, effects: list[Effect], records: dict[tuple[str, str], str]) -> list[Effect]:
    """Answer every query until none is left; return what is not a query."""
    others: list[Effect] = []
    while effects:
        following: list[Effect] = []
        for effect in effects:
            if isinstance(effect, SendQuery):
                following += discovery.handle(answer(effect, records), 0.1)
            else:
                others.append(effect)
        effects = following
    return others


def test_ue_learns_both_addresses() -> None:
    discovery = Discovery(random=Counter())
    effects = discovery.handle(DiscoveryRequested(NAME), 0.0)
    found = play(discovery, effects, RECORDS)
    assert found == [Discovered(NAME, IPv6Address("2001:db8::1"), IPv4Address("192.0.2.1"))]
    assert isinstance(discovery.state, Finished)
    assert discovery.deadline is None


def test_ue_follows_the_service_record_when_the_name_has_no_address() -> None:
    records = {
        (SERVICE, "SRV"): "10 10 4500 gw.example.org.",
        ("gw.example.org", "AAAA"): "2001:db8::2",
    }
    discovery = Discovery(random=Counter())
    effects = discovery.handle(DiscoveryRequested(NAME, SERVICE), 0.0)
    assert play(discovery, effects, records) == [Discovered("gw.example.org", IPv6Address("2001:db8::2"), None)]


def test_ue_says_what_dns_said() -> None:
    discovery = Discovery(random=Counter())
    effects = discovery.handle(DiscoveryRequested(NAME), 0.0)
    told: list[Effect] = []
    for query in queries(effects):
        told += discovery.handle(answer(query, {}, rcode=3), 0.1)
    assert told == [DiscoveryFailed(f"DNS says NXDOMAIN for {NAME}")]


def test_ue_needs_an_ipv6_address() -> None:
    discovery = Discovery(random=Counter())
    effects = discovery.handle(DiscoveryRequested(NAME), 0.0)
    told = play(discovery, effects, {(NAME, "A"): "192.0.2.1"})
    assert told == [DiscoveryFailed(f"{NAME} has no IPv6 address")]


def test_ue_repeats_its_queries_and_gives_up_with_what_it_waited_for() -> None:
    discovery = Discovery(random=Counter())
    first = queries(discovery.handle(DiscoveryRequested(NAME), 0.0))
    now = 0.0
    for wait in WAITS[:-1]:
        assert discovery.handle(Tick(), now + wait / 2) == []
        now += wait
        assert discovery.handle(Tick(), now) == list(first)
    assert discovery.handle(Tick(), now + WAITS[-1]) == [DiscoveryFailed(f"no DNS answer for {NAME} after 7 s")]


def test_ue_keeps_an_ipv6_address_when_the_other_answer_is_lost() -> None:
    discovery = Discovery(random=Counter())
    first = queries(discovery.handle(DiscoveryRequested(NAME), 0.0))
    assert discovery.handle(answer(first[0], RECORDS), 0.1) == []
    told: list[Effect] = []
    for now in accumulate(WAITS):
        told += [effect for effect in discovery.handle(Tick(), now) if not isinstance(effect, SendQuery)]
    assert told == [Discovered(NAME, IPv6Address("2001:db8::1"), None)]


def test_ue_passes_over_answers_that_are_not_its_own() -> None:
    discovery = Discovery(random=Counter())
    first = queries(discovery.handle(DiscoveryRequested(NAME), 0.0))
    forged = dns.message.make_response(dns.message.make_query("evil.example.org", "AAAA", id=1))
    for datagram in (b"", b"\x00" * 12, first[0].datagram, forged.to_wire()):
        assert discovery.handle(AnswerArrived(datagram), 0.1) == []
    assert isinstance(discovery.state, Asking)
    assert len(discovery.state.pending) == 2


@pytest.mark.parametrize("number", [3, 0x4000])
def test_ue_passes_over_records_of_other_classes_than_in(number: int) -> None:
    discovery = Discovery(random=Counter())
    told: list[Effect] = []
    for query in queries(discovery.handle(DiscoveryRequested(NAME), 0.0)):
        octets = bytearray(answer(query, {}).datagram)
        octets[7] = 1
        kind, rdata = query.datagram[-4:-2], b"\x01a\x00\x00\x07"
        record = b"\xc0\x0c" + kind + number.to_bytes(2, "big") + bytes(4) + len(rdata).to_bytes(2, "big") + rdata
        told += discovery.handle(AnswerArrived(bytes(octets) + record), 0.1)
    assert told == [DiscoveryFailed(f"{NAME} has no IPv6 address")]


def test_ue_ignores_what_comes_after_the_end() -> None:
    discovery = Discovery(random=Counter())
    effects = discovery.handle(DiscoveryRequested(NAME), 0.0)
    play(discovery, effects, RECORDS)
    assert discovery.handle(Tick(), 9.0) == []
    assert discovery.handle(DiscoveryRequested(NAME), 9.0) == []


def test_every_transition_was_meant() -> None:
    assert {event.__name__ for _, event in TRANSITIONS} == {"DiscoveryRequested", "AnswerArrived", "Tick"}
