"""What is given to the driver itself is in the transaction of SQLAlchemy, and fails as SQLAlchemy does."""

import pytest
from sqlalchemy.exc import DBAPIError

from hss.store.driver import executed
from hss.store.engines import writer_engine
from hss.store.location import Location


def test_statement_goes_with_the_transaction_that_it_began(location: Location) -> None:
    engine = writer_engine(location)
    with engine.connect() as connection:
        with executed(connection, "CREATE TABLE tried (one INTEGER)", ()):
            assert connection.in_transaction()
        connection.rollback()
        with pytest.raises(DBAPIError, match="tried"), executed(connection, "SELECT one FROM tried", ()):
            raise AssertionError("the table is gone")
    engine.dispose()


def test_rows_and_their_number_are_the_driver_s(location: Location) -> None:
    engine = writer_engine(location)
    with engine.connect() as connection:
        with executed(connection, "SELECT 7 UNION SELECT 8 ORDER BY 1", ()) as cursor:
            assert [tuple(row) for row in cursor.fetchall()] == [(7,), (8,)]
        with executed(connection, "DELETE FROM diameter_session", ()) as cursor:
            assert cursor.rowcount == 0
    engine.dispose()
