"""The UE's IP stack on its Home Addresses, inside the process: ICMP echo and UDP (RFC 4443, RFC 792, RFC 768)."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from wire.errors import DecodeError
from wire.ip.checksum import IpAddress
from wire.ip.icmpv4 import PROTO_ICMP, build_icmpv4, parse_icmpv4
from wire.ip.icmpv6 import (
    DestinationUnreachable,
    EchoReply,
    EchoRequest,
    Icmpv6Message,
    PacketTooBig,
    ParameterProblem,
    TimeExceeded,
    build_icmpv6,
    parse_icmpv6,
)
from wire.ip.ipv4 import Ipv4Packet
from wire.ip.ipv6 import HEADER_OCTETS, PROTO_ICMPV6, PROTO_UDP
from wire.ip.packet import IpPacket, packet_between, parse_packet, protocol_of
from wire.ip.responder import ECHO_PORT, respond
from wire.ip.udp import UdpDatagram


@dataclass(frozen=True, slots=True)
class SendPacket:
    """Send a packet of the Home Address through the tunnel."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class EchoAnswered:
    """An echo reply for the Home Address."""

    source: IpAddress
    identifier: int
    sequence: int
    data: bytes


@dataclass(frozen=True, slots=True)
class EchoFailed:
    """An ICMPv6 error about one of our echo requests; `cause` in one line."""

    identifier: int
    sequence: int
    cause: str


@dataclass(frozen=True, slots=True)
class DatagramArrived:
    """A UDP datagram for the Home Address."""

    source: IpAddress
    source_port: int
    destination_port: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Discard:
    """A packet that was not used; `cause` in one line for the log."""

    cause: str


StackEffect = SendPacket | EchoAnswered | EchoFailed | DatagramArrived | Discard


@dataclass(slots=True)
class Stack:
    """One host, whose addresses are the Home Addresses; `ports` are its open UDP ports, besides the echo service."""

    home_address: IPv6Address
    ports: frozenset[int] = frozenset()
    ipv4_home_address: IPv4Address | None = None

    def echo_request(self, destination: IpAddress, identifier: int, sequence: int, data: bytes) -> bytes:
        """The packet of an echo request; EncodeError when there is no Home Address of the destination's version."""
        request = EchoRequest(identifier, sequence, data)
        if isinstance(destination, IPv6Address):
            payload = build_icmpv6(request, self.home_address, destination)
            return packet_between(self.home_address, destination, PROTO_ICMPV6, payload).build()
        source = self.ipv4_home_address or self.home_address
        return packet_between(source, destination, PROTO_ICMP, build_icmpv4(request)).build()

    def datagram(self, destination: IPv6Address, source_port: int, destination_port: int, payload: bytes) -> bytes:
        """The packet of a UDP datagram."""
        datagram = UdpDatagram(source_port, destination_port, payload).build(self.home_address, destination)
        return packet_between(self.home_address, destination, PROTO_UDP, datagram).build()

    def receive(self, octets: bytes) -> list[StackEffect]:
        """Take a packet out of the tunnel and return what it means."""
        try:
            packet = parse_packet(octets)
            if packet.destination not in {self.home_address, self.ipv4_home_address}:
                return [Discard(f"a packet for {packet.destination}, which is not our Home Address")]
            return self._receive(packet)
        except DecodeError as error:
            return [Discard(f"a malformed packet: {error}")]

    def _receive(self, packet: IpPacket) -> list[StackEffect]:
        message = _icmp_of(packet)
        effect = self._read_icmp(packet, message) if message is not None else None
        if effect is not None:
            return [effect]
        if protocol_of(packet) == PROTO_UDP:
            datagram = UdpDatagram.parse(packet.payload, packet.source, packet.destination)
            if datagram.destination_port in self.ports and datagram.destination_port != ECHO_PORT:
                ports = datagram.source_port, datagram.destination_port
                return [DatagramArrived(packet.source, *ports, datagram.payload)]
        answer = respond(packet)
        return [SendPacket(answer.build())] if answer is not None else []

    def _read_icmp(self, packet: IpPacket, message: Icmpv6Message) -> StackEffect | None:
        match message:
            case EchoReply(identifier, sequence, data):
                return EchoAnswered(packet.source, identifier, sequence, data)
            case DestinationUnreachable(code, invoking):
                return self._failed(invoking, f"{packet.source} says: destination unreachable, code {code}")
            case TimeExceeded(code, invoking):
                return self._failed(invoking, f"{packet.source} says: time exceeded, code {code}")
            case PacketTooBig(mtu, invoking):
                return self._failed(invoking, f"{packet.source} says: packet too big, the MTU is {mtu}")
            case ParameterProblem(code, pointer, invoking):
                return self._failed(invoking, f"{packet.source} says: parameter problem {code} at octet {pointer}")
            case _:
                return None

    def _failed(self, invoking: bytes, cause: str) -> StackEffect:
        """An error about an echo request of ours names it; the quotation may be cut, its checksum is not looked at."""
        if invoking and invoking[0] >> 4 == 4:
            quoted = invoking[(invoking[0] & 0xF) * 4 :][:8]
            own = self.ipv4_home_address.packed if self.ipv4_home_address is not None else b""
            ours = invoking[12:16] == own and invoking[9:10] == bytes((PROTO_ICMP,)) and quoted[:1] == b"\x08"
        else:
            quoted = invoking[HEADER_OCTETS : HEADER_OCTETS + 8]
            ours = invoking[8:24] == self.home_address.packed and invoking[6] == PROTO_ICMPV6 and quoted[:1] == b"\x80"
        if ours and len(quoted) == 8:
            return EchoFailed(int.from_bytes(quoted[4:6], "big"), int.from_bytes(quoted[6:8], "big"), cause)
        return Discard(cause)


def _icmp_of(packet: IpPacket) -> Icmpv6Message | None:
    """The ICMP message of a packet of either version, None when it is none; DecodeError when it is broken."""
    if isinstance(packet, Ipv4Packet):
        return parse_icmpv4(packet.payload) if packet.protocol == PROTO_ICMP else None
    if packet.next_header != PROTO_ICMPV6:
        return None
    return parse_icmpv6(packet.payload, packet.source, packet.destination)
