"""What is kept of a session in SQL is all of it."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

import pytest

from aaa.ledger import SharedStore
from aaa.messages import Access
from aaa.sql_user_sessions import SqlUserSessions
from aaa.user_sessions import UserSession
from hss.api import Ambr, ApnProfile, PdnType, Profile, SpecificApn
from tests.aaa.memory_hss import IMSI
from tests.aaa.test_user_sessions import ONE, OTHER, TWO
from tests.hss.sessions.events import NOON

FULL = replace(
    ONE,
    profile=Profile(
        IMSI,
        (
            ApnProfile(
                1,
                "internet",
                PdnType.IPV4V6,
                IPv6Address("2001:db8::5"),
                IPv4Address("192.0.2.5"),
                Ambr(1, 2),
                IPv6Address("2001:db8::1"),
            ),
            ApnProfile(2, "*", specific=(SpecificApn("ims", IPv4Address("192.0.2.1")),)),
        ),
        default_context_id=1,
        session_timeout=60,
        msisdn="4917012345",
        rat_types_refused=frozenset({0, 3}),
        mip6_features=1 << 50,
        ambr=Ambr(3, 4),
    ),
    access=Access(3, 1 << 60, every_apn=True),
    pdn_gw=IPv6Address("2001:db8::1"),
    user_name="ünïcode@example",
)


@pytest.mark.parametrize("session", [ONE, FULL, replace(ONE, apn=None, ending=True)])
async def test_session_comes_back_whole(shared: SharedStore, session: UserSession) -> None:
    sessions = SqlUserSessions(shared.active, lambda: NOON)
    assert await sessions.keep(session)
    assert await sessions.find(session.session_id) == session
    assert await sessions.of_user(IMSI) == (session,)


async def test_another_process_changes_and_ends_it(shared: SharedStore) -> None:
    one, other = (SqlUserSessions(shared.active, lambda: NOON) for _ in range(2))
    for session in (ONE, TWO, OTHER):
        await one.keep(session)
    assert await other.change(replace(ONE, ending=True))
    assert [session.ending for session in await one.of_user(IMSI)] in ([True, False], [False, True])
    assert await other.end(TWO.session_id)
    assert not await one.end(TWO.session_id)
    assert not await one.change(TWO)


async def test_session_id_of_another_gateway_is_not_taken(shared: SharedStore) -> None:
    sessions = SqlUserSessions(shared.active, lambda: NOON)
    await sessions.keep(ONE)
    assert not await sessions.keep(replace(ONE, peer="epdg"))
    assert await sessions.find(ONE.session_id) == ONE


async def test_sessions_of_a_gateway_are_found_by_any_process(shared: SharedStore) -> None:
    sessions = SqlUserSessions(shared.active, lambda: NOON)
    begun = replace(OTHER, state_id=7)
    for session in (ONE, TWO, begun):
        await sessions.keep(session)
    found = await sessions.of_gateway("pgw", "PGW.example")
    assert sorted(found, key=lambda one: one.session_id) == [ONE, begun]
    assert await sessions.of_gateway("pgw", "pgw.example", found[0].session_id) == found[1:]
    assert await sessions.of_gateway("pgw", "pgw.example", found[1].session_id) == ()


async def test_session_is_ended_by_its_own_gateway_alone(shared: SharedStore) -> None:
    sessions = SqlUserSessions(shared.active, lambda: NOON)
    await sessions.keep(FULL)
    assert await sessions.end_of("epdg", FULL.origin_host, FULL.session_id) is None
    assert await sessions.end_of("pgw", "other.example", FULL.session_id) is None
    assert await sessions.end_of("pgw", "PGW.example", FULL.session_id) == FULL
    assert await sessions.end_of("pgw", FULL.origin_host, FULL.session_id) is None
