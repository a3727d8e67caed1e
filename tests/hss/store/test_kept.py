"""A connection is kept while it is used, looked at after a pause, and replaced when it broke."""

from pathlib import Path

import pytest
from sqlalchemy import event, text

from hss.store.engines import reader_engine, transaction, writer_engine
from hss.store.errors import StoreBusy, StoreUnavailable, store_errors
from hss.store.kept import KeptConnection
from hss.store.location import Location
from tests.hss.conftest import wait_little
from tests.postgres import PostgresServer


def test_one_connection_serves_every_transaction(location: Location) -> None:
    engine = writer_engine(location)
    taken: list[object] = []
    event.listen(engine, "checkout", lambda *about: taken.append(about))
    kept = KeptConnection(engine)
    for number in range(3):
        with kept.transaction() as connection:
            connection.execute(text("INSERT INTO requesting_node VALUES (:name, 5, :ind, 0, 0, NULL)"), _node(number))
    assert len(taken) == 1
    kept.close()
    with transaction(location, read_only=True) as connection:
        assert connection.execute(text("SELECT count(*) FROM requesting_node")).scalar_one() == 3


def test_nothing_stays_of_what_failed_and_the_next_is_served(location: Location) -> None:
    kept = KeptConnection(writer_engine(location))
    for error in (LookupError, KeyboardInterrupt):
        with pytest.raises(error):
            _fail(kept, error)
    with pytest.raises(StoreUnavailable, match="nowhere"), store_errors(), kept.transaction() as connection:
        connection.execute(text("SELECT * FROM nowhere"))
    with kept.transaction() as connection:
        assert connection.execute(text("SELECT count(*) FROM requesting_node")).scalar_one() == 0
    kept.close()


def _fail(kept: KeptConnection, error: type[BaseException]) -> None:
    with kept.transaction() as connection:
        connection.execute(text("INSERT INTO requesting_node VALUES (:name, 5, :ind, 0, 0, NULL)"), _node(1))
        raise error


def _node(number: int) -> dict[str, object]:
    return {"name": f"n{number}", "ind": number}


def test_transaction_that_cannot_begin_is_busy(database_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wait_little(monkeypatch)
    kept = KeptConnection(writer_engine(database_path))
    with transaction(database_path), pytest.raises(StoreBusy, match="locked"), store_errors(), kept.transaction():
        pass
    with store_errors(), kept.transaction() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1
    kept.close()


def process_of(kept: KeptConnection) -> int:
    """Which server process the connection has."""
    with store_errors(), kept.transaction() as connection:
        return int(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())


@pytest.mark.interop
@pytest.mark.parametrize("pause", [0.0, 60.0])
def test_connection_that_was_cut_is_replaced(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch, pause: float
) -> None:
    monkeypatch.setattr("hss.store.kept.PAUSE", pause)
    kept = KeptConnection(reader_engine(postgres.new_database("empty"), 1))
    before = process_of(kept)
    postgres.execute(f"SELECT pg_terminate_backend({before})")
    if pause:
        # cut in use, it says so once
        with pytest.raises(StoreUnavailable):
            process_of(kept)
    assert process_of(kept) != before
    kept.close()
