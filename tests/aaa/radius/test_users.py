"""What a changed or removed subscription does to sessions of RADIUS clients."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pytest
from structlog.testing import capture_logs

from aaa.ledger import SharedStore
from aaa.radius.dynamic import FOREVER, Done, Outcome, Refused, Unanswered
from aaa.radius.users import RadiusUsers
from hss.api import ApnProfile, Profile
from hss.session_api import Session
from tests.aaa.memory_hss import IMSI, INTERNET, profile
from tests.hss.sessions.events import NOON, granted, start, stop
from wire.radius.packet import Attribute

PROFILE = profile()
UNLIMITED = replace(PROFILE, session_timeout=None)


class Asking:
    """Every NAS answers the same."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.asked: list[Sequence[Attribute] | None] = []

    async def ask(self, session: Session, moment: datetime, changes: Sequence[Attribute] | None) -> Outcome:
        assert (session.session_id, moment) == ("0001", NOON)
        self.asked.append(changes)
        return self.outcome


async def users_with(shared: SharedStore, outcome: Outcome) -> tuple[RadiusUsers, Asking, Session]:
    """One open session beside one that has ended, and the NAS of both."""
    await shared.ledger.grant(replace(granted(), session_timeout=3600))
    for record in (start(), start(session="0002"), stop(5, session="0002")):
        await shared.ledger.record(record)
    asking = Asking(outcome)
    users = RadiusUsers(shared.ledger, asking, lambda: NOON)  # type: ignore[arg-type]
    (session,) = await users.of_user(IMSI)
    return users, asking, session


def timeout(seconds: int) -> tuple[Attribute, ...]:
    return (Attribute.of("Session-Timeout", seconds),)


@pytest.mark.parametrize(
    ("after", "asked"),
    [
        (PROFILE, []),
        (profile(INTERNET, ApnProfile(2, "ims")), []),
        (replace(PROFILE, session_timeout=60), [timeout(60)]),
        (UNLIMITED, [timeout(FOREVER)]),
        (profile(ApnProfile(2, "ims")), [None]),
    ],
    ids=["the same", "another APN beside it", "a shorter limit", "no limit", "without its APN"],
)
async def test_profile_changes_what_its_session_may_have(
    shared: SharedStore, after: Profile, asked: list[Sequence[Attribute] | None]
) -> None:
    users, asking, session = await users_with(shared, Done())
    assert await users.change(session, after)
    assert asking.asked == asked
    (changed,) = await users.of_user(IMSI)
    assert changed.session_timeout == (3600 if asked in ([], [None]) else after.session_timeout)
    if asked not in ([], [None]):
        assert await users.change(changed, after)
        assert asking.asked == asked, "told once is enough"


async def test_session_that_its_nas_does_not_know_is_over(shared: SharedStore) -> None:
    users, _, session = await users_with(shared, Refused("session context not found (503)", is_unknown=True))
    assert await users.disconnect(session)
    assert await users.of_user(IMSI) == ()


@pytest.mark.parametrize("outcome", [Unanswered("no answer"), Refused("prohibited (501)", is_unknown=False)])
async def test_nas_that_does_not_do_it_is_one_line(shared: SharedStore, outcome: Unanswered | Refused) -> None:
    users, _, session = await users_with(shared, outcome)
    with capture_logs() as lines:
        assert not await users.disconnect(session)
        assert not await users.change(session, UNLIMITED)
    assert [(line["event"], line["cause"]) for line in lines] == [
        ("session not disconnected", outcome.cause),
        ("session not changed", outcome.cause),
    ]
    (kept,) = await users.of_user(IMSI)
    assert kept == session


@pytest.mark.parametrize("is_final", [True, False])
async def test_nas_that_cannot_be_told_is_not_asked_again(shared: SharedStore, is_final: bool) -> None:
    users, _, session = await users_with(shared, Unanswered("silence", is_final=is_final))
    with capture_logs() as lines:
        assert await users.disconnect(session) is is_final
    assert [(line["event"], line["cause"]) for line in lines] == [("session not disconnected", "silence")]
    assert await users.of_user(IMSI) == (session,), "its NAS has not ended it"
