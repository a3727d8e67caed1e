"""IP packets around what a socket carried, for captures (RFC 791, RFC 8200, RFC 768, RFC 9293)."""

import struct
from dataclasses import dataclass
from enum import IntFlag
from ipaddress import IPv4Address, IPv6Address, ip_address

from runtime.taps import Address

TCP_PROTOCOL = 6
UDP_PROTOCOL = 17
HOP_LIMIT = 64

_SYN_OPTIONS = bytes.fromhex("0204ffd7 0303 0e 01")
"""Maximum segment size 65,495 and window scale 14: what a loopback interface would offer."""


class TcpFlag(IntFlag):
    """Control bits of a TCP header (RFC 9293 §3.1)."""

    FIN = 0x01
    SYN = 0x02
    RST = 0x04
    PSH = 0x08
    ACK = 0x10


@dataclass(frozen=True, slots=True)
class Segment:
    """One TCP segment: `sequence` and `acknowledgement` 32 bits each."""

    source: Address
    destination: Address
    sequence: int
    acknowledgement: int
    flags: TcpFlag
    payload: bytes = b""


def udp_packet(source: Address, destination: Address, payload: bytes) -> bytes:
    """An IPv4 or IPv6 packet with one UDP datagram; ValueError when `payload` is longer than such a packet holds."""
    header = struct.pack("!HHHH", source[1], destination[1], _length(8 + len(payload)), 0)
    checksum = _transport_checksum(source, destination, UDP_PROTOCOL, header + payload)
    # RFC 768: a computed checksum of zero is sent as all ones, because zero says that there is none.
    return _ip_packet(source, destination, UDP_PROTOCOL, header[:6] + (checksum or 0xFFFF).to_bytes(2) + payload)


def tcp_packet(segment: Segment) -> bytes:
    """An IPv4 or IPv6 packet with one TCP segment of less than 64 KiB."""
    options = _SYN_OPTIONS if TcpFlag.SYN in segment.flags else b""
    header = struct.pack(
        "!HHIIBBHHH",
        segment.source[1],
        segment.destination[1],
        segment.sequence & 0xFFFFFFFF,
        segment.acknowledgement & 0xFFFFFFFF,
        (20 + len(options)) // 4 << 4,
        segment.flags,
        0xFFFF,
        0,
        0,
    )
    whole = header + options + segment.payload
    checksum = _transport_checksum(segment.source, segment.destination, TCP_PROTOCOL, whole)
    return _ip_packet(segment.source, segment.destination, TCP_PROTOCOL, whole[:16] + checksum.to_bytes(2) + whole[18:])


def internet_checksum(octets: bytes) -> int:
    """The ones' complement of the ones' complement sum (RFC 1071 §1), 16 bits."""
    padded = octets if len(octets) % 2 == 0 else octets + b"\0"
    number = int.from_bytes(padded)
    # The ones' complement sum of 16-bit words is the number modulo 0xFFFF, with 0xFFFF for a non-zero multiple.
    total = number % 0xFFFF or (0xFFFF if number else 0)
    return 0xFFFF - total


def _ip_packet(source: Address, destination: Address, protocol: int, payload: bytes) -> bytes:
    start, end = _literal(source), _literal(destination)
    if start.version == 6 or end.version == 6:
        return (
            struct.pack("!IHBB", 6 << 28, _length(len(payload)), protocol, HOP_LIMIT) + _sixteen(start) + _sixteen(end)
        ) + payload
    dont_fragment = 0x4000
    header = struct.pack(
        "!BBHHHBBH4s4s",
        0x45,
        0,
        _length(20 + len(payload)),
        0,
        dont_fragment,
        HOP_LIMIT,
        protocol,
        0,
        start.packed,
        end.packed,
    )
    return header[:10] + internet_checksum(header).to_bytes(2) + header[12:] + payload


def _transport_checksum(source: Address, destination: Address, protocol: int, segment: bytes) -> int:
    start, end = _literal(source), _literal(destination)
    if start.version == 6 or end.version == 6:
        pseudo_header = _sixteen(start) + _sixteen(end) + struct.pack("!II", len(segment), protocol)
    else:
        pseudo_header = start.packed + end.packed + struct.pack("!HH", protocol, len(segment))
    return internet_checksum(pseudo_header + segment)


def _literal(address: Address) -> IPv4Address | IPv6Address:
    return ip_address(address[0].partition("%")[0])


def _sixteen(address: IPv4Address | IPv6Address) -> bytes:
    return address.packed if address.version == 6 else bytes(10) + b"\xff\xff" + address.packed


def _length(octets: int) -> int:
    if octets > 0xFFFF:
        raise ValueError(f"{octets} octets are more than an IP packet holds")
    return octets
