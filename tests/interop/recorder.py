"""A relay on loopback between a RADIUS client and a server, which keeps every packet that goes by."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast


@dataclass
class Recorder(asyncio.DatagramProtocol):
    """Packets in the order in which they came; a retransmission is passed on and not kept again."""

    server: tuple[str, int]
    packets: list[bytes] = field(default_factory=list)
    _client: tuple[str, int] | None = None
    _transport: asyncio.DatagramTransport | None = None
    _onward: "_Onward | None" = None

    @property
    def address(self) -> tuple[str, int]:
        """Where clients are to send."""
        if self._transport is None:
            raise RuntimeError("not recording yet")
        host, port = self._transport.get_extra_info("sockname")[:2]
        return str(host), int(port)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._client = addr
        self._keep(data)
        if self._onward is not None:
            self._onward.send(data)

    def answered(self, data: bytes) -> None:
        """Back to the client."""
        self._keep(data)
        if self._transport is not None and self._client is not None:
            self._transport.sendto(data, self._client)

    def _keep(self, data: bytes) -> None:
        if data not in self.packets:
            self.packets.append(data)


class _Onward(asyncio.DatagramProtocol):
    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, _addr: tuple[str, int]) -> None:
        self._recorder.answered(data)

    def send(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.sendto(data)


@asynccontextmanager
async def recording(server: tuple[str, int]) -> AsyncIterator[Recorder]:
    """Listen on loopback, for `server`."""
    loop = asyncio.get_running_loop()
    recorder = Recorder(server)
    near, _ = await loop.create_datagram_endpoint(lambda: recorder, local_addr=("127.0.0.1", 0))
    onward = _Onward(recorder)
    far, _ = await loop.create_datagram_endpoint(lambda: onward, remote_addr=server)
    recorder._onward = onward
    try:
        yield recorder
    finally:
        near.close()
        far.close()
