"""The UE finds its PDN GW by DNS: queries as dnspython reads them, answers as it writes them."""

from ipaddress import IPv4Address, IPv6Address
from itertools import accumulate
from random import Random

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
    SendQuery,
)
from ue_sim.search import Finished
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
        for record in records[name, kind].split(", "):
            # in a set of its own, for those of one set are shuffled on their way
            reply.answer.append(dns.rrset.from_text(name + ".", 60, "IN", kind, record))
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


def test_every_address_of_a_name_is_known() -> None:
    """Whoever is at the second may be there when nobody is at the first."""
    records = {(NAME, "AAAA"): "2001:db8::1, 2001:db8::2", (NAME, "A"): "192.0.2.1, 192.0.2.2, 192.0.2.3"}
    discovery = Discovery(random=Counter())
    (found,) = play(discovery, discovery.handle(DiscoveryRequested(NAME), 0.0), records)
    one, two = (IPv6Address(f"2001:db8::{number}") for number in (1, 2))
    first, second, third = (IPv4Address(f"192.0.2.{number}") for number in (1, 2, 3))
    assert found == Discovered(NAME, one, first, ((two, second), (two, third)))


def services(*records: str) -> dict[tuple[str, str], str]:
    """SRV records, whose targets gw1, gw2, … have addresses that end alike."""
    addresses = {(f"gw{number}.example.org", "AAAA"): f"2001:db8::{number}" for number in range(1, 12)}
    return {(SERVICE, "SRV"): ", ".join(records), **addresses}


def order(seed: int, *records: str) -> list[int]:
    """The last digits of the home agents, in the order in which they are to be tried."""
    discovery = Discovery(random=Random(seed).randbytes)
    told = play(discovery, discovery.handle(DiscoveryRequested(NAME, SERVICE), 0.0), services(*records))
    (found,) = told
    if not isinstance(found, Discovered):
        return []
    return [int(address) & 0xFFFF for address in (found.ipv6, *(ipv6 for ipv6, _ in found.others))]


def test_targets_are_tried_by_their_priority() -> None:
    """RFC 2782: the lowest that can be reached, whatever the order of the records."""
    records = ["20 0 4500 gw2.example.org.", "30 0 4500 gw3.example.org.", "10 0 4500 gw1.example.org."]
    for seed in range(5):
        assert order(seed, *records) == [1, 2, 3]


def test_targets_of_one_priority_share_the_load_by_their_weights() -> None:
    records = ["10 0 4500 gw1.example.org.", "10 1 4500 gw2.example.org.", "10 9 4500 gw3.example.org."]
    drawn = [order(seed, *records) for seed in range(300)]
    assert all(sorted(one) == [1, 2, 3] for one in drawn)
    first = [sum(one[0] == number for one in drawn) for number in (1, 2, 3)]
    assert first[2] > 200 > first[0] + first[1]
    assert 0 not in first


def test_service_that_is_said_not_to_be_there_is_not_looked_for() -> None:
    assert order(1, "0 0 0 .") == []


def test_no_more_targets_are_looked_up_than_a_ue_would_try() -> None:
    records = [f"{number} 0 4500 gw{number}.example.org." for number in range(1, 12)]
    assert order(1, *records) == [1, 2, 3, 4, 5, 6, 7, 8]
