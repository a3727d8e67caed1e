"""The gateway in an IPv6 network: what comes to the home agent's own address, and what goes from it (RFC 5555 §2.3.1).

That address is no kernel's, so that whole packets are read and written here: IKE and ESP in UDP, ESP itself, and
Mobility Headers behind a Home Address option (RFC 6275 §11.7.1).
"""

from collections.abc import Set as AbstractSet
from ipaddress import IPv6Address

from pdngw_proxy.gateway_events import Channel, DatagramArrived, DeliverHome, Send
from wire.errors import DecodeError
from wire.ikev2.nat import Endpoint
from wire.ip.fragments import fragments
from wire.ip.ipv6 import MINIMUM_MTU, PROTO_DESTINATION_OPTIONS, PROTO_ESP, PROTO_UDP, Ipv6Packet
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

    def read(self, octets: bytes) -> DatagramArrived | None:
        """What a packet for the home agent is to the gateway; None for those that any host would answer.

        A Mobility Header comes as a whole packet on Channel.DSMIP, its source's port 0.
        """
        try:
            packet = Ipv6Packet.parse(octets)
            if packet.destination != self.ha_address:
                return None
            return self._read(packet, octets)
        except DecodeError:
            return None

    def _read(self, packet: Ipv6Packet, octets: bytes) -> DatagramArrived | None:
        source, own = Endpoint(packet.source, ESP_PORT), Endpoint(self.ha_address, ESP_PORT)
        if packet.next_header == PROTO_DESTINATION_OPTIONS:
            return DatagramArrived(Channel.DSMIP, octets, source, own)
        if packet.next_header == PROTO_ESP:
            return DatagramArrived(Channel.IKE, packet.payload, source, own)
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

    def packets(self, send: Send) -> list[DeliverHome]:
        """A datagram from the home agent's own address as packets, in pieces that every IPv6 path carries.

        ESP whose peer has no port goes without UDP; what is a packet already goes as it is.
        """
        if send.channel is Channel.DSMIP:
            return [DeliverHome(send.octets)]
        to = send.to.address
        if not isinstance(to, IPv6Address):
            return []
        if send.to.port == ESP_PORT:
            packet = Ipv6Packet(source=self.ha_address, destination=to, next_header=PROTO_ESP, payload=send.octets)
            return [DeliverHome(packet.build())]
        datagram = UdpDatagram(send.source.port, send.to.port, send.octets).build(self.ha_address, to)
        whole = Ipv6Packet(source=self.ha_address, destination=to, next_header=PROTO_UDP, payload=datagram)
        if not send.octets.startswith(bytes(4)):
            # ESP is not cut: its tunnel's MTU leaves room for it, and a loss would be of two packets
            return [DeliverHome(whole.build())]
        number = int.from_bytes(self._random(4), "big")
        return [DeliverHome(piece.build()) for piece in fragments(whole, MINIMUM_MTU, number)]
