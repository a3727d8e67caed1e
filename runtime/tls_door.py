"""Who has connected and is not done with TLS: few at once, in time, and a line in the log for who is turned away."""

import asyncio
import ssl
from collections import Counter
from collections.abc import Callable

from structlog.typing import FilteringBoundLogger

from runtime.log_limit import LogLimit
from runtime.taps import Address
from runtime.tls_handshake import HandshakeFailed, shake_hands

Room = Callable[[str], str | None]
"""In whose room somebody waits who comes from an address; None where nobody may come from."""


class TlsDoor:
    """Lets in who has finished a handshake within `seconds`, at most `most` in each room at once.

    Whoever is slow at one waits in a room that those who come from elsewhere do not need. `closing`: seconds for the
    end of a connection. What is turned away has one line in `log`.
    """

    def __init__(
        self,
        context: ssl.SSLContext,
        *,
        room: Room,
        most: int,
        log: FilteringBoundLogger,
        seconds: float,
        closing: float | None = None,
    ) -> None:
        self._context = context
        self._room = room
        self._most = most
        self._log = log
        self._seconds = seconds
        self._closing = closing
        self._lines = LogLimit()
        self._rooms: Counter[str] = Counter()
        self._waiting: dict[asyncio.Task[None], asyncio.Transport] = {}

    def incoming(self, make: Callable[[], asyncio.Protocol]) -> asyncio.Protocol:
        """What a listener without TLS gives a connection to; `make` makes the protocol of who is let in."""
        return _Arrival(lambda transport: self._arrived(transport, make))

    async def close(self) -> None:
        """Cut off who still waits."""
        waiting, self._waiting = self._waiting, {}
        for transport in waiting.values():
            transport.abort()
        await asyncio.gather(*waiting, return_exceptions=True)

    def _arrived(self, plain: asyncio.Transport, make: Callable[[], asyncio.Protocol]) -> None:
        host, port, *_ = plain.get_extra_info("peername") or ("0.0.0.0", 0)
        remote = str(host), int(port)
        room = self._room(remote[0])
        if room is None or self._rooms[room] >= self._most:
            plain.abort()
            self._say(
                remote, "nobody may come from this address" if room is None else "too many TLS handshakes at once"
            )
            return
        # nothing is read before somebody is there to decrypt it
        plain.pause_reading()
        self._rooms[room] += 1
        task = asyncio.get_running_loop().create_task(self._let_in(plain, remote, make))
        self._waiting[task] = plain
        task.add_done_callback(lambda task: self._forget(task, room))

    async def _let_in(self, plain: asyncio.Transport, remote: Address, make: Callable[[], asyncio.Protocol]) -> None:
        try:
            secured, octets = await shake_hands(plain, self._context, seconds=self._seconds, closing=self._closing)
        except HandshakeFailed as failed:
            if asyncio.current_task() in self._waiting:
                self._say(remote, str(failed))
            return
        protocol = make()
        secured.set_protocol(protocol)
        protocol.connection_made(secured)
        if octets and not secured.is_closing():
            protocol.data_received(octets)

    def _forget(self, task: "asyncio.Task[None]", room: str) -> None:
        self._waiting.pop(task, None)
        self._rooms -= Counter((room,))

    def _say(self, remote: Address, cause: str) -> None:
        withheld = self._lines.allow(cause, asyncio.get_running_loop().time())
        if withheld is not None:
            self._log.warning("connection turned away", cause=cause, remote=remote[0], withheld=withheld)


class _Arrival(asyncio.Protocol):
    """One connection without TLS yet."""

    def __init__(self, arrived: Callable[[asyncio.Transport], None]) -> None:
        self._arrived = arrived

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody is there."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("TLS needs a stream")
        self._arrived(transport)
