"""Lines of one task, and of those that it begins, name their conversation."""

import asyncio

from runtime.log_session import log_imsi, log_session, logged_session


def named() -> str:
    session = logged_session()
    return "" if session is None else session.name


async def test_tasks_do_not_mix_their_conversations() -> None:
    async def work(name: str) -> list[str]:
        log_session(name)
        await asyncio.sleep(0)
        begun = asyncio.create_task(asyncio.sleep(0, named()))
        return [named(), await begun, named()]

    assert await asyncio.gather(*(asyncio.create_task(work(name)) for name in "ab")) == [["a"] * 3, ["b"] * 3]


async def test_whose_it_is_may_be_learnt_later() -> None:
    log_session("a", nas_session="17")
    log_imsi("001010000000001")
    session = logged_session()
    assert session is not None
    assert (session.name, session.nas_session, session.imsi) == ("a", "17", "001010000000001")


async def test_without_a_conversation_nothing_is_learnt() -> None:
    log_imsi("001010000000001")
    assert logged_session() is None
