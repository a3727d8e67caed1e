"""Whoever reads sessions sees those as over that were last heard of before their NAS began anew."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert, select

from hss.models import AccessSession, NasRestart
from hss.sessions.restarted import END_CAUSE, ENDED, IS_OPEN, IS_RESTARTED, RESTARTED_AT
from hss.store.engines import transaction
from hss.store.location import Location
from tests.hss.sessions.events import NOON

SESSION = {"client": "lab", "nas": "ap", "source": "192.0.2.1", "session_id": "1"}
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("of", "after", "over"),
    [
        ({}, 0, True),
        ({}, -5, True),
        ({}, 1, True),
        ({}, 30, True),
        ({}, 31, False),
        ({"nas": "another"}, 0, False),
        ({"client": "another"}, 0, False),
    ],
)
def test_session_is_over_that_was_last_heard_of_before(
    location: Location, of: dict[str, str], after: int, over: bool
) -> None:
    ends: list[datetime | None] = [None if not over else NOON if after <= 0 else NOON + 30 * SECOND]
    with transaction(location) as connection:
        for later in (30, 0):
            row = {"client": "lab", "nas": "ap", "at": NOON + later * SECOND, "not_before": NOON}
            connection.execute(insert(NasRestart).values(**row))
        connection.execute(insert(AccessSession).values(**SESSION | of, updated=NOON + after * SECOND))
        assert connection.scalars(select(ENDED)).all() == connection.scalars(select(RESTARTED_AT)).all() == ends
        assert connection.scalars(select(END_CAUSE)).all() == ["nas-restarted" if over else None]
        assert connection.scalars(select(AccessSession.id).where(IS_OPEN)).all() == ([] if over else [1])
        assert connection.scalars(select(AccessSession.id).where(IS_RESTARTED)).all() == ([1] if over else [])


def test_what_a_session_says_itself_counts(location: Location) -> None:
    with transaction(location) as connection:
        connection.execute(insert(NasRestart).values(client="lab", nas="ap", at=NOON, not_before=NOON))
        ended = {"updated": NOON - SECOND, "ended": NOON - SECOND}
        for cause in ("user-request", None):
            connection.execute(insert(AccessSession).values(**SESSION | ended, end_cause=cause))
        said = select(ENDED, END_CAUSE).order_by(AccessSession.id)
        assert connection.execute(said).all() == [(NOON - SECOND, "user-request"), (NOON - SECOND, None)]
