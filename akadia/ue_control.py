"""`akadia ue status|ping|move|reattach|reauthenticate|rekey|probe|detach|shell`: what a tester does with a live UE."""

import shlex
import sys
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, CycloptsError, Parameter
from cyclopts.validators import Number

if TYPE_CHECKING:
    from runtime.control_socket import Answer
    from ue_sim.control.wishes import Wish
    from wire.ip.checksum import IpAddress

ConfigFile = Callable[[], Path]
Flag = Annotated[bool, Parameter(negative="", show_default=False)]
Way = Literal["make-before-break", "break-before-make"]
What = Literal["ike", "child"]
PROMPT = "ue> "


def add_control_commands(app: App, config_file: ConfigFile) -> None:
    """Add them to `app`, which is `akadia ue`."""
    commands = _ControlCommands(config_file)
    _add(app, commands)
    app.command(commands.shell)


def _add(app: App, commands: "_ControlCommands") -> None:
    for command in (
        commands.status, commands.ping, commands.move, commands.reattach, commands.reauthenticate, commands.rekey,
        commands.probe, commands.detach,
    ):  # fmt: skip
        app.command(command)


class _ControlCommands:
    """Each asks the UE that `akadia ue attach --stay` left running with the same configuration."""

    def __init__(self, config_file: ConfigFile) -> None:
        self._config_file = config_file

    def status(self, *, json: Flag = False) -> int:
        """Tell the Home Address, the Care-of Address and the home agent of the UE that stays attached.

            akadia --config lab/akadia.toml ue status

        Parameters
        ----------
        json
            Print the answer as JSON.
        """
        from ue_sim.control.wishes import Status

        return self._ask(Status(), json=json)

    def ping(
        self,
        address: Annotated[str, Parameter(show_default=False)] = "",
        /,
        *,
        count: Annotated[int, Parameter(validator=Number(gte=1, lte=1000))] = 5,
        json: Flag = False,
    ) -> int:
        """Have the UE that stays attached ping through its tunnel, one echo request a second.

            akadia --config lab/akadia.toml ue ping
            akadia --config lab/akadia.toml ue ping 2001:db8:a::1 --count 3

        Parameters
        ----------
        address
            Whom to ping by Home Address; the home agent unless one is named.
        count
            How many echo requests.
        json
            Print the answer as JSON.
        """
        from ue_sim.control.wishes import Ping

        return self._ask(Ping(to=_address(address) if address else None, count=count), json=json)

    def move(self, address: str, /, *, json: Flag = False) -> int:
        """Have the UE that stays attached be at another address of this machine, and show by pings that it is.

            akadia --config lab/akadia.toml ue move 127.1.2.11

        Parameters
        ----------
        address
            Its new Care-of Address, of IPv4 or IPv6.
        json
            Print the answer as JSON.
        """
        from ue_sim.control.wishes import Move

        return self._ask(Move(address=_address(address)), json=json)

    def reattach(self, *, json: Flag = False) -> int:
        """Have the UE that stays attached detach and attach again, by the identities that it was given.

            akadia --config lab/akadia.toml ue reattach

        Parameters
        ----------
        json
            Print the answer as JSON.
        """
        from ue_sim.control.wishes import Reattach

        return self._ask(Reattach(), json=json)

    def reauthenticate(
        self, way: Annotated[Way | None, Parameter(show_default=False)] = None, /, *, json: Flag = False
    ) -> int:
        """Have the UE that stays attached prove anew who it is, by another IKE SA; Home Address and binding stay.

            akadia --config lab/akadia.toml ue reauthenticate
            akadia --config lab/akadia.toml ue reauthenticate break-before-make

        Parameters
        ----------
        way
            make-before-break: the old IKE SA stands until the new one does. break-before-make: it is deleted before,
            and for a moment nothing gets through. What [ue] reauthentication says unless it is named.
        json
            Print the answer as JSON.
        """
        from ue_sim.control.wishes import Reauthenticate

        return self._ask(Reauthenticate(way=way), json=json)

    def rekey(self, what: Annotated[What, Parameter(show_default=False)], /, *, json: Flag = False) -> int:
        """Have the UE that stays attached replace its keys, without authentication and without a gap.

            akadia --config lab/akadia.toml ue rekey child

        Parameters
        ----------
        what
            ike: the IKE SA; child: each of its ESP SAs.
        json
            Print the answer as JSON.
        """
        from ue_sim.control.wishes import Rekey

        return self._ask(Rekey(what=what), json=json)

    def probe(self, *, json: Flag = False) -> int:
        """Have the UE that stays attached ask by IKE whether the PDN GW is there; the session ends if it is not.

            akadia --config lab/akadia.toml ue probe --json

        Parameters
        ----------
        json
            Print the answer as JSON.
        """
        from ue_sim.control.wishes import Probe

        return self._ask(Probe(), json=json)

    def detach(self, *, json: Flag = False) -> int:
        """End the UE that stays attached.

            akadia --config lab/akadia.toml ue detach

        Parameters
        ----------
        json
            Print the answer as JSON.
        """
        from ue_sim.control.wishes import Detach

        return self._ask(Detach(), json=json)

    def shell(self) -> int:
        """Take these commands from standard input, one a line, until `quit` or its end.

        Fails when any of them did.

            akadia --config lab/akadia.toml ue shell
            printf 'status\\nping --count 1\\n' | akadia --config lab/akadia.toml ue shell
        """
        app = App(name="", help="", help_format="plaintext", result_action="return_value")
        app.version_flags = ()
        _add(app, self)
        failed = False
        while (line := _typed()) is not None:
            failed |= bool(line.strip()) and not _run(app, line)
        return int(failed)

    def _ask(self, wish: "Wish", *, json: bool) -> int:
        from runtime.config import read_config
        from ue_sim.config import UeConfig
        from ue_sim.control.client import ask

        answer = ask(read_config(self._config_file()).section("ue", UeConfig).control, wish)
        _print(answer, as_json=json)
        return 0 if answer.ok else 1


def _print(answer: "Answer", *, as_json: bool) -> None:
    if as_json:
        print(answer.model_dump_json(exclude_none=True))
    elif answer.ok:
        from ue_sim.report import evidence_lines

        print("\n".join([answer.outcome, *evidence_lines(answer.facts)]))
    else:
        print(f"error: {answer.outcome}", file=sys.stderr)


def _address(text: str) -> "IpAddress":
    from runtime.config import ConfigError

    try:
        return ip_address(text)
    except ValueError:
        raise ConfigError(f"{text!r} is no address; write one such as 192.0.2.1 or 2001:db8::1") from None


def _typed() -> str | None:
    """The next line; None at the end."""
    try:
        line = input(PROMPT if sys.stdin.isatty() else "")
    except EOFError:
        return None
    return None if line.strip() in {"quit", "exit"} else line


def _run(app: App, line: str) -> bool:
    """Whether the command held; why not is said in one line."""
    from runtime.config import ConfigError

    try:
        words = ["--help"] if line.strip() == "help" else shlex.split(line)
        return not app(words, print_error=False, exit_on_error=False)
    except (CycloptsError, ConfigError, ValueError) as error:
        print(f"error: {' '.join(str(error).split())} (help shows the commands)", file=sys.stderr)
        return False
