"""The schema's revision: bring a database to ours, or say which command does.

Alembic is loaded only to change a schema: every daemon checks it when it starts, and is not to wait for that.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import URL, Connection, column, inspect, select, table

from hss.store.engines import migration_engine, require_store, transaction
from hss.store.errors import StoreError, StoreUnavailable, store_errors
from hss.store.location import Location, describe
from hss.store.postgres import MIGRATION_LOCK

if TYPE_CHECKING:
    from alembic.config import Config

UPGRADE = "akadia --config {config} db upgrade"
_TABLE = "alembic_version"


class SchemaOutdated(StoreError):
    """The database has another schema than this program; the message names the command that helps."""


def head() -> str:
    """The revision that this program works with."""
    return max(_revisions())


def upgrade(database: Location) -> None:
    """Create the database, or bring it to `head()`; nothing happens to one that is there already.

    Raises StoreError.
    """
    if isinstance(database, URL) or database.exists():
        _refuse_newer(database, current(database))
    from alembic import command  # noqa: PLC0415 - see above

    with _connection(database) as connection:
        command.upgrade(_config(connection), "head")


def downgrade(database: Location, revision: str) -> None:
    """Bring the database back to an older `revision`, or "base" for none at all.

    Raises StoreError, also when the older schema cannot hold what is there.
    """
    from alembic import command  # noqa: PLC0415 - see above

    known = _revisions()
    if revision != "base" and revision not in known:
        raise SchemaOutdated(f"there is no revision {revision}; there are base, {', '.join(sorted(known))}")
    found = current(database)
    _refuse_newer(database, found)
    if revision != "base" and (found is None or revision > found):
        raise SchemaOutdated(
            f"{describe(database)}: has schema {found or 'none'}, older than {revision}; use db upgrade"
        )
    with _connection(database) as connection:
        try:
            command.downgrade(_config(connection), revision)
        except ValueError as refused:
            raise SchemaOutdated(f"{describe(database)}: {refused}") from None


def current(database: Location) -> str | None:
    """The revision of `database`; None when it has no schema yet. StoreError when it cannot be read."""
    require_store(database)
    try:
        with transaction(database, read_only=True) as connection:
            if not inspect(connection).has_table(_TABLE):
                return None
            found: str | None = connection.scalar(select(column("version_num")).select_from(table(_TABLE)))
            return found
    except StoreUnavailable as error:
        raise StoreUnavailable(f"{describe(database)}: {error}; mend that, or name another database") from None


def check(database: Location, config: Path | str = "FILE", helps: str | None = None) -> None:
    """SchemaOutdated, in one line that names the command (`helps`), unless `database` has our schema."""
    helps = helps or UPGRADE.format(config=config)
    if isinstance(database, Path) and not database.exists():
        raise SchemaOutdated(f"{database}: there is no database; make it with: {helps}")
    found = current(database)
    _refuse_newer(database, found)
    if found != head():
        raise SchemaOutdated(
            f"{describe(database)}: has schema {found or 'none'}, this program needs {head()}; upgrade it with: {helps}"
        )


def _refuse_newer(database: Location, revision: str | None) -> None:
    if revision is not None and revision not in _revisions():
        here = f"{describe(database)}: has schema {revision}"
        raise SchemaOutdated(f"{here}, which this program does not know; run the newer program that made it")


@contextmanager
def _connection(database: Location) -> Iterator[Connection]:
    with store_errors():
        engine = migration_engine(database)
        try:
            with engine.begin() as connection:
                if isinstance(database, URL):
                    connection.execute(MIGRATION_LOCK)
                yield connection
        finally:
            engine.dispose()


def _config(connection: Connection) -> "Config":
    from alembic.config import Config  # noqa: PLC0415 - see above

    config = Config()
    config.attributes["connection"] = connection
    # an option's value is interpolated: a % in the path has to be doubled
    config.set_main_option("script_location", str(_folder()).replace("%", "%%"))
    return config


def _revisions() -> frozenset[str]:
    """Those of the migrations that are installed: a file's name begins with its number."""
    return frozenset(file.name.partition("_")[0] for file in (_folder() / "versions").glob("[0-9]*.py"))


def _folder() -> Path:
    found = find_spec("migrations")
    if found is None or found.origin is None:
        raise SchemaOutdated("the package migrations is not installed; install akadia again")
    return Path(found.origin).parent
