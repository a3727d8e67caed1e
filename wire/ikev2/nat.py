"""Detecting address translation between the ends (RFC 7296 §2.23)."""

import hashlib
import hmac
from ipaddress import IPv4Address, IPv6Address

from wire.frozen import dataclass
from wire.ikev2.constants import NotifyType
from wire.ikev2.message import Message
from wire.ikev2.payloads.notify import Notify


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address and a UDP port."""

    address: IPv4Address | IPv6Address
    port: int

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}" if self.address.version == 6 else f"{self.address}:{self.port}"


NOWHERE = Endpoint(IPv4Address(0), 0)
"""A place that no message comes from: who says to be there seems to be behind a NAT, and is sent ESP in UDP."""


@dataclass(frozen=True, slots=True)
class NatStatus:
    """Which end's address is translated on the way; both False also where the peer did not ask."""

    local: bool
    peer: bool


def detection_hash(spi_i: bytes, spi_r: bytes, endpoint: Endpoint) -> bytes:
    """The 20 octets of a NAT_DETECTION notification; both SPIs as in the header of its own message."""
    return hashlib.sha1(spi_i + spi_r + endpoint.address.packed + endpoint.port.to_bytes(2, "big")).digest()


def detection_payloads(spi_i: bytes, spi_r: bytes, *, source: Endpoint, destination: Endpoint) -> tuple[Notify, Notify]:
    """What the sender of a message from `source` to `destination` puts into it."""
    return (
        Notify(NotifyType.NAT_DETECTION_SOURCE_IP, detection_hash(spi_i, spi_r, source)),
        Notify(NotifyType.NAT_DETECTION_DESTINATION_IP, detection_hash(spi_i, spi_r, destination)),
    )


def detect(message: Message, *, source: Endpoint, destination: Endpoint) -> NatStatus:
    """What `message` tells its receiver, to whom it came from `source` at its own `destination`."""
    notifies = message.every(Notify)
    sources = [n.data for n in notifies if n.notify_type == NotifyType.NAT_DETECTION_SOURCE_IP]
    destinations = [n.data for n in notifies if n.notify_type == NotifyType.NAT_DETECTION_DESTINATION_IP]
    seen_source = detection_hash(message.spi_i, message.spi_r, source)
    seen_destination = detection_hash(message.spi_i, message.spi_r, destination)
    return NatStatus(
        local=bool(destinations) and not _among(seen_destination, destinations),
        peer=bool(sources) and not _among(seen_source, sources),
    )


def _among(digest: bytes, offered: list[bytes]) -> bool:
    return any(hmac.compare_digest(digest, one) for one in offered)
