"""Trains at the UE beside each packet by itself: two networks of one seed, where the UE has a TUN device."""

from collections.abc import Iterator, Sequence
from ipaddress import IPv6Address
from random import Random

import pytest

from tests.inner_packets import on_the_way, packet
from tests.network import CORRESPONDENT, HA_ADDRESS, Network, VirtualUe
from tests.pdngw_proxy.forgery import associations
from tests.wire.ip.segments import segment4
from ue_sim.ike.events import EVERY_CHILD, RekeyRequested
from ue_sim.ue_events import (
    Channel,
    DatagramArrived,
    DeliverPacket,
    DeliverTrain,
    IkeRequested,
    Note,
    PacketsToSend,
    PacketToSend,
    Send,
    SendTrain,
    TrainArrived,
    UeEffect,
)
from wire.ikev2.child import Mode
from wire.ip.icmpv6 import EchoRequest, build_icmpv6
from wire.ip.ipv6 import PROTO_ICMPV6, PROTO_IPV4, PROTO_IPV6, Ipv6Packet
from wire.sansio import Failed

NOW = 11.0
NOBODY = IPv6Address("2001:db8:7::bad")


def ping(source: IPv6Address, destination: IPv6Address) -> bytes:
    payload = build_icmpv6(EchoRequest(7, 1, b"data"), source, destination)
    return Ipv6Packet(source=source, destination=destination, next_header=PROTO_ICMPV6, payload=payload).build()


def one_by_one(effects: Sequence[UeEffect]) -> Iterator[UeEffect]:
    for effect in effects:
        match effect:
            case SendTrain(datagrams, to):
                yield from (Send(Channel.IKE, octets, to) for octets in datagrams)
            case DeliverTrain(packets):
                yield from map(DeliverPacket, packets)
            case _:
                yield effect


class Twins:
    """One UE that takes trains, and one of the same seed that takes what is in them."""

    def __init__(self) -> None:
        self.networks = [Network(), Network()]
        self.short, self.long = (network.attach(device=True) for network in self.networks)
        for network in self.networks:
            network.run(until=NOW)
        self.home = self.short.attached.home_address

    def seal(self, octets: bytes, next_header: int = PROTO_IPV6) -> bytes:
        """In the gateway's tunnel, which is the same of both."""
        (session,) = self.networks[0].gateway.sessions.all()
        tunnel = session.outbound(Mode.TUNNEL)
        assert tunnel is not None
        return tunnel.outbound.seal(octets, next_header)

    def arrive(self, datagrams: Sequence[bytes]) -> list[UeEffect]:
        """What the one with trains wanted, after it was seen to be what the other wanted."""
        effects = self.short.trains.handle(TrainArrived(tuple(datagrams)), NOW)
        events = [DatagramArrived(Channel.IKE, octets) for octets in datagrams]
        return self._same(effects, [effect for event in events for effect in self.long.machine.handle(event, NOW)])

    def to_send(self, packets: Sequence[bytes]) -> list[UeEffect]:
        """The same of what applications send."""
        effects = self.short.trains.handle(PacketsToSend(tuple(packets)), NOW)
        events = [PacketToSend(octets) for octets in packets]
        return self._same(effects, [effect for event in events for effect in self.long.machine.handle(event, NOW)])

    def _same(self, effects: list[UeEffect], expected: list[UeEffect]) -> list[UeEffect]:
        assert list(one_by_one(effects)) == expected
        assert _numbers(self.short) == _numbers(self.long)
        return effects


def _numbers(phone: VirtualUe) -> list[tuple[int, int, int]]:
    return [(one.octets, one.inbound.sequence, one.outbound.sequence) for one in associations(phone)]


@pytest.fixture(scope="module")
def twins() -> Twins:
    return Twins()


def test_first_packet_of_a_tunnel_goes_the_long_way_and_the_next_together(twins: Twins) -> None:
    packets = [packet(CORRESPONDENT, twins.home, octets=size) for size in (9, 90, 900)]
    effects = twins.arrive([twins.seal(octets) for octets in packets])
    assert effects == [DeliverPacket(packets[0]), DeliverTrain(tuple(packets[1:]))]
    (sent,) = twins.to_send([packet(twins.home, CORRESPONDENT)] * 3)
    assert isinstance(sent, SendTrain)
    assert len(sent.datagrams) == 3


def inner(twins: Twins, chance: Random, *, inward: bool) -> bytes:
    """A packet of either way, mostly one that may pass."""
    far = chance.choice([CORRESPONDENT] * 20 + [HA_ADDRESS, NOBODY])
    near = chance.choice([twins.home] * 20 + [NOBODY])
    ends = (far, near) if inward else (near, far)
    octets = packet(*ends, octets=chance.randrange(1300), hops=chance.choice([64, 64, 1, 0]))
    match chance.randrange(20):
        case 0:
            return octets[: chance.randrange(len(octets))]
        case 1:
            return octets + bytes(chance.randrange(1, 9))
        case 2:
            return ping(*ends)
        case 3:
            return segment4(1, bytes(10))
        case _:
            return octets


def datagram(twins: Twins, sealed: list[bytes], chance: Random) -> bytes:
    """What the gateway sends, or somebody who has seen what it sent."""
    octets = twins.seal(inner(twins, chance, inward=True), chance.choice([PROTO_IPV6] * 20 + [PROTO_IPV4, 59]))
    return on_the_way(octets, sealed, chance)


@pytest.mark.parametrize("seed", range(4))
def test_trains_do_what_each_packet_by_itself_does(twins: Twins, seed: int) -> None:
    chance = Random(seed)
    sealed: list[bytes] = []
    short = 0
    for _ in range(60):
        count = chance.randrange(1, 12)
        if chance.random() < 0.5:
            effects = twins.arrive([datagram(twins, sealed, chance) for _ in range(count)])
        else:
            effects = twins.to_send([inner(twins, chance, inward=False) for _ in range(count)])
        short += sum(isinstance(effect, DeliverTrain | SendTrain) for effect in effects)
    assert short > 40


def test_own_ping_is_answered_beside_the_device() -> None:
    network = Network()
    phone = network.attach(device=True)
    network.run(until=NOW)
    phone.tell(PacketsToSend((packet(phone.attached.home_address, CORRESPONDENT),)))
    assert phone.ping(HA_ADDRESS, pings=2).received == 2


def test_other_tunnel_is_taken_after_a_rekeying() -> None:
    network = Network()
    phone = network.attach(device=True)
    network.run(until=NOW)
    packets = PacketsToSend((packet(phone.attached.home_address, CORRESPONDENT),) * 2)
    spis = []
    for _ in range(2):
        phone.tell(packets)
        spis.append(phone.said(SendTrain)[-1].datagrams[0][:4])
        phone.tell(IkeRequested(RekeyRequested(EVERY_CHILD)))
        network.run(until=network.now + 2.0)
    assert spis[0] != spis[1]


def test_last_number_is_not_sent_in_a_train(twins: Twins) -> None:
    for phone in (twins.short, twins.long):
        outbound = associations(phone)[1].outbound
        outbound._sequence = outbound.most - 3
    effects = twins.to_send([packet(twins.home, CORRESPONDENT)] * 4)
    trains = [effect for effect in effects if isinstance(effect, SendTrain)]
    assert sum(len(train.datagrams) for train in trains) < 3


def test_ue_without_a_device_or_a_connection_takes_trains_as_well() -> None:
    network = Network()
    phone = network.attach()
    phone.tell(PacketsToSend((b"x",)))
    assert phone.said(Note)[-1].cause == "no tunnel to send through"
    network.run(until=NOW)
    assert phone.ping(CORRESPONDENT, pings=2).received == 2


def test_packet_that_breaks_its_handler_costs_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network()
    phone = network.attach(device=True)
    network.run(until=NOW)
    home = phone.attached.home_address
    broken = RuntimeError("broken")

    def break_down(*_packet: object) -> None:
        raise broken

    first, *others = [packet(home, CORRESPONDENT, octets=size) for size in (1, 2, 3)]
    phone.trains.handle(PacketsToSend((first,)), NOW)
    monkeypatch.setattr(phone.machine, "_send_packet", break_down)
    effects = phone.trains.handle(PacketsToSend((first, b"no packet", *others)), NOW)
    sent = [len(effect.datagrams) for effect in effects if isinstance(effect, SendTrain)]
    assert (sum(sent), [effect for effect in effects if isinstance(effect, Failed)]) == (
        3, [Failed(broken, "the TUN device")]
    )  # fmt: skip


def test_datagram_that_breaks_its_handler_costs_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    twins = Twins()
    inward = [packet(CORRESPONDENT, twins.home, octets=size) for size in (1, 2, 3, 4)]
    twins.arrive([twins.seal(octets) for octets in inward[:2]])
    broken = RuntimeError("broken")

    def break_down(*_datagram: object) -> None:
        raise broken

    monkeypatch.setattr(twins.short.machine, "receive_packet", break_down)
    train = (twins.seal(inward[2]), twins.seal(ping(CORRESPONDENT, twins.home)), twins.seal(inward[3]))
    effects = twins.short.trains.handle(TrainArrived(train), NOW)
    assert effects == [DeliverTrain((inward[2],)), Failed(broken, "the PDN GW"), DeliverTrain((inward[3],))]
