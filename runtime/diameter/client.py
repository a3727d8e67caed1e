"""A Diameter node that connects to one peer and stays connected (RFC 6733 §2.1, §5.6)."""

import asyncio
import ssl
from typing import Protocol

from runtime.diameter.connection import Connection, cut_off
from runtime.diameter.link import Link
from runtime.diameter.metrics import count_burden
from runtime.diameter.settings import Handler, Limits, Waiting
from runtime.metrics.families import REGISTRY
from runtime.open_connections import OpenConnections
from runtime.resolving import addresses_of
from runtime.taps import Address, StreamTap
from wire.diameter.capabilities import LocalNode, PeerPolicy
from wire.diameter.enumerations import DisconnectCause
from wire.diameter.framing import FramingError
from wire.diameter.message import Message
from wire.diameter.peer import Timing
from wire.diameter.transactions import Identifiers
from wire.sansio import RandomBytes


class Pool(Protocol):
    """Who has several clients for one purpose."""

    def failed_over(self, failed: "DiameterClient", request: Message, waiting: Waiting, until: float) -> bool:
        """Take a request that waits for a client which has failed; False when nobody can."""

    def is_without_any(self) -> bool:
        """Whether none of them can be asked."""

    def can_ask(self, client: "DiameterClient") -> None:
        """Hear that this one can be asked from now on."""


class DiameterClient:
    """Asks `peer` at `address`; serves with `handler` what it asks in turn (ASR, RAR, RTR, PPR), if given.

    Made inside a running loop. With `tls` the server's certificate has to name the peer's Origin-Host. `local_host` is
    the address of ours to connect from; the kernel chooses without it. With an `alternate` there is another server for
    the same purpose: this one is used again only when it has proved itself.
    """

    def __init__(
        self,
        *,
        local: LocalNode,
        peer: PeerPolicy,
        address: Address,
        random: RandomBytes,
        handler: Handler | None = None,
        tls: ssl.SSLContext | None = None,
        timing: Timing | None = None,
        limits: Limits | None = None,
        capture: StreamTap | None = None,
        local_host: str | None = None,
        alternate: bool = False,
    ) -> None:
        self._address = address
        self._local = None if local_host is None else (local_host, 0)
        self._tls = tls
        self._server_name = peer.origin_host if tls is not None else None
        self._timing = timing or Timing()
        self._limits = limits or Limits()
        self._capture = capture
        self._dialling: asyncio.Task[None] | None = None
        self._present: OpenConnections[Connection] = OpenConnections()
        self._link = Link(
            local=local,
            policy=peer,
            identifiers=Identifiers(random),
            random=random,
            handler=handler,
            timing=self._timing,
            limits=self._limits,
            dial=self._dial,
            hang_up=self._hang_up,
            others=self if alternate else None,
        )
        self.origin_host = peer.origin_host
        self.is_agent = peer.agent
        self.pool: Pool | None = None

    @property
    def connected(self) -> bool:
        """Whether requests can be sent now."""
        return self._link.open

    def start(self) -> None:
        """Begin to connect, and come back after every loss: at once, then ever slower, up to Tc."""
        REGISTRY.sample(self, lambda: count_burden(self._link.policy.name, (self._link,)))
        self._link.start()

    def need(self) -> None:
        """No other server is there: ask this one where it is connected, though it has not proved itself again."""
        self._link.need()

    async def ready(self, within: float) -> None:
        """Return when connected; DiameterUnavailable with the cause when that takes more than `within` seconds."""
        await self._link.ready(within)

    async def request(self, message: Message, within: float | None = None) -> Message:
        """The answer to `message`, whatever its result; DiameterUnavailable when none comes `within` seconds."""
        return await self._link.request(message, within)

    def take_over(self, request: Message, waiting: Waiting, until: float) -> bool:
        """Send what another server has not answered, its answer for `waiting`; False when there is no room for it."""
        return self._link.take_over(request, waiting, until)

    def hand_over(self) -> None:
        """Another server is there: it takes what waits for this one, where this one is not."""
        self._link.hand_over()

    async def close(self) -> None:
        """Take leave by DPR, within its limit; no connection is left then, nor one that was being made."""
        REGISTRY.forget(self)
        await self._link.close(DisconnectCause.DO_NOT_WANT_TO_TALK_TO_YOU)
        self._hang_up()
        if self._dialling is not None:
            await asyncio.wait((self._dialling,))
        await cut_off(self._present)

    # --- Others -------------------------------------------------------------------------------------------------------

    def fail_over(self, request: Message, waiting: Waiting, until: float) -> bool:
        """Another client of the pool takes it; False when nobody can."""
        return self.pool is not None and self.pool.failed_over(self, request, waiting, until)

    def are_lost(self) -> bool:
        """Whether no client of the pool can be asked."""
        return self.pool is not None and self.pool.is_without_any()

    def can_ask(self) -> None:
        """The pool hears of it."""
        if self.pool is not None:
            self.pool.can_ask(self)

    # --- connecting ---------------------------------------------------------------------------------------------------

    def _dial(self) -> None:
        self._hang_up()
        self._dialling = asyncio.get_running_loop().create_task(self._connect())

    def _hang_up(self) -> None:
        if self._dialling is not None:
            self._dialling.cancel()

    async def _connect(self) -> None:
        (host, port), connection = self._address, self._outgoing()
        try:
            async with asyncio.timeout(self._timing.connect):
                await self._reach(connection)
        except (OSError, TimeoutError) as error:
            connection.close("it took too long")
            self._link.dial_failed(f"no connection to {host}:{port}: {str(error) or type(error).__name__}")
            return
        except asyncio.CancelledError:
            # asyncio goes on with a TLS handshake that had not begun
            connection.close("it is not wanted any more")
            raise
        if connection.open:
            self._link.dialled(connection)
        else:
            self._link.dial_failed(f"{host}:{port} closed the connection before the CER")

    async def _reach(self, connection: Connection) -> None:
        """By the first address of the peer's at which somebody is."""
        loop, (host, port) = asyncio.get_running_loop(), self._address
        failed = OSError("it has no address")
        for address in await addresses_of(host, port):
            try:
                await loop.create_connection(
                    lambda: connection,
                    address,
                    port,
                    ssl=self._tls,
                    server_hostname=self._server_name,
                    local_addr=self._local,
                )
            except OSError as error:
                failed = error
            else:
                return
        raise failed

    def _outgoing(self) -> Connection:
        return Connection(
            _Nobody(),
            limits=self._limits,
            message_limit=self._limits.message_before_cer,
            capture=self._capture,
            present=self._present,
        )


class _Nobody:
    """Whoever listens to a connection between its making and the link's taking it: the peer is not to speak first."""

    def connection_made(self, connection: Connection) -> None:
        """The link is told by `dialled`."""

    def message_arrived(self, connection: Connection, _octets: bytes) -> None:
        """Only a CEA may come first, and its CER is not out."""
        connection.close("the peer spoke before our CER")

    def framing_lost(self, connection: Connection, fault: FramingError) -> None:
        """No Diameter."""
        connection.close(fault.reason)

    def connection_closed(self, connection: Connection, cause: str) -> None:
        """The link finds it closed."""
