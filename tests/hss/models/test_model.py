"""Every column says what it is, and names of constraints and moments are the same on every engine."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import DateTime
from sqlalchemy.dialects import postgresql, sqlite

from hss.models import Model
from hss.models.model import Utc


def test_every_column_says_what_it_is() -> None:
    columns = 0
    for path in (Path(__file__).parents[3] / "hss" / "models").glob("*.py"):
        lines = path.read_text().splitlines()
        starts = [number for number, line in enumerate(lines) if ": Mapped[" in line]
        columns += len(starts)
        for start, end in pairwise([*starts, len(lines)]):
            assert any(line.startswith('    """') for line in lines[start:end]), lines[start]
    assert columns == sum(len(table.c) for table in Model.metadata.sorted_tables)


def test_every_constraint_has_a_name() -> None:
    constraints = [one for table in Model.metadata.sorted_tables for one in table.constraints]
    assert len(constraints) > 40
    assert [one for one in constraints if one.name is None] == []


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        (None, None),
        (datetime(2026, 1, 2), datetime(2026, 1, 2, tzinfo=UTC)),  # noqa: DTZ001 - as SQLite gives it
        (datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=1))), datetime(2026, 1, 1, 23, tzinfo=UTC)),
    ],
)
def test_moment_has_its_zone(stored: datetime | None, read: datetime | None) -> None:
    assert Utc().process_result_value(stored, sqlite.dialect()) == read


@pytest.mark.parametrize("moment", [datetime(2026, 1, 2, 3, 4, 5, 67, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC), None])
def test_sqlite_keeps_a_moment_as_sqlalchemy_writes_it(moment: datetime | None) -> None:
    dialect = sqlite.dialect()
    ours, theirs = Utc().dialect_impl(dialect), DateTime(timezone=True).dialect_impl(dialect)
    write, read = ours.bind_processor(dialect), ours.result_processor(dialect, None)
    expected = theirs.bind_processor(dialect)
    assert write is not None
    assert read is not None
    assert expected is not None
    assert write(moment) == expected(moment)
    assert read(write(moment)) == moment


def test_postgresql_keeps_a_moment_by_itself() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    assert Utc().bind_processor(dialect) is None
    read = Utc().result_processor(dialect, None)
    assert read is not None
    assert read(datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=1)))) == datetime(2026, 1, 1, 23, tzinfo=UTC)
