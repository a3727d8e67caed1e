"""Sessions of users by name and by subscriber."""

from dataclasses import replace

from structlog.testing import capture_logs

from aaa.user_sessions import MemoryUserSessions, UserSession
from tests.aaa.memory_hss import IMSI, profile
from wire.diameter.applications import Application
from wire.identity import Imsi

ONE = UserSession(
    session_id="pgw.example;1",
    application=Application.S6B,
    peer="pgw",
    origin_host="pgw.example",
    origin_realm="example",
    imsi=IMSI,
    user_name=f"0{IMSI}@example",
    profile=profile(),
    apn="internet",
)
TWO = replace(ONE, session_id="epdg.example;1", peer="epdg", application=Application.SWM)
OTHER = replace(ONE, session_id="pgw.example;2", imsi=Imsi("001010000000009"))


async def test_sessions_are_found_by_name_and_by_user() -> None:
    sessions = MemoryUserSessions()
    for session in (ONE, TWO, OTHER):
        assert await sessions.keep(session)
    assert await sessions.find(ONE.session_id) == ONE
    assert await sessions.of_user(IMSI) == (ONE, TWO)
    assert await sessions.end(ONE.session_id)
    assert not await sessions.end(ONE.session_id)
    assert await sessions.of_user(IMSI) == (TWO,)
    assert await sessions.end(TWO.session_id)
    assert await sessions.of_user(IMSI) == ()
    assert len(sessions) == 1


async def test_session_id_that_comes_again_is_one_session() -> None:
    sessions = MemoryUserSessions()
    await sessions.keep(ONE)
    again = replace(ONE, imsi=OTHER.imsi)
    assert await sessions.keep(again)
    assert await sessions.of_user(IMSI) == ()
    assert await sessions.of_user(OTHER.imsi) == (again,)


async def test_session_that_is_over_is_not_changed() -> None:
    sessions = MemoryUserSessions()
    await sessions.keep(ONE)
    assert await sessions.change(replace(ONE, ending=True))
    assert not await sessions.change(ONE)
    assert await sessions.change(replace(ONE, ending=True))
    assert await sessions.of_user(IMSI) == (replace(ONE, ending=True),)
    await sessions.end(ONE.session_id)
    assert not await sessions.change(ONE)
    assert await sessions.of_user(IMSI) == ()


def test_session_is_the_gateways_behind_the_agent() -> None:
    session = replace(ONE, peer="relay")
    assert session.belongs_to("relay", "PGW.example")
    assert not session.belongs_to("relay", "other.example")
    assert not session.belongs_to("pgw", "pgw.example")


async def test_session_that_has_to_give_way_is_said() -> None:
    sessions = MemoryUserSessions(limit=1)
    await sessions.keep(ONE)
    with capture_logs() as lines:
        assert await sessions.keep(TWO)
    assert [(line["event"], line["session"]) for line in lines] == [("session forgotten", ONE.session_id)]
    assert await sessions.of_user(IMSI) == (TWO,)


async def test_session_id_of_another_gateway_is_not_taken() -> None:
    sessions = MemoryUserSessions()
    await sessions.keep(ONE)
    assert not await sessions.keep(replace(ONE, origin_host="other.example"))
    assert await sessions.find(ONE.session_id) == ONE


async def test_sessions_of_a_gateway_are_those_that_it_has_by_this_peer() -> None:
    sessions = MemoryUserSessions()
    for session in (ONE, TWO, OTHER, replace(ONE, session_id="3", origin_host="other.example")):
        await sessions.keep(session)
    found = await sessions.of_gateway("pgw", "PGW.example")
    assert found == (ONE, OTHER)
    assert await sessions.of_gateway("pgw", "pgw.example", found[-1].session_id) == ()


async def test_session_is_ended_by_its_own_gateway_alone() -> None:
    sessions = MemoryUserSessions()
    await sessions.keep(ONE)
    assert await sessions.end_of("epdg", ONE.origin_host, ONE.session_id) is None
    assert await sessions.end_of("pgw", "other.example", ONE.session_id) is None
    assert await sessions.end_of("pgw", "PGW.example", ONE.session_id) == ONE
    assert await sessions.end_of("pgw", ONE.origin_host, ONE.session_id) is None
