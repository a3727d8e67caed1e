"""Rows go by few statements, and each is written, or settled, once."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from hss.models import AccessGrant
from hss.sessions.upsert import Insert
from hss.sessions.written import TOGETHER, Row, Written
from hss.store.engines import transaction
from hss.store.location import Location

NOW = datetime(2026, 11, 28, 12, 0, 0, 5000, tzinfo=UTC)


def grant(number: int, nas: str = "first") -> Row:
    columns = [column.name for column in AccessGrant.__table__.columns]
    about = {"radius_class": number.to_bytes(4), "nas": nas, "apn": None, "session_timeout": number}
    return dict.fromkeys(columns, "a") | about | {"at": NOW + timedelta(seconds=number)}


def kept(insert: Insert) -> Insert:
    return insert.on_conflict_do_nothing(index_elements=["radius_class"])


def replaced(insert: Insert) -> Insert:
    return insert.on_conflict_do_update(index_elements=["radius_class"], set_={"nas": insert.excluded.nas})


def test_every_row_is_written_whatever_their_number(location: Location) -> None:
    written = Written(AccessGrant, kept)
    with transaction(location) as connection:
        assert written.rows(connection, []) == 0
        for begin, count in ((0, 1), (1, TOGETHER), (1 + TOGETHER, 2 * TOGETHER + 3)):
            assert written.rows(connection, [grant(number) for number in range(begin, begin + count)]) == count
        numbers = connection.scalars(select(AccessGrant.session_timeout).order_by(AccessGrant.at)).all()
    assert numbers == list(range(3 * TOGETHER + 4))


def test_what_is_there_is_settled(location: Location) -> None:
    with transaction(location) as connection:
        assert Written(AccessGrant, kept).rows(connection, [grant(1), grant(2), grant(3)]) == 3
        assert Written(AccessGrant, kept).rows(connection, [grant(2, "later"), grant(4)]) == 1
        assert Written(AccessGrant, replaced).rows(connection, [grant(3, "later"), grant(5)]) == 2
        found = connection.execute(select(AccessGrant.session_timeout, AccessGrant.nas, AccessGrant.at)).all()
    assert sorted((number, nas, at) for number, nas, at in found) == [
        (number, "later" if number == 3 else "first", NOW + timedelta(seconds=number)) for number in range(1, 6)
    ]
