"""The HSS hears of the last session of a user, over RADIUS or Diameter, and of none before.

DEPARTURE_SEEDS=1000 lets users come and go by so many chances.
"""

import os
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from structlog.testing import capture_logs

from aaa.departing import AGAIN, EXPECTING, LONGEST_REST, SOON, UNREACHED, Departing
from aaa.ledger import SharedStore
from aaa.sql_user_sessions import SqlUserSessions
from hss.active_api import Known
from hss.api import Assignment, AssignmentRequest, Profile, Refusal, ServiceRefused
from hss.sessions.departures import AT_ONCE, GRACE, LEASE
from tests.aaa.comings_and_goings import Crowd
from tests.aaa.memory_hss import IMSI, MemoryHss, profile
from tests.aaa.test_user_sessions import ONE, TWO
from tests.hss.sessions.events import NOON, granted, start, stop
from wire.identity import Imsi

NODE = "aaa.example"
SEEDS = int(os.environ.get("DEPARTURE_SEEDS", "8"))
THREE = replace(TWO, session_id="three")
GONE = Assignment.USER_DEREGISTRATION


class Desk:
    """One process, and the clock of all of them."""

    def __init__(self, shared: SharedStore) -> None:
        self.now: datetime = NOON
        self.shared, self.hss = shared, MemoryHss()
        self.sessions = SqlUserSessions(shared.active, self.moment)
        self.departing = Departing(shared.departures, self.hss, NODE, self.moment)

    def moment(self) -> datetime:
        return self.now

    async def after(self, wait: timedelta = timedelta(0)) -> list[Assignment]:
        """What the HSS has heard since the last time."""
        self.now += wait
        before = len(self.hss.assignments)
        await self.departing.look()
        return [one.assignment for one in self.hss.assignments[before:]]


@pytest.fixture(name="desk")
def _desk(shared: SharedStore) -> Desk:
    return Desk(shared)


async def test_user_is_deregistered_with_the_last_session_of_either_kind(desk: Desk) -> None:
    ledger = desk.shared.ledger
    await desk.sessions.keep(ONE)
    await ledger.grant(granted())
    await ledger.record(start())
    await desk.sessions.end(ONE.session_id)
    assert await desk.after() == []
    await ledger.record(stop(1))
    assert await desk.after(timedelta(seconds=2)) == [GONE]
    assert desk.hss.assignments == [AssignmentRequest(IMSI, NODE, GONE)]
    assert await desk.after(SOON) == []
    assert await desk.after(AGAIN) == []
    assert not await desk.shared.departures.waiting(NOON + timedelta(days=1))


@pytest.mark.parametrize("is_back", [False, True])
async def test_process_that_died_over_telling_may_have_told(desk: Desk, is_back: bool) -> None:
    await desk.sessions.keep(ONE)
    await desk.sessions.end(ONE.session_id)
    (departure,) = await desk.shared.departures.claim(NOON)
    assert await desk.shared.departures.begin_telling(departure, NOON)
    if is_back:
        await desk.sessions.keep(TWO)
    assert await desk.after(LEASE) == [Assignment.REGISTRATION if is_back else GONE]
    assert await desk.after(AGAIN) == []
    assert await desk.after(AGAIN) == []
    assert not await desk.shared.departures.waiting(NOON + timedelta(days=1))


async def test_accounting_that_may_still_come_is_waited_for(desk: Desk) -> None:
    await desk.sessions.keep(ONE)
    await desk.shared.ledger.grant(granted())
    await desk.sessions.end(ONE.session_id)
    assert await desk.after() == []
    for _ in range(GRACE // EXPECTING - 1):
        assert await desk.after(EXPECTING) == []
    assert await desk.after(EXPECTING) == [GONE]


async def test_who_was_let_in_is_registered_again_when_his_accounting_comes_late(desk: Desk) -> None:
    await desk.sessions.keep(ONE)
    await desk.shared.ledger.grant(granted())
    await desk.sessions.end(ONE.session_id)
    heard = [await desk.after(wait) for wait in (timedelta(0), GRACE, SOON, AGAIN)]
    assert heard == [[], [GONE], [], []]
    await desk.shared.ledger.record(start((desk.now - NOON).total_seconds()))
    heard = [await desk.after(wait) for wait in (timedelta(0), SOON, AGAIN)]
    assert heard == [[Assignment.REGISTRATION], [], []]
    assert not await desk.shared.departures.waiting(NOON + timedelta(days=1))


@pytest.mark.parametrize("looks", [[SOON], [SOON, AGAIN]])
async def test_who_came_in_at_the_same_moment_is_registered_again(desk: Desk, looks: list[timedelta]) -> None:
    await desk.sessions.keep(ONE)
    await desk.sessions.end(ONE.session_id)
    assert await desk.after() == [GONE]
    *before, last = looks
    for wait in before:
        assert await desk.after(wait) == []
    await desk.sessions.keep(TWO)
    assert await desk.after(last) == [Assignment.REGISTRATION]
    assert await desk.after(AGAIN) == []


async def test_who_came_in_at_the_same_moment_and_left_another_session_is_registered_again(desk: Desk) -> None:
    await desk.sessions.keep(ONE)
    await desk.sessions.end(ONE.session_id)
    assert await desk.after() == [GONE]
    await desk.sessions.keep(TWO)
    await desk.sessions.keep(THREE)
    await desk.sessions.end(TWO.session_id)
    assert await desk.after(SOON) == [Assignment.REGISTRATION]
    assert await desk.after(SOON) == []
    assert not await desk.shared.departures.waiting(NOON + timedelta(days=1))


async def test_who_leaves_while_he_is_registered_again_is_told_of(desk: Desk) -> None:
    await desk.sessions.keep(ONE)
    await desk.sessions.end(ONE.session_id)
    await desk.after()
    await desk.sessions.keep(TWO)

    async def leave(_imsi: Imsi, _profile: Profile | None) -> bool:
        # another process sees the end of the session, and tells the HSS before it hears of the registration
        await desk.sessions.end(TWO.session_id)
        (departure,) = await desk.shared.departures.claim(desk.now)
        await desk.shared.departures.postpone(departure, desk.now + AGAIN, Known.SEEN_GONE)
        return True

    desk.departing.registered_again = leave
    assert await desk.after(SOON) == [Assignment.REGISTRATION]
    assert await desk.after(SOON) == [GONE]


async def test_each_process_looks_as_often_as_one_would(desk: Desk) -> None:
    other = Desk(desk.shared)

    async def after(wait: timedelta, whose: Desk) -> list[Assignment]:
        desk.now = other.now = desk.now + wait
        return await whose.after()

    await desk.sessions.keep(ONE)
    await desk.sessions.end(ONE.session_id)
    assert await after(timedelta(0), desk) == [GONE]
    assert await after(SOON, desk) == []
    await desk.sessions.keep(TWO)
    assert await after(AGAIN, other) == [Assignment.REGISTRATION]
    await desk.sessions.end(TWO.session_id)
    assert await after(SOON, other) == [GONE]
    assert await after(SOON, desk) == [], "that it has looked before was another time"
    await desk.sessions.keep(THREE)
    assert await after(AGAIN, desk) == [Assignment.REGISTRATION]


@pytest.mark.parametrize(
    ("refusal", "given"),
    [(None, profile()), (Refusal.SUBSCRIBER_BARRED, None), (Refusal.USER_UNKNOWN, None)],
)
async def test_who_was_registered_again_is_judged_by_what_the_hss_says_now(
    desk: Desk, refusal: Refusal | None, given: Profile | None
) -> None:
    judged: list[tuple[Imsi, Profile | None]] = []
    done = [False, True]

    async def registered_again(imsi: Imsi, told: Profile | None) -> bool:
        judged.append((imsi, told))
        return done.pop(0)

    desk.departing.registered_again = registered_again
    await desk.sessions.keep(ONE)
    await desk.sessions.end(ONE.session_id)
    await desk.after()
    await desk.sessions.keep(TWO)
    desk.hss.refuse_assign = None if refusal is None else ServiceRefused(refusal, "changed meanwhile")
    with capture_logs():
        assert await desk.after(SOON) == [Assignment.REGISTRATION]
        assert await desk.after(UNREACHED) == [Assignment.REGISTRATION]
        assert await desk.after(UNREACHED) == []
    assert judged == [(IMSI, given)] * 2


async def test_who_is_another_server_s_by_now_is_not_judged(desk: Desk) -> None:
    await desk.sessions.keep(ONE)
    await desk.sessions.end(ONE.session_id)
    await desk.after()
    await desk.sessions.keep(TWO)
    desk.hss.refuse_assign = ServiceRefused(Refusal.REGISTERED_ELSEWHERE, "", "other.example")
    with capture_logs():
        assert await desk.after(SOON) == [Assignment.REGISTRATION]
        assert await desk.after(UNREACHED) == []


@pytest.mark.parametrize("is_back", [False, True])
async def test_hss_that_does_not_answer_may_have_heard_and_is_asked_again(desk: Desk, is_back: bool) -> None:
    await desk.sessions.keep(ONE)
    await desk.sessions.end(ONE.session_id)
    desk.hss.refuse_assign = ServiceRefused(Refusal.UNAVAILABLE, "no connection")
    with capture_logs() as lines:
        await desk.after()
    assert [(line["event"], line["assignment"]) for line in lines] == [("hss not told", GONE.name)]
    desk.hss.refuse_assign = None
    assert await desk.after() == []
    if is_back:
        await desk.sessions.keep(TWO)
    assert await desk.after(UNREACHED) == [Assignment.REGISTRATION if is_back else GONE]


async def test_what_the_hss_refuses_for_good_is_not_repeated(desk: Desk) -> None:
    await desk.sessions.keep(ONE)
    await desk.sessions.end(ONE.session_id)
    desk.hss.refuse_assign = ServiceRefused(Refusal.INVALID_REQUEST, "another serves him")
    with capture_logs():
        await desk.after()
        await desk.after(SOON)
        await desk.after(AGAIN)
    assert not await desk.shared.departures.waiting(NOON + timedelta(days=1))


async def test_departure_outlives_the_process_that_saw_it(desk: Desk) -> None:
    await desk.sessions.keep(ONE)
    await desk.sessions.end(ONE.session_id)
    assert await desk.shared.departures.claim(desk.now), "that process is killed now"
    other = Desk(desk.shared)
    assert await other.after() == []
    assert await other.after(timedelta(seconds=16)) == [GONE]


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_whoever_has_a_session_is_registered_and_nobody_else(shared: SharedStore, seed: int) -> None:
    crowd = Crowd(shared, seed)
    await crowd.live()
    assert crowd.hss.registered == crowd.present()
    assert not await crowd.waiting()


async def test_others_come_first_between_some_departures_and_the_next(desk: Desk) -> None:
    rests: list[float] = []

    async def rest(seconds: float) -> None:
        rests.append(seconds)
        assert len(desk.hss.assignments) in {AT_ONCE, AT_ONCE + 1}

    desk.departing = Departing(desk.shared.departures, desk.hss, NODE, desk.moment, rest)
    for number in range(AT_ONCE + 1):
        session = replace(ONE, session_id=str(number), imsi=Imsi(f"001010000001{number:03}"))
        await desk.sessions.keep(session)
        await desk.sessions.end(session.session_id)
    assert await desk.after() == [GONE] * (AT_ONCE + 1)
    assert [0 < seconds <= LONGEST_REST for seconds in rests] == [True, True]
