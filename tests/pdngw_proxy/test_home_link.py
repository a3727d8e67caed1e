"""The home link: a duplicate is looked for, an address is announced, and who says that it is his is heard."""

import sys
from ipaddress import IPv6Address

import pytest

from pdngw_proxy.home_link import (
    RETRANS_TIMER,
    TRANSITIONS,
    AddressContested,
    AddressFree,
    AddressReleased,
    AddressTaken,
    AddressWanted,
    Defended,
    HomeLink,
    Intercept,
    LetGo,
    LinkPacketArrived,
    ListenFor,
    SendOnLink,
    Tentative,
    Unclaimed,
    link_local_of,
)
from tests.transitions import entries, taken_by
from wire.ip.icmpv6 import UnknownIcmpv6, build_icmpv6
from wire.ip.ipv6 import PROTO_ICMPV6, Ipv6Packet
from wire.ip.neighbors import (
    NEIGHBOR_SOLICITATION,
    NeighborAdvertisement,
    NeighborSolicitation,
    advertisement,
    parse_neighbor,
    solicitation,
    solicited_node_of,
)
from wire.sansio import Tick

AGENT, HOME, OTHER = (IPv6Address(f"2001:db8:1::{end}") for end in ("1", "100", "101"))
LOCAL = IPv6Address("fe80::100")
OURS, THEIRS = bytes.fromhex("02000000000a"), bytes.fromhex("02000000000b")
WANTED = AddressWanted(HOME)
SOMEBODY = f"a node at 02:00:00:00:00:0b has {HOME}"


def link() -> HomeLink:
    return HomeLink(ha_address=AGENT, link_layer=OURS)


def looking(wanted: AddressWanted = WANTED) -> HomeLink:
    machine = link()
    machine.handle(wanted, 10.0)
    return machine


def defending(wanted: AddressWanted = WANTED) -> HomeLink:
    machine = looking(wanted)
    machine.handle(Tick(), 11.0)
    return machine


def said(target: IPv6Address, link_layer: bytes | None = THEIRS) -> LinkPacketArrived:
    told = NeighborAdvertisement(source=target, target=target, link_layer=link_layer, override=True)
    return LinkPacketArrived(advertisement(told))


def announced(effect: object) -> NeighborAdvertisement:
    assert isinstance(effect, SendOnLink)
    message = parse_neighbor(effect.octets)
    assert isinstance(message, NeighborAdvertisement)
    return message


def test_a_wanted_address_is_looked_for_and_then_defended() -> None:
    machine = link()
    # Neighbor Solicitation (source ::, target the Home Address) -->
    assert machine.handle(WANTED, 10.0) == [ListenFor(HOME), SendOnLink(solicitation(HOME))]
    assert machine.deadline == 10.0 + RETRANS_TIMER
    assert machine.handle(Tick(), 10.9) == []
    # Neighbor Advertisement (O, not R, not S; RFC 6275 §10.4.1) -->
    intercept, announcement, free = machine.handle(Tick(), 11.0)
    assert (intercept, free) == (Intercept(HOME), AddressFree(HOME))
    assert machine.handle(Tick(), 12.0) == []
    assert announced(announcement) == NeighborAdvertisement(
        source=AGENT, target=HOME, link_layer=OURS, router=False, solicited=False, override=True
    )


def test_with_l_the_link_local_address_is_looked_for_and_defended_too() -> None:
    machine = link()
    both = AddressWanted(HOME, with_link_local=True)
    assert link_local_of(HOME) == LOCAL
    effects = machine.handle(both, 0.0)
    assert effects == [
        *(ListenFor(HOME), SendOnLink(solicitation(HOME))),
        *(ListenFor(LOCAL), SendOnLink(solicitation(LOCAL))),
    ]
    first, _, second, announcement, free = machine.handle(Tick(), 1.0)
    assert (first, second, free) == (Intercept(HOME), Intercept(LOCAL), AddressFree(HOME))
    assert announced(announcement).target == LOCAL
    assert machine.handle(AddressReleased(HOME), 2.0) == [LetGo(HOME), LetGo(LOCAL)]


def test_the_link_local_address_alone_is_a_duplicate_as_well() -> None:
    machine = looking(AddressWanted(HOME, with_link_local=True))
    assert machine.handle(said(LOCAL), 10.5) == [
        *(LetGo(HOME), LetGo(LOCAL)),
        AddressTaken(HOME, f"a node at 02:00:00:00:00:0b has {LOCAL}"),
    ]


def test_the_own_address_is_announced_as_a_routers() -> None:
    machine = looking(AddressWanted(AGENT, is_own=True))
    intercept, announcement, _ = machine.handle(Tick(), 11.0)
    assert intercept == Intercept(AGENT, is_own=True)
    assert announced(announcement).router


def test_who_has_the_address_keeps_it() -> None:
    machine = looking()
    assert machine.handle(said(HOME), 10.5) == [LetGo(HOME), AddressTaken(HOME, SOMEBODY)]
    assert (machine.state(HOME), machine.deadline) == (Unclaimed(), None)
    assert machine.handle(Tick(), 11.0) == []


def test_who_has_no_link_layer_address_to_tell_is_named_by_the_other() -> None:
    *_, taken = looking().handle(said(HOME, None), 10.5)
    assert taken == AddressTaken(HOME, f"a node at {HOME} has {HOME}")


def test_who_looks_for_it_at_the_same_time_keeps_it_too() -> None:
    # RFC 4862 §5.4.3
    *_, taken = looking().handle(LinkPacketArrived(solicitation(HOME)), 10.5)
    assert taken == AddressTaken(HOME, f"another node looks for a duplicate of {HOME}")


def test_who_only_asks_for_it_has_it_not() -> None:
    machine = looking()
    asked = Ipv6Packet(
        source=OTHER,
        destination=solicited_node_of(HOME),
        next_header=PROTO_ICMPV6,
        payload=build_icmpv6(
            UnknownIcmpv6(NEIGHBOR_SOLICITATION, 0, bytes(4) + HOME.packed), OTHER, solicited_node_of(HOME)
        ),
        hop_limit=255,
    )
    assert parse_neighbor(asked.build()) == NeighborSolicitation(OTHER, HOME)
    assert machine.handle(LinkPacketArrived(asked.build()), 10.5) == []
    assert isinstance(machine.state(HOME), Tentative)


def test_who_says_later_that_it_is_his_is_told_of_and_changes_nothing() -> None:
    machine = defending()
    assert machine.handle(said(HOME), 20.0) == [AddressContested(HOME, SOMEBODY)]
    assert machine.handle(LinkPacketArrived(solicitation(HOME)), 20.0) == [], "the kernel answers that"
    assert machine.state(HOME) == Defended((HOME,))


def test_wanted_again_it_is_not_looked_for_again() -> None:
    machine = looking()
    assert machine.handle(WANTED, 10.7) == []
    assert machine.deadline == 11.0
    machine.handle(Tick(), 11.0)
    assert machine.handle(WANTED, 12.0) == [AddressFree(HOME)]


def test_two_home_addresses_of_one_interface_identifier_cannot_both_have_its_link_local() -> None:
    machine = defending(AddressWanted(HOME, with_link_local=True))
    rival = IPv6Address("2001:db8:1:0::100") + (1 << 64)
    (taken,) = machine.handle(AddressWanted(rival, with_link_local=True), 20.0)
    assert taken == AddressTaken(rival, f"{HOME} has the same link-local address")
    assert machine.state(rival) == Unclaimed()


def test_an_address_that_is_let_go_is_not_defended() -> None:
    for machine in (looking(), defending()):
        assert machine.handle(AddressReleased(HOME), 10.5) == [LetGo(HOME)]
        assert machine.handle(AddressReleased(HOME), 10.5) == []
        assert machine.handle(said(HOME), 20.0) == []
        assert machine.deadline is None


def test_tests_that_began_first_end_first() -> None:
    machine = looking()
    machine.handle(AddressWanted(OTHER), 10.4)
    assert machine.deadline == 11.0
    machine.handle(Tick(), 11.0)
    assert machine.deadline == 11.4
    *_, free = machine.handle(Tick(), 11.4)
    assert free == AddressFree(OTHER)


@pytest.mark.parametrize("octets", [b"", advertisement(NeighborAdvertisement(source=OTHER, target=OTHER))])
def test_what_concerns_nobody_is_passed_over(octets: bytes) -> None:
    machine = looking()
    assert machine.handle(LinkPacketArrived(octets), 10.5) == []
    assert isinstance(machine.state(HOME), Tentative)


def test_every_entry_of_the_table_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = taken_by(sys.modules[__name__], "pdngw_proxy.home_link", monkeypatch)
    assert taken == entries(TRANSITIONS)
