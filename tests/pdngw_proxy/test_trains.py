"""Trains that are not for the short way at all; tests/pdngw_proxy/test_short_way.py has those that are."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from pdngw_proxy.gateway_events import (
    Channel,
    DatagramArrived,
    DeliverTrain,
    HomeTrainArrived,
    Report,
    SendTrain,
    TrainArrived,
)
from pdngw_proxy.ipv6_transport import ESP_PORT
from tests.inner_packets import packet
from tests.network import CORRESPONDENT, NATT, Network
from tests.pdngw_proxy.forgery import associations, echo_request
from wire.esp.encapsulation import KEEPALIVE
from wire.ikev2.nat import Endpoint
from wire.ip.ipv6 import PROTO_IPV6
from wire.sansio import Failed

STRANGER = Endpoint(IPv4Address("198.51.100.9"), 4500)


def test_train_of_a_stranger_is_looked_at_one_by_one() -> None:
    gateway = Network(device=True).gateway
    assert gateway.handle(TrainArrived((), STRANGER, NATT), 0.0) == []
    effects = gateway.handle(TrainArrived((b"\x01\x02\x03\x04nonsense", KEEPALIVE, b""), STRANGER, NATT), 0.0)
    causes = [effect.details["cause"] for effect in effects if isinstance(effect, Report)]
    assert causes == ["neither IKE nor ESP of ours: SPI 0x01020304", "neither IKE nor ESP of ours: SPI 0x00000000"]


def test_ike_between_packets_keeps_its_place() -> None:
    network = Network(device=True)
    phone = network.attach()
    network.run(until=10.0)
    tunnel = associations(phone)[1].outbound
    octets = echo_request(phone.attached.home_address, CORRESPONDENT)
    esp = [tunnel.seal(octets, PROTO_IPV6) for _ in range(4)]
    source = phone.settings.ike
    network.gateway.handle(DatagramArrived(Channel.IKE, esp[0], source, NATT), 10.0)
    ike = next(one.octets for one in network.sent if one.to == NATT)
    effects = network.gateway.handle(TrainArrived((esp[1], ike, *esp[2:]), source, NATT), 10.0)
    first, *answer, second = effects
    assert isinstance(first, DeliverTrain)
    assert isinstance(second, DeliverTrain)
    assert (len(first.packets), len(answer), len(second.packets)) == (1, 1, 2)


@pytest.mark.parametrize("port", [ESP_PORT, 4501])
def test_packet_from_another_place_goes_the_long_way_and_the_next_the_short_one(port: int) -> None:
    network = Network(device=True)
    phone = network.attach()
    network.run(until=10.0)
    tunnel = associations(phone)[1].outbound
    octets = echo_request(phone.attached.home_address, CORRESPONDENT)
    there = Endpoint(phone.settings.ike.address, port)
    went_short = [
        any(isinstance(effect, DeliverTrain) for effect in network.gateway.handle(train, 10.0))
        for source in (phone.settings.ike, phone.settings.ike, there, there)
        for train in [TrainArrived((tunnel.seal(octets, PROTO_IPV6),), source, NATT)]
    ]
    (session,) = network.gateway.sessions.all()
    assert went_short == [False, True, False, session.peer == there]


def test_what_is_no_ipv6_packet_of_the_home_network_goes_the_long_way() -> None:
    gateway = Network(device=True).gateway
    packets = (b"", b"\x60", echo_request(CORRESPONDENT, IPv6Address("2001:db8:7::abcd")))
    effects = gateway.handle(HomeTrainArrived(packets), 0.0)
    assert effects
    assert not any(isinstance(effect, SendTrain) for effect in effects)


def test_what_breaks_its_handler_costs_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network(device=True)
    phone = network.attach()
    network.run(until=10.0)
    home, peer = phone.attached.home_address, phone.settings.ike
    tunnel = associations(phone)[1].outbound
    outward = [packet(home, CORRESPONDENT, octets=size) for size in (1, 2, 3)]
    first, *others = [tunnel.seal(octets, PROTO_IPV6) for octets in outward]
    network.gateway.handle(TrainArrived((first,), peer, NATT), 10.0)
    broken = RuntimeError("broken")

    def break_down(*_packet: object) -> None:
        raise broken

    monkeypatch.setattr(network.gateway._plane, "receive_opened", break_down)
    monkeypatch.setattr(network.gateway._plane, "receive_home", break_down)
    no_packet = tunnel.seal(b"no packet", PROTO_IPV6)
    effects = network.gateway.handle(TrainArrived((others[0], no_packet, others[1]), peer, NATT), 10.0)
    kinds = [type(effect) for effect in effects]
    assert (kinds, effects[1]) == ([DeliverTrain, Failed, DeliverTrain], Failed(broken, str(peer)))
    packets = (packet(CORRESPONDENT, home), b"no packet", packet(CORRESPONDENT, home))
    effects = network.gateway.handle(HomeTrainArrived(packets), 10.0)
    kinds = [type(effect) for effect in effects]
    assert (kinds, effects[1]) == ([SendTrain, Failed, SendTrain], Failed(broken, "the home network"))
