"""Rows go by few statements, and each is written, or settled, once."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Insert as AnyInsert
from sqlalchemy import select, update

from hss.models import AccessGrant, AccountingEntry, DiameterSession, RecordKind
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


def test_what_is_returned_is_of_those_that_were_written(location: Location) -> None:
    def told(insert: Insert) -> AnyInsert:
        return kept(insert).returning(AccessGrant.radius_class, AccessGrant.nas)

    written = Written(AccessGrant, told)
    with transaction(location) as connection:
        assert written.returned(connection, []) == []
        assert written.returned(connection, [grant(1)]) == [((1).to_bytes(4), "first")]
        found = written.returned(connection, [grant(number) for number in range(2 * TOGETHER)])
    assert sorted(found) == [(number.to_bytes(4), "first") for number in range(2 * TOGETHER) if number != 1]


@pytest.mark.parametrize("count", [1, 2, 3, TOGETHER])
def test_what_is_settled_by_values_has_them_for_each_number_of_rows(location: Location, count: int) -> None:
    def some(insert: Insert) -> AnyInsert:
        chosen = (AccessGrant.session_timeout == 0) | (AccessGrant.session_timeout == 2)
        changed = {"nas": insert.excluded.nas, "apn": "internet"}
        return insert.on_conflict_do_update(index_elements=["radius_class"], set_=changed, where=chosen)

    rows = [grant(number) for number in range(count)]
    later = [grant(number, "later") for number in range(count)]
    with transaction(location) as connection:
        written = Written(AccessGrant, some)
        assert written.rows(connection, rows) == count
        connection.execute(update(AccessGrant).values(nas="between"))
        assert written.rows(connection, later) == len({0, 2} & set(range(count)))
        found = connection.execute(select(AccessGrant.session_timeout, AccessGrant.nas, AccessGrant.apn)).all()
    assert sorted(found) == [
        (number, "later", "internet") if number in {0, 2} else (number, "between", None) for number in range(count)
    ]


def test_every_kind_of_value_is_written_as_sqlalchemy_would(location: Location) -> None:
    entry = dict.fromkeys((column.name for column in AccountingEntry.__table__.columns if column.name != "id"), "a")
    counters: dict[str, object] = dict.fromkeys(("seconds", "octets_in", "octets_out", "packets_in", "packets_out"))
    said = {
        "kind": RecordKind.STOP,
        "session_key": bytes(range(16)),
        "radius_class": None,
        "user_name": 'é "\\ \U0001f600',
    }
    moments = {"at": NOW.replace(microsecond=0), "received": NOW}
    rows = [
        {**entry, **counters, **said, **moments, "fingerprint": bytes((number, 0, 255)) * 10 + b"\0" * number}
        for number in range(3)
    ]
    rows[1] |= {"octets_in": (1 << 63) - 1, "seconds": 0, "end_cause": None}
    chosen = select(*AccountingEntry.__table__.columns).order_by(AccountingEntry.id)
    session = dict.fromkeys((column.name for column in DiameterSession.__table__.columns), "b") | {
        "session_key": b"\xff" * 32, "imsi": "001010000000001", "ending": True, "started": NOW, "updated": NOW,
        "until": None,
    }  # fmt: skip
    with transaction(location) as connection:
        nothing = Written(AccountingEntry, lambda insert: insert.on_conflict_do_nothing())
        assert nothing.rows(connection, rows) == 3
        found = [row._asdict() for row in connection.execute(chosen)]
        assert Written(DiameterSession, lambda insert: insert.on_conflict_do_nothing()).rows(connection, [session]) == 1
        read = connection.execute(select(*DiameterSession.__table__.columns)).one()._asdict()
    assert [{name: value for name, value in row.items() if name != "id"} for row in found] == rows
    assert read == session
