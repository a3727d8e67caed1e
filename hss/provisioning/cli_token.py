"""`akadia token …`: who may use the REST API."""

import json as json_format
import os
from datetime import timedelta
from typing import Annotated

from cyclopts import App, Parameter

from hss.provisioning import tokens
from hss.provisioning.change import ProvisioningRefused
from hss.provisioning.cli_session import ConfigFile, Json, change, errors, looking, now, print_fields, print_rows
from hss.provisioning.tokens import Role

_HELP = """\
Make, list and revoke tokens of the REST API.

    akadia --config FILE token add billing --role provisioner --days 365
    akadia --config FILE token revoke billing

Roles: reader (sees subscribers), provisioner (changes them), importer (brings and undoes SIM batches),
admin (all of these, algorithm profiles, the audit trail and tokens), vectors (gets authentication vectors).
"""


def token_app(config: ConfigFile) -> App:
    """The group of commands, for the front door to hang under its own."""
    app = App(name="token", help=_HELP, help_format="plaintext")

    @app.command
    def add(
        name: str,
        *,
        role: Annotated[tuple[Role, ...], Parameter(negative="", help="may be repeated")],
        days: Annotated[int, Parameter(help="how long it is good for")] = 365,
        json: Json = False,
    ) -> None:
        """Make a token, and show it: this once, and nowhere else."""
        with errors():
            if not 0 < days <= _DAYS_MAX:
                raise ProvisioningRefused(f"{days} days are none that a token has; write 1 to {_DAYS_MAX}")
        expires = now() + timedelta(days=days)
        with change(config()) as one:
            token = tokens.issue(one, name, role, expires, os.urandom)
        text = bytes(token).decode()
        print(json_format.dumps({"name": name, "token": text, "expires": expires.isoformat()}) if json else text)

    @app.command(name="list")
    def list_(*, json: Json = False) -> None:
        """List tokens by name: what they may do, and until when."""
        with looking(config()) as connection:
            rows = [tokens.described(line) for line in tokens.listed(connection)]
        shown = rows if json else [row | {"roles": ",".join(row["roles"])} for row in rows]
        print_rows(shown, {"name": 32, "roles": 32, "expires": 32, "revoked": 32}, "token", as_json=json)

    @app.command
    def revoke(name: str, *, json: Json = False) -> None:
        """Let a token open nothing from now on."""
        with change(config()) as one:
            tokens.revoke(one, name)
        print_fields({"name": name, "revoked": True}, as_json=json)

    return app


_DAYS_MAX = 3650
