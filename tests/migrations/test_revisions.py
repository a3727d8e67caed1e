"""Every revision, up and down, on a real SQLite file, and the models are what the revisions make."""

import stat
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from hss.engines import migration_engine
from hss.models import Model
from hss.schema import upgrade
from hss.store_errors import StoreUnavailable

FOLDER = Path(__file__).parents[2] / "migrations"


def config() -> Config:
    one = Config()
    one.set_main_option("script_location", str(FOLDER))
    return one


def revisions() -> list[str]:
    return [script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()][::-1]


def test_revisions_are_one_line_without_branches() -> None:
    scripts = list(ScriptDirectory.from_config(config()).walk_revisions())
    assert len(scripts) >= 1
    assert [script.down_revision for script in scripts] == [*[s.revision for s in scripts[1:]], None]


def test_revisions_make_what_the_models_say(tmp_path: Path) -> None:
    path = tmp_path / "db.sqlite"
    upgrade(path)
    engine = migration_engine(path)
    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Model.metadata) == []
        made = {
            table: {str(check["name"]) for check in inspect(connection).get_check_constraints(table)}
            for table in Model.metadata.tables
        }
    engine.dispose()
    assert made["subscriber"] == {f"ck_subscriber_{name}" for name in ("state", "amf", "seq", "time_offset")}
    assert made["apn_profile"] == {"ck_apn_profile_pdn_type", "ck_apn_profile_ambr"}
    assert made["requesting_node"] == {f"ck_requesting_node_{name}" for name in ("ind_bits", "ind", "horizon")}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("revision", revisions())
def test_revision_goes_up_and_down_and_up(tmp_path: Path, revision: str) -> None:
    engine = migration_engine(tmp_path / "db.sqlite")
    one = config()
    with engine.begin() as connection:
        one.attributes["connection"] = connection
        command.upgrade(one, revision)
        command.downgrade(one, "base")
        assert inspect(connection).get_table_names() == ["alembic_version"]
        command.upgrade(one, "head")
        assert set(Model.metadata.tables) <= set(inspect(connection).get_table_names())
    engine.dispose()


def test_failed_revision_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "db.sqlite"
    engine = migration_engine(path)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE registration (x INTEGER)"))
    engine.dispose()
    with pytest.raises(StoreUnavailable, match="already exists"):
        upgrade(path)
    with engine.begin() as connection:
        assert inspect(connection).get_table_names() == ["registration"]
    engine.dispose()
