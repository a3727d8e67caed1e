"""The short way beside the long one: two gateways of one seed, one given trains, the other each packet by itself."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address
from random import Random

import pytest

from pdngw_proxy.gateway_events import (
    Channel,
    DatagramArrived,
    DeliverTrain,
    GatewayEffect,
    HomePacketArrived,
    HomeTrainArrived,
    Report,
    SendTrain,
    SessionAborted,
    TrainArrived,
)
from tests.aaa.memory_hss import IMSI
from tests.inner_packets import on_the_way, packet
from tests.network import CORRESPONDENT, HA_ADDRESS, NATT, Network, one_by_one, responder_policy, subscribers
from tests.pdngw_proxy.forgery import associations
from tests.pdngw_proxy.test_gateway import SECOND
from wire.ikev2.association import Association
from wire.ikev2.upkeep.states import Lifetimes
from wire.ip.icmpv4 import PROTO_ICMP
from wire.ip.ipv4 import Ipv4Packet
from wire.ip.ipv6 import PROTO_IPV4, PROTO_IPV6

ELSEWHERE = IPv6Address("2001:db8:99::5")
NOBODY = IPv6Address("2001:db8:7::bad")
UNUSUAL = [HA_ADDRESS, NOBODY, *map(IPv6Address, ("ff02::1", "fe80::1", "::"))]
NOW = 11.0
USUAL = Lifetimes()


class Twins:
    """Two networks of one seed with two UEs each; what a UE seals is the same for both gateways."""

    def __init__(self, lifetimes: Lifetimes = USUAL) -> None:
        self.short, self.long = (
            Network(device=True, hss=subscribers(IMSI, SECOND), responder=responder_policy(lifetimes=lifetimes))
            for _ in range(2)
        )
        for network in (self.short, self.long):
            self.phones = [network.attach(), network.attach(SECOND)]
            network.run(until=NOW)
        self.expected: list[GatewayEffect] = []
        self.homes = [phone.attached.home_address for phone in self.phones]

    def seal(self, sender: int, octets: bytes, next_header: int = PROTO_IPV6) -> bytes:
        """In the tunnel of a UE."""
        return associations(self.phones[sender])[1].outbound.seal(octets, next_header)

    def from_ue(self, sender: int, datagrams: Sequence[bytes]) -> list[GatewayEffect]:
        """What the gateway with the short way wanted, after it was seen to be what the other one wanted."""
        source = self.phones[sender].settings.ike
        effects = self.short.gateway.handle(TrainArrived(datagrams, source, NATT), NOW)
        for octets in datagrams:
            self.expected += self.long.gateway.handle(DatagramArrived(Channel.IKE, octets, source, NATT), NOW)
        return self._same(effects)

    def from_home(self, packets: Sequence[bytes]) -> list[GatewayEffect]:
        """The same of packets of the home network."""
        effects = self.short.gateway.handle(HomeTrainArrived(packets), NOW)
        for octets in packets:
            self.expected += self.long.gateway.handle(HomePacketArrived(octets), NOW)
        return self._same(effects)

    def tell(self, event: SessionAborted) -> None:
        """Both, of something else."""
        self.expected += self.long.gateway.handle(event, NOW)
        self._same(self.short.gateway.handle(event, NOW))

    def _same(self, effects: list[GatewayEffect]) -> list[GatewayEffect]:
        expected, self.expected = self.expected, []
        assert list(one_by_one(effects)) == expected
        assert _counts(self.short) == _counts(self.long)
        return effects


def _counts(network: Network) -> list[object]:
    """All that is counted for packets."""
    sessions = network.gateway.sessions.all()
    return [
        network.gateway._plane._forwarder.counters,
        [session.traffic for session in sessions],
        [sorted(session.worn) for session in sessions],
        [_numbers(one) for session in sessions for one in session.associations.values()],
    ]


def _numbers(association: Association) -> tuple[int, int, int]:
    return association.octets, association.inbound.sequence, association.outbound.sequence


@pytest.fixture(scope="module")
def twins() -> Twins:
    return Twins()


def test_plain_packets_go_the_short_way_together(twins: Twins) -> None:
    own = twins.homes[0]
    twins.from_ue(0, [twins.seal(0, packet(own, CORRESPONDENT))])
    packets = [packet(own, destination, octets=size) for destination in (CORRESPONDENT, ELSEWHERE) for size in (9, 90)]
    (delivered,) = twins.from_ue(0, [twins.seal(0, octets) for octets in packets])
    assert isinstance(delivered, DeliverTrain)
    assert delivered.packets == tuple(octets[:7] + b"\x3f" + octets[8:] for octets in packets)
    (sent,) = twins.from_home([packet(CORRESPONDENT, own), packet(ELSEWHERE, own)])
    assert isinstance(sent, SendTrain)
    assert (len(sent.datagrams), sent.to) == (2, twins.phones[0].settings.ike)


def test_trains_of_two_ues_are_two(twins: Twins) -> None:
    for sender, own in enumerate(twins.homes):
        twins.from_ue(sender, [twins.seal(sender, packet(own, CORRESPONDENT))])
    one, other = twins.homes
    effects = twins.from_home([packet(CORRESPONDENT, home) for home in (one, one, other, one)])
    assert [len(effect.datagrams) for effect in effects if isinstance(effect, SendTrain)] == [2, 1, 1]


def inner(twins: Twins, sender: int, chance: Random) -> bytes:
    """A packet of a UE, mostly one that may pass."""
    own, other = twins.homes[sender], twins.homes[1 - sender]
    source = chance.choice([own] * 20 + [other, NOBODY, ELSEWHERE])
    destination = chance.choice([CORRESPONDENT, ELSEWHERE] * 10 + [other, own, *UNUSUAL])
    octets = packet(source, destination, octets=chance.randrange(1300), hops=chance.choice([64] * 10 + [0, 1, 2, 255]))
    match chance.randrange(20):
        case 0:
            return octets[: chance.randrange(len(octets))]
        case 1:
            return octets + bytes(chance.randrange(1, 9))
        case 2:
            return b"\x50" + octets[1:]
        case _:
            return octets


def datagram(twins: Twins, sender: int, sealed: list[bytes], chance: Random) -> bytes:
    """What a UE sends, or somebody who has seen what it sent."""
    octets = twins.seal(sender, inner(twins, sender, chance), chance.choice([PROTO_IPV6] * 20 + [PROTO_IPV4, 59]))
    return on_the_way(octets, sealed, chance)


@pytest.mark.parametrize("seed", range(4))
def test_short_way_does_what_the_long_one_does(twins: Twins, seed: int) -> None:
    chance = Random(seed)
    sealed: list[bytes] = []
    short = 0
    for _ in range(60):
        sender, count = chance.randrange(2), chance.randrange(1, 12)
        if chance.random() < 0.5:
            effects = twins.from_ue(sender, [datagram(twins, sender, sealed, chance) for _ in range(count)])
        else:
            homes = [*twins.homes, *twins.homes, NOBODY, HA_ADDRESS]
            sources = [CORRESPONDENT, ELSEWHERE] * 5 + [*twins.homes, HA_ADDRESS]
            ends = [(chance.choice(sources), chance.choice(homes)) for _ in range(count)]
            effects = twins.from_home(
                [
                    packet(*pair, octets=chance.randrange(1500), hops=chance.choice([64, 64, 64, 1, 2]))[
                        : chance.choice([2000, 2000, 2000, 50, 10, 0])
                    ]
                    for pair in ends
                ]
            )
        short += sum(isinstance(effect, DeliverTrain | SendTrain) for effect in effects)
    assert short > 40


def test_ipv4_goes_the_long_way(twins: Twins) -> None:
    octets = Ipv4Packet(
        source=IPv4Address("10.0.0.1"), destination=IPv4Address("10.0.0.2"), protocol=PROTO_ICMP, payload=bytes(8)
    ).build()
    (report,) = twins.from_ue(0, [twins.seal(0, octets, PROTO_IPV4)])
    assert isinstance(report, Report)
    assert not [effect for effect in twins.from_home([octets]) if isinstance(effect, SendTrain)]


def test_tunnel_that_wears_out_is_replaced_once_by_either_way() -> None:
    twins = Twins(lifetimes=Lifetimes(octets=20_000))
    own = twins.homes[0]
    effects: list[GatewayEffect] = []
    for _ in range(8):
        effects += twins.from_ue(0, [twins.seal(0, packet(own, CORRESPONDENT, octets=900)) for _ in range(2)])
        effects += twins.from_home([packet(CORRESPONDENT, own, octets=900)])
    kinds = [type(effect).__name__ for effect in effects]
    assert kinds.count("DeliverTrain") > 5
    # the request of CREATE_CHILD_SA, between packets that went the long way
    assert sum(effect.octets.startswith(bytes(4)) for effect in effects if type(effect).__name__ == "Send") == 1  # type: ignore[union-attr]


def test_numbers_that_wear_out_are_seen_on_the_short_way_too() -> None:
    twins = Twins()
    own = twins.homes[0]
    twins.from_ue(0, [twins.seal(0, packet(own, CORRESPONDENT))])
    for network in (twins.short, twins.long):
        for session in network.gateway.sessions.all():
            for association in session.associations.values():
                association.outbound._sequence = int(association.outbound.most * 0.9) - 3
    for _ in range(6):
        twins.from_home([packet(CORRESPONDENT, own)])
    assert any(session.worn for session in twins.short.gateway.sessions.all())


def test_nothing_passes_for_a_ue_that_is_gone() -> None:
    twins = Twins()
    own = twins.homes[0]
    waiting = [twins.seal(0, packet(own, CORRESPONDENT)) for _ in range(4)]
    twins.from_ue(0, waiting[:1])
    assert isinstance(twins.from_ue(0, waiting[1:3])[0], DeliverTrain)
    twins.from_home([packet(CORRESPONDENT, own)])
    name = twins.short.gateway.sessions.all()[0].name
    twins.tell(SessionAborted(name, "the AAA server ends it"))
    for effect in (*twins.from_ue(0, waiting[3:]), *twins.from_home([packet(CORRESPONDENT, own)])):
        assert not isinstance(effect, DeliverTrain | SendTrain)


def test_without_a_device_a_packet_is_for_the_hosts_inside() -> None:
    network = Network()
    phone = network.attach()
    network.run(until=NOW)
    for _ in range(3):
        assert phone.ping(CORRESPONDENT, pings=1).received == 1


def test_what_is_remembered_has_a_limit(twins: Twins) -> None:
    own = twins.homes[0]
    twins.from_ue(0, [twins.seal(0, packet(own, CORRESPONDENT))])
    way = twins.short.gateway._plane.short_way
    strangers = (packet(IPv6Address(int(ELSEWHERE) + number), own, octets=1) for number in range(9000))
    twins.short.gateway.handle(HomeTrainArrived(tuple(strangers)), NOW)
    assert len(way._elsewhere) <= 4096
