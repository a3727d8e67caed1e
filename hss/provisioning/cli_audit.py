"""`akadia audit …`: who changed what, and whether the trail of it is whole."""

import json as json_format
import os
import sys
from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number

from hss.audit import AuditTrail, read_entries
from hss.keys.custody import Custodian
from hss.keys.master_key import open_master
from hss.provisioning.cli_session import ConfigFile, Json, Most, errors, hss_config, looking, now
from hss.store.engines import transaction

_HELP = """\
Show who changed what, and find out whether an entry was removed or altered.

    akadia --config FILE audit list --subject 001010000000002
    akadia --config FILE audit verify
"""


def audit_app(config: ConfigFile) -> App:
    """The group of commands, for the front door to hang under its own."""
    app = App(name="audit", help=_HELP, help_format="plaintext")

    @app.command(name="list")
    def list_(
        *,
        subject: str | None = None,
        action: str | None = None,
        after: Annotated[int, Parameter(validator=Number(gte=0, lt=1 << 63))] = 0,
        limit: Most = 100,
        json: Json = False,
    ) -> None:
        """List entries in their order.

        Parameters
        ----------
        subject
            An IMSI, or the name of a profile, token or import.
        action
            How the action begins, such as subscriber.
        after
            Begin above this number: the last one of the page before.
        limit
            At most so many.
        """
        with looking(config()) as connection:
            entries = read_entries(connection, subject=subject, action=action, after=after, limit=limit)
        rows = [
            {
                "number": one.number,
                "at": one.at.isoformat(),
                "actor": one.actor,
                "origin": one.origin,
                "action": one.action,
                "subject": one.subject,
                "before": json_format.loads(one.before) if one.before else None,
                "after": json_format.loads(one.after) if one.after else None,
            }
            for one in entries
        ]
        if json:
            print(json_format.dumps(rows))
            return
        for row in rows:
            change = " ".join(f"{side}={json_format.dumps(row[side])}" for side in ("before", "after") if row[side])
            who = f"{row['actor']} ({row['origin']})"
            print(f"{row['number']} {row['at']} {who} {row['action']} {row['subject']} {change}".rstrip())

    @app.command
    def verify(*, json: Json = False) -> None:
        """Find out whether the trail is whole; exit code 1 and a line for each fault when it is not."""
        with errors():
            hss = hss_config(config())
            trail = AuditTrail(Custodian(open_master(hss.master_key, os.urandom)).keyring, now)
            with transaction(hss.database, read_only=True) as connection:
                faults = list(trail.verify(connection))
        if json:
            print(json_format.dumps({"whole": not faults, "faults": faults}))
        elif not faults:
            print("the audit trail is whole")
        for fault in () if json else faults:
            print(f"error: {fault}", file=sys.stderr)
        if faults:
            raise SystemExit(1)

    return app
