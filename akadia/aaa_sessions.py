"""`akadia aaa sessions|disconnect|coa|clients|cui|upgrade`: who is on the network, and how clients ask."""

import json as json_format
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number

ConfigFile = Callable[[], Path]
Flag = Annotated[bool, Parameter(negative="", show_default=False)]
Text = Annotated[str | None, Parameter(show_default=False)]
Seconds = Annotated[int | None, Parameter(show_default=False)]


def add_session_commands(app: App, config_file: ConfigFile) -> None:
    """Hang the commands under `app`."""
    commands = _SessionCommands(config_file)
    every = (
        commands.sessions,
        commands.disconnect,
        commands.coa,
        commands.clients,
        commands.cui,
        commands.prune,
        commands.upgrade,
    )
    for command in every:
        app.command(command)


class _SessionCommands:
    """Each reads the configuration when it runs."""

    def __init__(self, config_file: ConfigFile) -> None:
        self._config_file = config_file

    def sessions(
        self, *, imsi: Text = None, client: Text = None, ended: Flag = False, limit: int = 100, json: Flag = False
    ) -> None:
        """List the sessions that RADIUS clients account for, the newest first.

            akadia --config lab/akadia.toml aaa sessions --imsi 001010000000001

        Parameters
        ----------
        imsi
            Those of this subscriber alone.
        client
            Those of this RADIUS client alone.
        ended
            Those that have ended as well.
        limit
            At most so many.
        json
            Print them as JSON.
        """
        import asyncio

        from aaa.commands import find_sessions
        from hss.session_api import SessionQuery
        from runtime.config import read_config
        from runtime.logs import one_line

        query = SessionQuery(imsi=imsi, client=client, ended=ended, limit=limit)
        found = asyncio.run(find_sessions(read_config(self._config_file()), query))
        if json:
            print(json_format.dumps([_plain(asdict(one)) for one in found]))
            return
        if not found:
            print("no session is known" if ended else "no session is open; --ended shows the others", file=sys.stderr)
        for one in found:
            who, where = one.imsi or one.user_name or "-", f"{one.client}/{one.nas}"
            used = f"{_octets(one.usage.octets_in)} in {_octets(one.usage.octets_out)} out"
            until = f"ended {_moment(one.ended)} ({one.why_ended})" if one.ended else f"heard {_moment(one.updated)}"
            line = f"{one.number:<8} {who} {where} {one.session_id} since {_moment(one.started)} {until} {used}"
            # a NAS says most of it, and a UE its User-Name
            print(one_line(line))

    def disconnect(self, session: int, /) -> None:
        """Ask the NAS to end a session (RFC 5176), and say whether it does.

            akadia --config lab/akadia.toml aaa disconnect 17

        Parameters
        ----------
        session
            Its number, as aaa sessions shows it.
        """
        import asyncio

        from aaa.commands import disconnect
        from runtime.config import read_config
        from runtime.logs import one_line

        done = asyncio.run(disconnect(read_config(self._config_file()), session))
        print(one_line(f"session {session} of {done.imsi or done.user_name or '-'} is disconnected"))

    def coa(self, session: int, /, *, session_timeout: Seconds = None, idle_timeout: Seconds = None) -> None:
        """Ask the NAS to change a session (RFC 5176), and say whether it does.

            akadia --config lab/akadia.toml aaa coa 17 --session-timeout 600

        Parameters
        ----------
        session
            Its number, as aaa sessions shows it.
        session_timeout
            How many seconds it may last.
        idle_timeout
            How many seconds it may be idle.
        """
        import asyncio

        from aaa.commands import change
        from runtime.config import ConfigError, read_config
        from wire.radius.packet import Attribute

        wanted = {"Session-Timeout": session_timeout, "Idle-Timeout": idle_timeout}
        asked = {name: value for name, value in wanted.items() if value is not None}
        if not all(0 <= value < 1 << 32 for value in asked.values()):
            raise ConfigError("a timeout has 0 to 4294967295 seconds; write such a number")
        changes = [Attribute.of(name, value) for name, value in asked.items()]
        if not changes:
            raise ConfigError("nothing is to be changed; write --session-timeout or --idle-timeout")
        asyncio.run(change(read_config(self._config_file()), session, changes))
        print(f"session {session} is changed")

    def clients(self, *, json: Flag = False) -> None:
        """Show which RADIUS clients protect their Access-Requests with Message-Authenticator (CVE-2024-3596).

            akadia --config lab/akadia.toml aaa clients

        Parameters
        ----------
        json
            Print them as JSON.
        """
        import asyncio

        from aaa.commands import find_clients
        from runtime.config import read_config

        found = asyncio.run(find_clients(read_config(self._config_file())))
        if json:
            print(json_format.dumps([_plain(asdict(one)) for one in found]))
            return
        for one in found:
            heard = one.protected or one.unprotected
            verdict = "NOT READY" if one.unprotected else "ready" if heard else "never heard"
            last = f" last without {_moment(one.last_unprotected)}" if one.unprotected else ""
            print(f"{one.client:<20} {verdict:<11} with {one.protected} without {one.unprotected}{last}")

    def cui(self, cui: Annotated[str, Parameter(show_default=False)], /, *, json: Flag = False) -> int:
        """Say which user a Chargeable-User-Identity is, and which client was told it (RFC 4372).

            akadia --config lab/akadia.toml aaa cui Wm9ntxnp1pEZ3fS7r5WJYEa2hXIyKd0x

        Every key of cui_key in [aaa.radius] is tried. To change the key, put the new file before
        the old one, cui_key = ["new.key", "old.key"], and reload: the first one names users from
        then on, and a bill under the other stays readable as long as that is in the list.

        Parameters
        ----------
        cui
            As it is in the client's bill.
        json
            Print it as JSON.
        """
        from aaa.commands import chargeable_user
        from runtime.config import read_config

        client, imsi = chargeable_user(read_config(self._config_file()), cui)
        print(json_format.dumps({"imsi": str(imsi), "client": client}) if json else f"{imsi} at {client}")
        return 0

    def prune(self, days: Annotated[int, Parameter(validator=Number(gte=1, lte=36500))], /) -> None:
        """Delete accounting records, ended sessions and accepted authentications that are older.

            akadia --config lab/akadia.toml aaa prune 180

        Parameters
        ----------
        days
            How many days to keep; open sessions stay, however old they are.
        """
        import asyncio

        from aaa.commands import prune
        from runtime.config import read_config

        print(f"{asyncio.run(prune(read_config(self._config_file()), days))} rows deleted")

    def upgrade(self) -> None:
        """Make the database of accounting and sessions, or bring its schema up to date."""
        from aaa.config import AaaConfig
        from aaa.ledger import upgrade_ledger
        from runtime.config import read_config

        raw = read_config(self._config_file())
        print(f"{upgrade_ledger(raw, raw.section('aaa', AaaConfig).database)} is up to date")


def _plain(value: object) -> object:
    """For JSON: moments as ISO 8601, octets as hexadecimal digits, an IMSI as its digits."""
    match value:
        case {"digits": digits}:
            return digits
        case dict():
            return {name: _plain(each) for name, each in value.items()}
        case datetime():
            return value.isoformat()
        case bytes():
            return value.hex()
        case _:
            return value


def _moment(value: datetime | None) -> str:
    return "-" if value is None else value.strftime("%Y-%m-%dT%H:%M:%SZ")


def _octets(value: int | None) -> str:
    return f"{value or 0} octets"
