import asyncio

from runtime.open_connections import OpenConnections


async def test_it_ends_with_the_last_connection() -> None:
    present: OpenConnections[str] = OpenConnections()
    assert await present.ended(20.0)
    for connection in ("one", "other"):
        present.note_made(connection)
    waiting = asyncio.ensure_future(present.ended(20.0))
    present.note_lost("one")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not waiting.done()
    present.note_lost("other")
    assert await waiting


async def test_a_connection_that_does_not_end_is_waited_for_so_long_and_no_longer() -> None:
    present: OpenConnections[str] = OpenConnections()
    present.note_made("one")
    assert not await present.ended(0.01)
    assert present.left == ("one",)
