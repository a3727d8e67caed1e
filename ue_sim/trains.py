"""Packets that came together: what goes between the tunnel and the TUN device with nothing to be decided about it.

The UE decides for the first packet of each SA; this does for the others what it would do, and leaves to it whatever
is no IPv6 packet of the Home Address, or might be the answer to a ping.
"""

from collections.abc import Iterator
from functools import partial

from runtime.each_alone import each_alone
from ue_sim.ue import Ue
from ue_sim.ue_events import (
    Channel,
    DatagramArrived,
    DeliverTrain,
    Note,
    PacketsToSend,
    PacketToSend,
    TrainArrived,
    TrainedEvent,
    UeEffect,
    UeEvent,
)
from wire.ikev2.association import UNUSABLE, Association
from wire.ikev2.child import Mode
from wire.ip.ipv6 import PROTO_ICMPV6, PROTO_IPV6, is_whole

Effects = Iterator[UeEffect]


class Trains:
    """The UE `ue`, which takes trains as well; without a `device`, which applications have, it takes all one by one.

    Whatever one datagram or packet of a train breaks, the others are served.
    """

    def __init__(self, ue: Ue, *, device: bool) -> None:
        self.ue = ue
        self._device = device
        self._inward: dict[bytes, Association] = {}
        self._outward: Association | None = None

    @property
    def deadline(self) -> float | None:
        """The UE's."""
        return self.ue.deadline

    def handle(self, event: TrainedEvent, now: float) -> list[UeEffect]:
        """Take one event, or a train of them, and return all that comes of it."""
        match event:
            case TrainArrived(datagrams):
                return list(self._arrived(datagrams, now))
            case PacketsToSend(packets):
                return list(self._to_send(packets, now))
            case _:
                return self._long_way(event, now)

    def _long_way(self, event: UeEvent, now: float) -> list[UeEffect]:
        """It may change which security associations there are."""
        self._inward.clear()
        self._outward = None
        return self.ue.handle(event, now)

    def _arrived(self, datagrams: tuple[bytes, ...], now: float) -> Effects:
        device: list[bytes] = []
        yield from each_alone(datagrams, partial(self._open, device, now), "the PDN GW")
        yield from _delivered(device)

    def _open(self, device: list[bytes], now: float, datagrams: Iterator[bytes]) -> Effects:
        for octets in datagrams:
            association = self._inward.get(octets[:4]) or self._find_inward(octets[:4])
            if association is None:
                yield from _delivered(device)
                yield from self._long_way(DatagramArrived(Channel.IKE, octets), now)
                continue
            try:
                packet, next_header = association.inbound.open(octets)
                if self._is_for_the_device(packet, next_header, association):
                    association.octets += len(packet)
                    device.append(packet)
                    continue
                yield from _delivered(device)
                yield from self.ue.receive_packet(association.admit(packet, next_header), now)
            except UNUSABLE as error:
                yield from _delivered(device)
                yield Note(f"dropped from {Channel.IKE.value}: {error}")

    def _is_for_the_device(self, packet: bytes, next_header: int, association: Association) -> bool:
        return (
            next_header == PROTO_IPV6
            and is_whole(packet)
            and packet[24:40] == association.home_address.packed
            and packet[6] != PROTO_ICMPV6
        )

    def _to_send(self, packets: tuple[bytes, ...], now: float) -> Effects:
        sealed: list[bytes] = []
        yield from each_alone(packets, partial(self._seal, sealed, now), "the TUN device")
        yield from self._sent(sealed, now)

    def _seal(self, sealed: list[bytes], now: float, packets: Iterator[bytes]) -> Effects:
        for octets in packets:
            association = self._outward or self._find_outward()
            if association is None or not self._may_go(octets, association):
                yield from self._sent(sealed, now)
                yield from self._long_way(PacketToSend(octets), now)
                continue
            association.octets += len(octets)
            sealed.append(association.outbound.seal(octets, PROTO_IPV6))

    def _may_go(self, packet: bytes, association: Association) -> bool:
        return (
            is_whole(packet)
            and packet[8:24] == association.home_address.packed
            and association.outbound.sequence + 1 < association.outbound.most
        )

    def _sent(self, datagrams: list[bytes], now: float) -> Effects:
        if datagrams:
            yield self.ue.links.train(tuple(datagrams), now)
            datagrams.clear()

    def _find_inward(self, spi: bytes) -> Association | None:
        association = self.ue.links.association(int.from_bytes(spi)) if self._device else None
        if association is None or not association.inbound.sequence or not _carries_all(association):
            # the first packet that comes shows that the peer has the SA, which is news (RFC 7296 §2.8)
            return None
        if self.ue.host.home_address != association.home_address:
            return None
        self._inward[spi] = association
        return association

    def _find_outward(self) -> Association | None:
        connection = self.ue.links.current
        if not self._device or connection is None or not all(map(_carries_all, connection.tunnels)):
            # where they differ, it is the packet that says which of them it goes through
            return None
        self._outward = connection.tunnel
        return self._outward


def _carries_all(association: Association) -> bool:
    return association.child.mode is Mode.TUNNEL and association.carries_all(inward=False)


def _delivered(packets: list[bytes]) -> Effects:
    """All of them, which are then waiting no more."""
    if packets:
        yield DeliverTrain(tuple(packets))
        packets.clear()
