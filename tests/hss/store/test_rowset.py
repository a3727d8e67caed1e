"""Keys, numbers, texts and moments arrive in a statement as they left, however many there are."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import insert, select

from hss.models import Departure
from hss.store.engines import transaction
from hss.store.location import Location
from hss.store.rowset import ROWS, Rows, moment, number, rowset, string, written

WANTED = rowset()
STATEMENT = select(WANTED.c.key, number(WANTED, 0), number(WANTED, 1)).order_by(WANTED.c.key)


@pytest.mark.parametrize(
    "rows", [{}, {"001010000000001": (1, 2)}, {f"{n:015}": (n, (1 << 48) - n) for n in range(300)}]
)
def test_rows_arrive_whole(location: Location, rows: Rows) -> None:
    with transaction(location, read_only=True) as connection:
        found = connection.execute(STATEMENT, {ROWS: rows}).all()
    assert [tuple(row) for row in found] == [(key, *numbers) for key, numbers in sorted(rows.items())]


def test_texts_arrive_as_they_left(location: Location) -> None:
    rows = {
        f"{number:015}": (one, number) for number, one in enumerate(["aaa1.example", 'a "quoted" \\ one', "é", "7"])
    }
    statement = select(WANTED.c.key, string(WANTED, 0), number(WANTED, 1)).order_by(WANTED.c.key)
    with transaction(location, read_only=True) as connection:
        found = connection.execute(statement, {ROWS: rows}).all()
    assert [tuple(row) for row in found] == [(key, *values) for key, values in sorted(rows.items())]


NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.mark.parametrize("elsewhere", [UTC, timezone(timedelta(hours=5, minutes=30))])
@pytest.mark.parametrize("at", [NOON, NOON + timedelta(microseconds=1), NOON + timedelta(microseconds=999_990)])
def test_moments_are_those_of_the_columns(location: Location, at: datetime, elsewhere: timezone) -> None:
    columns = {"told": False, "telling": False, "seen_gone": False}
    begins = [at + timedelta(microseconds=step) for step in (-1, 0, 1)]
    known = select(Departure.not_before).order_by(Departure.not_before)
    with transaction(location) as connection:
        connection.execute(insert(Departure), [{"imsi": "1", "not_before": one, **columns} for one in begins])
        rows = {"a": (7, written(connection, at.astimezone(elsewhere)))}
        same = connection.scalars(known.where(Departure.not_before == moment(WANTED, 1)), {ROWS: rows}).all()
        later = connection.scalars(known.where(Departure.not_before > moment(WANTED, 1)), {ROWS: rows}).all()
        flags = [number(WANTED, 0) == 1] * len(columns)
        copied = select(WANTED.c.key, moment(WANTED, 1), *flags)
        connection.execute(insert(Departure).from_select(["imsi", "not_before", *columns], copied), {ROWS: rows})
        kept = connection.scalars(known.where(Departure.imsi == "a")).all()
    assert (same, later, kept) == ([at], begins[2:], [at])
