"""The mobile node against scripted home agents: registration, retransmission, refresh, leaving."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv6Address

import pytest

from ue_sim.binding_states import TRANSITIONS, Idle, Leaving, Refreshing, Registered, Registering
from ue_sim.mobile_node import MobileNode
from ue_sim.mobility import (
    BindingLost,
    Bound,
    CareOfChanged,
    Dropped,
    ErrorArrived,
    LeaveRequested,
    Left,
    MobilityArrived,
    MobilityPolicy,
    NodeEffect,
    NodeEvent,
    PrefixLearned,
    ProblemArrived,
    SendMobility,
    TunnelLost,
    TunnelUp,
    Unanswered,
)
from wire.mip6.binding_ack import AckFlag, BindingAck
from wire.mip6.binding_error import BindingError
from wire.mip6.binding_update import BindingFlag, BindingUpdate
from wire.mip6.header import checksum_holds
from wire.mip6.ipv4_options import NO_KEEPALIVE, Ipv4AddressAck, Ipv4CareOf, Ipv4HomeAddress, NatDetection
from wire.mip6.ipv6_options import AlternateCareOf, BindingRefreshAdvice
from wire.mip6.messages import MobilityMessage, UnknownMessage, build_message, parse_message
from wire.mip6.options import MobilityOption
from wire.mip6.refresh_request import RefreshRequest
from wire.mip6.revocation import RevocationAck, RevocationFlag, RevocationIndication
from wire.sansio import Tick

HOME, AGENT = IPv6Address("2001:db8::100"), IPv6Address("2001:db8::1")
CARE_OF, ELSEWHERE = IPv4Address("10.1.2.3"), IPv4Address("10.9.9.9")
UP = TunnelUp(home_address=HOME, ha_address=AGENT, care_of=CARE_OF)
AHK = BindingFlag.ACKNOWLEDGE | BindingFlag.HOME_REGISTRATION | BindingFlag.KEY_MANAGEMENT
R = BindingFlag.MOBILE_ROUTER


def node(*, policy: MobilityPolicy | None = None, sequence: int = 0) -> MobileNode:
    return MobileNode(policy or MobilityPolicy(), sequence)


def from_agent(message: MobilityMessage) -> MobilityArrived:
    return MobilityArrived(build_message(message, AGENT, HOME))


def ack(
    sequence: int, status: int = 0, *, lifetime: int = 900, k: bool = True, options: tuple[MobilityOption, ...] = ()
) -> MobilityArrived:
    flags = AckFlag.KEY_MANAGEMENT if k else AckFlag(0)
    return from_agent(BindingAck(status=status, flags=flags, sequence=sequence, lifetime=lifetime, options=options))


def update_of(effects: list[NodeEffect]) -> BindingUpdate:
    (effect,) = effects
    assert isinstance(effect, SendMobility)
    assert isinstance(effect.message, BindingUpdate)
    return effect.message


def bound_of(effects: list[NodeEffect]) -> Bound:
    (effect,) = effects
    assert isinstance(effect, Bound)
    return effect


def bound_node() -> MobileNode:
    ue = node()
    ue.handle(UP, 0.0)
    bound_of(ue.handle(ack(1), 0.1))
    return ue


def dropped(effects: list[NodeEffect]) -> str:
    (effect,) = effects
    assert isinstance(effect, Dropped)
    return effect.cause


# Binding Update { A, H, K, R, lifetime, IPv4 Care-of Address } -->


def test_node_registers_with_the_flags_of_ts_24_303() -> None:
    (effect,) = node().handle(UP, 0.0)
    assert isinstance(effect, SendMobility)
    assert effect.message == BindingUpdate(sequence=1, flags=AHK | R, lifetime=900, options=(Ipv4CareOf(CARE_OF),))
    assert checksum_holds(effect.octets, HOME, AGENT)
    assert parse_message(effect.octets) == effect.message


def test_node_names_an_ipv6_care_of_address_inside_the_protection() -> None:
    away = IPv6Address("2001:db8:bbbb::77")
    update = update_of(node().handle(replace(UP, care_of=away), 0.0))
    assert update.options == (AlternateCareOf(away),)


def test_node_asks_for_an_ipv4_home_address_when_told_to() -> None:
    ue = node(policy=MobilityPolicy(ipv4_home_address=IPv4Address(0)))
    assert update_of(ue.handle(UP, 0.0)).options[0] == Ipv4HomeAddress(IPv4Address(0))
    given = Ipv4AddressAck(0, IPv4Address("203.0.113.5"), 24)
    bound = bound_of(ue.handle(ack(1, options=(given,)), 0.1))
    assert bound.ipv4_home_address == IPv4Interface("203.0.113.5/24")
    # TS 24.303 §A.3: the address that is registered is named in what follows
    assert update_of(ue.handle(Tick(), bound.refresh_at)).options[0] == Ipv4HomeAddress(given.address)


@pytest.mark.parametrize("length", [0, 33, 63])
def test_prefix_length_that_says_nothing_leaves_an_address_alone(length: int) -> None:
    ue = node(policy=MobilityPolicy(ipv4_home_address=IPv4Address(0)))
    ue.handle(UP, 0.0)
    bound = bound_of(ue.handle(ack(1, options=(Ipv4AddressAck(0, IPv4Address("203.0.113.5"), length),)), 0.1))
    assert bound.ipv4_home_address == IPv4Interface("203.0.113.5/32")


def test_ipv4_home_address_that_is_lost_is_asked_for_anew() -> None:
    ue = node(policy=MobilityPolicy(ipv4_home_address=IPv4Address(0)))
    ue.handle(UP, 0.0)
    bound = bound_of(ue.handle(ack(1, options=(Ipv4AddressAck(0, IPv4Address("203.0.113.5")),)), 0.1))
    ue.handle(Tick(), bound.refresh_at)
    # RFC 5555 §4.5: the option is missing in the answer, or refuses
    bound = bound_of(ue.handle(ack(2, options=(Ipv4AddressAck(130, IPv4Address("203.0.113.5"), 0),)), 2700.1))
    assert bound.ipv4_home_address is None
    assert update_of(ue.handle(Tick(), bound.refresh_at)).options[0] == Ipv4HomeAddress(IPv4Address(0))


def test_node_that_asked_for_none_takes_none() -> None:
    ue = node()
    ue.handle(UP, 0.0)
    given = Ipv4AddressAck(0, IPv4Address("203.0.113.5"))
    assert bound_of(ue.handle(ack(1, options=(given,)), 0.1)).ipv4_home_address is None


def test_refused_ipv4_home_address_leaves_the_binding() -> None:
    ue = node(policy=MobilityPolicy(ipv4_home_address=IPv4Address(0)))
    ue.handle(UP, 0.0)
    refused = Ipv4AddressAck(132, IPv4Address(0), 0)
    assert bound_of(ue.handle(ack(1, options=(refused,)), 0.1)).ipv4_home_address is None


# <-- Binding Acknowledgement


def test_binding_counts_from_the_sending_of_the_update() -> None:
    ue = node()
    ue.handle(UP, 100.0)
    bound = bound_of(ue.handle(ack(1, lifetime=100), 101.0))
    assert (bound.lifetime, bound.expires_at, bound.refresh_at) == (400.0, 500.0, 400.0)
    assert (bound.care_of, bound.sequence, bound.moves_ike, bound.nat_detected) == (CARE_OF, 1, True, None)
    assert ue.deadline == 400.0


def test_node_never_believes_more_lifetime_than_it_asked_for() -> None:
    ue = node(policy=MobilityPolicy(lifetime=40))
    ue.handle(UP, 0.0)
    assert bound_of(ue.handle(ack(1, lifetime=900), 0.0)).lifetime == 40.0


def test_node_refreshes_sooner_when_advised() -> None:
    ue = node()
    ue.handle(UP, 0.0)
    assert bound_of(ue.handle(ack(1, options=(BindingRefreshAdvice(10),)), 0.0)).refresh_at == 40.0


def test_node_ignores_an_advice_past_the_lifetime() -> None:
    ue = node()
    ue.handle(UP, 0.0)
    assert bound_of(ue.handle(ack(1, lifetime=10, options=(BindingRefreshAdvice(11),)), 0.0)).refresh_at == 30.0


@pytest.mark.parametrize(
    ("refresh", "found", "refresh_at"), [(110, True, 110.0), (NO_KEEPALIVE, False, 2700.0), (0, True, 2700.0)]
)
def test_node_keeps_the_mapping_of_a_nat(refresh: int, found: bool, refresh_at: float) -> None:
    ue = node()
    ue.handle(UP, 0.0)
    bound = bound_of(ue.handle(ack(1, options=(NatDetection(refresh),)), 0.0))
    assert (bound.nat_detected, bound.refresh_at) == (found, refresh_at)


def test_node_learns_that_ike_does_not_move() -> None:
    ue = node()
    ue.handle(UP, 0.0)
    assert not bound_of(ue.handle(ack(1, k=False), 0.0)).moves_ike


def test_node_passes_over_an_answer_to_nothing() -> None:
    ue = node()
    ue.handle(UP, 0.0)
    assert "not outstanding" in dropped(ue.handle(ack(2), 0.1))
    ue.handle(ack(1), 0.2)
    assert "none is outstanding" in dropped(ue.handle(ack(1), 0.3))
    assert isinstance(ue.state, Registered)


def test_answer_to_an_earlier_transmission_is_taken() -> None:
    ue = node()
    ue.handle(UP, 0.0)
    ue.handle(Tick(), 1.5)
    bound = bound_of(ue.handle(ack(1), 2.0))
    assert bound.expires_at == 3600.0


@pytest.mark.parametrize("status", [128, 129, 130, 131, 132, 133, 134, 139, 174, 255])
def test_refused_node_gives_up_and_says_why(status: int) -> None:
    ue = node()
    ue.handle(UP, 0.0)
    (lost,) = ue.handle(ack(1, status, lifetime=0), 0.1)
    assert isinstance(lost, BindingLost)
    assert f"status {status}" in lost.cause
    assert ue.deadline is None


def test_accepted_binding_without_lifetime_is_none() -> None:
    ue = node()
    ue.handle(UP, 0.0)
    assert isinstance(ue.handle(ack(1, 0, lifetime=0), 0.1)[0], BindingLost)


def test_node_tries_without_f_when_udp_cannot_be_forced() -> None:
    ue = node(policy=MobilityPolicy(force_udp=True))
    assert update_of(ue.handle(UP, 0.0)).flags & BindingFlag.FORCE_UDP
    assert update_of(ue.handle(ack(1, 144, lifetime=0), 0.1)).flags == AHK | R
    assert isinstance(ue.handle(ack(2, 144, lifetime=0), 0.2)[0], BindingLost)


# Retransmission


def test_unanswered_node_doubles_its_patience_and_then_gives_up() -> None:
    ue = node(policy=MobilityPolicy(give_up_after=120.0))
    times, numbers = [0.0], [update_of(ue.handle(UP, 0.0)).sequence]
    while True:
        now = ue.deadline
        assert now is not None
        (effect,) = ue.handle(Tick(), now)
        if isinstance(effect, BindingLost):
            break
        times.append(now)
        numbers.append(update_of([effect]).sequence)
    assert times == [0.0, 1.5, 4.5, 10.5, 22.5, 46.5, 78.5, 110.5]
    assert numbers == list(range(1, 9))
    assert now == 120.0
    assert effect.cause == f"no Binding Acknowledgement from {AGENT}: 120.0 s after 8 Binding Updates"
    assert isinstance(ue.state, Idle)


def test_three_updates_over_ipv6_without_an_answer_are_told_once() -> None:
    # RFC 5555 §4.4.1
    six = IPv6Address("2001:db8:b::77")
    for care_of, told in ((six, [(6.5, six)]), (CARE_OF, [])):
        ue = bound_node()
        ue.handle(CareOfChanged(care_of), 0.5 if care_of == CARE_OF else -0.5)
        heard = []
        while (deadline := ue.deadline) is not None and deadline < 60.0:
            heard += [(deadline, one.care_of) for one in ue.handle(Tick(), deadline) if isinstance(one, Unanswered)]
        assert heard == told


def test_early_tick_changes_nothing() -> None:
    ue = node()
    ue.handle(UP, 0.0)
    assert ue.handle(Tick(), 1.0) == []
    ue.handle(ack(1), 1.1)
    assert ue.handle(Tick(), 5.0) == []


def test_refresh_begins_with_one_second_and_ends_with_the_binding() -> None:
    ue = bound_node()
    update = update_of(ue.handle(Tick(), 2700.0))
    assert (update.sequence, update.lifetime) == (2, 900)
    assert ue.deadline == 2701.0
    lost = None
    while lost is None:
        now = ue.deadline
        assert now is not None
        (effect,) = ue.handle(Tick(), now)
        lost = effect if isinstance(effect, BindingLost) else None
    assert now == 3600.0


def test_refreshed_binding_is_a_new_one() -> None:
    ue = bound_node()
    ue.handle(Tick(), 2700.0)
    assert bound_of(ue.handle(ack(2), 2700.2)).expires_at == 2700.0 + 3600.0


def test_node_sends_no_more_than_three_updates_a_second() -> None:
    ue = bound_node()
    sent = [0.0]
    for step in range(40):
        now = 10 + step / 20
        effects = ue.handle(CareOfChanged(IPv4Address(step + 1)), now)
        effects += ue.handle(Tick(), now)
        sent += [now for effect in effects if isinstance(effect, SendMobility)]
    assert all(later - earlier >= 1.0 for earlier, later in zip(sent, sent[3:], strict=False))
    assert len(sent) > 4
    # what was put off is sent when the rate allows, with the latest Care-of Address
    assert ue.deadline is not None
    assert update_of(ue.handle(Tick(), ue.deadline)).options == (Ipv4CareOf(IPv4Address(40)),)


# Sequence numbers


def test_node_goes_on_behind_the_last_accepted_number() -> None:
    ue = node(sequence=5)
    ue.handle(UP, 0.0)
    assert update_of(ue.handle(ack(0x1234, 135, lifetime=0), 0.1)).sequence == 0x1235
    assert bound_of(ue.handle(ack(0x1235), 0.2)).sequence == 0x1235


def test_number_of_its_own_last_update_is_stepped_over() -> None:
    ue = node(sequence=5)
    ue.handle(UP, 0.0)
    assert update_of(ue.handle(ack(6, 135, lifetime=0), 0.1)).sequence == 7


def test_number_behind_its_own_is_passed_over() -> None:
    ue = node(sequence=5)
    ue.handle(UP, 0.0)
    assert "behind our own 6" in dropped(ue.handle(ack(5, 135, lifetime=0), 0.1))


def test_sequence_turns_over() -> None:
    ue = node(sequence=0xFFFF)
    assert update_of(ue.handle(UP, 0.0)).sequence == 0


def test_node_does_not_race_with_a_home_agent_that_always_says_135() -> None:
    ue = node()
    number, sent, now = update_of(ue.handle(UP, 0.0)).sequence, 1, 0.0
    for _ in range(20):
        now += 1.0
        effects = ue.handle(ack(number, 135, lifetime=0), now)
        if not isinstance(effects[0], SendMobility):
            break
        number, sent = update_of(effects).sequence, sent + 1
    assert sent == 5
    assert "status 135" in dropped(effects)


# Moving


def test_moved_node_updates_its_binding() -> None:
    ue = bound_node()
    update = update_of(ue.handle(CareOfChanged(ELSEWHERE), 50.0))
    assert (update.sequence, update.options) == (2, (Ipv4CareOf(ELSEWHERE),))
    assert isinstance(ue.state, Refreshing)
    assert bound_of(ue.handle(ack(2), 50.1)).care_of == ELSEWHERE


def test_answer_about_the_place_it_left_is_passed_over() -> None:
    ue = node()
    ue.handle(UP, 0.0)
    ue.handle(CareOfChanged(ELSEWHERE), 0.5)
    assert "not outstanding" in dropped(ue.handle(ack(1), 0.6))
    assert isinstance(ue.state, Registering)


# Leaving


def test_leaving_node_deletes_its_binding() -> None:
    ue = bound_node()
    update = update_of(ue.handle(LeaveRequested(), 60.0))
    assert update == BindingUpdate(sequence=2, flags=AHK, lifetime=0, options=(Ipv4CareOf(CARE_OF),))
    assert ue.handle(LeaveRequested(), 60.1) == []
    assert ue.handle(ack(2, lifetime=0), 60.2) == [Left(confirmed=True)]
    assert ue.deadline is None


@pytest.mark.parametrize(("status", "confirmed"), [(133, True), (128, False)])
def test_refused_leave_is_a_leave(status: int, confirmed: bool) -> None:
    ue = bound_node()
    ue.handle(LeaveRequested(), 60.0)
    assert ue.handle(ack(2, status, lifetime=0), 60.1) == [Left(confirmed=confirmed)]


def test_unanswered_leave_has_a_limit() -> None:
    ue = bound_node()
    ue.handle(LeaveRequested(), 60.0)
    times = []
    while (now := ue.deadline) is not None:
        times.append(now)
        last = ue.handle(Tick(), now)
    assert times == [61.0, 63.0, 66.0]
    assert last == [Left(confirmed=False)]


# What else a home agent says


def test_unknown_binding_is_made_again() -> None:
    ue = bound_node()
    assert update_of(ue.handle(from_agent(BindingError(1, HOME)), 9.0)).sequence == 2
    assert "status 1" in dropped(ue.handle(from_agent(BindingError(1, HOME)), 9.1))


def test_home_agent_without_mobility_is_given_up() -> None:
    ue = node()
    ue.handle(UP, 0.0)
    (lost,) = ue.handle(from_agent(BindingError(2, HOME)), 0.1)
    assert isinstance(lost, BindingLost)
    assert "does not know Binding Updates" in lost.cause


def test_bound_node_passes_over_an_unrecognised_type() -> None:
    assert "status 2" in dropped(bound_node().handle(from_agent(BindingError(2, HOME)), 9.0))


def test_unprotected_error_of_the_home_agent_makes_sure_of_the_binding() -> None:
    # RFC 6275 §11.3.6, RFC 6275 §11.8
    ue = bound_node()
    error = ErrorArrived(AGENT, BindingError(1, HOME))
    assert update_of(ue.handle(error, 9.0)).sequence == 2
    assert "status 1" in dropped(ue.handle(error, 9.1))
    sent = 1
    for number in range(100):
        bound = ue.handle(ack(ue.sequence), 9.2 + number / 200)
        sent += len(bound) and len(
            [one for one in ue.handle(error, 9.2 + number / 200) if isinstance(one, SendMobility)]
        )
    assert sent == 3


@pytest.mark.parametrize(
    "error",
    [
        ErrorArrived(IPv6Address("2001:db8::66"), BindingError(1, HOME)),
        ErrorArrived(AGENT, BindingError(1, AGENT)),
        ErrorArrived(AGENT, BindingError(2, HOME)),
    ],
    ids=["of a stranger", "about another Home Address", "that would end it"],
)
def test_unprotected_error_gives_nothing_up(error: ErrorArrived) -> None:
    ue = bound_node()
    assert "unprotected" in dropped(ue.handle(error, 9.0))
    ue.handle(Tick(), 2700.0)
    assert "unprotected" in dropped(ue.handle(error, 2700.1))
    assert isinstance(ue.state, Refreshing)


def test_home_agent_that_knows_no_mobility_header_is_given_up() -> None:
    # RFC 6275 §11.3.5
    ue = node()
    ue.handle(UP, 0.0)
    (lost,) = ue.handle(ProblemArrived(1, 6), 0.1)
    assert lost == BindingLost(f"{AGENT} does not know Mobility Headers")
    assert isinstance(ue.state, Idle)


@pytest.mark.parametrize("problem", [ProblemArrived(2, 42), ProblemArrived(0, 41)])
def test_other_problem_is_told_and_no_more(problem: ProblemArrived) -> None:
    ue = node()
    ue.handle(UP, 0.0)
    assert dropped(ue.handle(problem, 0.1)).endswith(f"code {problem.code}, octet {problem.pointer}")
    assert isinstance(ue.state, Registering)
    assert "code 1" in dropped(bound_node().handle(ProblemArrived(1, 6), 9.0))


def test_no_binding_is_asked_for_past_the_prefix() -> None:
    # RFC 6275 §11.7.1
    ue = bound_node()
    assert ue.handle(PrefixLearned(3000.0), 9.0) == []
    assert update_of(ue.handle(Tick(), 2700.0)).lifetime_seconds == 300
    assert update_of(ue.handle(CareOfChanged(ELSEWHERE), 2998.0)).lifetime == 1
    assert ue.handle(PrefixLearned(None), 2998.5) == []
    assert update_of(ue.handle(CareOfChanged(CARE_OF), 2999.0)).lifetime_seconds == 3600


def test_prefix_that_is_no_longer_valid_ends_the_binding() -> None:
    ue = bound_node()
    assert ue.handle(PrefixLearned(9.0), 9.0) == [BindingLost(f"the prefix of {HOME} is no longer valid")]
    assert ue.handle(PrefixLearned(9.0), 9.1) == []
    # a new Home Address has a prefix of its own
    assert update_of(ue.handle(UP, 20.0)).lifetime_seconds == 3600


def test_refresh_request_is_obeyed_once() -> None:
    ue = bound_node()
    assert update_of(ue.handle(from_agent(RefreshRequest()), 9.0)).sequence == 2
    assert ue.handle(from_agent(RefreshRequest()), 9.1) == []


@pytest.mark.parametrize(
    ("event", "cause"),
    [
        (MobilityArrived(b""), "checksum"),
        (MobilityArrived(build_message(RefreshRequest(), AGENT, AGENT)), "checksum"),
        (from_agent(UnknownMessage(13, bytes(10))), "MH type 13"),
        (from_agent(UnknownMessage(6, bytes(2))), "malformed"),
        (from_agent(BindingUpdate(sequence=1, flags=AHK, lifetime=1)), "MH type 5"),
    ],
)
def test_node_drops_what_it_cannot_use(event: MobilityArrived, cause: str) -> None:
    ue = bound_node()
    assert cause in dropped(ue.handle(event, 9.0))
    assert isinstance(ue.state, Registered)


# The end of the tunnel


@pytest.mark.parametrize("outstanding", [False, True], ids=["bound", "refreshing"])
def test_revoked_node_confirms_and_has_no_binding(outstanding: bool) -> None:
    ue = bound_node()
    if outstanding:
        ue.handle(CareOfChanged(ELSEWHERE), 1.0)
    answer, lost = ue.handle(from_agent(RevocationIndication(trigger=1, sequence=9)), 2.0)
    assert isinstance(answer, SendMobility)
    assert answer.message == RevocationAck(status=0, sequence=9)
    assert checksum_holds(answer.octets, HOME, AGENT)
    assert parse_message(answer.octets) == answer.message
    assert lost == BindingLost(f"the home agent {AGENT} revoked the binding: 1 (administrative reason)")
    assert (ue.state, ue.deadline) == (Idle(), None)


def test_leaving_node_that_is_revoked_has_left() -> None:
    ue = bound_node()
    ue.handle(LeaveRequested(), 1.0)
    _, left = ue.handle(from_agent(RevocationIndication(trigger=77, sequence=9)), 2.0)
    assert left == Left(confirmed=True)


@pytest.mark.parametrize(("flag", "status"), [(RevocationFlag.GLOBAL, 130), (RevocationFlag.PROXY, 135)])
def test_node_keeps_a_binding_that_cannot_be_meant(flag: RevocationFlag, status: int) -> None:
    ue = bound_node()
    answer, note = ue.handle(from_agent(RevocationIndication(trigger=1, sequence=9, flags=flag)), 2.0)
    assert isinstance(answer, SendMobility)
    assert answer.message == RevocationAck(status=status, sequence=9, flags=flag)
    assert isinstance(note, Dropped)
    assert str(status) in note.cause
    assert isinstance(ue.state, Registered)


def test_lost_tunnel_ends_the_binding() -> None:
    ue = bound_node()
    assert ue.handle(TunnelLost("the IKE SA is closed"), 9.0) == [BindingLost("the IKE SA is closed")]
    assert ue.handle(TunnelLost("again"), 9.1) == []


def test_lost_tunnel_ends_a_leave() -> None:
    ue = bound_node()
    ue.handle(LeaveRequested(), 9.0)
    assert ue.handle(TunnelLost("the IKE SA is closed"), 9.1) == [Left(confirmed=False)]


def test_idle_node_has_nothing_to_say() -> None:
    ue = node()
    assert ue.handle(LeaveRequested(), 0.0) == [Left(confirmed=True)]
    assert ue.handle(CareOfChanged(ELSEWHERE), 0.0) == []
    assert ue.handle(Tick(), 0.0) == []
    assert "without a tunnel" in dropped(ue.handle(ack(1), 0.0))


def test_every_entry_of_the_table_is_taken() -> None:
    unanswered = from_agent(UnknownMessage(13, bytes(10)))
    error, lost = from_agent(BindingError(2, HOME)), TunnelLost("gone")
    moved, leave, tick = CareOfChanged(ELSEWHERE), LeaveRequested(), Tick()
    starts: dict[type, list[tuple[NodeEvent, float]]] = {
        Idle: [],
        Registering: [(UP, 0.0)],
        Registered: [(UP, 0.0), (ack(1), 0.0)],
        Refreshing: [(UP, 0.0), (ack(1), 0.0), (tick, 2700.0)],
        Leaving: [(UP, 0.0), (ack(1), 0.0), (leave, 2700.0)],
    }
    events: list[tuple[NodeEvent, float]] = [(UP, 2701.0), (lost, 2701.0), (moved, 2701.0), (leave, 2701.0)]
    events += [(message, 2701.0) for message in (unanswered, error, ack(1), ack(2), ack(2, lifetime=0))]
    events += [(from_agent(RevocationIndication(trigger=1, sequence=1)), 2701.0)]
    events += [
        (ErrorArrived(AGENT, BindingError(1, HOME)), 2701.0),
        (ErrorArrived(AGENT, BindingError(2, HOME)), 2701.0),
    ]
    events += [(ProblemArrived(code, 6), 2701.0) for code in (0, 1)]
    events += [(PrefixLearned(until), 2701.0) for until in (2701.0, None)]
    events += [(from_agent(RefreshRequest()), 2701.0), (tick, 0.1), (tick, 2700.1), (tick, 9999.0)]
    taken = set()
    for start, before in starts.items():
        for event, now in events:
            ue = node()
            for step in before:
                ue.handle(*step)
            assert type(ue.state) is start
            ue.handle(event, now)
            taken.add((start, type(event), type(ue.state)))
    wanted = {(*key, following) for key, many in TRANSITIONS.items() for following in many}
    assert taken == wanted
