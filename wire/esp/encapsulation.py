"""What shares a UDP port with ESP: IKE behind its marker, ESP, and keepalives (RFC 3948 §2)."""

from wire.errors import DecodeError
from wire.frozen import dataclass

NON_ESP_MARKER = bytes(4)
KEEPALIVE = b"\xff"
_IKE_HEADER_OCTETS = 28
_IKE_MAJOR_VERSION = 2


@dataclass(frozen=True, slots=True)
class IkeInUdp:
    """An IKE message; `message` begins with the initiator's SPI."""

    message: bytes


@dataclass(frozen=True, slots=True)
class EspInUdp:
    """An ESP packet; `packet` begins with its SPI, which is `spi`."""

    spi: int
    packet: bytes


@dataclass(frozen=True, slots=True)
class Keepalive:
    """A single 0xFF, which keeps a NAT's mapping and is passed over (RFC 3948 §4)."""


Encapsulated = IkeInUdp | EspInUdp | Keepalive


def parse_encapsulated(data: bytes) -> Encapsulated:
    """Tell what a datagram of the NAT traversal port carries; DecodeError when it is too short for any of them."""
    if data == KEEPALIVE:
        return Keepalive()
    if len(data) < len(NON_ESP_MARKER):
        raise DecodeError(0, f"{len(data)} octets are neither IKE, ESP nor a keepalive")
    if data.startswith(NON_ESP_MARKER):
        return IkeInUdp(data[len(NON_ESP_MARKER) :])
    return EspInUdp(int.from_bytes(data[:4], "big"), data)


def build_ike(message: bytes) -> bytes:
    """An IKE message for the NAT traversal port."""
    return NON_ESP_MARKER + message


def has_ike_shape(datagram: bytes) -> bool:
    """Whether a datagram without marker is an IKE message by its header: version 2 and its own length (RFC 7296 §3.1).

    For a port that takes both forms, asked only after the first four octets named no SPI of ours.
    """
    return (
        len(datagram) >= _IKE_HEADER_OCTETS
        and datagram[17] >> 4 == _IKE_MAJOR_VERSION
        and int.from_bytes(datagram[24:28], "big") == len(datagram)
    )
