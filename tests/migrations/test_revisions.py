"""Every revision, up and down, on both engines with rows in place; and the models are what the revisions make."""

import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, insert, inspect, select, text

from hss.audit import Actor, AuditTrail
from hss.counting.rows import keys_of
from hss.keys.custody import Custodian
from hss.keys.vault import Vault
from hss.models import AccessSession, Departure, Model, RequestingNode, Subscriber
from hss.sessions.recording import record_all
from hss.store.engines import migration_engine, transaction
from hss.store.errors import StoreUnavailable
from hss.store.location import Location
from hss.store.schema import SchemaOutdated, downgrade, upgrade
from tests.hss.conftest import FIRST_SET, Registry
from tests.hss.sessions.events import NOON, nas_on, start, stop
from tests.postgres import PostgresServer
from wire.identity import Imsi
from wire.secret import Secret

FOLDER = Path(__file__).parents[2] / "migrations"
IMSI = "001010000000001"


def config() -> Config:
    one = Config()
    one.set_main_option("script_location", str(FOLDER))
    return one


def revisions() -> list[str]:
    return [script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()][::-1]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.interop)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Location:
    """A database without a schema."""
    if request.param == "sqlite":
        return tmp_path / "db.sqlite"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_database()


def test_revisions_are_one_line_without_branches() -> None:
    scripts = list(ScriptDirectory.from_config(config()).walk_revisions())
    assert len(scripts) >= 2
    assert [script.down_revision for script in scripts] == [*[s.revision for s in scripts[1:]], None]


def test_revisions_make_what_the_models_say(empty: Location) -> None:
    upgrade(empty)
    engine = migration_engine(empty)
    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Model.metadata) == []
        made = {
            table: {str(check["name"]) for check in inspect(connection).get_check_constraints(table)}
            for table in Model.metadata.tables
        }
    engine.dispose()
    wanted = {
        name: {str(one.name) for one in table.constraints if type(one).__name__ == "CheckConstraint"}
        for name, table in Model.metadata.tables.items()
    }
    assert made == wanted
    assert sum(map(len, made.values())) >= 20
    if isinstance(empty, Path):
        assert stat.S_IMODE(empty.stat().st_mode) == 0o600


@pytest.mark.parametrize("revision", revisions())
def test_revision_goes_up_and_down_and_up(empty: Location, revision: str) -> None:
    engine = migration_engine(empty)
    one = config()
    with engine.begin() as connection:
        one.attributes["connection"] = connection
        command.upgrade(one, revision)
        command.downgrade(one, "base")
        assert inspect(connection).get_table_names() == ["alembic_version"]
        command.upgrade(one, "head")
        assert set(Model.metadata.tables) <= set(inspect(connection).get_table_names())
    engine.dispose()


def fill_first_release(connection: Connection, vault: Vault) -> None:
    """A row in every table of revision 0001, as the first release wrote them."""
    sealed = {
        column: vault.seal(Secret.fromhex(FIRST_SET[column]), table="subscriber", column=column, imsi=IMSI)
        for column in ("k", "opc")
    }
    subscriber = "INSERT INTO subscriber (imsi, k, opc, key_version, amf, seq, state, msisdn) VALUES"
    values = " (:imsi, :k, :opc, 1, 47545, 7, 'enabled', '4917012345')"
    connection.execute(text(subscriber + values), {"imsi": IMSI, **sealed})
    for statement in (
        f"INSERT INTO apn_profile VALUES ('{IMSI}', 1, 'internet', 1, '2001:db8::5', NULL, 5, 6, TRUE)",
        "INSERT INTO requesting_node (name, ind) VALUES ('aaa', 3), ('bbb', 4)",
        f"INSERT INTO registration (imsi, aaa_name) VALUES ('{IMSI}', 'aaa')",
        f"INSERT INTO serving_gateway VALUES ('{IMSI}', 'internet', '2001:db8::1')",
    ):
        connection.execute(text(statement))


def dump(connection: Connection) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, columns in the order of their names."""
    rows: dict[str, list[tuple[object, ...]]] = {}
    for table in sorted(set(inspect(connection).get_table_names()) - {"alembic_version"}):
        names = sorted(str(column["name"]) for column in inspect(connection).get_columns(table))
        found = connection.execute(text(f"SELECT {', '.join(names)} FROM {table}")).all()
        rows[table] = sorted([tuple(row) for row in found], key=repr)
    return rows


def test_rows_of_the_first_release_go_up_and_down_unharmed(empty: Location, vault: Vault) -> None:
    engine = migration_engine(empty)
    one = config()
    with engine.begin() as connection:
        one.attributes["connection"] = connection
        command.upgrade(one, "0001")
        fill_first_release(connection, vault)
        before = dump(connection)
        assert {table: len(rows) for table, rows in before.items()} == {
            "apn_profile": 1, "registration": 1, "requesting_node": 2, "serving_gateway": 1, "subscriber": 1,
        }  # fmt: skip
        command.upgrade(one, "head")
        row = keys_of(connection, IMSI)
        assert row is not None
        assert (row.data_key_id, row.amf, row.profile) == (None, 47545, "milenage")
        assert Custodian(vault).open(row).k.hex() == FIRST_SET["k"]
        nodes = connection.execute(select(RequestingNode.name, RequestingNode.ind_bits, RequestingNode.ind))
        assert sorted(tuple(node) for node in nodes) == [("aaa", 5, 3), ("bbb", 5, 4)]
        assert connection.execute(select(Subscriber.seq, Subscriber.revision)).one() == (7, 1)
        command.downgrade(one, "0001")
        assert dump(connection) == before
    engine.dispose()


@pytest.mark.parametrize("location", ["sqlite", pytest.param("postgresql", marks=pytest.mark.interop)], indirect=True)
@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("key", "1 subscribers are sealed under data keys"),
        ("profile", "1 subscribers have profiles of their own"),
        ("node", "1 nodes have an IND of their own"),
        ("audit", "1 entries of the audit trail"),
    ],
)
def test_what_an_older_schema_cannot_hold_keeps_the_newer(
    registry: Registry, location: Location, vault: Vault, what: str, said: str
) -> None:
    known = registry.add(IMSI)
    custodian = Custodian(vault, Random(1).randbytes)
    with transaction(location) as connection:
        custodian.keyring.prepare(connection)
        connection.execute(text("INSERT INTO algorithm_profile SELECT 'own', algorithm, parameters, ind_bits, delta, "
                                "scheme, reserve, clock_unit_ms, custody FROM algorithm_profile"))  # fmt: skip
        if what == "node":
            connection.execute(insert(RequestingNode).values(name="a|", ind_bits=6, ind=1))
        if what == "audit":
            AuditTrail(custodian.keyring, lambda: datetime.now(UTC)).record(connection, Actor("somebody", "test"), "x")
    if what in {"key", "profile"}:
        values: dict[str, object] = {"data_key_id": custodian.keyring.current} if what == "key" else {"profile": "own"}
        registry.set(known.imsi, **values)
    with pytest.raises(SchemaOutdated, match=f"{said}, which schema 0001 cannot hold; take a backup, and stay at 0002"):
        downgrade(location, "0001")
    with transaction(location) as connection:
        assert keys_of(connection, IMSI) is not None


@pytest.mark.parametrize("location", ["sqlite", pytest.param("postgresql", marks=pytest.mark.interop)], indirect=True)
def test_accounting_keeps_the_newer_schema_and_sessions_alone_do_not(location: Location) -> None:
    with transaction(location) as connection:
        assert record_all(connection, [start(), stop(60, 1000)]) == [True, True]
    with pytest.raises(SchemaOutdated, match="2 accounting records, which schema 0002 cannot hold"):
        downgrade(location, "0002")
    with transaction(location) as connection:
        assert len(dump(connection)["access_session"]) == 1
        connection.execute(text("DELETE FROM accounting_record"))
    downgrade(location, "0002")
    upgrade(location)
    with transaction(location) as connection:
        assert dump(connection)["access_session"] == []


@pytest.mark.parametrize("location", ["sqlite", pytest.param("postgresql", marks=pytest.mark.interop)], indirect=True)
def test_sessions_that_a_restart_ended_say_so_in_an_older_schema(location: Location) -> None:
    with transaction(location) as connection:
        begun = [start(), start(session="0002"), start(200, session="0003"), start(nas="ap2", session="0004")]
        record_all(connection, [replace(one, imsi=Imsi(IMSI), radius_class=None) for one in begun])
        record_all(connection, [stop(90, session="0002"), nas_on(150), nas_on(100)])
    downgrade(location, "0010")
    with transaction(location) as connection:
        ended = connection.execute(select(AccessSession.session_id, AccessSession.ended, AccessSession.end_cause))
        assert sorted(tuple(one) for one in ended if one.ended is not None) == [
            ("0001", NOON + timedelta(seconds=100), "nas-restarted"),
            ("0002", NOON + timedelta(seconds=90), "user-request"),
        ]
        left = connection.execute(select(Departure.imsi, Departure.not_before)).all()
        assert [moment for _, moment in left] == [NOON + timedelta(seconds=after) for after in (90, 100)]
    upgrade(location)


def test_failed_revision_leaves_nothing_behind(empty: Location) -> None:
    engine = migration_engine(empty)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE registration (x INTEGER)"))
    with pytest.raises(StoreUnavailable, match="already exists"):
        upgrade(empty)
    with engine.begin() as connection:
        assert inspect(connection).get_table_names() == ["registration"]
    engine.dispose()


@pytest.mark.interop
def test_missing_database_says_how_it_is_made(postgres: PostgresServer) -> None:
    location: URL = postgres.url("nowhere")
    with pytest.raises(StoreUnavailable, match='database "nowhere" does not exist'):
        upgrade(location)
