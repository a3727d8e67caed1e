"""One peer as several processes: each with its own connection, up to as many as it may have."""

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from runtime.diameter.server import DiameterServer
from runtime.diameter.settings import DiameterUnavailable, Handler
from tests.runtime.diameter.pair import GATEWAY_POLICY, LIMITS, TIMING, answering, client, lay, seeded
from tests.runtime.diameter.pipe import messages, settle
from tests.runtime.diameter.test_doorman import call
from tests.wire.diameter.samples import AAA, CER, EAP_DER, GATEWAY, RAR, numbered
from wire.diameter.message import FLAG_RETRANSMITTED, Message
from wire.diameter.results import ResultCode
from wire.diameter.sessions import ReAuthAnswer


def obeying(asked: list[int], number: int) -> Handler:
    """A gateway's process that does what RAR says, and notes that it was asked."""

    async def serve(_peer: str, request: Message) -> Message:
        asked.append(number)
        answer = ReAuthAnswer(
            session_id=request.text("Session-Id") or "",
            origin_host=GATEWAY.origin_host,
            origin_realm=GATEWAY.origin_realm,
            result_code=ResultCode.SUCCESS,
        )
        return answer.message(request)

    return serve


def server(connections: int, handler: Handler = answering) -> DiameterServer:
    return DiameterServer(
        local=AAA,
        peers=(replace(GATEWAY_POLICY, connections=connections),),
        handler=handler,
        random=seeded,
        wall_clock=0.0,
        timing=TIMING,
        limits=LIMITS,
    )


async def test_each_process_has_a_connection_and_one_too_many_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    node, callers = server(2), [client() for _ in range(3)]
    lay(monkeypatch, node)
    with capture_logs() as logs:
        for caller in callers[:2]:
            caller.start()
            await caller.ready(20.0)
            assert (await caller.request(EAP_DER.message())).result_code == ResultCode.MULTI_ROUND_AUTH
        callers[2].start()
        with pytest.raises(DiameterUnavailable):
            await callers[2].ready(0.2)
        assert "connection rejected" in [line["event"] for line in logs]
        await callers[0].close()
        await callers[2].ready(20.0)
        assert node.connected == ("gateway",)
        for caller in callers:
            await caller.close()
        await node.close()
    assert not any(node.connected)


async def test_requests_go_to_whoever_is_there_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    node = server(2)
    lay(monkeypatch, node)
    with capture_logs():
        callers = [client(obeying(asked, number)) for number in range(2)]
        with pytest.raises(DiameterUnavailable, match="gateway is not connected"):
            await node.request("gateway", RAR.message())
        for caller in callers:
            caller.start()
            await caller.ready(20.0)
        for _ in range(4):
            assert (await node.request("gateway", RAR.message())).result_code == ResultCode.SUCCESS
        assert sorted(asked) == [0, 0, 1, 1]
        await callers[0].close()
        for _ in range(2):
            await node.request("gateway", RAR.message())
        assert asked[4:] == [1, 1]
        await callers[1].close()
        await node.close()


async def test_what_comes_again_over_another_connection_is_served_once() -> None:
    served: list[Message] = []

    async def serve(peer: str, request: Message) -> Message:
        served.append(request)
        return await answering(peer, request)

    node = server(2, serve)
    der = numbered(EAP_DER.message())
    again = replace(der, flags=der.flags | FLAG_RETRANSMITTED, hop_by_hop=der.hop_by_hop + 1)
    with capture_logs():
        answers = []
        for request in (der, again):
            transport = call(node, numbered(CER.message()).build(), request.build())
            await settle()
            answers.append(messages(transport.written)[1])
    assert [answer.hop_by_hop for answer in answers] == [der.hop_by_hop, again.hop_by_hop]
    assert answers[0].avps == answers[1].avps
    assert served == [der]
