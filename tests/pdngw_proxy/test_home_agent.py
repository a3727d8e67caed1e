"""The home agent, rule by rule: what it answers, what it refuses, what it is silent about."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest

from pdngw_proxy.bindings import Lingering, Pending, Registered, Revoking, Unbound
from pdngw_proxy.home_agent import TRANSITIONS, HomeAgent
from pdngw_proxy.home_link import AddressFree, AddressTaken
from pdngw_proxy.mobility import (
    AgentEffect,
    AgentEvent,
    BindingAdded,
    BindingChanged,
    BindingRemoved,
    Dropped,
    Endpoint,
    HomeAgentPolicy,
    IpAddress,
    LookForDuplicate,
    LookNoMore,
    MobilityArrived,
    Refused,
    RevokeRequested,
    SendMobility,
    SendPacket,
    SessionEnded,
)
from tests.wire.mip6.vectors import SETS, named
from wire.ip.icmpv6 import ParameterProblem, parse_icmpv6
from wire.ip.ipv6 import Ipv6Packet
from wire.mip6.binding_ack import AckFlag, BindingAck
from wire.mip6.binding_error import BindingError
from wire.mip6.binding_update import BindingFlag, BindingUpdate
from wire.mip6.header import MobilityHeader, checksum_holds
from wire.mip6.ipv4_options import NO_KEEPALIVE, Ipv4AddressAck, Ipv4CareOf, Ipv4HomeAddress, NatDetection
from wire.mip6.ipv6_options import AlternateCareOf, BindingRefreshAdvice, NonceIndices
from wire.mip6.messages import MobilityMessage, UnknownMessage, build_message, parse_message
from wire.mip6.options import MobilityOption
from wire.mip6.refresh_request import RefreshRequest
from wire.mip6.revocation import RevocationAck, RevocationIndication, RevocationTrigger
from wire.sansio import Tick

PREFIX = IPv6Network("2001:db8:1::/64")
AGENT, HOME, OTHER = (IPv6Address(f"2001:db8:1::{end}") for end in ("1", "100", "101"))
INSIDE, OUTSIDE = IPv4Address("10.1.2.3"), IPv4Address("198.51.100.9")
AWAY = IPv6Address("2001:db8:b::77")
OUTER = Endpoint(OUTSIDE, 24415)
POLICY = HomeAgentPolicy(ha_address=AGENT, home_prefix=PREFIX)
ON_LINK = replace(POLICY, has_link=True)
AHK = BindingFlag.ACKNOWLEDGE | BindingFlag.HOME_REGISTRATION | BindingFlag.KEY_MANAGEMENT
R = BindingFlag.MOBILE_ROUTER
REVOKE = RevokeRequested(HOME, RevocationTrigger.ADMINISTRATIVE_REASON, "the operator wants it")
NO_NAT = NatDetection(NO_KEEPALIVE, force_udp=True)


def agent(policy: HomeAgentPolicy = POLICY) -> HomeAgent:
    return HomeAgent(policy)


def update(
    sequence: int = 1,
    *options: MobilityOption,
    lifetime: int = 900,
    flags: BindingFlag = AHK | R,
    care_of: IPv4Address = OUTSIDE,
) -> BindingUpdate:
    return BindingUpdate(sequence=sequence, flags=flags, lifetime=lifetime, options=(*options, Ipv4CareOf(care_of)))


def arrived(message: MobilityMessage, *, home: IPv6Address = HOME, outer: Endpoint = OUTER) -> MobilityArrived:
    return MobilityArrived(
        octets=build_message(message, home, AGENT),
        sa_home_address=home,
        source=home,
        destination=AGENT,
        outer=outer,
    )


def ack_of(effect: AgentEffect, home: IPv6Address = HOME) -> BindingAck:
    assert isinstance(effect, SendMobility)
    assert effect.home_address == home
    assert checksum_holds(effect.octets, AGENT, home)
    message = parse_message(effect.octets)
    assert isinstance(message, BindingAck)
    return message


def refusal_of(effects: list[AgentEffect]) -> BindingAck:
    refused, answer = effects
    assert isinstance(refused, Refused)
    ack = ack_of(answer, refused.home_address)
    assert f"status {ack.status}" in refused.cause
    assert (ack.lifetime, ack.flags) == (0, AckFlag(0))
    return ack


def cause_of(effects: list[AgentEffect]) -> str:
    (effect,) = effects
    assert isinstance(effect, Dropped)
    return effect.cause


def bound_agent(now: float = 0.0, policy: HomeAgentPolicy = POLICY) -> HomeAgent:
    ha = agent(policy)
    added, _ = ha.handle(arrived(update()), now)
    assert isinstance(added, BindingAdded)
    return ha


# A home link that others share (RFC 6275 §10.3.1)


def test_first_registration_waits_until_nobody_has_the_address() -> None:
    ha = agent(ON_LINK)
    assert ha.handle(arrived(update()), 0.0) == [LookForDuplicate(HOME, with_link_local=False)]
    assert (ha.binding(HOME), ha.deadline) == (None, None)
    added, answer = ha.handle(AddressFree(HOME), 1.0)
    assert isinstance(added, BindingAdded)
    assert (added.binding.expires_at, ack_of(answer).status, ack_of(answer).lifetime) == (3601.0, 0, 900)


def test_l_asks_for_the_link_local_address_as_well() -> None:
    ha = agent(ON_LINK)
    event = arrived(update(flags=AHK | BindingFlag.LINK_LOCAL))
    assert ha.handle(event, 0.0) == [LookForDuplicate(HOME, with_link_local=True)]


def test_address_that_somebody_has_is_refused_with_134() -> None:
    ha = agent(ON_LINK)
    ha.handle(arrived(update(7)), 0.0)
    effects = ha.handle(AddressTaken(HOME, "a node at 02:00:00:00:00:0b has it"), 0.5)
    ack = refusal_of(effects)
    assert (ack.status, ack.sequence) == (134, 7)
    (refused, _) = effects
    assert isinstance(refused, Refused)
    assert refused.cause.endswith("sequence number 7: a node at 02:00:00:00:00:0b has it")
    assert ha.entry(HOME) == Unbound()


def test_who_repeats_himself_meanwhile_is_answered_once_and_last() -> None:
    ha = agent(ON_LINK)
    ha.handle(arrived(update(1)), 0.0)
    assert ha.handle(arrived(update(2, care_of=INSIDE)), 0.9) == []
    assert refusal_of(ha.handle(arrived(update(1)), 0.95)).status == 135
    added, answer = ha.handle(AddressFree(HOME), 1.0)
    assert isinstance(added, BindingAdded)
    assert (added.binding.care_of, ack_of(answer).sequence) == (INSIDE, 2)


def test_renewal_of_a_binding_does_not_wait() -> None:
    ha = agent(ON_LINK)
    ha.handle(arrived(update(1)), 0.0)
    ha.handle(AddressFree(HOME), 1.0)
    changed, answer = ha.handle(arrived(update(2)), 2.0)
    assert isinstance(changed, BindingChanged)
    assert ack_of(answer).status == 0


def test_who_leaves_meanwhile_has_no_binding_to_delete() -> None:
    ha = agent(ON_LINK)
    ha.handle(arrived(update(1)), 0.0)
    cancel, *refusal = ha.handle(arrived(update(2, lifetime=0)), 0.5)
    assert cancel == LookNoMore(HOME)
    assert refusal_of(refusal).status == 133
    assert ha.handle(AddressFree(HOME), 1.0) == []


# --> Binding Update                                    <-- Binding Acknowledgement


def test_agent_registers_a_mobile_node() -> None:
    ha = agent()
    added, answer = ha.handle(arrived(update()), 100.0)
    assert isinstance(added, BindingAdded)
    binding = added.binding
    assert (binding.home_address, binding.care_of, binding.endpoint) == (HOME, OUTSIDE, OUTER)
    assert (binding.sequence, binding.lifetime, binding.expires_at, binding.nat_detected) == (1, 3600, 3700.0, False)
    assert ha.binding(HOME) == binding
    # asked to renew when a tenth is left
    assert ha.deadline == 3340.0
    assert isinstance(answer, SendMobility)
    assert answer.endpoint == OUTER
    assert ack_of(answer) == BindingAck(
        status=0,
        flags=AckFlag.KEY_MANAGEMENT | AckFlag.MOBILE_ROUTER,
        sequence=1,
        lifetime=900,
        options=(NO_NAT,),
    )


def test_agent_answers_the_update_of_the_mobile_ipv6_set() -> None:
    vector, addresses = named("bu_ipv4_udp4191"), SETS["addresses"]
    ha = agent(HomeAgentPolicy(ha_address=vector.destination, home_prefix=IPv6Network("2001:db8:aaaa::/48")))
    event = MobilityArrived(
        octets=vector.mobility_header,
        sa_home_address=vector.source,
        source=vector.source,
        destination=vector.destination,
        outer=Endpoint(IPv4Address(addresses["v4_public"]), 24415),
    )
    added, answer = ha.handle(event, 0.0)
    assert isinstance(added, BindingAdded)
    assert (added.binding.care_of, added.binding.nat_detected) == (IPv4Address(addresses["v4_coa"]), True)
    assert isinstance(answer, SendMobility)
    message = parse_message(answer.octets)
    assert isinstance(message, BindingAck)
    assert (message.sequence, message.lifetime, message.status) == (7, 900, 0)
    assert message.options == (Ipv4AddressAck(132, IPv4Address(0), 0), NatDetection(110, force_udp=True))


def test_agent_answers_without_the_acknowledge_flag_as_well() -> None:
    _, answer = agent().handle(arrived(update(flags=BindingFlag.HOME_REGISTRATION)), 0.0)
    assert ack_of(answer).flags == AckFlag(0)


def test_agent_grants_no_more_than_its_policy() -> None:
    ha = agent(replace(POLICY, most_lifetime=600))
    added, answer = ha.handle(arrived(update()), 0.0)
    assert isinstance(added, BindingAdded)
    assert (ack_of(answer).lifetime_seconds, added.binding.expires_at) == (600, 600.0)


def test_agent_that_cannot_move_ike_says_so() -> None:
    _, answer = agent(replace(POLICY, moves_ike=False)).handle(arrived(update()), 0.0)
    assert ack_of(answer).flags == AckFlag.MOBILE_ROUTER


def test_agent_tells_a_node_behind_a_nat() -> None:
    added, answer = agent().handle(arrived(update(care_of=INSIDE)), 0.0)
    assert isinstance(added, BindingAdded)
    assert (added.binding.care_of, added.binding.endpoint.address) == (INSIDE, OUTSIDE)
    assert ack_of(answer).options == (NatDetection(110, force_udp=True),)


def test_agent_says_nothing_of_a_nat_over_ipv6() -> None:
    away = BindingUpdate(sequence=1, flags=AHK, lifetime=900, options=(AlternateCareOf(AWAY),))
    added, answer = agent().handle(arrived(away, outer=Endpoint(AWAY, 0)), 0.0)
    assert isinstance(added, BindingAdded)
    assert added.binding.care_of == AWAY
    assert ack_of(answer).options == ()


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (Ipv4HomeAddress(IPv4Address(0)), 132),
        (Ipv4HomeAddress(IPv4Address(0), 24, prefix_requested=True), 133),
        (Ipv4HomeAddress(IPv4Address("203.0.113.5")), 130),
        (Ipv4HomeAddress(IPv4Address(0), 0), 131),
        (Ipv4HomeAddress(IPv4Address("224.0.0.5")), 131),
    ],
)
def test_agent_binds_ipv6_though_it_has_no_ipv4_home_address(asked: Ipv4HomeAddress, status: int) -> None:
    added, answer = agent().handle(arrived(update(1, asked)), 0.0)
    assert isinstance(added, BindingAdded)
    assert ack_of(answer).options[0] == Ipv4AddressAck(status, asked.address, 0)


def test_agent_binds_an_ipv4_home_address_beside_the_other() -> None:
    ha = agent(replace(POLICY, ipv4_home_prefix=IPv4Network("10.1.2.0/24")))
    added, answer = ha.handle(arrived(update(1, Ipv4HomeAddress(IPv4Address(0)))), 0.0)
    assert isinstance(added, BindingAdded)
    # .1 is the home agent's own
    given = IPv4Address("10.1.2.2")
    assert ack_of(answer).options == (Ipv4AddressAck(0, given, 24), NO_NAT)
    assert (added.binding.ipv4_home_address, ha.home_of(given), ha.home_of(HOME)) == (given, HOME, HOME)
    _, answer = ha.handle(arrived(update(2, Ipv4HomeAddress(given))), 1.0)
    assert ack_of(answer).options[0] == Ipv4AddressAck(0, given, 24)


def test_update_without_the_option_ends_the_ipv4_binding_alone() -> None:
    # RFC 5555 §4.5
    ha = agent(replace(POLICY, ipv4_home_prefix=IPv4Network("10.1.2.0/24")))
    ha.handle(arrived(update(1, Ipv4HomeAddress(IPv4Address(0)))), 0.0)
    changed, answer = ha.handle(arrived(update(2)), 1.0)
    assert isinstance(changed, BindingChanged)
    assert ack_of(answer).options == (NO_NAT,)
    assert (changed.binding.ipv4_home_address, ha.home_of(IPv4Address("10.1.2.2")), ha.home_of(HOME)) == (
        None,
        None,
        HOME,
    )


@pytest.mark.parametrize("end", [Tick(), SessionEnded(HOME)])
def test_ipv4_home_address_is_free_again_when_nothing_is_bound(end: AgentEvent) -> None:
    ha = agent(replace(POLICY, ipv4_home_prefix=IPv4Network("10.1.2.0/29")))
    asked, given = Ipv4HomeAddress(IPv4Address(0)), IPv4Address("10.1.2.2")
    ha.handle(arrived(update(1, asked)), 0.0)
    ha.handle(end, 3600.0)
    assert ha.home_of(given) is None
    # the others of the pool, and then this one
    for number in range(4):
        _, answer = ha.handle(arrived(update(1, asked), home=OTHER + number), 3600.0)
    assert ack_of(answer, OTHER + number).options[0] == Ipv4AddressAck(0, given, 29)


@pytest.mark.parametrize(
    ("lifetime", "end"), [(900, Tick()), (900, SessionEnded(HOME)), (0, Tick())], ids=["expired", "ended", "refused"]
)
def test_ipv4_home_address_that_ike_gave_stays_whatever_becomes_of_the_binding(lifetime: int, end: AgentEvent) -> None:
    """RFC 7296 §3.15.1: the UE may use it until its IKE SA is no more."""
    ha = agent(replace(POLICY, ipv4_home_prefix=IPv4Network("10.1.2.0/29")))
    given = ha.lease_ipv4(HOME)
    assert given is not None
    ha.handle(arrived(update(1, Ipv4HomeAddress(given), lifetime=lifetime)), 0.0)
    ha.handle(end, 3600.0)
    assert ha.entry(HOME) == Unbound()
    assert ha.holder_of(given) == HOME
    _, answer = ha.handle(arrived(update(2, Ipv4HomeAddress(given))), 3601.0)
    assert ack_of(answer).options[0] == Ipv4AddressAck(0, given, 29)
    ha.release_ipv4(HOME)
    assert ha.holder_of(given) is None


def test_agent_renews_a_binding() -> None:
    ha = bound_agent()
    changed, answer = ha.handle(arrived(update(2)), 1000.0)
    assert isinstance(changed, BindingChanged)
    assert (changed.before.expires_at, changed.binding.expires_at) == (3600.0, 4600.0)
    assert ack_of(answer).sequence == 2


def test_agent_follows_a_node_that_moved() -> None:
    ha = bound_agent()
    elsewhere = Endpoint(IPv4Address("198.51.100.77"), 5000)
    moved = replace(update(2), options=(Ipv4CareOf(IPv4Address("198.51.100.77")),))
    changed, answer = ha.handle(arrived(moved, outer=elsewhere), 10.0)
    assert isinstance(changed, BindingChanged)
    assert (changed.before.endpoint, changed.binding.endpoint) == (OUTER, elsewhere)
    assert isinstance(answer, SendMobility)
    assert answer.endpoint == elsewhere


def test_binding_ends_with_its_lifetime() -> None:
    ha = bound_agent()
    ha.handle(Tick(), 3300.0)
    assert ha.handle(Tick(), 3599.9) == []
    (removed,) = ha.handle(Tick(), 3600.0)
    assert isinstance(removed, BindingRemoved)
    assert (removed.binding.home_address, removed.cause) == (HOME, "its lifetime ended")
    assert (ha.binding(HOME), ha.deadline) == (None, None)


def test_node_that_does_not_renew_is_asked_once() -> None:
    ha = bound_agent()
    assert ha.handle(Tick(), 3239.9) == []
    (asked,) = ha.handle(Tick(), 3240.0)
    assert isinstance(asked, SendMobility)
    assert (asked.home_address, asked.endpoint) == (HOME, OUTER)
    assert checksum_holds(asked.octets, AGENT, HOME)
    assert parse_message(asked.octets) == RefreshRequest()
    assert ha.deadline == 3600.0
    changed, _ = ha.handle(arrived(update(2)), 3250.0)
    assert isinstance(changed, BindingChanged)
    assert ha.deadline == 3250.0 + 3240.0


def test_agent_advises_when_to_renew_but_never_past_the_lifetime() -> None:
    ha = agent(replace(POLICY, refresh_advice=1200))
    _, answer = ha.handle(arrived(update(1)), 0.0)
    assert ack_of(answer).options == (BindingRefreshAdvice(300), NO_NAT)
    _, answer = ha.handle(arrived(update(2, lifetime=300)), 1.0)
    assert ack_of(answer).options == (NO_NAT,)


def test_late_tick_does_not_keep_an_ended_binding() -> None:
    ha = bound_agent()
    removed, added, _ = ha.handle(arrived(update(1)), 5000.0)
    assert isinstance(removed, BindingRemoved)
    assert isinstance(added, BindingAdded)


# Whose Home Address


def test_update_for_a_foreign_home_address_is_dropped_with_its_cause() -> None:
    ha = agent()
    event = replace(arrived(update(), home=OTHER), sa_home_address=HOME)
    assert cause_of(ha.handle(event, 0.0)) == f"foreign Home Address {OTHER} in the SA of {HOME}"
    assert (ha.binding(OTHER), ha.binding(HOME)) == (None, None)


def test_update_cannot_take_over_the_binding_of_another() -> None:
    ha = bound_agent()
    before = ha.binding(HOME)
    event = replace(arrived(update(50, lifetime=0)), sa_home_address=OTHER)
    assert "foreign Home Address" in cause_of(ha.handle(event, 1.0))
    assert ha.binding(HOME) == before


def test_message_for_another_home_agent_is_dropped() -> None:
    octets = build_message(update(), HOME, OTHER)
    event = replace(arrived(update()), octets=octets, destination=OTHER)
    assert "not this home agent" in cause_of(agent().handle(event, 0.0))


def test_wrong_checksum_is_dropped() -> None:
    event = arrived(update())
    event = replace(event, octets=event.octets[:-1] + b"\x01")
    assert "wrong checksum" in cause_of(agent().handle(event, 0.0))
    assert "wrong checksum" in cause_of(agent().handle(replace(event, octets=b""), 0.0))


@pytest.mark.parametrize(
    "asked", [update(flags=BindingFlag.ACKNOWLEDGE), update(1, NonceIndices(1, 2))], ids=["no H", "nonces"]
)
def test_route_optimisation_is_dropped(asked: BindingUpdate) -> None:
    cause_of(agent().handle(arrived(asked), 0.0))


# Refusals


def test_sequence_out_of_window_is_answered_with_the_last_accepted_number() -> None:
    ha = agent()
    ha.handle(arrived(update(0x1234)), 0.0)
    for number in (0x1234, 0x1233, (0x1234 + 0x8000) & 0xFFFF):
        ack = refusal_of(ha.handle(arrived(update(number)), 1.0))
        assert (ack.status, ack.sequence) == (135, 0x1234)
    binding = ha.binding(HOME)
    assert binding is not None
    assert (binding.sequence, binding.expires_at) == (0x1234, 3600.0)


def test_refusal_135_is_the_one_of_the_mobile_ipv6_set() -> None:
    vector = named("ba_seq_out_of_window")
    ha = agent(
        HomeAgentPolicy(ha_address=vector.source, home_prefix=IPv6Network("2001:db8:aaaa::/48"), force_udp=False)
    )
    away = BindingUpdate(sequence=0x1234, flags=AHK, lifetime=900, options=(AlternateCareOf(AWAY),))
    event = MobilityArrived(
        octets=build_message(away, vector.destination, vector.source),
        sa_home_address=vector.destination,
        source=vector.destination,
        destination=vector.source,
        outer=Endpoint(AWAY, 0),
    )
    ha.handle(event, 0.0)
    _, answer = ha.handle(event, 1.0)
    assert isinstance(answer, SendMobility)
    assert answer.octets == vector.mobility_header


def test_any_sequence_will_do_without_a_binding() -> None:
    _, answer = agent().handle(arrived(update(65535)), 0.0)
    assert ack_of(answer).status == 0


def test_registration_type_change_is_refused() -> None:
    ha = bound_agent()
    assert refusal_of(ha.handle(arrived(update(2, flags=BindingFlag.ACKNOWLEDGE)), 1.0)).status == 139
    assert refusal_of(ha.handle(arrived(update(3, flags=AHK)), 1.0)).status == 139
    binding = ha.binding(HOME)
    assert binding is not None
    assert binding.sequence == 1


def test_home_address_of_another_prefix_is_refused() -> None:
    foreign = IPv6Address("2001:db8:2::100")
    assert refusal_of(agent().handle(arrived(update(), home=foreign), 0.0)).status == 132


def test_proxy_registration_is_refused() -> None:
    asked = update(flags=AHK | BindingFlag.PROXY_REGISTRATION)
    assert refusal_of(agent().handle(arrived(asked), 0.0)).status == 129


def test_full_cache_refuses_a_new_node_and_keeps_the_old_ones() -> None:
    ha = bound_agent(policy=replace(POLICY, most_bindings=1))
    assert refusal_of(ha.handle(arrived(update(), home=OTHER), 1.0)).status == 130
    _, answer = ha.handle(arrived(update(2)), 1.0)
    assert ack_of(answer).status == 0


def test_forced_udp_over_ipv6_is_refused() -> None:
    asked = replace(update(flags=AHK | BindingFlag.FORCE_UDP), options=(AlternateCareOf(AWAY),))
    assert refusal_of(agent().handle(arrived(asked, outer=Endpoint(AWAY, 0)), 0.0)).status == 144


@pytest.mark.parametrize("care_of", [IPv6Address("ff02::1"), IPv6Address("::"), AGENT])
def test_impossible_care_of_address_is_refused(care_of: IpAddress) -> None:
    assert isinstance(care_of, IPv6Address)
    asked = replace(update(), options=(AlternateCareOf(care_of),))
    assert refusal_of(agent().handle(arrived(asked), 0.0)).status == 174


def test_refused_update_still_moves_the_sequence_number() -> None:
    ha = bound_agent()
    impossible = replace(update(7), options=(AlternateCareOf(AGENT),))
    assert refusal_of(ha.handle(arrived(impossible), 1.0)).status == 174
    ack = refusal_of(ha.handle(arrived(update(6)), 2.0))
    assert (ack.status, ack.sequence) == (135, 7)
    binding = ha.binding(HOME)
    assert binding is not None
    assert binding.care_of == OUTSIDE


def test_refusal_goes_where_the_update_came_from() -> None:
    ha = bound_agent()
    elsewhere = Endpoint(IPv4Address("198.51.100.77"), 5000)
    _, answer = ha.handle(arrived(update(1), outer=elsewhere), 1.0)
    assert isinstance(answer, SendMobility)
    assert answer.endpoint == elsewhere


# De-registration


def test_agent_deletes_a_binding() -> None:
    ha = bound_agent()
    removed, answer = ha.handle(arrived(update(2, lifetime=0)), 10.0)
    assert isinstance(removed, BindingRemoved)
    assert removed.cause == "the mobile node de-registered"
    ack = ack_of(answer)
    assert (ack.status, ack.lifetime, ack.sequence, ack.options) == (0, 0, 2, (NO_NAT,))
    assert ha.binding(HOME) is None


def test_care_of_address_at_home_deletes_a_binding() -> None:
    ha = bound_agent()
    at_home = replace(update(2), options=(AlternateCareOf(HOME),))
    removed, _ = ha.handle(arrived(at_home), 10.0)
    assert isinstance(removed, BindingRemoved)


def test_deletion_of_nothing_is_refused() -> None:
    assert refusal_of(agent().handle(arrived(update(lifetime=0)), 0.0)).status == 133


def test_late_update_does_not_bring_a_deleted_binding_back() -> None:
    ha = bound_agent()
    ha.handle(arrived(update(3, lifetime=0)), 10.0)
    ack = refusal_of(ha.handle(arrived(update(2)), 11.0))
    assert (ack.status, ack.sequence) == (135, 3)
    assert refusal_of(ha.handle(arrived(update(4, lifetime=0)), 12.0)).status == 133
    assert ha.deadline == 20.0
    added, _ = ha.handle(arrived(update(5)), 12.0)
    assert isinstance(added, BindingAdded)


def test_deleted_binding_is_forgotten_after_a_while() -> None:
    ha = bound_agent()
    ha.handle(arrived(update(3, lifetime=0)), 10.0)
    assert ha.handle(Tick(), 20.0) == []
    added, _ = ha.handle(arrived(update(2)), 20.1)
    assert isinstance(added, BindingAdded)


def test_ended_session_ends_its_binding() -> None:
    ha = bound_agent()
    (removed,) = ha.handle(SessionEnded(HOME), 10.0)
    assert isinstance(removed, BindingRemoved)
    assert removed.cause == "its session ended"
    assert ha.handle(SessionEnded(HOME), 10.0) == []
    # the next holder of the address begins its numbers anywhere
    added, _ = ha.handle(arrived(update(1)), 11.0)
    assert isinstance(added, BindingAdded)


# Binding Revocation Indication -->                     <-- Binding Revocation Acknowledgement


def revoke(ha: HomeAgent, now: float = 10.0) -> RevocationIndication:
    (sent,) = ha.handle(REVOKE, now)
    return indication_of(sent)


def indication_of(effect: AgentEffect) -> RevocationIndication:
    assert isinstance(effect, SendMobility)
    assert (effect.home_address, effect.endpoint) == (HOME, OUTER)
    assert checksum_holds(effect.octets, AGENT, HOME)
    message = parse_message(effect.octets)
    assert isinstance(message, RevocationIndication)
    return message


def test_revoked_binding_is_gone_at_once_and_its_node_is_told() -> None:
    ha = bound_agent()
    indication = revoke(ha)
    assert indication == RevocationIndication(trigger=1, sequence=1)
    assert ha.binding(HOME) is None
    (removed,) = ha.handle(arrived(RevocationAck(status=0, sequence=1)), 10.2)
    assert isinstance(removed, BindingRemoved)
    assert removed.cause == "the operator wants it"
    # a Binding Update that was on its way does not bring it back
    assert refusal_of(ha.handle(arrived(update(1)), 10.3)).status == 135


def test_unanswered_revocation_is_repeated_once_and_then_over() -> None:
    ha = bound_agent()
    first = revoke(ha)
    assert ha.deadline == 11.0
    (again,) = ha.handle(Tick(), 11.0)
    assert indication_of(again) == first
    assert ha.handle(Tick(), 12.9) == []
    (removed,) = ha.handle(Tick(), 13.0)
    assert isinstance(removed, BindingRemoved)
    assert removed.cause == "the operator wants it; the mobile node did not confirm"
    assert ha.entry(HOME) == Unbound()


def test_refused_revocation_is_one_all_the_same() -> None:
    ha = bound_agent()
    revoke(ha)
    (removed,) = ha.handle(arrived(RevocationAck(status=134, sequence=1)), 10.2)
    assert isinstance(removed, BindingRemoved)
    assert removed.cause == "the operator wants it; the mobile node answered with status 134"


def test_acknowledgement_of_another_revocation_is_dropped() -> None:
    ha = bound_agent()
    assert "none is due" in cause_of(ha.handle(arrived(RevocationAck(status=0, sequence=1)), 1.0))
    revoke(ha)
    assert "none is due" in cause_of(ha.handle(arrived(RevocationAck(status=0, sequence=2)), 10.1))
    assert isinstance(ha.entry(HOME), Revoking)


def test_node_that_is_being_revoked_cannot_renew_but_may_leave() -> None:
    ha = bound_agent()
    revoke(ha)
    assert refusal_of(ha.handle(arrived(update(2)), 10.1)).status == 129
    removed, answer = ha.handle(arrived(update(3, lifetime=0)), 10.2)
    assert isinstance(removed, BindingRemoved)
    assert ack_of(answer).status == 0


def test_every_revocation_has_a_number_of_its_own() -> None:
    ha = bound_agent()
    ha.handle(arrived(update(), home=OTHER), 0.0)
    numbers = []
    for home in (HOME, OTHER):
        (sent,) = ha.handle(replace(REVOKE, home_address=home), 10.0)
        assert isinstance(sent, SendMobility)
        message = parse_message(sent.octets)
        assert isinstance(message, RevocationIndication)
        numbers.append(message.sequence)
    assert numbers == [1, 2]


def test_nothing_is_revoked_where_nothing_is_bound() -> None:
    assert agent().handle(REVOKE, 0.0) == []


# What is no Binding Update


def test_unknown_type_gets_a_binding_error() -> None:
    dropped, answer = agent().handle(arrived(UnknownMessage(1, bytes(10))), 0.0)
    assert isinstance(dropped, Dropped)
    assert isinstance(answer, SendMobility)
    assert checksum_holds(answer.octets, AGENT, HOME)
    assert parse_message(answer.octets) == BindingError(2, IPv6Address("::"))


def test_binding_error_names_the_home_address_option() -> None:
    _, answer = agent().handle(arrived(UnknownMessage(1, bytes(10)), outer=Endpoint(AWAY, 0)), 0.0)
    assert isinstance(answer, SendMobility)
    assert parse_message(answer.octets) == BindingError(2, HOME)


def test_binding_errors_are_limited() -> None:
    ha = agent()
    answers = [len(ha.handle(arrived(UnknownMessage(1, bytes(10))), 0.5)) for _ in range(20)]
    assert answers == [2] * 10 + [1] * 10
    assert len(ha.handle(arrived(UnknownMessage(1, bytes(10))), 1.5)) == 2


@pytest.mark.parametrize(
    ("header", "pointer"),
    [(b"\x3a\x00\x05\x00", 40), (b"\x3b\x01\x05\x00", 41), (b"\x3b\x00\x05\x00", 41)],
    ids=["payload proto", "header len", "too short for an update"],
)
def test_broken_header_gets_a_parameter_problem(header: bytes, pointer: int) -> None:
    octets = _with_checksum(header + bytes(4))
    dropped, answer = agent().handle(replace(arrived(update()), octets=octets), 0.0)
    assert isinstance(dropped, Dropped)
    assert isinstance(answer, SendPacket)
    packet = Ipv6Packet.parse(answer.octets)
    assert (packet.source, packet.destination) == (AGENT, HOME)
    problem = parse_icmpv6(packet.payload, AGENT, HOME)
    assert isinstance(problem, ParameterProblem)
    assert (problem.code, problem.pointer, problem.invoking[40:]) == (0, pointer, octets)


def _with_checksum(octets: bytes) -> bytes:
    from wire.mip6.header import mobility_checksum

    return octets[:4] + mobility_checksum(octets, HOME, AGENT).to_bytes(2, "big") + octets[6:]


def test_parameter_problems_are_limited() -> None:
    ha, octets = agent(), _with_checksum(b"\x3a\x00\x05\x00" + bytes(4))
    event = replace(arrived(update()), octets=octets)
    assert [len(ha.handle(event, 0.5)) for _ in range(12)] == [2] * 10 + [1] * 2


def test_broken_option_is_dropped() -> None:
    octets = MobilityHeader(5, bytes(6) + bytes((3, 99, 0, 0))).build(HOME, AGENT)
    assert "malformed" in cause_of(agent().handle(replace(arrived(update()), octets=octets), 0.0))


@pytest.mark.parametrize(
    "message",
    [
        RefreshRequest(),
        RevocationIndication(trigger=1, sequence=1),
        BindingError(1, HOME),
        BindingAck(status=0, flags=AckFlag(0), sequence=1, lifetime=1),
    ],
)
def test_messages_of_a_home_agent_are_dropped(message: MobilityMessage) -> None:
    assert "from the mobile node" in cause_of(agent().handle(arrived(message), 0.0))


def test_every_entry_of_the_table_is_taken() -> None:
    register, again, late, leave = update(1), update(2), update(1), update(3, lifetime=0)
    steps: dict[type, list[tuple[AgentEvent, float]]] = {
        Unbound: [],
        Pending: [(arrived(register), 0.0)],
        Registered: [(arrived(register), 0.0)],
        Revoking: [(arrived(register), 0.0), (REVOKE, 1.0)],
        Lingering: [(arrived(register), 0.0), (arrived(leave), 1.0)],
    }
    events: list[tuple[AgentEvent, float]] = [
        (arrived(message), 2.0) for message in (again, late, replace(again, sequence=4), replace(leave, sequence=5))
    ]
    events += [(arrived(RevocationAck(status=0, sequence=1)), 2.0), (REVOKE, 2.0), (SessionEnded(HOME), 2.0)]
    events += [(AddressFree(HOME), 2.0), (AddressTaken(HOME, "a node has it"), 2.0)]
    events += [(Tick(), 2.0), (Tick(), 3300.0), (Tick(), 9999.0)]
    taken = set()
    starts = [(POLICY, *one) for one in steps.items() if one[0] is not Pending]
    starts += [(POLICY, Revoking, [*steps[Revoking], (Tick(), 2.0)]), (ON_LINK, Pending, steps[Pending])]
    starts += [(ON_LINK, Unbound, []), (ON_LINK, Lingering, [*steps[Pending], (arrived(leave), 1.0)])]
    for policy, start, before in starts:
        for event, now in events:
            ha = agent(policy)
            for step in before:
                ha.handle(*step)
            assert type(ha.entry(HOME)) is start
            ha.handle(event, now)
            taken.add((start, type(event), type(ha.entry(HOME))))
    wanted = {(*key, following) for key, many in TRANSITIONS.items() for following in many}
    # nothing ends where nothing is: there is no such entry in the table
    kinds = {start for _, start, _ in starts}
    answers: tuple[type, ...] = (AddressFree, AddressTaken)
    nothing = {(kind, event, kind) for kind in kinds - {Pending} for event in answers}
    nothing |= {(kind, Tick, kind) for kind in kinds - {Registered, Revoking}}
    assert taken - nothing == wanted
