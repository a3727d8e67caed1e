"""PostgreSQL keeps its word: on disk at the commit, bounded waits, readers that cannot write."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Connection, Engine, text

from hss.api import Assignment, AssignmentRequest
from hss.counting.allocation import Allocated, Allocation, allocate
from hss.registrations import standing
from hss.sessions.recording import record_all
from hss.store.engines import transaction
from hss.store.errors import StoreBusy, StoreConflict, StoreUnavailable, store_errors
from hss.store.postgres import postgres_at_once_engine, postgres_engine
from tests.hss.conftest import wait_little
from tests.hss.sessions.events import interim, start
from tests.postgres import PostgresServer
from wire.identity import Imsi

pytestmark = pytest.mark.interop

Shown = Callable[[Connection, str], str]


@pytest.fixture
def connection(postgres: PostgresServer) -> Iterator[Connection]:
    engine = postgres_engine(postgres.new_database("empty"), connections=1)
    with engine.connect() as one:
        yield one
    engine.dispose()


def setting(connection: Connection, name: str) -> str:
    return str(connection.exec_driver_sql(f"SHOW {name}").scalar_one())


def test_writer_is_durable_whatever_the_server_says(connection: Connection, postgres: PostgresServer) -> None:
    assert setting(connection, "synchronous_commit") == "on"
    assert setting(connection, "statement_timeout") == "4s"
    assert setting(connection, "lock_timeout") == "3s"
    assert setting(connection, "application_name") == "akadia"


@pytest.mark.parametrize("read_only", [False, True])
def test_command_may_take_its_time_but_not_at_a_lock(postgres: PostgresServer, read_only: bool) -> None:
    with transaction(postgres.new_database("empty"), read_only=read_only) as connection:
        names = ("statement_timeout", "idle_in_transaction_session_timeout", "lock_timeout", "synchronous_commit")
        assert [setting(connection, name) for name in names] == ["10min", "10min", "3s", "on"]


def test_vectors_read_no_more_rows_than_they_need(connection: Connection) -> None:
    connection.execute(text(subscribers(10_000)))
    answers = allocate(connection, [Allocation(f"{number:015}", 1) for number in range(1, 33)])
    assert all(isinstance(answer, Allocated) for answer in answers)
    scans = "SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'subscriber'"
    assert connection.execute(text(scans)).scalar_one() == 0


def subscribers(count: int) -> str:
    """A statement that adds so many."""
    columns = "imsi, k, opc, profile, amf, seq, time_offset, state, revision"
    values = "lpad(n::text, 15, '0'), decode(repeat('00', 53), 'hex'), decode(repeat('00', 53), 'hex'), 'milenage'"
    rows = f"SELECT {values}, 0, 0, 0, 'enabled', 1 FROM generate_series(1, {count}) n"
    return f"INSERT INTO subscriber ({columns}) {rows}"


def test_what_is_done_at_once_finds_by_keys_even_in_small_tables(postgres: PostgresServer) -> None:
    url = postgres.new_database("empty")
    engine, looking = postgres_at_once_engine(url), postgres_engine(url, connections=1)
    with engine.connect() as connection, looking.connect() as other:
        connection.execute(text(subscribers(20)))
        before = sequential_scans(connection, other)
        for _ in range(7):
            assert isinstance(allocate(connection, [Allocation(f"{5:015}", 1)])[0], Allocated)
            assert standing(connection, [AssignmentRequest(Imsi(f"{5:015}"), "aaa.example", Assignment.REGISTRATION)])
        assert sequential_scans(connection, other) == before
    for one in (engine, looking):
        one.dispose()


def sequential_scans(connection: Connection, other: Connection) -> int:
    """How often a table of subscribers was read from end to end."""
    connection.execute(text("SELECT pg_stat_force_next_flush()"))
    names = "('subscriber', 'registration', 'apn_profile', 'serving_gateway')"
    with other.begin():
        return int(other.scalar(text(f"SELECT sum(seq_scan) FROM pg_stat_user_tables WHERE relname IN {names}")) or 0)


def test_accounting_finds_its_sessions_by_keys_even_in_small_tables(postgres: PostgresServer) -> None:
    engine = postgres_engine(postgres.new_database("empty"), connections=1, by_key=True)
    scanned = "SELECT relname FROM pg_stat_xact_user_tables WHERE seq_scan > 0 AND relname LIKE 'acc%'"
    sessions = [str(number) for number in range(20)]
    try:
        with engine.begin() as connection:
            record_all(connection, [start(session=session) for session in sessions])
        with engine.begin() as connection:
            record_all(connection, [interim(60, session=session) for session in sessions])
            assert connection.scalars(text(scanned)).all() == []
    finally:
        engine.dispose()


def test_statement_that_is_done_at_once_stays_whatever_comes_after(postgres: PostgresServer) -> None:
    engine = postgres_at_once_engine(postgres.new_database("empty"))
    row = text("INSERT INTO requesting_node VALUES ('one.example', 5, 1, 0, 0, NULL)")
    with engine.begin() as connection:
        connection.execute(row)
        with pytest.raises(StoreConflict), store_errors():
            connection.execute(row)
        connection.rollback()
    with engine.begin() as connection:
        assert connection.execute(text("SELECT name FROM requesting_node")).scalars().all() == ["one.example"]
        assert setting(connection, "synchronous_commit") == "on"
    engine.dispose()


@pytest.mark.parametrize("hosts", [{}, {"target_session_attrs": "read-write"}], ids=["one", "whichever is no standby"])
def test_reader_at_once_cannot_write(postgres: PostgresServer, hosts: dict[str, str]) -> None:
    url = postgres.new_database("empty").update_query_dict(hosts)
    engine = postgres_at_once_engine(url, read_only=True)
    with engine.begin() as reading:
        assert reading.execute(text("SELECT count(*) FROM requesting_node")).scalar_one() == 0
    with pytest.raises(StoreUnavailable, match="read-only"), store_errors(), engine.begin() as reading:
        reading.execute(text("DELETE FROM requesting_node"))
    engine.dispose()


def test_reader_cannot_write_and_sees_one_moment(postgres: PostgresServer) -> None:
    engine = postgres_engine(postgres.new_database("empty"), connections=1, read_only=True)
    with engine.begin() as reading:
        assert setting(reading, "transaction_isolation") == "repeatable read"
        with pytest.raises(StoreUnavailable, match="read-only"), store_errors():
            reading.execute(text("DELETE FROM requesting_node"))
    engine.dispose()


def test_error_shows_no_value(connection: Connection) -> None:
    row = "INSERT INTO requesting_node VALUES ('hush.example', 5, 1, 0, 0, NULL)"
    connection.execute(text(row))
    with pytest.raises(StoreConflict) as caught, store_errors():
        connection.execute(text(row))
    assert "hush" not in str(caught.value)
    assert "pk_requesting_node" in str(caught.value)


def test_lock_of_another_is_busy(postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    wait_little(monkeypatch)
    engine = postgres_engine(postgres.new_database("empty"), connections=2)
    with engine.begin() as first, engine.begin() as second:
        first.execute(text("LOCK TABLE subscriber"))
        with pytest.raises(StoreBusy, match="lock timeout"), store_errors():
            second.execute(text("SELECT * FROM subscriber FOR UPDATE"))
    engine.dispose()


def test_connection_that_was_cut_in_the_pool_is_replaced(postgres: PostgresServer) -> None:
    engine = postgres_engine(postgres.new_database("empty"), connections=1)
    before = process_of(engine)
    postgres.execute(f"SELECT pg_terminate_backend({before})")
    assert process_of(engine) != before
    engine.dispose()


def process_of(engine: Engine) -> int:
    """Which server process an engine's one connection has."""
    with store_errors(), engine.begin() as connection:
        return int(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())


def test_server_that_is_not_there_is_unavailable(postgres: PostgresServer) -> None:
    engine = postgres_engine(postgres.url("nowhere"), connections=1)
    with pytest.raises(StoreUnavailable, match="nowhere"), store_errors(), engine.begin():
        pass
    engine.dispose()
