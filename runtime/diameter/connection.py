"""One TCP or TLS connection, cut into Diameter messages."""

import asyncio
import ssl
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Protocol

from runtime.diameter.settings import Limits
from runtime.open_connections import OpenConnections
from runtime.taps import Address, StreamTap
from runtime.tls_handshake import HandshakeFailed, shake_hands
from wire.diameter.framing import Framer, FramingError
from wire.diameter.masking import mask_keys

GOODBYE = 1.0
"""Seconds for the end of TLS when a node leaves; its DPR has had its own."""


class Receiver(Protocol):
    """Who is told what happens on a connection."""

    def connection_made(self, connection: "Connection", /) -> None:
        """It is up."""

    def message_arrived(self, connection: "Connection", octets: bytes, /) -> None:
        """One message, whole."""

    def framing_lost(self, connection: "Connection", fault: FramingError, /) -> None:
        """A length after which nothing can be followed; nothing more will arrive."""

    def connection_closed(self, connection: "Connection", cause: str, /) -> None:
        """It is gone, whoever ended it."""


class Connection(asyncio.Protocol):
    """Tells its `receiver` each message; the receiver changes when the peer is known. `present` is told of it.

    With `tls` it serves a handshake that begins with the first octet, and the receiver knows of it before: whoever is
    slow at that is one who waits. A client's connection is made with TLS already.
    """

    def __init__(
        self,
        receiver: Receiver,
        *,
        limits: Limits,
        message_limit: int,
        capture: StreamTap | None,
        present: "OpenConnections[Connection] | None" = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.receiver = receiver
        self.local: Address = ("", 0)
        self.remote: Address = ("", 0)
        self._limits = limits
        self._present = present
        self._framer = Framer(message_limit)
        self._capture = capture if capture is not None and capture.listening else None
        self._transport: asyncio.Transport | None = None
        self._cause: str | None = None
        self._unsent: list[bytes] = []
        self._aborting: asyncio.TimerHandle | None = None
        self._tls = tls
        self._securing: asyncio.Task[None] | None = None
        self._is_over = False

    @property
    def open(self) -> bool:
        """Whether messages still go both ways."""
        return self._transport is not None and self._cause is None

    @property
    def local_address(self) -> IPv4Address | IPv6Address:
        """Our end."""
        return ip_address(self.local[0])

    @property
    def remote_address(self) -> IPv4Address | IPv6Address:
        """The other end."""
        return ip_address(self.remote[0])

    @property
    def is_shaking_hands(self) -> bool:
        """Whether TLS is awaited, or was until the end."""
        return self._securing is not None

    @property
    def is_secured(self) -> bool:
        """Whether it is TLS."""
        return self._transport is not None and self._transport.get_extra_info("sslcontext") is not None

    @property
    def certified_hosts(self) -> tuple[str, ...] | None:
        """The DNS names in the peer's certificate, or None where it has shown none."""
        certificate = None if self._transport is None else self._transport.get_extra_info("peercert")
        if not certificate:
            return None
        return tuple(value for kind, value in certificate.get("subjectAltName", ()) if kind == "DNS")

    def allow(self, message_limit: int) -> None:
        """Take messages of up to `message_limit` octets from now on."""
        self._framer.limit = message_limit

    def send(self, octets: bytes) -> None:
        """Send one message; a peer that does not read is cut off, a connection that is gone forgets it."""
        transport = self._transport
        if transport is None or self._cause is not None:
            return
        if self._capture is not None:
            self._tap(self._capture, self.local, self.remote, octets)
        if not self._unsent:
            # what else is sent in this turn of the loop goes into the same segment
            asyncio.get_running_loop().call_soon(self._flush)
        self._unsent.append(octets)

    def close(self, cause: str) -> None:
        """Flush and close; abort when that takes longer than it may, or at once what is still being made."""
        self._flush()
        if self._cause is None:
            self._cause = cause
        if self._transport is not None and self._aborting is None:
            if not self._transport.is_closing():
                # closed twice, asyncio's TLS transport lets go of the connection below and aborts nothing any more
                self._transport.close()
            loop = asyncio.get_running_loop()
            self._aborting = loop.call_later(self._limits.seconds_to_close, self._transport.abort)

    def abort(self) -> None:
        """End it now, whatever was not sent."""
        if self._transport is not None:
            self._transport.abort()

    # --- asyncio.Protocol ---------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Learn both ends."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a Diameter connection needs a stream")
        if self._cause is not None:
            transport.abort()
            return
        if self._present is not None:
            self._present.note_made(self)
        self._transport = transport
        self.local = _address(transport.get_extra_info("sockname"))
        self.remote = _address(transport.get_extra_info("peername"))
        self.receiver.connection_made(self)
        if self._tls is not None and self._cause is None:
            # nothing is read before somebody is there to decrypt it
            transport.pause_reading()
            self._securing = asyncio.get_running_loop().create_task(self._secure(transport, self._tls))

    def data_received(self, data: bytes) -> None:
        """Hand over every message that is whole, until the receiver has had enough."""
        for octets in self._framer.feed(data) if self.open else ():
            if self._capture is not None:
                self._tap(self._capture, self.remote, self.local, octets)
            self.receiver.message_arrived(self, octets)
            if not self.open:
                return
        if self.open and self._framer.lost is not None:
            self.receiver.framing_lost(self, self._framer.lost)

    def connection_lost(self, exc: Exception | None) -> None:
        """Say why, once: asyncio tells the end of a handshake by one way or by two."""
        if self._is_over:
            return
        self._is_over = True
        if self._aborting is not None:
            self._aborting.cancel()
        if self._present is not None:
            self._present.note_lost(self)
        self._transport = None
        lost = str(exc) if isinstance(exc, HandshakeFailed) else f"connection lost: {exc}"
        cause = self._cause or (lost if exc else "the peer closed the connection")
        self._cause = cause
        self.receiver.connection_closed(self, cause)

    async def _secure(self, plain: asyncio.Transport, context: ssl.SSLContext) -> None:
        try:
            secured, octets = await shake_hands(plain, context, seconds=self._limits.seconds_before_cer)
        except HandshakeFailed as failed:
            self.connection_lost(failed)
            return
        secured.set_protocol(self)
        self._transport, self._securing = secured, None
        if self._cause is not None:
            secured.abort()
        elif octets:
            self.data_received(octets)

    def _flush(self) -> None:
        octets, self._unsent = b"".join(self._unsent), []
        transport = self._transport
        if not octets or transport is None or self._cause is not None:
            return
        transport.write(octets)
        if transport.get_write_buffer_size() > self._limits.unsent:
            self._cause = "the peer does not read what it is sent"
            transport.abort()

    @staticmethod
    def _tap(capture: StreamTap, source: Address, destination: Address, octets: bytes) -> None:
        capture.tcp(source=source, destination=destination, payload=mask_keys(octets))


async def cut_off(present: OpenConnections[Connection]) -> None:
    """Wait for the end of connections that are being closed, and not for long: who is gone says no goodbye over TLS."""
    if not await present.ended(GOODBYE):
        for connection in present.left:
            connection.abort()
        await present.ended(GOODBYE)


def _address(name: object) -> Address:
    if isinstance(name, tuple) and len(name) >= 2:
        # a link-local address carries its interface after a percent sign
        return str(name[0]).partition("%")[0], int(name[1])
    return "0.0.0.0", 0
