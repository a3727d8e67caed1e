import pytest
from structlog.testing import capture_logs

from runtime.diameter.settings import DiameterUnavailable
from tests.runtime.diameter.pair import client, lay, server
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
