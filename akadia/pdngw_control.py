"""`akadia pdngw status|sessions|drain|undrain`: what an operator does with a PDN GW that serves."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number

if TYPE_CHECKING:
    from pdngw_proxy.control import Wish

ConfigFile = Callable[[], Path]
Flag = Annotated[bool, Parameter(negative="", show_default=False)]

_SECONDS = 10.0


def add_gateway_commands(app: App, config_file: ConfigFile) -> None:
    """Add them to `app`, which is `akadia pdngw`."""
    commands = _GatewayCommands(config_file)
    for command in (commands.status, commands.sessions, commands.drain, commands.undrain):
        app.command(command)


class _GatewayCommands:
    """Each asks the PDN GW that serves with the same configuration."""

    def __init__(self, config_file: ConfigFile) -> None:
        self._config_file = config_file

    def status(self, *, json: Flag = False) -> int:
        """Tell how many sessions the PDN GW has, and how far it is with a drain.

            akadia --config lab/akadia.toml pdngw status --json

        Parameters
        ----------
        json
            Print the answer as JSON.
        """
        from pdngw_proxy.control import Status

        return self._ask(Status(), json=json)

    def sessions(
        self, *, limit: Annotated[int, Parameter(validator=Number(gte=1, lte=100_000))] = 100, json: Flag = False
    ) -> int:
        """List the sessions of the PDN GW, the oldest first: whose, where, and what went through their tunnels.

        "in" is from the UE, "out" to it. "session" is what the AAA server calls it too.

            akadia --config lab/akadia.toml pdngw sessions --json

        Parameters
        ----------
        limit
            At most so many.
        json
            Print them as JSON.
        """
        from pdngw_proxy.control import Sessions

        return self._ask(Sessions(limit=limit), json=json)

    def drain(
        self,
        *,
        to: Annotated[str | None, Parameter(show_default=False)] = None,
        per_second: Annotated[float, Parameter(validator=Number(gt=0, lte=1000))] = 20.0,
        json: Flag = False,
    ) -> int:
        """Have the PDN GW send its UEs to another one, some in each second, and take no new ones (RFC 5685).

        It goes on serving those that know no REDIRECT ("unable") until it is stopped; one that was sent away has half a
        minute to leave. Ask for the status until only those are left.

            akadia --config lab/akadia.toml pdngw drain --to pgw2.example --per-second 50

        Parameters
        ----------
        to
            The other PDN GW, address or name; that of [pdngw] drain_to unless it is given.
        per_second
            How many UEs a second.
        json
            Print the answer as JSON.
        """
        from pdngw_proxy.control import Drain
        from runtime.config import ConfigError

        try:
            wish = Drain(to=to, per_second=per_second)
        except ValueError:
            why = f"--to {to}: is neither an address nor a name; write one such as 192.0.2.5 or pgw2.example"
            raise ConfigError(why) from None
        return self._ask(wish, json=json)

    def undrain(self, *, json: Flag = False) -> int:
        """Have the PDN GW send nobody away any more, and take new UEs.

        Who was told to leave in the last half minute has to, all the same.

            akadia --config lab/akadia.toml pdngw undrain

        Parameters
        ----------
        json
            Print the answer as JSON.
        """
        from pdngw_proxy.control import Undrain

        return self._ask(Undrain(), json=json)

    def _ask(self, wish: "Wish", *, json: bool) -> int:
        from pdngw_proxy.config import PdnGwConfig
        from runtime.config import ConfigError, read_config
        from runtime.control_socket import ask

        raw = read_config(self._config_file())
        path = raw.section("pdngw", PdnGwConfig).control
        if path is None:
            raise ConfigError(f'{raw.path}: [pdngw] names no socket; write control = "pdngw.sock" and start it anew')
        start = "akadia --config FILE pdngw serve"
        answer = ask(path, wish, seconds=_SECONDS, who="PDN GW", start=start)
        if json:
            print(answer.model_dump_json(exclude_none=True))
        elif answer.ok:
            facts = (f"     {name:<10}  {value}" for name, value in answer.facts.items())
            rows = (" ".join(f"{name}={value}" for name, value in row.items()) for row in answer.rows or ())
            print("\n".join([answer.outcome, *facts, *rows]))
        else:
            print(f"error: {answer.outcome}", file=sys.stderr)
        return 0 if answer.ok else 1
