"""What an endpoint tells a capture: each datagram and each stretch of a stream, with both its ends."""

from typing import Protocol

Address = tuple[str, int]
"""A literal IPv4 or IPv6 address and a port."""


class DatagramTap(Protocol):
    """Hears every UDP datagram that an endpoint sends or receives."""

    def udp(self, *, source: Address, destination: Address, payload: bytes) -> None:
        """One datagram, whole."""


class StreamTap(Protocol):
    """Hears every octet that a TCP connection carries, before TLS if there is TLS."""

    @property
    def listening(self) -> bool:
        """Whether anything becomes of what it hears."""

    def tcp(self, *, source: Address, destination: Address, payload: bytes) -> None:
        """The next octets from `source` to `destination`."""
