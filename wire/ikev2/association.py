"""A Child SA pair at work: what IKE agreed on, sealing and opening ESP (RFC 4301 §4.4.2, RFC 4303)."""

from collections.abc import Iterable
from ipaddress import IPv6Address
from math import inf

from wire.ciphers import IntegrityFailed
from wire.errors import DecodeError, ProtocolViolation
from wire.esp.replay import Replayed
from wire.esp.sa import InboundSa, OutboundSa
from wire.ikev2.child import ChildSa, Mode
from wire.ip.ipv4 import Ipv4Packet
from wire.ip.ipv6 import PROTO_IPV4, PROTO_IPV6, PROTO_MOBILITY, Ipv6Packet
from wire.ip.packet import IpPacket, parse_packet
from wire.sansio import RandomBytes

UNUSABLE = (IntegrityFailed, Replayed, DecodeError, ProtocolViolation)
"""What opening a packet may raise; every one of them means that the packet is dropped."""

_WORN = 0.9


class Association:
    """Both directions of `child`, bound to `home_address`: no packet of another address goes in or comes out.

    `random` makes the IVs of a block cipher. Nothing is sent through one that is `retired`.
    `octets` counts what its tunnel has carried, both ways.
    """

    def __init__(self, child: ChildSa, home_address: IPv6Address, *, random: RandomBytes) -> None:
        self.child = child
        self.home_address = home_address
        self.inbound = InboundSa(spi=child.spi_in, protector=child.protector_in, extended=child.esn)
        self.outbound = OutboundSa(spi=child.spi_out, protector=child.protector_out, random=random, extended=child.esn)
        self.retired = False
        self.octets = 0
        self._selectors = child.selectors
        self._carries_all: dict[bool, bool] = {}

    @property
    def is_ready(self) -> bool:
        """Whether the peer is known to have the other half: it granted it, or has sent through it (RFC 7296 §2.8)."""
        return not self.retired and (self.child.initiator or self.inbound.sequence > 0)

    def wears_out(self, most_octets: int | None) -> bool:
        """Whether nine tenths of its sequence numbers, or of the octets that it may carry, are used up."""
        octets, sequence = self.worn_at(most_octets)
        return self.octets >= octets or self.outbound.sequence >= sequence

    def worn_at(self, most_octets: int | None) -> tuple[float, float]:
        """At how many octets, and at which number of the last packet sent, `wears_out` holds."""
        return inf if most_octets is None else most_octets * _WORN, self.outbound.most * _WORN

    def carries_all(self, *, inward: bool) -> bool:
        """Whether the selectors let every IPv6 packet pass between the Home Address and any other address.

        The Home Address is that of the peer, who sends from it `inward`, or else our own.
        """
        if inward not in self._carries_all:
            self._carries_all[inward] = self._selectors.carry_all(self.home_address, remote=inward)
        return self._carries_all[inward]

    def allows_outbound(self, packet: IpPacket) -> bool:
        """Whether the selectors let the inner `packet` go out."""
        return self._selectors.allow_outbound(packet)

    def open_tunnelled(self, octets: bytes) -> IpPacket:
        """The inner packet of tunnel-mode ESP; one of UNUSABLE when it may not be used (RFC 4301 §5.2)."""
        return self.admit(*self.inbound.open(octets))

    def admit(self, payload: bytes, next_header: int) -> IpPacket:
        """The inner packet of what the inbound SA has opened; DecodeError or ProtocolViolation when it may not pass."""
        packet = parse_packet(payload) if next_header in {PROTO_IPV6, PROTO_IPV4} else None
        if packet is None or next_header != _protocol_in_esp(packet):
            raise ProtocolViolation(f"ESP carries protocol {next_header} and no IP packet of that version")
        if not self._selectors.allow_inbound(packet):
            raise ProtocolViolation(f"a packet from {packet.source} to {packet.destination} is outside the selectors")
        self.octets += len(payload)
        return packet

    def seal_tunnelled(self, packet: bytes) -> bytes:
        """The tunnel-mode ESP packet of an inner IP packet; ProtocolViolation when the selectors exclude it."""
        inner = parse_packet(packet)
        if not self.allows_outbound(inner):
            raise ProtocolViolation(f"a packet from {inner.source} to {inner.destination} is outside the selectors")
        self.octets += len(packet)
        return self.outbound.seal(packet, _protocol_in_esp(inner))

    def check_mobility(self, packet: Ipv6Packet, octets: bytes) -> None:
        """ProtocolViolation unless a Mobility Header that came out of this SA was allowed in it (RFC 4877 §5)."""
        seen = Ipv6Packet(
            source=packet.source, destination=packet.destination, next_header=PROTO_MOBILITY, payload=octets
        )
        if not self._selectors.allow_inbound(seen):
            raise ProtocolViolation(f"a Mobility Header from {packet.source} is outside the selectors")


def outbound_of(associations: Iterable[Association], mode: Mode, packet: bytes = b"") -> Association | None:
    """The Child SA to send through: the newest that is ready and, where several are, whose selectors allow `packet`.

    While a rekeying is on its way the old one goes on, so that nothing is lost (RFC 7296 §2.8).
    """
    found = [one for one in associations if one.child.mode is mode and not one.retired]
    ready = [one for one in found if one.is_ready] or found[:1]
    if len(ready) > 1 and packet:
        inner = parse_packet(packet)
        ready = [one for one in ready if one.allows_outbound(inner)] or ready
    return ready[-1] if ready else None


def _protocol_in_esp(packet: IpPacket) -> int:
    return PROTO_IPV4 if isinstance(packet, Ipv4Packet) else PROTO_IPV6
