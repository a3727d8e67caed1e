"""The HSS that is asked over SWx: a connection to each server, one of which is used."""

import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aaa.config import AaaConfig, HssConnectionConfig, SwxConfig
from aaa.swx_client import SwxClient
from hss.api import HomeSubscriberServer
from runtime.capture import Capture, NullCapture
from runtime.diameter.client import DiameterClient
from runtime.diameter.pool import DiameterPool
from runtime.diameter.settings import DiameterUnavailable, Handler
from runtime.diameter.throttle import ThrottledClient
from runtime.logs import get_logger
from runtime.worker import Worker
from wire.diameter.applications import Application
from wire.diameter.capabilities import LocalNode, PeerPolicy
from wire.diameter.command import Identity
from wire.diameter.peer import Timing

log = get_logger("aaa.app")

HSS_WAIT = 5.0
"""Seconds that a start waits for the HSS; after that users are refused until it is there."""


@asynccontextmanager
async def open_swx(
    aaa: AaaConfig, swx: SwxConfig, capture: Capture | NullCapture, serve_hss: Handler, worker: Worker | None
) -> AsyncIterator[HomeSubscriberServer]:
    """The HSS of [aaa.swx], connected or not; what it asks is answered by `serve_hss`."""
    now = time.time()
    # Two workers may begin in one second, and no Session-Id may come twice (RFC 6733 §8.8).
    started = int(now) if worker is None else secrets.randbits(32)
    local = local_node(aaa, worker, now)

    def connecting(server: HssConnectionConfig) -> DiameterClient:
        return DiameterClient(
            local=local,
            peer=PeerPolicy(
                name=server.agent or ("hss" if server is swx else server.hss_origin_host),
                origin_host=server.agent or server.hss_origin_host,
                origin_realm=server.hss_realm,
                applications=(Application.SWX,),
                agent=bool(server.agent),
            ),
            address=server.hss,
            handler=serve_hss,
            random=secrets.token_bytes,
            capture=capture,
            timing=Timing(twinit=swx.watchdog),
            local_host=None if swx.local is None else str(swx.local),
            alternate=bool(swx.alternate),
        )

    hss = Identity(swx.hss_origin_host, swx.hss_realm)
    client = DiameterPool([connecting(server) for server in (swx, *swx.alternate)])
    found = SwxClient(ThrottledClient(client, secrets.token_bytes), identity=local.identity, hss=hss, started=started)
    client.start()
    try:
        await client.ready(HSS_WAIT)
    except DiameterUnavailable as error:
        log.warning("hss not connected yet", cause=error.cause, hss=str(swx.hss))
    try:
        yield found
    finally:
        await client.close()


def local_node(aaa: AaaConfig, worker: Worker | None, now: float) -> LocalNode:
    """RFC 6733 §8.16: a worker that is replaced has lost nothing, and has the Origin-State-Id of its parent."""
    began = int(now) if worker is None else worker.since
    return LocalNode(aaa.origin_host, aaa.origin_realm, (Application.SWX,), origin_state_id=began & 0xFFFFFFFF)
