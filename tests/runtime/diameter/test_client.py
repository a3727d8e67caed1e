import asyncio
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from runtime.diameter.connection import Connection
from runtime.diameter.settings import DiameterUnavailable
from tests.runtime.diameter.pair import answering, client, lay, server
from tests.runtime.diameter.pipe import Transport, eventually
from tests.wire.diameter.samples import EAP_DEA, EAP_DER, RAR
from wire.diameter.eap import DiameterEapAnswer
from wire.diameter.message import Message
from wire.diameter.sessions import ReAuthAnswer


async def test_a_client_asks_and_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    node, caller = server(), client()
    wire = lay(monkeypatch, node)
    with capture_logs() as logs:
        caller.start()
        await caller.ready(20.0)
        answer = await caller.request(EAP_DER.message())
        await caller.close()
        await node.close()
    assert DiameterEapAnswer.parse(answer) == EAP_DEA
    assert wire.calls == [("127.0.0.2", 3868, {"ssl": None, "server_hostname": None, "local_addr": None})]
    assert [line["event"] for line in logs] == ["peer connected"] * 2 + ["peer not connected"] * 2
    assert {line["log_level"] for line in logs} == {"info"}


async def test_a_client_connects_from_its_own_address(monkeypatch: pytest.MonkeyPatch) -> None:
    node, caller = server(), client(local_host="127.0.0.4")
    wire = lay(monkeypatch, node)
    with capture_logs():
        caller.start()
        await caller.ready(20.0)
        await caller.close()
        await node.close()
    assert [options["local_addr"] for _, _, options in wire.calls] == [("127.0.0.4", 0)]


async def test_a_client_without_a_server_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    lay(monkeypatch, None)
    caller = client()
    with capture_logs() as logs:
        caller.start()
        with pytest.raises(DiameterUnavailable, match=r"no connection to 127.0.0.2:3868: refused"):
            await caller.ready(0.05)
        with pytest.raises(DiameterUnavailable, match="not connected"):
            await caller.request(EAP_DER.message())
        await caller.close()
    assert all(line["cause"] for line in logs)
    assert not caller.connected


async def test_a_client_comes_back_when_the_server_does(monkeypatch: pytest.MonkeyPatch) -> None:
    wire = lay(monkeypatch, None)
    caller = client()
    with capture_logs():
        caller.start()
        await eventually(lambda: len(wire.calls) > 1)
        wire.node = server()
        await caller.ready(20.0)
        wire.ends[-1][0].abort()
        await eventually(lambda: not caller.connected)
        await caller.ready(20.0)
        assert (await caller.request(EAP_DER.message())).result_code == 1001
        await caller.close()
        await wire.node.close()


async def test_a_request_that_loses_its_connection_is_sent_again_and_served_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    served, going_on = [], asyncio.Event()

    async def slow(peer: str, request: Message) -> Message:
        served.append(request)
        await going_on.wait()
        return await answering(peer, request)

    node, caller = server(slow), client()
    wire = lay(monkeypatch, node)
    with capture_logs():
        caller.start()
        await caller.ready(20.0)
        waiting = asyncio.ensure_future(caller.request(EAP_DER.message()))
        await eventually(lambda: served)
        wire.ends[-1][0].abort()
        await eventually(lambda: len(wire.ends) == 2 and caller.connected)
        going_on.set()
        assert (await waiting).result_code == 1001
        await caller.close()
        await node.close()
    assert len(wire.ends) == 2
    assert len(served) == 1


async def test_a_request_without_an_answer_has_a_limited_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(peer: str, request: Message) -> Message:
        await asyncio.sleep(10)
        return await answering(peer, request)

    node, caller = server(never), client()
    lay(monkeypatch, node)
    with capture_logs():
        caller.start()
        await caller.ready(20.0)
        with pytest.raises(DiameterUnavailable, match="aaa did not answer in time"):
            await caller.request(EAP_DER.message(), within=0.02)
        await caller.close()
        await node.close()


async def test_a_client_serves_what_the_server_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    async def re_authorised(peer: str, request: Message) -> Message:
        assert peer == "aaa"
        return ReAuthAnswer(
            session_id=RAR.session_id, result_code=2001, origin_host=RAR.destination_host or "", origin_realm="r"
        ).message(request)

    node, caller = server(), client(re_authorised)
    lay(monkeypatch, node)
    with capture_logs():
        caller.start()
        await caller.ready(20.0)
        answer = await node.request("gateway", RAR.message())
        await caller.close()
        await node.close()
    assert answer.result_code == 2001


async def test_a_server_that_hangs_up_at_once_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    node, caller = server(), client()
    wire = lay(monkeypatch, node)
    genuine = wire.create_connection

    async def hanging_up(*args: object, **options: object) -> object:
        made = await genuine(*args, **options)  # type: ignore[arg-type]
        if len(wire.ends) == 1:
            made[0].abort()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        return made

    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", hanging_up)
    with capture_logs() as logs:
        caller.start()
        await caller.ready(20.0)
        await caller.close()
        await node.close()
    assert "closed the connection before the CER" in next(line["cause"] for line in logs if "cause" in line)


async def test_a_client_is_closed_when_its_connection_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over TLS that takes the peer's word; a loop that ended before would leave a socket open."""
    node, caller = server(), client()
    wire = lay(monkeypatch, node)
    with capture_logs():
        caller.start()
        await caller.ready(20.0)
        ((near, _),) = wire.ends
        near.flushes = False
        closing = asyncio.ensure_future(caller.close())
        await eventually(lambda: near.closes)
        await asyncio.sleep(0.01)
        assert not closing.done()
        near.abort()
        await closing
        await node.close()


async def test_a_connection_that_is_made_after_the_client_was_closed_is_aborted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[Connection] = []

    async def for_ever(factory: Callable[[], Connection], *_args: object, **_options: object) -> object:
        made.append(factory())
        return await asyncio.Event().wait()

    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", for_ever)
    caller, transport = client(), Transport()
    with capture_logs():
        caller.start()
        await eventually(lambda: made)
        await caller.close()
    made[0].connection_made(transport)
    assert transport.aborted
