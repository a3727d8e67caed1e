"""`akadia db …`: the schema of the database, on either engine."""

from typing import Annotated

from cyclopts import App, Parameter

from hss.config import HssConfig
from hss.provisioning.change import ProvisioningRefused
from hss.provisioning.cli_session import ConfigFile, Json, errors, print_fields
from hss.store import schema
from hss.store.location import Location, describe
from runtime.config import read_config


def db_app(config: ConfigFile) -> App:
    """The group of commands, for the front door to hang under its own."""
    app = App(name="db", help="Create, upgrade and check the database's schema.")

    @app.command
    def upgrade(*, json: Json = False) -> None:
        """Create the database's schema, or bring it to this program's."""
        with errors():
            database = _database(config)
            schema.upgrade(database)
            _print(database, as_json=json)

    @app.command
    def downgrade(
        revision: str,
        *,
        yes: Annotated[bool, Parameter(negative="", show_default=False)] = False,
        json: Json = False,
    ) -> None:
        """Bring the schema back to an older revision, for an older program.

        Refused when that would lose keys, subscribers' profiles, accounting or the audit trail.

        Parameters
        ----------
        revision
            Such as 0001; base removes every table.
        yes
            Do it: without this it is only said what would be done.
        """
        with errors():
            database = _database(config)
            if not yes:
                raise ProvisioningRefused(f"{describe(database)} would go back to {revision}; say --yes to do it")
            schema.downgrade(database, revision)
            _print(database, as_json=json)

    @app.command
    def current(*, json: Json = False) -> None:
        """Say which schema the database has."""
        with errors():
            _print(_database(config), as_json=json)

    @app.command
    def check(*, json: Json = False) -> None:
        """Fail unless the database has this program's schema."""
        with errors():
            database = _database(config)
            schema.check(database, config())
            _print(database, as_json=json)

    return app


def _database(config: ConfigFile) -> Location:
    return read_config(config()).section("hss", HssConfig).database


def _print(database: Location, *, as_json: bool) -> None:
    fields = {"database": describe(database), "revision": schema.current(database), "head": schema.head()}
    print_fields(fields, as_json=as_json)
