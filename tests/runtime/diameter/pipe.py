"""Connections without sockets: what one end writes the other receives, on the running loop."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from runtime.diameter.connection import Connection
from wire.diameter.framing import FramingError
from wire.diameter.message import Message

Address = tuple[str, int]
NEAR: Address = ("127.0.0.2", 3868)
FAR: Address = ("127.0.0.1", 40000)


class Transport(asyncio.Transport):
    """One end. `written` is everything that was sent; with an `other` it arrives there."""

    def __init__(
        self,
        sockname: Address = NEAR,
        peername: Address = FAR,
        certificate: Mapping[str, object] | None = None,
        context: object = None,
    ) -> None:
        super().__init__(
            extra={"sockname": sockname, "peername": peername, "peercert": certificate, "sslcontext": context}
        )
        self.written = b""
        self.unsent = 0
        self.closed = False
        self.closes = 0
        self.aborted = False
        self.flushes = True
        self.other: Transport | None = None
        self.protocol: asyncio.Protocol | None = None

    def write(self, data: Any) -> None:  # noqa: ANN401
        self.written += bytes(data)
        other = self.other
        if other is not None and other.protocol is not None and not other.closed:
            asyncio.get_running_loop().call_soon(other.protocol.data_received, bytes(data))

    def is_closing(self) -> bool:
        return self.closed

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def close(self) -> None:
        self.closes += 1
        if self.flushes:
            self._end()

    def abort(self) -> None:
        self.aborted = True
        self._end()

    def _end(self) -> None:
        if self.closed:
            return
        self.closed = True
        loop = asyncio.get_running_loop()
        for end in (self, self.other):
            if end is not None and end.protocol is not None:
                end.closed = True
                loop.call_soon(end.protocol.connection_lost, None)


def join(left: Connection, right: Connection) -> tuple[Transport, Transport]:
    """Two connections, each the other's peer; `left` was the one to connect."""
    near, far = Transport(FAR, NEAR), Transport(NEAR, FAR)
    near.other, far.other = far, near
    near.protocol, far.protocol = left, right
    left.connection_made(near)
    right.connection_made(far)
    return near, far


def messages(octets: bytes) -> list[Message]:
    """What was written, message by message."""
    found = []
    while octets:
        length = int.from_bytes(octets[1:4], "big")
        found.append(Message.parse(octets[:length]))
        octets = octets[length:]
    return found


class Recorder:
    """A receiver that remembers."""

    def __init__(self) -> None:
        self.made = 0
        self.messages: list[bytes] = []
        self.faults: list[FramingError] = []
        self.causes: list[str] = []

    def connection_made(self, _connection: Connection) -> None:
        self.made += 1

    def message_arrived(self, _connection: Connection, octets: bytes) -> None:
        self.messages.append(octets)

    def framing_lost(self, _connection: Connection, fault: FramingError) -> None:
        self.faults.append(fault)

    def connection_closed(self, _connection: Connection, cause: str) -> None:
        self.causes.append(cause)


class Tap:
    """A capture that remembers."""

    listening = True

    def __init__(self) -> None:
        self.heard: list[tuple[Address, Address, bytes]] = []

    def tcp(self, *, source: Address, destination: Address, payload: bytes) -> None:
        self.heard.append((source, destination, payload))


async def eventually(condition: Callable[[], object]) -> None:
    """Wait until it is so; the test's own timeout is the limit."""
    while not condition():  # noqa: ASYNC110
        await asyncio.sleep(0.005)


async def settle(turns: int = 20) -> None:
    """Let everything happen that is ready to."""
    for _ in range(turns):
        await asyncio.sleep(0)
