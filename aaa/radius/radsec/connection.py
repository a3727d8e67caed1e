"""One TLS connection, cut into RADIUS packets."""

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

from runtime.taps import Address
from wire.radius.framing import RadiusFramer

UNSENT_LIMIT = 1 << 18
"""Octets that a client may leave unread before it is cut off."""


class Receiver(Protocol):
    """Who is told what happens on a connection."""

    def connection_made(self, connection: "RadsecConnection", /) -> None:
        """It is up, and the client's certificate is verified."""

    def packet_arrived(self, connection: "RadsecConnection", octets: bytes, /) -> None:
        """One packet, whole."""

    def connection_ended(self, connection: "RadsecConnection", cause: str | None, /) -> None:
        """It is gone; `cause` where that was not the client's wish."""


class RadsecConnection(asyncio.Protocol):
    """Tells its receiver each packet."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._framer = RadiusFramer()
        self._transport: asyncio.Transport | None = None
        self._cause: str | None = None
        self.remote: Address = ("", 0)
        self.certificate: Mapping[str, Any] = {}

    def send(self, octets: bytes) -> None:
        """Send one packet; a client that does not read is cut off, a connection that is gone forgets it."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        transport.write(octets)
        if transport.get_write_buffer_size() > UNSENT_LIMIT:
            self._cause = "the client does not read what it is sent"
            transport.abort()

    def close(self, cause: str | None = None) -> None:
        """End it; `cause` where that is a fault of the client's."""
        self._cause = self._cause or cause
        if self._transport is not None:
            self._transport.close()

    # --- asyncio.Protocol ---------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Learn who is there."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("RADIUS over TLS needs a stream")
        self._transport = transport
        host, port, *_ = transport.get_extra_info("peername") or ("0.0.0.0", 0)
        self.remote = (str(host), int(port))
        self.certificate = transport.get_extra_info("peercert") or {}
        self._receiver.connection_made(self)

    def data_received(self, data: bytes) -> None:
        """Hand over every packet that is whole."""
        for octets in self._framer.feed(data):
            if self._transport is None or self._transport.is_closing():
                return
            self._receiver.packet_arrived(self, octets)
        if self._framer.lost is not None:
            self.close(self._framer.lost)

    def connection_lost(self, exc: Exception | None) -> None:
        """Say why."""
        self._transport = None
        self._receiver.connection_ended(self, self._cause or (None if exc is None else str(exc)))
