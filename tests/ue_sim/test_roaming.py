"""Binding and home prefix together."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network

from ue_sim.mobility import (
    BindingLost,
    Bound,
    Dropped,
    LeaveRequested,
    Left,
    MobilityArrived,
    MobilityPolicy,
    SendMobility,
    TunnelUp,
)
from ue_sim.prefix_discovery import AdvertisementArrived, SendSolicitation
from ue_sim.roaming import Effect, Roaming
from wire.mip6.binding_ack import AckFlag, BindingAck
from wire.mip6.binding_update import BindingUpdate
from wire.mip6.discovery import HomePrefix, PrefixAdvertisement
from wire.mip6.messages import build_message
from wire.sansio import Tick

HOME, AGENT = IPv6Address("2001:db8:1::100"), IPv6Address("2001:db8:1::1")
PREFIX = IPv6Network("2001:db8:1::/64")
UP = TunnelUp(home_address=HOME, ha_address=AGENT, care_of=IPv4Address("10.1.2.3"))


def ack(sequence: int, status: int = 0, lifetime: int = 900) -> MobilityArrived:
    message = BindingAck(status=status, flags=AckFlag(0), sequence=sequence, lifetime=lifetime)
    return MobilityArrived(build_message(message, AGENT, HOME))


def advertised(valid: int) -> AdvertisementArrived:
    return AdvertisementArrived(PrefixAdvertisement(0, (HomePrefix(PREFIX, valid, valid),)))


def up() -> Roaming:
    roaming = Roaming(MobilityPolicy(), random=bytes)
    roaming.handle(UP, 0.0)
    return roaming


def kinds(effects: list[Effect]) -> list[type]:
    return [type(effect) for effect in effects]


def test_status_1_leads_to_a_solicitation_and_to_shorter_lifetimes() -> None:
    # RFC 6275 §11.7.3
    roaming = up()
    assert kinds(roaming.handle(ack(1, status=1), 0.1)) == [Bound, SendSolicitation]
    assert roaming.deadline == 3.1
    assert roaming.handle(advertised(3000), 0.2) == []
    (sent,) = roaming.handle(Tick(), 2700.0)
    assert isinstance(sent, SendMobility)
    assert isinstance(sent.message, BindingUpdate)
    assert sent.message.lifetime_seconds == 300
    # nine tenths of the prefix's time
    assert kinds(roaming.handle(Tick(), 2700.2)) == [SendSolicitation]


def test_status_0_leads_to_none() -> None:
    roaming = up()
    assert kinds(roaming.handle(ack(1), 0.1)) == [Bound]
    assert roaming.deadline == 2700.0


def test_what_comes_unasked_is_asked_about() -> None:
    # RFC 6275 §11.4.3
    roaming = up()
    roaming.handle(ack(1), 0.1)
    assert kinds(roaming.handle(advertised(0), 0.2)) == [Dropped, SendSolicitation]
    assert kinds(roaming.handle(advertised(3000), 0.3)) == []


def test_what_comes_before_there_is_a_binding_is_not() -> None:
    assert kinds(up().handle(advertised(0), 0.2)) == [Dropped]


def test_prefix_that_is_over_ends_the_binding() -> None:
    roaming = up()
    roaming.handle(ack(1, status=1), 0.1)
    assert kinds(roaming.handle(advertised(0), 0.2)) == [BindingLost]
    assert roaming.deadline is None


def test_who_has_left_asks_no_more() -> None:
    roaming = up()
    roaming.handle(ack(1, status=1), 0.1)
    roaming.handle(LeaveRequested(), 0.2)
    assert kinds(roaming.handle(ack(2, lifetime=0), 0.3)) == [Left]
    assert roaming.deadline is None


def test_new_home_address_has_a_prefix_of_its_own() -> None:
    roaming = up()
    roaming.handle(ack(1, status=1), 0.1)
    assert kinds(roaming.handle(UP, 0.2)) == [SendMobility]
    assert kinds(roaming.handle(advertised(0), 0.3)) == [Dropped]
