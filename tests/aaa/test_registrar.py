"""What the HSS hears of sessions."""

from dataclasses import replace
from ipaddress import IPv6Address

import pytest
from structlog.testing import capture_logs

from aaa import registrar as registrar_module
from aaa.registrar import Registrar
from aaa.user_sessions import MemoryUserSessions
from hss.api import Assignment, AssignmentRequest, Refusal, ServiceRefused
from tests.aaa.memory_hss import IMSI, MemoryHss, profile
from tests.aaa.test_user_sessions import ONE, TWO

NODE = "aaa.example"
GATEWAY = IPv6Address("2001:db8::1")


def office() -> tuple[Registrar, MemoryHss, MemoryUserSessions]:
    hss, sessions = MemoryHss(), MemoryUserSessions()
    return Registrar(hss, NODE, sessions), hss, sessions


async def test_pdn_gw_of_a_session_is_reported() -> None:
    registrar, hss, _ = office()
    registrar.attached(replace(ONE, pdn_gw=GATEWAY))
    registrar.attached(ONE)
    registrar.attached(replace(ONE, pdn_gw=GATEWAY, apn=None))
    await registrar.close()
    assert hss.assignments == [AssignmentRequest(IMSI, NODE, Assignment.PGW_UPDATE, "internet", GATEWAY)]


async def test_user_is_deregistered_with_his_last_session() -> None:
    registrar, hss, sessions = office()
    await sessions.keep(ONE)
    await sessions.keep(TWO)
    for session in (ONE, TWO):
        await sessions.end(session.session_id)
        registrar.left(session)
        if session is ONE:
            await registrar.close()
            assert hss.assignments == []
    await registrar.close()
    assert hss.assignments == [AssignmentRequest(IMSI, NODE, Assignment.USER_DEREGISTRATION)]


async def test_session_that_never_came_to_its_end_holds_no_registration() -> None:
    registrar, hss, sessions = office()
    await sessions.keep(replace(TWO, ending=True))
    registrar.left(ONE)
    await registrar.close()
    assert [one.assignment for one in hss.assignments] == [Assignment.USER_DEREGISTRATION]


async def test_user_whom_the_hss_has_ended_is_not_deregistered_again() -> None:
    registrar, hss, _ = office()
    registrar.left(replace(ONE, ending=True))
    await registrar.close()
    assert hss.assignments == []


async def test_profile_is_the_one_of_this_moment() -> None:
    registrar, hss, _ = office()
    assert await registrar.profile(ONE) == profile()
    registrar.restore(IMSI)
    await registrar.close()
    kinds = [one.assignment for one in hss.assignments]
    assert kinds == [Assignment.USER_DATA_REQUEST, Assignment.RESTORATION]


async def test_refusal_is_one_line() -> None:
    registrar, hss, _ = office()
    hss.refuse_assign = ServiceRefused(Refusal.UNAVAILABLE, "no connection")
    with capture_logs() as lines:
        registrar.left(ONE)
        await registrar.close()
    (line,) = lines
    assert (line["event"], line["assignment"]) == ("hss not told", "USER_DEREGISTRATION")
    assert "no connection" in line["cause"]


async def test_reports_under_way_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registrar_module, "MOST_AT_ONCE", 1)
    registrar, hss, _ = office()
    hss.stall.clear()
    with capture_logs() as lines:
        registrar.left(ONE)
        registrar.left(TWO)
    hss.stall.set()
    await registrar.close()
    assert len(hss.assignments) == 1
    assert [line["cause"] for line in lines] == ["too many reports are under way"]


async def test_a_hss_that_does_not_answer_holds_up_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registrar_module, "FAREWELL", 0.01)
    registrar, hss, _ = office()
    hss.stall.clear()
    with capture_logs() as lines:
        registrar.attached(replace(ONE, pdn_gw=GATEWAY))
        await registrar.close()
    (line,) = lines
    assert (line["event"], line["reports"]) == ("hss not told", 1)


async def test_where_departures_are_in_sql_they_are_only_looked_into() -> None:
    hss, sessions, looked = MemoryHss(), MemoryUserSessions(), list[str]()
    registrar = Registrar(hss, NODE, sessions, lambda: looked.append("now"))
    registrar.left(ONE)
    await registrar.close()
    assert (looked, hss.assignments) == (["now"], [])
