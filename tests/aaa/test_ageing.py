"""Each session that ages leaves a line, and its user is deregistered by whoever sees departures."""

from datetime import timedelta
from typing import Any

from structlog.testing import capture_logs

from aaa.ageing import Ageing
from aaa.departing import Departing
from aaa.ledger import SharedStore
from aaa.sql_user_sessions import SqlUserSessions
from hss.api import Assignment
from tests.aaa.memory_hss import MemoryHss
from tests.aaa.test_user_sessions import ONE
from tests.hss.sessions.events import NOON


async def test_session_that_its_gateway_never_ends_deregisters_its_user(shared: SharedStore) -> None:
    now = [NOON]
    hss = MemoryHss()
    ageing = Ageing(shared.silent, timedelta(days=7), lambda: now[0])
    departing = Departing(shared.departures, hss, "aaa.example", lambda: now[0])
    await SqlUserSessions(shared.active, lambda: NOON).keep(ONE)
    lines: list[Any]
    with capture_logs() as lines:
        await ageing.look()
        now[0] += timedelta(days=8)
        await ageing.look()
        await departing.look()
    (line,) = lines
    assert (line["event"], line["session"], line["client"]) == ("session ended", ONE.session_id, "pgw")
    assert line["cause"] == "nothing was heard of it since 2027-01-02T12:00:00Z, and its time is over"
    assert [one.assignment for one in hss.assignments] == [Assignment.USER_DEREGISTRATION]


async def test_session_with_a_session_timeout_needs_no_configuration(shared: SharedStore) -> None:
    assert ONE.profile.session_timeout == 3600
    await SqlUserSessions(shared.active, lambda: NOON).keep(ONE)
    for wait, left in ((timedelta(hours=1), 1), (timedelta(hours=2), 0)):
        with capture_logs():
            await Ageing(shared.silent, None, lambda wait=wait: NOON + wait).look()  # type: ignore[misc]
        assert len(await shared.active.of_user(ONE.imsi)) == left
