"""RADIUS over TLS: connections of clients that their certificates name, all codes on each (RFC 6614 §2.1, §2.3)."""

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import assert_never

from aaa.errands import ErrandFailed
from aaa.radius.clients import RadiusClient
from aaa.radius.decisions import Discard
from aaa.radius.listening import DiscardLog, Take, address_text
from aaa.radius.radsec.config import RadsecConfig
from aaa.radius.radsec.connection import RadsecConnection
from aaa.radius.radsec.names import RADSEC, RadsecClient, certified_names, find_client, room_of
from aaa.radius.radsec.requests import NoAnswer, RadsecRequests
from aaa.radius.radsec.routing import Answer, Broken, Ignored, Port, route
from runtime.listening import naming
from runtime.logs import get_logger
from runtime.open_connections import OpenConnections
from runtime.taps import Address
from runtime.tls import server_context
from runtime.tls_door import TlsDoor
from wire.errors import DecodeError
from wire.radius.codec import parse_packet
from wire.radius.messages import signed_request
from wire.radius.packet import Code

log = get_logger("aaa.radius.radsec")

HANDSHAKE = 10.0
"""Seconds for a TLS handshake."""
HANDSHAKES = 64
"""How many may be in one at once of those who come from one client's addresses, where its connections are not more."""
CLOSING = 3.0
"""Seconds for a client's answer to our close_notify; then the connection is cut."""


class RadsecServer:
    """Accepts connections and gives their packets to `takes`, by the port that they would have come to over UDP.

    Nothing of it is captured: under the secret that everybody knows a capture would show every MSK.
    """

    def __init__(self, config: RadsecConfig, clients: Sequence[RadsecClient], takes: Mapping[Port, Take]) -> None:
        self._config = config
        self._clients = clients
        self._takes = takes
        self._door = TlsDoor(
            server_context(certificate=config.certificate, key=config.key, ca=config.ca, demand=True),
            room=lambda address: room_of(clients, address),
            most=max(HANDSHAKES, config.connections_of_one),
            log=log,
            seconds=HANDSHAKE,
            closing=CLOSING,
        )
        self._open: dict[RadsecConnection, RadiusClient] = {}
        self._asking: dict[RadsecConnection, RadsecRequests] = {}
        self._present: OpenConnections[RadsecConnection] = OpenConnections()
        self._lines = DiscardLog(time.monotonic)
        self._listeners: list[asyncio.Server] = []

    async def listen(self, *, reuse_port: bool = False) -> list[Address]:
        """Accept connections at every address; what was bound. OSError when one is taken."""
        bound: list[Address] = []
        for host, port in (self._config.address, *self._config.more_addresses):
            with naming((host, port)):
                listener = await asyncio.get_running_loop().create_server(
                    lambda: self._door.incoming(lambda: RadsecConnection(self)),
                    host,
                    port,
                    reuse_port=reuse_port or None,
                )
            self._listeners.append(listener)
            where = listener.sockets[0].getsockname()
            bound.append((str(where[0]), int(where[1])))
        return bound

    async def close(self) -> None:
        """Stop listening and end every connection, within CLOSING."""
        for listener in self._listeners:
            listener.close()
        await self._door.close()
        for connection in tuple(self._open):
            connection.close()
        await self._present.ended(CLOSING + 1.0)

    def connected(self) -> frozenset[str]:
        """The clients that can be asked now."""
        return frozenset(client.name for client in self._open.values())

    async def perform(self, client: str, octets: bytes) -> bytes:
        """The answer of `client` to `octets`, not sealed yet, on its youngest connection; ErrandFailed without one."""
        youngest = next((one for one, known in reversed(self._open.items()) if known.name == client), None)
        if youngest is None:
            raise ErrandFailed(f"{client} is not connected")
        try:
            packet = parse_packet(octets)
            return await self._asking[youngest].ask(
                lambda identifier: signed_request(
                    Code(packet.code), identifier=identifier, secret=RADSEC, attributes=packet.attributes
                )
            )
        except (NoAnswer, DecodeError) as error:
            raise ErrandFailed(str(error)) from None

    # --- Receiver -----------------------------------------------------------------------------------------------------

    def connection_made(self, connection: RadsecConnection) -> None:
        """Somebody with a certificate of our authority has connected."""
        self._present.note_made(connection)
        client = find_client(self._clients, connection.certificate, connection.remote[0])
        if client is None:
            names = ", ".join(sorted(certified_names(connection.certificate)))
            self._turn_away(connection, "no client has such a certificate and address", "", names)
        elif len(self._open) >= self._config.connections:
            self._turn_away(connection, "too many connections", client.name, "")
        elif Counter(one.name for one in self._open.values())[client.name] >= self._config.connections_of_one:
            self._turn_away(connection, "too many connections of this client", client.name, "")
        else:
            self._open[connection] = client
            self._asking[connection] = RadsecRequests(connection.send, connection.close, RADSEC, secrets.token_bytes)
            log.info("client connected", client=client.name, source=address_text(connection.remote))

    def packet_arrived(self, connection: RadsecConnection, octets: bytes) -> None:
        """Give it to whom it is for."""
        client = self._open.get(connection)
        if client is None:
            return
        match route(octets, client):
            case Broken(cause):
                connection.close(cause)
            case Answer():
                self._asking[connection].take(octets)
            case Ignored(cause):
                self._lines.discarded(connection.remote, Discard(cause, client.name))
            case Port() as port:
                take = self._takes.get(port)
                if take is None:
                    cause = f"there is no {port.value} here"
                    self._lines.discarded(connection.remote, Discard(cause, client.name))
                else:
                    take(octets, connection.remote, connection.send, client)
            case routed:
                assert_never(routed)

    def connection_ended(self, connection: RadsecConnection, cause: str | None) -> None:
        """Forget it."""
        self._present.note_lost(connection)
        client = self._open.pop(connection, None)
        if client is None:
            return
        self._asking.pop(connection).close()
        if cause is None:
            log.info("client disconnected", client=client.name, source=address_text(connection.remote))
        else:
            self._lines.warn("connection lost", cause, client.name, source=address_text(connection.remote))

    def _turn_away(self, connection: RadsecConnection, cause: str, client: str, names: str) -> None:
        self._lines.warn("connection turned away", cause, client, source=address_text(connection.remote), names=names)
        connection.close()
