"""The tests that an update stands before, one by one."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, IPv6Network

import pytest

from pdngw_proxy.bindings import Lingering, Registered, Revoking, Unbound
from pdngw_proxy.mobility import Binding, Endpoint, HomeAgentPolicy, IpAddress, MobilityArrived
from pdngw_proxy.registration import (
    acceptance,
    care_of_address,
    find_invalidity,
    find_refusal,
    find_silent_fault,
    granted_units,
    is_behind_nat,
    is_deregistration,
)
from wire.mip6.binding_update import BindingFlag, BindingUpdate
from wire.mip6.ipv4_options import Ipv4CareOf
from wire.mip6.ipv6_options import AlternateCareOf, NonceIndices
from wire.mip6.options import MobilityOption

HOME, AGENT = IPv6Address("2001:db8:1::100"), IPv6Address("2001:db8:1::1")
OUTER, INSIDE, AWAY = IPv4Address("198.51.100.9"), IPv4Address("10.1.2.3"), IPv6Address("2001:db8:b::77")
POLICY = HomeAgentPolicy(ha_address=AGENT, home_prefix=IPv6Network("2001:db8:1::/64"))
AHK = BindingFlag.ACKNOWLEDGE | BindingFlag.HOME_REGISTRATION | BindingFlag.KEY_MANAGEMENT
R = BindingFlag.MOBILE_ROUTER


def update(
    *options: MobilityOption, sequence: int = 10, flags: BindingFlag = AHK, lifetime: int = 900
) -> BindingUpdate:
    return BindingUpdate(sequence=sequence, flags=flags, lifetime=lifetime, options=options)


def arrived(source: IPv6Address = HOME, outer: IpAddress = OUTER) -> MobilityArrived:
    return MobilityArrived(
        octets=b"", sa_home_address=source, source=source, destination=AGENT, outer=Endpoint(outer, 4191)
    )


BOUND = Registered(
    Binding(
        home_address=HOME,
        care_of=OUTER,
        endpoint=Endpoint(OUTER, 4191),
        sequence=9,
        flags=AHK,
        lifetime=3600,
        expires_at=3600.0,
        nat_detected=False,
    )
)


def test_alternate_care_of_address_wins() -> None:
    assert care_of_address(update(Ipv4CareOf(INSIDE), AlternateCareOf(AWAY)), OUTER) == AWAY
    assert care_of_address(update(Ipv4CareOf(INSIDE)), OUTER) == INSIDE
    assert care_of_address(update(), OUTER) == OUTER


def test_nat_is_seen_by_the_outer_source() -> None:
    assert is_behind_nat(update(Ipv4CareOf(INSIDE)), OUTER)
    assert not is_behind_nat(update(Ipv4CareOf(OUTER)), OUTER)
    assert is_behind_nat(update(), OUTER)
    assert not is_behind_nat(update(Ipv4CareOf(INSIDE)), AWAY)


@pytest.mark.parametrize(("prefix_lifetime", "status"), [(3604, 0), (3603, 1), (3600, 1), (8, 1)])
def test_binding_that_ends_with_its_prefix_is_accepted_with_status_1(prefix_lifetime: int, status: int) -> None:
    # RFC 6275 §10.3.1: compared in units of 4 s, the two lowest bits ignored
    policy = replace(POLICY, prefix_lifetime=prefix_lifetime)
    assert acceptance(granted_units(update(lifetime=900), policy), policy) == status


def test_deregistration_is_lifetime_zero_or_being_at_home() -> None:
    assert is_deregistration(update(lifetime=0), OUTER, HOME)
    assert is_deregistration(update(), HOME, HOME)
    assert not is_deregistration(update(), OUTER, HOME)


@pytest.mark.parametrize(("asked", "most", "units"), [(900, 3600, 900), (901, 3600, 900), (5, 3600, 5), (5, 3, 1)])
def test_lifetime_is_no_more_than_asked_and_allowed(asked: int, most: int, units: int) -> None:
    policy = HomeAgentPolicy(ha_address=AGENT, home_prefix=POLICY.home_prefix, most_lifetime=most)
    assert granted_units(update(lifetime=asked), policy) == units
    assert granted_units(update(lifetime=asked), replace(policy, most_lifetime=9999, prefix_lifetime=most)) == units


@pytest.mark.parametrize("address", ["::", "::1", "ff02::1", "fe80::1"])
def test_home_address_that_is_not_routable_gets_no_answer(address: str) -> None:
    assert "no unicast routable" in str(find_silent_fault(arrived(IPv6Address(address)), update(), Unbound()))


def test_home_registration_with_nonces_gets_no_answer() -> None:
    assert "Nonce" in str(find_silent_fault(arrived(), update(NonceIndices(1, 2)), Unbound()))


def test_route_optimisation_gets_no_answer() -> None:
    plain = update(flags=BindingFlag.ACKNOWLEDGE)
    assert "without H" in str(find_silent_fault(arrived(), plain, Unbound()))
    assert find_silent_fault(arrived(), plain, BOUND) is None
    assert find_silent_fault(arrived(), update(), Unbound()) is None


@pytest.mark.parametrize(
    ("sequence", "status"), [(9, 135), (8, 135), (9 + 0x8000, 135), (10, None), (9 + 0x7FFF, None)]
)
def test_sequence_has_to_be_newer(sequence: int, status: int | None) -> None:
    for entry in (BOUND, Lingering(9, 10.0)):
        assert find_invalidity(update(sequence=sequence), entry, deregisters=False) == status
    assert find_invalidity(update(sequence=sequence), Unbound(), deregisters=False) is None


def test_registration_type_may_not_change() -> None:
    assert find_invalidity(update(flags=BindingFlag.ACKNOWLEDGE), BOUND, deregisters=False) == 139
    assert find_invalidity(update(flags=AHK | R), BOUND, deregisters=False) == 139
    assert find_invalidity(update(flags=AHK | R), BOUND, deregisters=True) is None


@pytest.mark.parametrize(
    ("asked", "message", "care_of", "no_room", "status"),
    [
        (update(), arrived(), OUTER, False, None),
        (update(), arrived(IPv6Address("2001:db8:2::100")), OUTER, True, 132),
        (update(flags=AHK | BindingFlag.PROXY_REGISTRATION), arrived(), OUTER, True, 129),
        (update(), arrived(), IPv4Address(0), True, 130),
        (update(flags=AHK | BindingFlag.FORCE_UDP), arrived(outer=AWAY), IPv4Address(0), False, 144),
        (update(flags=AHK | BindingFlag.FORCE_UDP), arrived(), OUTER, False, None),
        (update(), arrived(), IPv4Address("224.0.0.1"), False, 174),
        (update(), arrived(), IPv4Address("255.255.255.255"), False, 174),
        (update(), arrived(), IPv6Address("fe80::1"), False, 174),
        (update(), arrived(), AGENT, False, 174),
        (update(), arrived(), IPv4Address("127.4.5.10"), False, None),
    ],
)
def test_refusals_come_in_their_order(
    asked: BindingUpdate, message: MobilityArrived, care_of: IpAddress, no_room: bool, status: int | None
) -> None:
    assert find_refusal(asked, message, care_of, POLICY, entry=Unbound(), no_room=no_room) == status


def test_full_cache_has_room_for_who_is_in_it() -> None:
    assert find_refusal(update(), arrived(), OUTER, POLICY, entry=BOUND, no_room=True) is None


def test_who_was_revoked_is_not_bound_again() -> None:
    entry = Revoking(binding=BOUND.binding, trigger=1, cause="", indication=1, sendings=1, due_at=5.0)
    assert find_refusal(update(), arrived(), OUTER, POLICY, entry=entry, no_room=False) == 129
