"""Sessions are what their records say together, in whatever order and however often those come."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, func, insert, select

from hss.models import AccessGrant, AccessSession, AccountingEntry, Departure
from hss.session_api import (
    SILENT,
    UNKNOWN_TO_NAS,
    AccountingRecord,
    AccountingStatus,
    Session,
    SessionQuery,
    Usage,
)
from hss.sessions.listing import find_sessions
from hss.sessions.recording import end_session, record_all
from hss.store.engines import transaction, writer_engine
from hss.store.location import Location
from tests.hss.sessions.events import CLASS, IMSI, NOON, event, interim, nas_on, start, stop
from wire.identity import Imsi

LIFE = [start(), interim(60, 5000), interim(120, 9000), stop(180, 12000)]


def keep(location: Location, *records: AccountingRecord) -> list[bool]:
    """All of them in one transaction."""
    with transaction(location) as connection:
        return record_all(connection, records)


def found(location: Location) -> Sequence[Session]:
    """Every session, the oldest first."""
    with transaction(location) as connection:
        return find_sessions(connection, SessionQuery(ended=True))[::-1]


def entries(location: Location) -> int:
    with transaction(location) as connection:
        return connection.scalar(select(func.count()).select_from(AccountingEntry)) or 0


def let_in(location: Location) -> None:
    """The authentication before it all."""
    with transaction(location) as connection:
        insert_grant(connection, CLASS)


def insert_grant(connection: Connection, radius_class: bytes) -> None:
    values = {"imsi": str(IMSI), "user_name": "u", "method": "AKA", "client": "lab", "nas": "ap1", "at": NOON}
    connection.execute(insert(AccessGrant).values(radius_class=radius_class, **values))


def test_session_is_told_by_its_records(location: Location) -> None:
    let_in(location)
    assert [keep(location, record) for record in LIFE] == [[True]] * 4
    (session,) = found(location)
    assert (session.imsi, session.client, session.nas, session.session_id) == (IMSI, "lab", "ap1", "0001")
    assert (session.started, session.updated, session.ended) == (NOON, NOON + timedelta(0, 180), session.updated)
    assert session.end_cause == "user-request"
    assert session.usage == Usage(180, 12000, 12000, 1, 2)
    assert entries(location) == 4


def test_session_without_a_class_is_his_whom_its_record_names(location: Location) -> None:
    other = Imsi("001010000000009")
    let_in(location)
    named = [replace(one, imsi=other) for one in (start(radius_class=None), stop(60, radius_class=None))]
    keep(location, named[0])
    assert [one.imsi for one in found(location)] == [other]
    keep(location, named[1])
    with transaction(location) as connection:
        assert connection.execute(select(Departure.imsi, Departure.telling)).all() == [(str(other), False)]
    keep(location, replace(start(session="0002"), imsi=other))
    assert found(location)[1].imsi == IMSI, "what its Class says counts"


def test_session_without_a_class_that_is_told_late_may_have_been_taken_for_over(location: Location) -> None:
    keep(location, replace(interim(7200, radius_class=None), imsi=IMSI))
    with transaction(location) as connection:
        assert connection.execute(select(Departure.imsi, Departure.telling)).all() == [(str(IMSI), True)]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4)))[::3])
def test_order_changes_nothing(location: Location, order: tuple[int, ...]) -> None:
    for place in order:
        keep(location, LIFE[place])
    (session,) = found(location)
    assert (session.started, session.ended, session.usage.octets_in) == (NOON, NOON + timedelta(0, 180), 12000)


def test_one_transaction_does_as_many_do(location: Location) -> None:
    assert keep(location, *LIFE) == [True] * 4
    (session,) = found(location)
    assert (session.usage.octets_out, session.end_cause) == (12000, "user-request")


def test_retransmission_is_kept_once(location: Location) -> None:
    assert keep(location, LIFE[0], LIFE[0], LIFE[3]) == [True, False, True]
    assert keep(location, LIFE[3], LIFE[0]) == [False, False]
    assert entries(location) == 2
    assert len(found(location)) == 1


def alike(record: AccountingRecord, first: AccountingRecord) -> AccountingRecord:
    """`record` of a NAS that says nothing else than it said `first`."""
    return replace(record, fingerprint=first.fingerprint)


def test_on_that_says_what_the_last_one_said_is_another_and_a_retransmission_is_none(location: Location) -> None:
    first = nas_on(0)
    again = alike(nas_on(100), first)
    assert keep(location, first, start(10)) == [True, True]
    assert keep(location, replace(first, received=NOON + timedelta(0, 90))) == [False]
    assert [one.end_cause for one in found(location)] == [None]
    assert keep(location, again) == [True]
    assert [one.end_cause for one in found(location)] == ["nas-restarted"]
    assert keep(location, again, first) == [False, False]
    assert entries(location) == 3


def test_session_that_says_what_an_old_one_said_is_another(location: Location) -> None:
    first = start(radius_class=None)
    keep(location, first, stop(60, radius_class=None))
    assert keep(location, alike(start(600, radius_class=None), first)) == [False]
    assert keep(location, alike(start(86400, radius_class=None), first)) == [True]
    assert [one.ended is None for one in found(location)] == [False, True]


def test_on_ends_what_the_nas_had_and_a_late_stop_says_it_better(location: Location) -> None:
    keep(location, start(), start(session="0002"), start(nas="ap2"), nas_on(100))
    assert [(one.nas, one.end_cause) for one in found(location)].count(("ap1", "nas-restarted")) == 2
    assert [one.ended for one in found(location) if one.nas == "ap2"] == [None]
    keep(location, stop(90, 7))
    causes = {one.session_id: (one.end_cause, one.ended) for one in found(location) if one.nas == "ap1"}
    assert causes["0001"] == ("user-request", NOON + timedelta(0, 90))


def test_on_ends_nothing_that_began_after_it(location: Location) -> None:
    keep(location, start(200), nas_on(100))
    assert [one.ended for one in found(location)] == [None]


def test_session_id_used_again_is_another_session(location: Location) -> None:
    again = b"another"
    keep(location, *LIFE, start(1000, radius_class=again), stop(1100, 5, radius_class=again))
    assert [(one.radius_class, one.usage.octets_in) for one in found(location)] == [(CLASS, 12000), (again, 5)]


def test_start_without_its_delay_behind_its_own_stop_begins_nothing(location: Location) -> None:
    keep(location, stop(1, 5), start(4))
    (session,) = found(location)
    assert (session.ended, session.usage.octets_in) == (NOON + timedelta(0, 1), 5)
    keep(location, start(4, radius_class=b"another"))
    assert [one.ended is None for one in found(location)] == [False, True]


def test_interim_long_after_the_stop_is_another_session(location: Location) -> None:
    keep(location, *LIFE, interim(200, 1))
    assert len(found(location)) == 1
    keep(location, interim(1000, 1))
    assert [one.ended is None for one in found(location)] == [False, True]


def test_interim_of_before_the_stop_begins_nothing_however_late_it_comes(location: Location) -> None:
    late = replace(interim(1000, 9000), usage=Usage(120, 9000, 9000, 1, 2))
    keep(location, *LIFE, late)
    (session,) = found(location)
    assert (session.ended, session.usage.octets_in) == (NOON + timedelta(0, 180), 12000)
    of_another = replace(late, fingerprint=bytes(32), radius_class=b"another")
    keep(location, of_another)
    assert [one.ended is None for one in found(location)] == [False, True]


@pytest.mark.parametrize("cause", [SILENT, UNKNOWN_TO_NAS])
def test_session_taken_for_ended_goes_on_when_its_nas_says_so(location: Location, cause: str) -> None:
    keep(location, start(), interim(60, 1000))
    number = found(location)[0].number
    with transaction(location) as connection:
        end_session(connection, number, cause, NOON + timedelta(0, 3600))
    keep(location, interim(3610, 1200))
    assert [one.end_cause for one in found(location)] == [cause]
    keep(location, interim(7200, 1500))
    assert [(one.ended, one.end_cause, one.usage.octets_in) for one in found(location)] == [(None, None, 1500)]
    keep(location, stop(7300, 1600))
    assert [(one.end_cause, one.usage.octets_in) for one in found(location)] == [("user-request", 1600)]


def test_start_with_another_class_replaces_a_session_whose_stop_was_lost(location: Location) -> None:
    keep(location, start(), interim(60, 4), start(500, radius_class=b"another"))
    assert [(one.end_cause, one.ended) for one in found(location)] == [
        ("replaced", NOON + timedelta(0, 60)),
        (None, None),
    ]


def test_user_of_a_session_that_was_replaced_may_have_left(location: Location) -> None:
    let_in(location)
    keep(location, start(), start(500, radius_class=b"another"))
    with transaction(location) as connection:
        assert connection.execute(select(Departure.imsi, Departure.not_before)).all() == [
            (str(IMSI), NOON + timedelta(0, 500))
        ]


def to_be_looked_into(location: Location) -> list[tuple[str, bool]]:
    """Users who may have left, each with whether the HSS may have been told so."""
    with transaction(location) as connection:
        return [(imsi, telling) for imsi, telling in connection.execute(select(Departure.imsi, Departure.telling))]


def test_user_of_a_session_that_goes_on_after_all_may_have_been_deregistered(location: Location) -> None:
    let_in(location)
    keep(location, start(), nas_on(30), interim(120, 9000))
    assert to_be_looked_into(location) == [(str(IMSI), False), (str(IMSI), True)]


@pytest.mark.parametrize("record", [start(121), interim(121)], ids=["Start", "Interim-Update"])
def test_user_whose_accounting_comes_late_may_have_been_deregistered(
    location: Location, record: AccountingRecord
) -> None:
    let_in(location)
    keep(location, record, interim(180))
    assert to_be_looked_into(location) == [(str(IMSI), True)]


def test_user_whose_accounting_comes_in_time_is_here(location: Location) -> None:
    let_in(location)
    keep(location, start(119), interim(180))
    keep(location, interim(240))
    assert to_be_looked_into(location) == []


def test_new_class_of_a_reauthentication_stays_in_its_session(location: Location) -> None:
    keep(location, start(), interim(60, 4, radius_class=b"another"))
    (session,) = found(location)
    assert (session.radius_class, session.ended) == (b"another", None)


def test_same_id_at_two_nases_or_clients_is_two_sessions(location: Location) -> None:
    keep(location, start(), start(nas="ap2"), start(client="other"))
    assert len(found(location)) == 3
    with transaction(location) as connection:
        assert connection.scalar(select(func.count(AccessSession.session_key.distinct()))) == 3


def test_largest_counters_are_kept(location: Location) -> None:
    keep(location, interim(5, (1 << 63) - 1))
    assert found(location)[0].usage.octets_in == (1 << 63) - 1


KNOWN, UNKNOWN = CLASS[:-1] + b"1", b"nobody's"
events = st.builds(
    event,
    st.sampled_from(
        [AccountingStatus.START, AccountingStatus.INTERIM, AccountingStatus.STOP] * 3 + list(AccountingStatus)
    ),
    st.sampled_from([0, 30, 59, 61, 100, 121, 180, 240, 4000, 90000]),
    session=st.sampled_from(["0001", "0002", "0003"]),
    nas=st.sampled_from(["ap1", "ap1", "ap2"]),
    radius_class=st.sampled_from([CLASS, CLASS, KNOWN, UNKNOWN, None]),
    usage=st.builds(Usage, *[st.none() | st.integers(0, 200)] * 5),
    end_cause=st.sampled_from([None, "user-request"]),
)


def tables(connection: Connection) -> list[list[tuple[object, ...]]]:
    """All that records left behind, but for the order of rows and for fingerprints that were given up."""
    found: list[list[tuple[object, ...]]] = []
    for table in (AccountingEntry.__table__, AccessSession.__table__, Departure.__table__):
        columns = [column for column in table.columns if column.name not in {"id", "fingerprint"}]
        found.append(sorted((tuple(row) for row in connection.execute(select(*columns))), key=repr))
    return found


def left_behind(connection: Connection, batches: Sequence[Sequence[AccountingRecord]]) -> object:
    """What these leave in empty tables, and which of them were new; nothing of it stays."""
    with connection.begin() as undone:
        for radius_class in (CLASS, KNOWN):
            insert_grant(connection, radius_class)
        new = [is_new for batch in batches for is_new in record_all(connection, batch)]
        left = tables(connection)
        undone.rollback()
    return new, left


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_records_at_once_do_what_they_do_one_by_one(location: Location, data: st.DataObject) -> None:
    said = data.draw(st.lists(events, min_size=2, max_size=12))
    again = [
        replace(one, received=one.received + timedelta(0, 5)) for one in data.draw(st.lists(st.sampled_from(said)))
    ]
    records = data.draw(st.permutations([*said, *again]))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(records) - 1), max_size=2)))
    batches = [records[begin:end] for begin, end in itertools.pairwise([0, *cuts, len(records)])]
    engine = writer_engine(location)
    with engine.connect() as connection:
        alone = left_behind(connection, [[one] for one in records])
        assert left_behind(connection, batches) == alone
    engine.dispose()
