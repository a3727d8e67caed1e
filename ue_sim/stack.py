"""The UE's IPv6 stack on its Home Address, inside the process: ICMPv6 echo and UDP (RFC 4443, RFC 768)."""

from dataclasses import dataclass
from ipaddress import IPv6Address

from wire.errors import DecodeError
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
from wire.ip.ipv6 import HEADER_OCTETS, PROTO_ICMPV6, PROTO_UDP, Ipv6Packet
from wire.ip.responder import ECHO_PORT, respond
from wire.ip.udp import UdpDatagram


@dataclass(frozen=True, slots=True)
class SendPacket:
    """Send a packet of the Home Address through the tunnel."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class EchoAnswered:
    """An echo reply for the Home Address."""

    source: IPv6Address
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

    source: IPv6Address
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
    """One host, whose address is the Home Address; `ports` are its open UDP ports, besides the echo service."""

    home_address: IPv6Address
    ports: frozenset[int] = frozenset()

    def echo_request(self, destination: IPv6Address, identifier: int, sequence: int, data: bytes) -> bytes:
        """The packet of an ICMPv6 echo request."""
        request = EchoRequest(identifier, sequence, data)
        return self._packet(destination, PROTO_ICMPV6, build_icmpv6(request, self.home_address, destination))

    def datagram(self, destination: IPv6Address, source_port: int, destination_port: int, payload: bytes) -> bytes:
        """The packet of a UDP datagram."""
        datagram = UdpDatagram(source_port, destination_port, payload)
        return self._packet(destination, PROTO_UDP, datagram.build(self.home_address, destination))

    def receive(self, octets: bytes) -> list[StackEffect]:
        """Take a packet out of the tunnel and return what it means."""
        try:
            packet = Ipv6Packet.parse(octets)
            if packet.destination != self.home_address:
                return [Discard(f"a packet for {packet.destination}, not for {self.home_address}")]
            return self._receive(packet)
        except DecodeError as error:
            return [Discard(f"a malformed packet: {error}")]

    def _receive(self, packet: Ipv6Packet) -> list[StackEffect]:
        if packet.next_header == PROTO_ICMPV6:
            effect = self._read_icmpv6(packet, parse_icmpv6(packet.payload, packet.source, packet.destination))
            if effect is not None:
                return [effect]
        if packet.next_header == PROTO_UDP:
            datagram = UdpDatagram.parse(packet.payload, packet.source, packet.destination)
            if datagram.destination_port in self.ports and datagram.destination_port != ECHO_PORT:
                ports = datagram.source_port, datagram.destination_port
                return [DatagramArrived(packet.source, *ports, datagram.payload)]
        answer = respond(packet)
        return [SendPacket(answer.build())] if answer is not None else []

    def _read_icmpv6(self, packet: Ipv6Packet, message: Icmpv6Message) -> StackEffect | None:
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
        quoted = invoking[HEADER_OCTETS : HEADER_OCTETS + 8]
        ours = len(quoted) == 8 and invoking[8:24] == self.home_address.packed
        if ours and invoking[6] == PROTO_ICMPV6 and quoted[0] == 128:
            return EchoFailed(int.from_bytes(quoted[4:6], "big"), int.from_bytes(quoted[6:8], "big"), cause)
        return Discard(cause)

    def _packet(self, destination: IPv6Address, next_header: int, payload: bytes) -> bytes:
        return Ipv6Packet(
            source=self.home_address, destination=destination, next_header=next_header, payload=payload
        ).build()
