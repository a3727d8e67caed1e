"""A Diameter node that named peers connect to, over TCP and TLS, IPv4 and IPv6 (RFC 6733 §2.1)."""

import asyncio
import ssl
from collections.abc import Sequence

from runtime.diameter.connection import Connection, cut_off
from runtime.diameter.doorman import Doorman
from runtime.diameter.instances import PeerInstances
from runtime.diameter.link import Link
from runtime.diameter.metrics import count_burden
from runtime.diameter.service import Duplicates
from runtime.diameter.settings import (
    Connected,
    DiameterUnavailable,
    Dropped,
    Handler,
    Limits,
    PeerName,
    unheard,
    unnoticed,
)
from runtime.listening import naming
from runtime.metrics.families import REGISTRY
from runtime.open_connections import OpenConnections
from runtime.taps import Address, StreamTap
from wire.diameter.capabilities import LocalNode, PeerPolicy
from wire.diameter.enumerations import DisconnectCause
from wire.diameter.message import Message
from wire.diameter.overload import OverloadReporter
from wire.diameter.peer import Timing
from wire.diameter.transactions import Identifiers
from wire.sansio import RandomBytes


class DiameterServer:
    """Serves the requests of `peers` with `handler`. Made inside a running loop; `wall_clock` is in seconds.

    With `reports_overload` a peer that can obey is asked to ask less while its requests have to wait (RFC 7683).
    `dropped` hears of requests that were not served for load, `connected` of each connection that a peer has made.
    """

    def __init__(
        self,
        *,
        local: LocalNode,
        peers: Sequence[PeerPolicy],
        handler: Handler,
        random: RandomBytes,
        wall_clock: float,
        timing: Timing | None = None,
        limits: Limits | None = None,
        capture: StreamTap | None = None,
        reports_overload: bool = False,
        dropped: Dropped = unheard,
        connected: Connected = unnoticed,
    ) -> None:
        self._limits = limits or Limits()
        self._capture = capture
        self._present: OpenConnections[Connection] = OpenConnections()
        identifiers = Identifiers(random)

        def instances(policy: PeerPolicy) -> PeerInstances:
            # RFC 6733 §5.5.4: what was out over one of its connections may come again over another
            repeats = Duplicates(self._limits.remembered_answers * policy.connections)
            return PeerInstances(
                [
                    Link(
                        local=local,
                        policy=policy,
                        identifiers=identifiers,
                        random=random,
                        handler=handler,
                        timing=timing,
                        limits=self._limits,
                        reporter=OverloadReporter(started=int(wall_clock)) if reports_overload else None,
                        dropped=dropped,
                        repeats=repeats,
                    )
                    for _ in range(policy.connections)
                ]
            )

        self._links = {policy.name: instances(policy) for policy in peers}
        self._doorman = Doorman(local, self._links, self._limits, connected)
        self._listeners: list[asyncio.Server] = []
        REGISTRY.sample(self, self._sample)

    @property
    def connected(self) -> tuple[PeerName, ...]:
        """The peers that are open now."""
        return tuple(name for name, link in self._links.items() if link.open)

    async def listen(
        self, host: str, port: int, *, tls: ssl.SSLContext | None = None, reuse_port: bool = False
    ) -> Address:
        """Accept connections at a literal address, with TLS from the first octet if `tls` is given (port 5658).

        With `reuse_port` other processes may listen there too, and each connection comes to one of them.

        Returns what was bound (port 0: any). OSError when the address is taken or not of this machine.
        """
        with naming((host, port)):
            listener = await asyncio.get_running_loop().create_server(
                lambda: self.incoming(tls), host, port, reuse_port=reuse_port or None
            )
        self._listeners.append(listener)
        bound = listener.sockets[0].getsockname()
        return str(bound[0]), int(bound[1])

    def incoming(self, tls: ssl.SSLContext | None = None) -> Connection:
        """A connection that somebody makes to us; over `tls` if given."""
        return Connection(
            self._doorman,
            limits=self._limits,
            message_limit=self._limits.message_before_cer,
            capture=self._capture,
            present=self._present,
            tls=tls,
        )

    async def request(self, peer: PeerName, message: Message, within: float | None = None) -> Message:
        """Ask a peer that is connected (ASR, RAR, RTR, PPR); DiameterUnavailable when it gives no answer."""
        link = self._links.get(peer)
        if link is None:
            raise DiameterUnavailable(f"no peer {peer} is configured")
        return await link.request(message, within)

    async def close(self) -> None:
        """Stop listening, take leave of every peer by DPR, and end what is being served, and the connections."""
        for listener in self._listeners:
            listener.close()
        REGISTRY.forget(self)
        self._doorman.close()
        await asyncio.gather(*(link.close(DisconnectCause.REBOOTING) for link in self._links.values()))
        await cut_off(self._present)

    def _sample(self) -> None:
        for name, instances in self._links.items():
            count_burden(name, instances.links)
