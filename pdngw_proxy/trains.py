"""Packets that came together: the short way for all that it takes, in order with what goes the long way."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

from pdngw_proxy.data_plane import DataPlane
from pdngw_proxy.gateway_events import (
    Channel,
    DatagramArrived,
    DeliverTrain,
    GatewayEffect,
    HomePacketArrived,
    HomeTrainArrived,
    SendTrain,
    TrainArrived,
)
from pdngw_proxy.ipv6_transport import Ipv6Transport
from pdngw_proxy.mobility_plane import PlaneEffect
from pdngw_proxy.reports import dropped
from pdngw_proxy.sessions import GatewaySession
from pdngw_proxy.short_way import Tunnel
from runtime.each_alone import each_alone
from wire.ikev2.association import UNUSABLE
from wire.ip.ipv6 import HEADER_OCTETS

Effects = Iterator[GatewayEffect]
Wants = Callable[[Iterable[PlaneEffect], float], Iterable[GatewayEffect]]


class Trains:
    """`receive` is the long way of a datagram; `ipv6` knows those that come from the home network's device.

    `wants` does what the plane wants done. Whatever one datagram or packet of a train breaks, the others are served.
    """

    def __init__(
        self,
        *,
        plane: DataPlane,
        ipv6: Ipv6Transport,
        receive: Callable[[DatagramArrived, float], Iterable[GatewayEffect]],
        wants: Wants,
    ) -> None:
        self._plane = plane
        self._way = plane.short_way
        self._ipv6 = ipv6
        self._receive = receive
        self._wants = wants

    def handle(self, event: TrainArrived | HomePacketArrived | HomeTrainArrived, now: float) -> Effects:
        """What came from UEs, or from the home network's device."""
        match event:
            case TrainArrived():
                yield from self._from_ues(event, now)
            case HomeTrainArrived():
                yield from self._from_home(event, now)
            case HomePacketArrived(octets):
                yield from self._receive_home(octets, now)

    def _from_ues(self, event: TrainArrived, now: float) -> Effects:
        """Datagrams of one UE, or of what says to be one."""
        home: list[bytes] = []
        yield from each_alone(event.datagrams, partial(self._open, event, home, now), event.source)
        yield from _delivered(home)

    def _open(self, event: TrainArrived, home: list[bytes], now: float, datagrams: Iterator[bytes]) -> Effects:
        seen: Tunnel | None = None
        is_its_peer = False
        for octets in datagrams:
            tunnel = self._way.tunnel_from(octets[:4])
            if tunnel is not seen:
                seen, is_its_peer = tunnel, tunnel is not None and event.source == tunnel.session.peer
            if tunnel is None or not is_its_peer:
                yield from _delivered(home)
                yield from self._receive(_alone(event, octets), now)
                continue
            try:
                opened = tunnel.association.inbound.open(octets)
            except UNUSABLE as error:
                yield from _delivered(home)
                yield dropped(str(error), event.source)
                continue
            packet = self._way.homeward(tunnel, *opened)
            if packet is not None:
                home.append(packet)
                continue
            yield from _delivered(home)
            yield from self._receive_opened(tunnel, opened, event, now)

    def _receive_opened(self, tunnel: Tunnel, opened: tuple[bytes, int], event: TrainArrived, now: float) -> Effects:
        try:
            wanted = self._plane.receive_opened(tunnel.session, tunnel.association, opened, event, now)
            yield from self._wants(wanted, now)
        except UNUSABLE as error:
            yield dropped(str(error), event.source)

    def _from_home(self, event: HomeTrainArrived, now: float) -> Effects:
        sealed = _Sealed()
        yield from each_alone(event.packets, partial(self._seal, sealed, now), "the home network")
        yield from sealed.sent()

    def _seal(self, sealed: "_Sealed", now: float, packets: Iterator[bytes]) -> Effects:
        for octets in packets:
            tunnel = self._way.tunnel_to(octets[24:40]) if len(octets) >= HEADER_OCTETS else None
            datagram = self._way.outward(tunnel, octets) if tunnel is not None else None
            if tunnel is None or datagram is None:
                yield from sealed.sent()
                yield from self._receive_home(octets, now)
                continue
            if tunnel.session is not sealed.session:
                yield from sealed.sent()
                sealed.session = tunnel.session
            sealed.datagrams.append(datagram)

    def _receive_home(self, octets: bytes, now: float) -> Effects:
        """The long way of a packet from the home network's device."""
        read = self._ipv6.read(octets, now)
        if isinstance(read, DatagramArrived):
            yield from self._receive(read, now)
        elif read is not None:
            yield from self._wants(self._plane.receive_home(read, now), now)


def _alone(train: TrainArrived, octets: bytes) -> DatagramArrived:
    return DatagramArrived(Channel.IKE, octets, train.source, train.destination)


def _delivered(packets: list[bytes]) -> Iterator[GatewayEffect]:
    """All of them, which are then waiting no more."""
    if packets:
        yield DeliverTrain(tuple(packets))
        packets.clear()


@dataclass(slots=True)
class _Sealed:
    """Datagrams for one UE that wait for more of them."""

    session: GatewaySession | None = None
    datagrams: list[bytes] = field(default_factory=list)

    def sent(self) -> Iterator[GatewayEffect]:
        """All of them, which are then waiting no more."""
        if self.datagrams and self.session is not None:
            yield SendTrain(tuple(self.datagrams), self.session.local, self.session.peer)
            self.datagrams.clear()
