"""A node that leaves answers what it serves, and asks nobody to wait for long."""

import asyncio

import pytest
from structlog.testing import capture_logs

from runtime.diameter.settings import DiameterUnavailable
from tests.runtime.diameter.pair import answering, client, lay, server
from tests.runtime.diameter.pipe import settle
from tests.wire.diameter.samples import EAP_DER
from wire.diameter.message import Message
from wire.diameter.results import ResultCode


async def leave(monkeypatch: pytest.MonkeyPatch, gate: asyncio.Event, going_on: bool) -> Message:
    """The answer to a request that is being served when the server begins to leave."""

    async def slow(peer: str, request: Message) -> Message:
        await gate.wait()
        return await answering(peer, request)

    node, caller = server(slow), client()
    wire = lay(monkeypatch, node)
    with capture_logs():
        caller.start()
        await caller.ready(20.0)
        asked = asyncio.ensure_future(caller.request(EAP_DER.message()))
        await settle()
        leaving = asyncio.ensure_future(node.close())
        await settle(50)
        assert (caller.connected, asked.done()) == (False, False)
        if going_on:
            assert not leaving.done()
            gate.set()
        await leaving
        assert wire.ends[0][1].closed
        wire.node = None
        await settle()
        await caller.close()
        return await asked


async def test_what_is_being_served_is_answered_before_the_connection_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = await leave(monkeypatch, asyncio.Event(), going_on=True)
    assert answer.result_code == ResultCode.MULTI_ROUND_AUTH


async def test_nobody_waits_for_long_for_what_is_not_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.diameter.parting.SECONDS", 0.1)
    with pytest.raises(DiameterUnavailable, match="closing"):
        await leave(monkeypatch, asyncio.Event(), going_on=False)
