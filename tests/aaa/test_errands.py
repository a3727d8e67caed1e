"""One process asks, the one with the connection does it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from aaa import errands
from aaa.errands import ErrandDesk, ErrandFailed, Perform
from aaa.ledger import SharedStore
from hss.session_api import LedgerUnavailable


def now() -> datetime:
    return datetime.now(UTC)


async def upper(name: str, message: bytes) -> bytes:
    return name.encode() + message.upper()


async def refusing(name: str, message: bytes) -> bytes:
    raise ErrandFailed("it does not answer")


async def until(found: Callable[[], Awaitable[object]]) -> None:
    for _ in range(500):
        if await found():
            return
        await asyncio.sleep(0.01)
    pytest.fail("it never came")


async def look_until(stop: "asyncio.Event", desk: ErrandDesk) -> None:
    while not stop.is_set():
        await desk.look()
        await asyncio.sleep(0.02)


async def asked(shared: SharedStore, other: ErrandDesk, name: str = "pgw", within: float = 5.0) -> bytes:
    stop = asyncio.Event()
    looking = asyncio.create_task(look_until(stop, other))
    try:
        return await ErrandDesk(shared.errands, now).ask("diameter", name, b"abort", within)
    finally:
        stop.set()
        await looking


def serving(shared: SharedStore, perform: Perform = upper) -> ErrandDesk:
    desk = ErrandDesk(shared.errands, now)
    desk.serve("radsec", lambda: (), upper)
    desk.serve("diameter", lambda: ("epdg", "pgw"), perform)
    return desk


async def test_errand_is_done_by_the_process_with_the_connection(shared: SharedStore) -> None:
    assert await asked(shared, serving(shared)) == b"pgwABORT"


async def test_failure_says_why(shared: SharedStore) -> None:
    with pytest.raises(ErrandFailed, match="it does not answer"):
        await asked(shared, serving(shared, refusing))


async def test_nobody_has_the_connection(shared: SharedStore) -> None:
    with pytest.raises(ErrandFailed, match="hnb is connected to no process of this server"):
        await asked(shared, serving(shared), "hnb", 1.0)
    assert not await shared.errands.waiting(["diameter/hnb"], now())


async def test_errand_that_nobody_takes_is_not_waited_for(shared: SharedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errands, "TAKEN_WITHIN", 0.05)
    with pytest.raises(ErrandFailed, match="hnb is connected to no process of this server"):
        await asked(shared, serving(shared), "hnb", 60.0)
    assert not await shared.errands.waiting(["diameter/hnb"], now())


async def test_errand_that_was_taken_is_waited_for(shared: SharedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errands, "TAKEN_WITHIN", 0.05)

    async def slow(name: str, message: bytes) -> bytes:
        await asyncio.sleep(0.4)
        return await upper(name, message)

    assert await asked(shared, serving(shared, slow)) == b"pgwABORT"
    with pytest.raises(ErrandFailed, match="gave no answer in time"):
        await asked(shared, serving(shared, slow), "pgw", 0.15)


async def test_silent_peer_holds_up_no_errand_to_another(shared: SharedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errands, "TAKEN_WITHIN", 0.2)
    answered = asyncio.Event()

    async def silent_epdg(name: str, message: bytes) -> bytes:
        if name == "epdg":
            await answered.wait()
        return await upper(name, message)

    desk = serving(shared, silent_epdg)
    held_up = await shared.errands.ask("diameter/epdg", "00", now())
    await desk.look()
    assert await asked(shared, desk, within=60.0) == b"pgwABORT"
    assert await shared.errands.result(held_up) is None
    answered.set()
    await until(lambda: shared.errands.result(held_up))


async def test_errand_in_progress_ends_with_its_process(shared: SharedStore) -> None:
    begun = asyncio.Event()

    async def silent(_name: str, _message: bytes) -> bytes:
        begun.set()
        await asyncio.Event().wait()
        return b""

    desk = serving(shared, silent)
    await shared.errands.ask("diameter/pgw", "00", now())
    await desk.look()
    await begun.wait()
    await desk.close()
    assert not await shared.errands.waiting(["diameter/pgw"], now())


@pytest.mark.parametrize(
    ("fault", "event"), [(LedgerUnavailable("away"), "errand's result not told"), (KeyError("x"), "errand failed")]
)
async def test_errand_that_breaks_is_told(shared: SharedStore, fault: Exception, event: str) -> None:
    async def broken(_name: str, _message: bytes) -> bytes:
        raise fault

    desk = serving(shared, broken)
    await shared.errands.ask("diameter/pgw", "00", now())
    with capture_logs() as lines:
        await desk.look()
        await until(lambda: asyncio.sleep(0, lines))
    assert [line["event"] for line in lines] == [event]


async def test_result_of_another_release_is_told(shared: SharedStore) -> None:
    desk = ErrandDesk(shared.errands, now)
    task = asyncio.create_task(desk.ask("diameter", "pgw", b"x", 5.0))
    await asyncio.sleep(0.1)
    (claimed,) = await shared.errands.claim(["diameter/pgw"], now())
    await shared.errands.finish(claimed, '{"answer":"zz"}')
    with pytest.raises(ErrandFailed, match="another release"):
        await task
