"""The UE asks how long its home prefix lives, and believes nobody whom it has not asked."""

import sys
from ipaddress import IPv6Address, IPv6Network
from itertools import count

import pytest

from tests.transitions import entries, taken_by
from ue_sim.mobility import Dropped, PrefixLearned
from ue_sim.prefix_discovery import (
    TRANSITIONS,
    AdvertisementArrived,
    Effect,
    Informed,
    PrefixDiscovery,
    PrefixForgotten,
    PrefixWanted,
    SendSolicitation,
    Soliciting,
    Unasked,
)
from wire.ip.icmpv6 import UnknownIcmpv6, parse_icmpv6
from wire.ip.ipv6 import Ipv6Packet
from wire.mip6.discovery import HomePrefix, PrefixAdvertisement, PrefixSolicitation, parse_question
from wire.sansio import Tick

HOME, AGENT = IPv6Address("2001:db8:1::100"), IPv6Address("2001:db8:1::1")
OURS, OTHER = IPv6Network("2001:db8:1::/64"), IPv6Network("2001:db8:2::/64")
WANTED = PrefixWanted(HOME, AGENT)


def discovery() -> PrefixDiscovery:
    numbers = count(1)
    return PrefixDiscovery(random=lambda octets: next(numbers).to_bytes(octets, "big"))


def asking() -> PrefixDiscovery:
    machine = discovery()
    machine.handle(WANTED, 0.0)
    return machine


def informed(valid: int = 1000) -> PrefixDiscovery:
    machine = asking()
    machine.handle(advertised(1, HomePrefix(OURS, valid, valid)), 1.0)
    return machine


def advertised(identifier: int, *prefixes: HomePrefix) -> AdvertisementArrived:
    return AdvertisementArrived(PrefixAdvertisement(identifier, prefixes))


def identifier_of(effect: Effect) -> int:
    assert isinstance(effect, SendSolicitation)
    packet = Ipv6Packet.parse(effect.octets)
    assert (packet.source, packet.destination) == (HOME, AGENT)
    message = parse_icmpv6(packet.payload, packet.source, packet.destination)
    assert isinstance(message, UnknownIcmpv6)
    question = parse_question(message)
    assert isinstance(question, PrefixSolicitation)
    return question.identifier


def dropped(effects: list[Effect]) -> str:
    (effect,) = effects
    assert isinstance(effect, Dropped)
    return effect.cause


def test_prefix_is_asked_for_and_its_end_learned() -> None:
    machine = discovery()
    (sent,) = machine.handle(WANTED, 0.0)
    assert identifier_of(sent) == 1
    answer = advertised(1, HomePrefix(OTHER, 7, 7), HomePrefix(OURS, 1000, 500))
    assert machine.handle(answer, 1.0) == [PrefixLearned(1001.0)]
    # asked for once more before it is over
    assert machine.deadline == 901.0
    assert machine.handle(Tick(), 900.0) == []
    assert [identifier_of(effect) for effect in machine.handle(Tick(), 901.0)] == [2]


def test_solicitation_is_repeated_with_doubled_patience() -> None:
    machine = asking()
    times: list[float] = []
    while len(times) < 6:
        assert machine.deadline is not None
        now = machine.deadline
        assert [identifier_of(effect) for effect in machine.handle(Tick(), now)] == [1]
        times.append(now)
    assert times == [3.0, 9.0, 21.0, 45.0, 77.0, 109.0]
    assert machine.handle(WANTED, 110.0) == []


def test_prefix_without_end_is_not_asked_for_again() -> None:
    machine = asking()
    assert machine.handle(advertised(1, HomePrefix(OURS, 0xFFFFFFFF, 0xFFFFFFFF)), 1.0) == [PrefixLearned(None)]
    assert machine.deadline is None


def test_prefix_that_is_over_is_told_so() -> None:
    machine = asking()
    assert machine.handle(advertised(1, HomePrefix(OURS, 0, 0)), 1.0) == [PrefixLearned(1.0)]
    assert machine.deadline is None


def test_advertisement_without_our_prefix_changes_nothing() -> None:
    machine = asking()
    assert "without the prefix" in dropped(machine.handle(advertised(1, HomePrefix(OTHER, 0, 0)), 1.0))
    assert isinstance(machine.state, Informed)


def test_answer_to_another_solicitation_is_passed_over() -> None:
    machine = asking()
    assert "no solicitation of ours" in dropped(machine.handle(advertised(9, HomePrefix(OURS, 0, 0)), 1.0))
    assert isinstance(machine.state, Soliciting)


def test_unsolicited_advertisement_is_not_believed_but_asked_about() -> None:
    # RFC 6275 §11.4.3, not more often than solicitations go
    machine = informed()
    gone = advertised(1, HomePrefix(OURS, 0, 0))
    assert "unsolicited" in dropped(machine.handle(gone, 1.5))
    refused, asked = machine.handle(gone, 5.0)
    assert isinstance(refused, Dropped)
    assert identifier_of(asked) == 2


def test_home_address_that_is_gone_has_no_prefix() -> None:
    for machine in (discovery(), asking(), informed()):
        assert machine.handle(PrefixForgotten(), 2.0) == []
        assert isinstance(machine.state, Unasked)
        assert machine.deadline is None
        assert machine.handle(Tick(), 3.0) == []
        assert "unsolicited" in dropped(machine.handle(advertised(1), 4.0))


def test_each_question_has_a_number_of_its_own() -> None:
    machine = informed()
    assert [identifier_of(effect) for effect in machine.handle(WANTED, 2.0)] == [2]
    early = asking()
    assert early.handle(Tick(), 2.9) == []
    assert informed().handle(Tick(), 2.0) == []


def test_every_entry_of_the_table_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    assert taken_by(sys.modules[__name__], "ue_sim.prefix_discovery", monkeypatch) == entries(TRANSITIONS)
