"""What is given to the driver itself says, does and refuses what SQLAlchemy would have."""

import pytest
from sqlalchemy import column, select, table, update

from hss.models import Subscriber, SubscriberState
from hss.store.engines import transaction, writer_engine
from hss.store.errors import StoreConflict, StoreUnavailable, store_errors
from hss.store.kept import KeptConnection
from hss.store.location import Location
from hss.store.prepared import Prepared
from hss.store.rowset import ROWS, number, rowset
from tests.hss.conftest import Registry
from tests.postgres import PostgresServer

IMSIS = ("001010000000001", "001010000000002", "001010000000003")
WANTED = rowset()
ENABLED = (
    select(Subscriber.imsi, Subscriber.k, Subscriber.amf, number(WANTED, 0), Subscriber.msisdn)
    .select_from(WANTED)
    .join(Subscriber, Subscriber.imsi == WANTED.c.key)
    .where(Subscriber.state == SubscriberState.ENABLED)
    .order_by(Subscriber.imsi)
)
ROWS_OF_ALL = {imsi: (place,) for place, imsi in enumerate(IMSIS)}
MOVED = (
    update(Subscriber)
    .where(Subscriber.imsi == WANTED.c.key)
    .values(amf=number(WANTED, 0))
    .returning(Subscriber.imsi, Subscriber.amf)
)


@pytest.fixture(autouse=True)
def _three(registry: Registry) -> None:
    for imsi in IMSIS:
        registry.add(imsi, amf=0x8000)
    registry.set(registry.add("001010000000004").imsi, state=SubscriberState.BARRED)


def test_rows_are_those_of_sqlalchemy(location: Location) -> None:
    prepared = Prepared(ENABLED)
    with transaction(location) as connection:
        for wanted in ({}, ROWS_OF_ALL, {**ROWS_OF_ALL, "001010000000004": (4,)}):
            found = [tuple(row) for row in connection.execute(ENABLED, {ROWS: wanted})]
            assert [tuple(row) for row in prepared.rows(connection, wanted)] == found
    assert len(found) == 3


def test_change_is_part_of_the_transaction(location: Location) -> None:
    moved = Prepared(MOVED)
    engine = writer_engine(location)
    with engine.connect() as connection:
        assert dict(moved.rows(connection, {IMSIS[0]: (7,)})) == {IMSIS[0]: 7}
        connection.rollback()
        assert [row[2] for row in Prepared(ENABLED).rows(connection, ROWS_OF_ALL)] == [0x8000] * 3
    engine.dispose()


def test_refusals_are_the_store_s_and_show_no_value(location: Location) -> None:
    nowhere = Prepared(select(column("imsi")).select_from(table("nowhere").join(WANTED, WANTED.c.key == "")))
    with pytest.raises(StoreUnavailable, match="nowhere"), store_errors(), transaction(location) as connection:
        nowhere.rows(connection, {})
    with pytest.raises(StoreConflict) as caught, transaction(location) as connection:
        Prepared(MOVED).rows(connection, {IMSIS[0]: (-1,)})
    assert IMSIS[0] not in str(caught.value)
    assert "amf" in str(caught.value)


@pytest.mark.interop
def test_connection_that_was_cut_is_replaced(postgres: PostgresServer) -> None:
    kept = KeptConnection(writer_engine(postgres.new_database("empty")))
    with kept.transaction() as connection:
        process = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    postgres.execute(f"SELECT pg_terminate_backend({process})")
    with pytest.raises(StoreUnavailable), store_errors(), kept.transaction() as connection:
        Prepared(ENABLED).rows(connection, {})
    with kept.transaction() as connection:
        assert Prepared(ENABLED).rows(connection, {}) == []
    kept.close()
