"""`akadia ue`: one UE that attaches and is told what to do, or a storm of them."""

import json as json_format
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number

from akadia.ue_control import add_control_commands

if TYPE_CHECKING:
    from ue_sim.card import CardKeys

ConfigFile = Callable[[], Path]
Flag = Annotated[bool, Parameter(negative="", show_default=False)]
Positive = Annotated[float, Parameter(validator=Number(gt=0))]


def ue_commands(config_file: ConfigFile) -> App:
    """`akadia ue`."""
    app = App(name="ue", help="The UE.", help_format="plaintext", result_action="return_value")
    commands = _UeCommands(config_file)
    app.command(commands.attach)
    app.command(commands.storm)
    app.command(commands.profiles)
    add_control_commands(app, config_file)
    return app


class _UeCommands:
    """`config_file` is asked only when a command needs it."""

    def __init__(self, config_file: ConfigFile) -> None:
        self._config_file = config_file

    def attach(
        self,
        *,
        pings: int = 5,
        stay: Flag = False,
        tun: Annotated[str, Parameter(show_default=False)] = "",
        profile: Annotated[str, Parameter(show_default=False)] = "",
        faults: Annotated[Path | None, Parameter(show_default=False)] = None,
        json: Flag = False,
    ) -> int:
        """Find the PDN GW, authenticate, bind the Home Address, ping through the tunnel, and detach.

        Tells each step as it holds. Without --tun it needs no privileges.

            akadia --config lab/akadia.toml ue attach
            akadia --config lab/akadia.toml ue attach --tun akadia0 --stay

        Parameters
        ----------
        pings
            How many echo requests to send to the home agent by Home Address.
        stay
            Stay attached until SIGTERM, Ctrl-C or akadia ue detach; status, ping, rekey, shell and others reach it.
        tun
            Make a TUN device of this name with the Home Address on it, for this machine's applications: then
            `ping -6 -I NAME` reaches the home network. It needs root or CAP_NET_ADMIN, and ends with the attach.
        profile
            Be this kind of UE instead of the configuration's: a name that `akadia ue profiles` lists, or a file of TOML
            beside the configuration.
        faults
            A file of JSON with what is to go wrong.
            {"messages": [{"channel": "ike", "number": 2, "do": "drop"}]} chooses a datagram: channel is dns, ike or
            mip, way is out or in (out unless it is written), exchange is IKE_AUTH or the like, do is drop, duplicate,
            reorder, delay (seconds) or alter (octet, xor).
            {"ike": [{"exchange": "IKE_AUTH", "number": 1, "payload": "IDI", "do": "alter"}]} and
            {"eap": [{"message": "challenge", "attribute": "AT_RES", "do": "remove"}]} change what is inside, before it
            is protected: do is alter (octet, xor), remove, repeat or set (value, in hexadecimal).
            {"auts": 1}, {"res_octets": 4 to 16} and {"reject": true} are for the USIM, {"identity": NAI} for IDi, and
            {"answer": "pseudonym"} for EAP.
        json
            Print each step as a line of JSON.
        """
        from ue_sim.app import main as attach_ue

        return attach_ue(
            self._config_file(), pings=pings, stay=stay, as_json=json, tun=tun, profile=profile, faults=faults
        )

    def profiles(self, name: Annotated[str, Parameter(show_default=False)] = "", /, *, json: Flag = False) -> int:
        """List the kinds of UE that there are, or show one as a file of TOML, to make another from.

            akadia ue profiles
            akadia ue profiles samsung-digi-es > lab/mine.toml

        Parameters
        ----------
        name
            Show this one.
        json
            Print every key of each as JSON.
        """
        from ue_sim import profile

        if json:
            shown = (name,) if name else profile.names()
            found = {one: profile.read(one).model_dump(mode="json", exclude_defaults=True) for one in shown}
            print(json_format.dumps(found, indent=2))
        elif name:
            print(profile.text_of(name), end="")
        else:
            print("\n".join(f"{one:<20}{profile.read(one).description}" for one in profile.names()))
        return 0

    def storm(
        self,
        *,
        count: Annotated[int, Parameter(validator=Number(gte=1))] = 100,
        rate: Positive = 20.0,
        hold: Annotated[float, Parameter(validator=Number(gte=0))] = 5.0,
        at_once: Annotated[int, Parameter(validator=Number(gte=0))] = 0,
        cards: Annotated[Path | None, Parameter(show_default=False)] = None,
        json: Flag = False,
    ) -> int:
        """Attach many UEs, each on sockets of its own, and tell how long it took them and what failed.

        In a laboratory it adds the subscribers that it needs, and removes them at the end. It fails when any UE does.

            akadia --config lab/akadia.toml ue storm --count 1000 --rate 50
            akadia --config lab/akadia.toml ue storm --cards cards.csv --count 200 --json

        Parameters
        ----------
        count
            How many UEs.
        rate
            How many begin in a second.
        hold
            For how many seconds each stays attached.
        at_once
            How many may be attaching at the same time, however high the rate is; 0 for any number.
        cards
            A file of cards whose subscribers are there already: CSV with the columns IMSI, KI and OPC.
        json
            Print what came of it as JSON: attached, failed, p50_ms, p99_ms, per_s, by_cause.
        """
        from ue_sim.storm.app import storm
        from ue_sim.storm.crowd import Pace

        config = self._config_file()
        with ExitStack() as stack:
            crowd = _cards(cards, count) if cards is not None else stack.enter_context(_passing(config, count))
            with _bar("attaching", len(crowd)) as told:
                tally = storm(
                    config, crowd, Pace(rate, hold, at_once), lambda tally: told(tally.attached + tally.failed)
                )
        print(json_format.dumps(tally.fields()) if json else tally.text())
        return 0 if tally.attached == len(crowd) else 1


def _cards(path: Path, count: int) -> "list[CardKeys]":
    from ue_sim.card import CardKeys
    from ue_sim.load.subscribers import CardFile
    from wire.identity import Imsi

    file = CardFile(path)
    found = [file.card(number) for number in range(min(count, len(file)))]
    return [CardKeys(Imsi(card.imsi), card.k, card.opc) for card in found]


@contextmanager
def _passing(config: Path, count: int) -> "Iterator[list[CardKeys]]":
    from akadia.passing_subscribers import passing_subscribers

    with ExitStack() as stack:
        added = stack.enter_context(_bar("adding subscribers", count))
        removed: list[Callable[[int], None]] = []

        def remove(done: int) -> None:
            if not removed:
                removed.append(stack.enter_context(_bar("removing subscribers", count)))
            removed[0](done)

        with passing_subscribers(config, count, added=added, removed=remove) as cards:
            yield cards


@contextmanager
def _bar(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """How far it is, where standard error is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)
