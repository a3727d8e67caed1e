"""What a daemon says about the database it finds."""

from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text

from hss.store import schema
from hss.store.engines import migration_engine, transaction
from hss.store.errors import StoreUnavailable
from hss.store.schema import SchemaOutdated, check, current, head, upgrade


def test_upgrade_makes_a_database_of_our_schema(tmp_path: Path) -> None:
    path = tmp_path / "50% new" / "akadia.sqlite"
    path.parent.mkdir()
    upgrade(path)
    check(path)
    assert current(path) == head() == "0013"


def test_upgrade_twice_changes_nothing(database_path: Path) -> None:
    before = database_path.read_bytes()
    upgrade(database_path)
    assert database_path.read_bytes() == before


def test_check_names_the_command_for_an_old_schema(tmp_path: Path) -> None:
    path = tmp_path / "akadia.sqlite"
    migration_engine(path).dispose()
    with pytest.raises(SchemaOutdated) as caught:
        check(path, "/etc/akadia.toml")
    assert str(caught.value) == (
        f"{path}: has schema none, this program needs 0013; "
        "upgrade it with: akadia --config /etc/akadia.toml db upgrade"
    )
    assert current(path) is None


def test_check_names_the_command_for_no_database(tmp_path: Path) -> None:
    with pytest.raises(SchemaOutdated, match="there is no database; make it with: akadia --config FILE db upgrade"):
        check(tmp_path / "akadia.sqlite")
    assert not (tmp_path / "akadia.sqlite").exists()


def test_newer_schema_is_left_alone(database_path: Path) -> None:
    with transaction(database_path) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for act in (check, upgrade):
        with pytest.raises(SchemaOutdated, match="9999, which this program does not know; run the newer program"):
            act(database_path)


def test_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "akadia.sqlite"
    path.write_bytes(b"this is not a database at all, whatever its name may say" * 100)
    for act in (check, upgrade):
        with pytest.raises(StoreUnavailable, match=f"{path}: file is not a database; mend that"):
            act(path)


def test_folder_is_no_database_that_could_be_made(tmp_path: Path) -> None:
    for act in (check, upgrade):
        with pytest.raises(StoreUnavailable, match=f"{tmp_path}: is a folder; name a file in it as database"):
            act(tmp_path)


def test_missing_database_has_no_revision(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="there is no database"):
        current(tmp_path / "akadia.sqlite")


def test_revisions_are_those_that_alembic_finds() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parents[3] / "migrations"))
    scripts = ScriptDirectory.from_config(config)
    assert schema._revisions() == {script.revision for script in scripts.walk_revisions()}
    assert head() == scripts.get_current_head()
