"""A server and a client in one process, joined without a socket."""

import asyncio
from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

import pytest

from runtime.diameter.client import DiameterClient
from runtime.diameter.connection import Connection
from runtime.diameter.server import DiameterServer
from runtime.diameter.settings import Connected, Handler, Limits, unnoticed
from tests.runtime.diameter.pipe import Transport, join
from tests.wire.diameter.samples import AAA, EAP_DEA, GATEWAY, REALM
from wire.diameter.capabilities import PeerPolicy
from wire.diameter.message import Message
from wire.diameter.peer import Timing

GATEWAY_POLICY = PeerPolicy("gateway", GATEWAY.origin_host, REALM, (ip_network("127.0.0.0/8"),), GATEWAY.applications)
AAA_POLICY = PeerPolicy("aaa", AAA.origin_host, REALM)
TIMING = Timing(retry_first=0.01, connect=10.0, capabilities=10.0, closing=5.0)
LIMITS = Limits(seconds_to_answer=20.0, seconds_before_cer=0.1, connections_before_cer=3)


def seeded(count: int) -> bytes:
    """Entropy that is none."""
    return bytes(range(7, 7 + count))


async def answering(_peer: str, request: Message) -> Message:
    """Every DER gets the same DEA."""
    return EAP_DEA.message(request)


def server(handler: Handler = answering, limits: Limits = LIMITS, connected: Connected = unnoticed) -> DiameterServer:
    return DiameterServer(
        local=AAA,
        peers=(GATEWAY_POLICY,),
        handler=handler,
        random=seeded,
        wall_clock=0.0,
        timing=TIMING,
        limits=limits,
        connected=connected,
    )


def client(handler: Handler | None = None, local_host: str | None = None) -> DiameterClient:
    return DiameterClient(
        local=GATEWAY,
        peer=AAA_POLICY,
        address=("127.0.0.2", 3868),
        random=seeded,
        handler=handler,
        timing=TIMING,
        limits=LIMITS,
        local_host=local_host,
    )


class Wire:
    """Stands for loop.create_connection: every connection leads to `server`, or is refused."""

    def __init__(self, node: DiameterServer | None) -> None:
        self.node = node
        self.calls: list[tuple[str, int, dict[str, Any]]] = []
        self.ends: list[tuple[Transport, Transport]] = []

    async def create_connection(
        self,
        factory: Callable[[], Connection],
        host: str,
        port: int,
        **options: Any,  # noqa: ANN401
    ) -> tuple[asyncio.Transport, Connection]:
        self.calls.append((host, port, options))
        if self.node is None:
            raise ConnectionRefusedError("refused")
        connection = factory()
        ends = join(connection, self.node.incoming())
        self.ends.append(ends)
        return ends[0], connection


def lay(monkeypatch: pytest.MonkeyPatch, node: DiameterServer | None) -> Wire:
    """Let the running loop's create_connection lead to `node`."""
    wire = Wire(node)
    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", wire.create_connection)
    return wire
