"""Telling IKE, ESP and keepalives apart on one UDP port (RFC 3948 §2, RFC 7296 §2.23)."""

from dataclasses import dataclass

from wire.ikev2.constants import ExchangeType
from wire.ikev2.header import HEADER_OCTETS, MAJOR_VERSION

NON_ESP_MARKER = bytes(4)
KEEPALIVE = b"\xff"

_EXCHANGES = frozenset(ExchangeType)
_LEAST_ESP_OCTETS = 8


@dataclass(frozen=True, slots=True)
class IkeDatagram:
    """An IKE message without its non-ESP marker; `marked` says whether it had one, and so shall the answer."""

    message: bytes
    marked: bool


@dataclass(frozen=True, slots=True)
class EspDatagram:
    """An ESP packet, beginning with its SPI."""

    packet: bytes


@dataclass(frozen=True, slots=True)
class KeepaliveDatagram:
    """One octet 0xFF, to be ignored (RFC 3948 §2.3)."""


@dataclass(frozen=True, slots=True)
class UnusableDatagram:
    """Too short to be anything."""


Encapsulated = IkeDatagram | EspDatagram | KeepaliveDatagram | UnusableDatagram


def unwrap(datagram: bytes) -> Encapsulated:
    """What a datagram of either IKE port holds.

    IKE comes with the marker, or without it when all of version, exchange type and length say so: on one port for both
    that is 1 of 2**41 random ESP packets, which its own end then retransmits or loses.
    """
    if datagram == KEEPALIVE:
        return KeepaliveDatagram()
    if datagram.startswith(NON_ESP_MARKER):
        return IkeDatagram(datagram[len(NON_ESP_MARKER) :], marked=True)
    if _looks_like_ike(datagram):
        return IkeDatagram(datagram, marked=False)
    return EspDatagram(datagram) if len(datagram) >= _LEAST_ESP_OCTETS else UnusableDatagram()


def wrap(message: bytes, *, marked: bool) -> bytes:
    """An IKE message as a datagram, with the non-ESP marker where `marked`."""
    return NON_ESP_MARKER + message if marked else message


def _looks_like_ike(datagram: bytes) -> bool:
    return (
        len(datagram) >= HEADER_OCTETS
        and datagram[17] >> 4 == MAJOR_VERSION
        and datagram[18] in _EXCHANGES
        and int.from_bytes(datagram[24:28], "big") == len(datagram)
    )
