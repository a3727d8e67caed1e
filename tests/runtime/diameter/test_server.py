import asyncio

import pytest
from structlog.testing import capture_logs

from runtime.diameter.settings import DiameterUnavailable
from tests.runtime.diameter.pair import client, lay, server
from tests.runtime.diameter.pipe import Transport, eventually
from tests.wire.diameter.samples import RAR


async def test_a_server_knows_who_is_connected(monkeypatch: pytest.MonkeyPatch) -> None:
    node, caller = server(), client()
    lay(monkeypatch, node)
    with capture_logs():
        before = node.connected
        caller.start()
        await caller.ready(20.0)
        during = node.connected
        await caller.close()
        after = node.connected
        await node.close()
    assert (before, during, after) == ((), ("gateway",), ())


async def test_a_peer_that_is_not_there_cannot_be_asked() -> None:
    node = server()
    with pytest.raises(DiameterUnavailable, match="gateway is not connected"):
        await node.request("gateway", RAR.message())
    with pytest.raises(DiameterUnavailable, match="no peer stranger is configured"):
        await node.request("stranger", RAR.message())
    await node.close()


async def test_a_server_that_closes_takes_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    node, caller = server(), client()
    wire = lay(monkeypatch, node)
    with capture_logs() as logs:
        caller.start()
        await caller.ready(20.0)
        await node.close()
        wire.node = None
        assert not caller.connected
        await caller.close()
    ends = [line["cause"] for line in logs if line["event"] == "peer not connected"]
    assert ends[:2] == ["the connection was ended by DPR"] * 2


async def test_a_server_is_closed_when_its_connections_are() -> None:
    """Also that of somebody who has never said who he is."""
    node, transport = server(), Transport()
    transport.flushes = False
    transport.protocol = node.incoming()
    transport.protocol.connection_made(transport)
    closing = asyncio.ensure_future(node.close())
    await eventually(lambda: transport.closes)
    await asyncio.sleep(0.01)
    assert not closing.done()
    transport.abort()
    await closing


async def test_who_says_no_goodbye_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.diameter.connection.GOODBYE", 0.01)
    node, transport = server(), Transport()
    transport.flushes = False
    transport.protocol = node.incoming()
    transport.protocol.connection_made(transport)
    await node.close()
    assert transport.aborted
