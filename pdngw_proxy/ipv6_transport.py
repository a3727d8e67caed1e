"""The gateway in an IPv6 network: what comes to the home agent's own address, and what goes from it (RFC 5555 §2.3.1).

That address is no kernel's, so that whole packets are read and written here: IKE and ESP in UDP, ESP itself, and
Mobility Headers behind a Home Address option (RFC 6275 §11.7.1).
"""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from ipaddress import IPv6Address

from pdngw_proxy.gateway_events import (
    Channel,
    DatagramArrived,
    DeliverHome,
    DeliverTrain,
    GatewayEffect,
    Send,
    SendTrain,
)
from pdngw_proxy.path_mtu import PathMtus
from wire.errors import DecodeError
from wire.ikev2.nat import Endpoint
from wire.ip.fragments import PROTO_FRAGMENT, fragments
from wire.ip.icmpv6 import PacketTooBig, parse_icmpv6
from wire.ip.ipv6 import (
    HEADER_OCTETS,
    MINIMUM_MTU,
    PROTO_DESTINATION_OPTIONS,
    PROTO_ESP,
    PROTO_ICMPV6,
    PROTO_UDP,
    Ipv6Packet,
)
from wire.ip.reassembly import Reassembly
from wire.ip.udp import UdpDatagram
from wire.sansio import RandomBytes

ESP_PORT = 0
"""The port of an Endpoint that stands for ESP without UDP."""


class Ipv6Transport:
    """Reads and makes the packets of the home agent at `ha_address`; `ports` are those of IKE."""

    def __init__(self, *, ha_address: IPv6Address, ports: AbstractSet[int], random: RandomBytes) -> None:
        self.ha_address = ha_address
        self._ports = ports
        self._random = random
        self._pieces = Reassembly()
        self._paths = PathMtus()

    def read(self, octets: bytes, now: float) -> DatagramArrived | bytes | None:
        """What a packet from the home network's device is to the gateway.

        A Mobility Header comes as a whole packet on Channel.DSMIP, its source's port 0. Octets are a packet that is for
        the home network, or that any host would answer. None: it is a piece of a packet that is not complete yet.
        """
        try:
            packet = Ipv6Packet.parse(octets)
            if packet.destination != self.ha_address:
                return octets
            if packet.next_header == PROTO_FRAGMENT:
                whole = self._pieces.add(packet, now)
                return self._read_whole(whole, now) if whole is not None else None
            return self._read(packet, octets, now) or octets
        except DecodeError:
            return octets

    def _read_whole(self, packet: Ipv6Packet, now: float) -> DatagramArrived | bytes:
        """A packet that came in pieces; what is a piece once more is nobody's, and as deep as a stranger likes."""
        octets = packet.build()
        return self._read(packet, octets, now) or octets

    def _read(self, packet: Ipv6Packet, octets: bytes, now: float) -> DatagramArrived | None:
        source, own = Endpoint(packet.source, ESP_PORT), Endpoint(self.ha_address, ESP_PORT)
        if packet.next_header == PROTO_DESTINATION_OPTIONS:
            return DatagramArrived(Channel.DSMIP, octets, source, own)
        if packet.next_header == PROTO_ESP:
            return DatagramArrived(Channel.IKE, packet.payload, source, own)
        if packet.next_header == PROTO_ICMPV6:
            self._learn(packet, now)
        if packet.next_header != PROTO_UDP:
            return None
        datagram = UdpDatagram.parse(packet.payload, packet.source, packet.destination)
        if datagram.destination_port not in self._ports:
            return None
        source, own = (
            Endpoint(packet.source, datagram.source_port),
            Endpoint(self.ha_address, datagram.destination_port),
        )
        return DatagramArrived(Channel.IKE, datagram.payload, source, own)

    def _learn(self, packet: Ipv6Packet, now: float) -> None:
        """A router says what the path to a UE carries of our ESP (RFC 8201 §4)."""
        message = parse_icmpv6(packet.payload, packet.source, packet.destination)
        if not isinstance(message, PacketTooBig) or len(message.invoking) < HEADER_OCTETS:
            return
        invoking = message.invoking
        if invoking[8:24] == self.ha_address.packed and invoking[6] in {PROTO_ESP, PROTO_UDP}:
            self._paths.learn(IPv6Address(invoking[24:40]), message.mtu, now)

    def on_their_way(self, effects: Iterable[GatewayEffect], now: float) -> Iterator[GatewayEffect]:
        """What leaves from the home agent's own address are whole packets on the home network's device."""
        for effect in effects:
            if isinstance(effect, Send) and effect.source.address == self.ha_address:
                yield from self.packets(effect, now)
            elif isinstance(effect, SendTrain) and effect.source.address == self.ha_address:
                yield self.train(effect, now)
            else:
                yield effect

    def train(self, send: SendTrain, now: float) -> DeliverTrain:
        """The packets of several datagrams, as `packets` makes them."""
        alone = (Send(Channel.IKE, octets, send.source, send.to) for octets in send.datagrams)
        return DeliverTrain(tuple(packet.octets for one in alone for packet in self.packets(one, now)))

    def packets(self, send: Send, now: float) -> list[DeliverHome]:
        """A datagram from the home agent's own address as packets: IKE in pieces that every IPv6 path carries.

        ESP is cut where the path is known to be narrow, because a UE's packets are small enough for most (RFC 4303
        §3.3.4). Where its peer has no port it goes without UDP; what is a packet already goes as it is.
        """
        if send.channel is Channel.DSMIP:
            return [DeliverHome(send.octets)]
        to = send.to.address
        if not isinstance(to, IPv6Address):
            return []
        if send.to.port == ESP_PORT:
            whole = Ipv6Packet(source=self.ha_address, destination=to, next_header=PROTO_ESP, payload=send.octets)
        else:
            datagram = UdpDatagram(send.source.port, send.to.port, send.octets).build(self.ha_address, to)
            whole = Ipv6Packet(source=self.ha_address, destination=to, next_header=PROTO_UDP, payload=datagram)
        is_ike = send.to.port != ESP_PORT and send.octets.startswith(bytes(4))
        mtu = MINIMUM_MTU if is_ike else self._paths.mtu(to, now)
        if mtu is None or len(whole) <= mtu:
            return [DeliverHome(whole.build())]
        number = int.from_bytes(self._random(4), "big")
        return [DeliverHome(piece.build()) for piece in fragments(whole, mtu, number)]
