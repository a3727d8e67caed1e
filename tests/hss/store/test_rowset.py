"""Keys and numbers arrive in a statement as they left, however many there are."""

import pytest
from sqlalchemy import select

from hss.store.engines import transaction
from hss.store.location import Location
from hss.store.rowset import ROWS, Rows, number, rowset, string

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
