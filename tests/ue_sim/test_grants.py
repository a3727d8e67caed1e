"""A grant by itself; how a mobile node lives with it is in test_mobile_node.py."""

from ipaddress import IPv4Address, IPv4Interface

import pytest

from ue_sim.grants import bound_by
from ue_sim.mobility import Bound
from wire.mip6.binding_ack import AckFlag, BindingAck
from wire.mip6.ipv4_options import NO_KEEPALIVE, Ipv4AddressAck, NatDetection
from wire.mip6.ipv6_options import BindingRefreshAdvice
from wire.mip6.options import MobilityOption

CARE_OF, HOME = IPv4Address("10.1.2.3"), IPv4Address("10.9.8.7")


def bound(*options: MobilityOption, status: int = 0, lifetime: int = 900, wants_ipv4: bool = False) -> Bound:
    ack = BindingAck(status=status, flags=AckFlag.KEY_MANAGEMENT, sequence=7, lifetime=lifetime, options=options)
    return bound_by(ack, care_of=CARE_OF, sent_at=10.0, now=10.5, asked=3600, wants_ipv4=wants_ipv4)


def test_grant_counts_from_the_sending_of_the_update() -> None:
    assert bound() == Bound(
        care_of=CARE_OF,
        sequence=7,
        lifetime=3600.0,
        expires_at=3610.0,
        refresh_at=2710.0,
        nat_detected=None,
        ipv4_home_address=None,
        moves_ike=True,
    )


@pytest.mark.parametrize(("status", "ends"), [(0, False), (1, True), (2, False)])
def test_status_1_says_that_the_prefix_ends(status: int, ends: bool) -> None:
    # RFC 6275 §11.7.3
    assert bound(status=status).prefix_ends is ends


@pytest.mark.parametrize(
    ("options", "refresh_at"),
    [
        ((BindingRefreshAdvice(25),), 110.0),
        ((BindingRefreshAdvice(900),), 2710.0),
        ((NatDetection(60, force_udp=True),), 70.0),
        ((NatDetection(NO_KEEPALIVE, force_udp=True), BindingRefreshAdvice(50)), 210.0),
    ],
)
def test_refresh_is_the_soonest_that_is_wanted(options: tuple[MobilityOption, ...], refresh_at: float) -> None:
    assert bound(*options).refresh_at == refresh_at


def test_very_short_grant_is_not_refreshed_at_once() -> None:
    assert bound(lifetime=1).refresh_at == 13.0
    assert bound(NatDetection(0, force_udp=True), lifetime=1).nat_detected is True


@pytest.mark.parametrize(("status", "wanted", "given"), [(0, True, True), (0, False, False), (132, True, False)])
def test_ipv4_home_address_is_one_that_was_wanted_and_confirmed(status: int, wanted: bool, given: bool) -> None:
    address = bound(Ipv4AddressAck(status, HOME, 24), wants_ipv4=wanted).ipv4_home_address
    assert address == (IPv4Interface("10.9.8.7/24") if given else None)
