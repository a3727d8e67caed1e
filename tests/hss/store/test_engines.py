"""Transactions that are exclusive, durable and whole."""

from pathlib import Path

import pytest
from sqlalchemy import insert, select, text

from hss.models import RequestingNode
from hss.store.engines import reader_engine, transaction, transactions, writer_engine
from hss.store.errors import StoreConflict, StoreError, StoreUnavailable, store_errors


def test_writer_is_durable_and_exclusive(database_path: Path) -> None:
    engine = writer_engine(database_path)
    with engine.begin() as connection:
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(text("PRAGMA synchronous")) == 2
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1
        assert connection.scalar(text("PRAGMA temp_store")) == 2
        assert connection.connection.driver_connection is not None
        assert connection.connection.driver_connection.in_transaction
    engine.dispose()


def test_second_writer_waits_for_the_first(database_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hss.store.engines.BUSY_TIMEOUT", 0.01)
    first, second = writer_engine(database_path), writer_engine(database_path)
    with first.begin(), pytest.raises(StoreError, match="database is locked"), store_errors(), second.begin():
        pass
    with second.begin() as connection:
        connection.execute(insert(RequestingNode).values(name="aaa", ind_bits=5, ind=0))
    first.dispose()
    second.dispose()


def test_reading_command_disturbs_no_writer(database_path: Path) -> None:
    with transaction(database_path) as writing, transaction(database_path, read_only=True) as reading:
        writing.execute(insert(RequestingNode).values(name="aaa", ind_bits=5, ind=0))
        assert reading.scalars(select(RequestingNode.name)).all() == []


def test_reader_cannot_write(database_path: Path) -> None:
    engine = reader_engine(database_path)
    with pytest.raises(StoreUnavailable, match="readonly"), store_errors(), engine.begin() as connection:
        connection.execute(insert(RequestingNode).values(name="aaa", ind_bits=5, ind=0))
    engine.dispose()


def test_reader_sees_one_moment_beside_a_writer(database_path: Path) -> None:
    engine = reader_engine(database_path)
    with engine.begin() as reading:
        assert reading.scalars(select(RequestingNode.name)).all() == []
        with transaction(database_path) as writing:
            writing.execute(insert(RequestingNode).values(name="aaa", ind_bits=5, ind=0))
        assert reading.scalars(select(RequestingNode.name)).all() == []
    with engine.begin() as reading:
        assert reading.scalars(select(RequestingNode.name)).all() == ["aaa"]
    engine.dispose()


def test_transactions_follow_each_other_on_one_connection(database_path: Path) -> None:
    with transactions(database_path) as begin:
        with begin() as connection:
            first = connection.connection.driver_connection
        with transaction(database_path) as another:
            assert another.connection.driver_connection is not first
        with begin() as connection:
            assert connection.connection.driver_connection is first
            assert first is not None
            assert first.in_transaction


def test_failed_transaction_leaves_nothing(database_path: Path) -> None:
    def write_twice() -> None:
        with transaction(database_path) as connection:
            connection.execute(insert(RequestingNode).values(name="aaa", ind_bits=5, ind=0))
            connection.execute(insert(RequestingNode).values(name="bbb", ind_bits=5, ind=0))

    with pytest.raises(StoreConflict, match="UNIQUE"):
        write_twice()
    with transaction(database_path) as connection:
        assert connection.scalars(select(RequestingNode.name)).all() == []


def test_database_is_never_made_by_mistake(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="there is no database"), transaction(tmp_path / "x.sqlite"):
        pass
    engine = writer_engine(tmp_path / "x.sqlite")
    with pytest.raises(StoreUnavailable, match="unable to open"), store_errors(), engine.begin():
        pass
    assert list(tmp_path.iterdir()) == []
