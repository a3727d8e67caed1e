"""`akadia load`: many UEs at once against an AAA server, in a laboratory or anywhere."""

import json as json_format
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter
from cyclopts.validators import Number

if TYPE_CHECKING:
    from runtime.config import NetworkConfig, RawConfig, SocketAddress
    from ue_sim.load.diameter_packets import Node
    from ue_sim.load.report import Report
    from ue_sim.load.running import Load
    from ue_sim.load.subscribers import CardKeys, CardSource

ConfigFile = Callable[[], Path]
Flag = Annotated[bool, Parameter(negative="", show_default=False)]
Text = Annotated[str, Parameter(show_default=False)]
File = Annotated[Path | None, Parameter(show_default=False)]
_USUAL_SECONDS = 10.0
_ACCOUNTING_PORT = 1813
Count = Annotated[int | None, Parameter(show_default=False, validator=Number(gte=1))]
Positive = Annotated[int, Parameter(validator=Number(gte=1))]
Seconds = Annotated[float | None, Parameter(show_default=False, validator=Number(gt=0))]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Options:
    """What radius and diameter have in common."""

    subscribers: File = None
    """A file of cards: CSV with the columns IMSI, KI and OPC, or lines of `IMSI K OPc`; else [ue] usim."""
    first_imsi: Text = ""
    """In place of a file: the first IMSI of a range whose cards have one K and one OPc."""
    imsis: Positive = 1
    """How many IMSIs the range has."""
    keys: Text = ""
    """Their keys: a file with the lines k=HEX and opc=HEX, or - for standard input."""
    realm: Text = ""
    """The realm of their NAIs; that of [network] unless it is given."""
    method: Literal["aka", "aka-prime"] = "aka"
    """EAP-AKA or EAP-AKA'."""
    fast: Annotated[int, Parameter(validator=Number(gte=0))] = 0
    """So many fast re-authentications follow each full authentication."""
    pseudonyms: Flag = False
    """Show the pseudonym that the server gave the last time."""
    at_once: Positive = 32
    """So many UEs at once, each with another card: never more than there are cards."""
    rate: Seconds = None
    """So many begin in a second; as soon as another has ended unless it is given."""
    count: Count = None
    """End after so many authentications."""
    seconds: Seconds = None
    """End after so many seconds; 10 unless a count is given."""
    warm_up: Annotated[float, Parameter(validator=Number(gte=0))] = 0.0
    """Seconds before the first that is counted."""
    processes: Positive = 1
    """How many processes make the load, each with its share of the cards."""
    cpu_of: Annotated[tuple[int, ...], Parameter(negative="", show_default=False)] = ()
    """Tell also how much CPU this process (its number) takes with its children; may be repeated."""
    json: Flag = False
    """Print the report as JSON."""


def load_commands(config_file: ConfigFile) -> App:
    """`akadia load`."""
    app = App(
        name="load",
        help="Many UEs at once against an AAA server: how fast, how long, what fails.",
        help_format="plaintext",
        result_action="return_value",
    )
    commands = _LoadCommands(config_file)
    app.command(commands.radius)
    app.command(commands.diameter)
    return app


class _LoadCommands:
    """Each takes what is not given from the laboratory's configuration."""

    def __init__(self, config_file: ConfigFile) -> None:
        self._config_file = config_file

    def radius(
        self,
        *,
        options: Options = Options(),
        server: Text = "",
        secret_file: File = None,
        ports: Positive = 32,
        limit: Annotated[float, Parameter(validator=Number(gt=0))] = 30.0,
        accounting: Flag = False,
        interims: Annotated[int, Parameter(validator=Number(gte=0))] = 0,
        accounting_server: Text = "",
    ) -> int:
        """Authenticate over RADIUS, and verify every answer: authenticators, AUTN, AT_MAC and MPPE keys.

        Requests are sent again as clients do it (RFC 5080 §2.2.1). It fails when any authentication does. With
        --accounting each UE that is let in has a session, and it fails as well when a record of one is not answered.

            akadia --config lab/akadia.toml load radius --count 1000
            akadia load radius --server 192.0.2.1:1812 --secret-file radius.secret --subscribers cards.csv
                   --realm nai.epc.mnc001.mcc001.3gppnetwork.org --at-once 64 --seconds 30 --fast 2
            akadia --config lab/akadia.toml load radius --accounting --interims 2

        Parameters
        ----------
        server
            Where the AAA server listens; that of [pdngw.radius] unless it is given.
        secret_file
            The file with the shared secret; that of [pdngw.radius] unless it is given.
        ports
            From so many ports, so that the kernel can deal the requests out to the workers of a server.
        limit
            After so many seconds without an answer an authentication has failed, and a record of a session.
        accounting
            After each Access-Accept tell of a session that begins, with its Class, and ends at once: Start and Stop.
        interims
            So many Interim-Updates between Start and Stop, each with counters of ten minutes more.
        accounting_server
            Where accounting is taken; that of [pdngw.radius], or port 1813 beside the server, unless it is given.
        """
        from pdngw_proxy.aaa_link.config import RadiusLinkConfig
        from runtime.secret_file import read_secret
        from ue_sim.load.running import RadiusTarget, Sessions, over_radius
        from ue_sim.load.subscribers import LoadRefused
        from wire.radius.exchange import Timers

        settings = _Settings(self._config_file, options)
        if not accounting and (interims or accounting_server):
            raise LoadRefused("--interims and --accounting-server go with --accounting")
        acct = settings.address(accounting_server, "--accounting-server") if accounting_server else None
        if server and secret_file:
            where, secret = settings.address(server), read_secret(secret_file)
        else:
            given = settings.raw.section("pdngw.radius", RadiusLinkConfig)
            where = settings.address(server) if server else given.aaa
            secret = read_secret(secret_file or given.secret_file)
            acct = acct or (None if server else given.acct)
        accounting_at = (acct.host, acct.port) if acct else (where.host, _ACCOUNTING_PORT)
        sessions = Sessions(accounting_at, interims) if accounting else None
        target = RadiusTarget(
            (where.host, where.port), secret, ports=ports, timers=Timers(mrd=limit), sessions=sessions
        )
        return settings.run(lambda load, told: over_radius(load, target, told))

    def diameter(
        self,
        *,
        options: Options = Options(),
        server: Text = "",
        application: Literal["eap", "s6b", "swm"] = "eap",
        connections: Positive = 1,
        origin_host: Text = "",
        origin_realm: Text = "",
        destination_realm: Text = "",
        apn: Text = "",
        end: Flag = False,
        limit: Annotated[float, Parameter(validator=Number(gt=0))] = 10.0,
    ) -> int:
        """Authenticate over Diameter, and verify every answer: AUTN, AT_MAC and EAP-Master-Session-Key.

        What a lost connection carried goes to another one (RFC 6733 §5.5.4). It fails when any authentication does.

            akadia --config lab/akadia.toml load diameter --count 1000 --application s6b
            akadia load diameter --server 192.0.2.1:3868 --origin-host "nas{}.example" --origin-realm example
                   --destination-realm aaa.example --connections 8 --subscribers cards.csv --realm example

        Parameters
        ----------
        server
            Where the AAA server listens (TCP); that of [pdngw.diameter] unless it is given.
        application
            Diameter EAP (RFC 4072), S6b or SWm (TS 29.273).
        connections
            How many connections there are.
        origin_host
            Who we are: a peer in the server's configuration. With {} in it each connection is another peer, with its
            number there; a server need not let one peer have several. The laboratory's tester unless it is given.
        origin_realm
            Our realm; that of [network] unless it is given.
        destination_realm
            The server's realm; that of [network] unless it is given.
        apn
            The APN that S6b and SWm name; that of [network] unless it is given.
        end
            End every session by STR once it has begun; a server remembers the others.
        limit
            After so many seconds without an answer an authentication has failed.
        """
        from pdngw_proxy.aaa_link.config import DiameterLinkConfig
        from ue_sim.load.running import DiameterTarget, over_diameter

        settings = _Settings(self._config_file, options)
        given = not server and settings.raw.section("pdngw.diameter", DiameterLinkConfig)
        where = settings.address(server) if not given else given.aaa
        realm = origin_realm or settings.network.realm
        hosts = [(origin_host or f"tester.{realm}").replace("{}", str(n + 1)) for n in range(connections)]
        nodes = tuple(
            settings.node(application, host, realm, destination_realm or settings.network.realm, apn) for host in hosts
        )
        target = DiameterTarget((where.host, where.port), nodes, limit, end)
        return settings.run(lambda load, told: over_diameter(load, target, told))


class _Settings:
    """The options, and behind them the configuration, which is read when one of them is not given."""

    def __init__(self, config_file: ConfigFile, options: Options) -> None:
        self._config_file = config_file
        self._options = options

    @cached_property
    def raw(self) -> "RawConfig":
        """The configuration; ConfigError without one."""
        from runtime.config import read_config

        return read_config(self._config_file())

    @cached_property
    def network(self) -> "NetworkConfig":
        """[network]; ConfigError without one."""
        from runtime.config import NetworkConfig

        return self.raw.section("network", NetworkConfig)

    def node(self, application: str, host: str, realm: str, destination_realm: str, apn: str) -> "Node":
        """The node of one connection."""
        from ue_sim.load.diameter_packets import Node
        from wire.diameter.applications import Application
        from wire.names import Plmn, visited_network

        kind = {"eap": Application.EAP, "s6b": Application.S6B, "swm": Application.SWM}[application]
        if kind is Application.EAP:
            return Node(kind, host, realm, destination_realm)
        network = visited_network(Plmn(self.network.mcc, self.network.mnc))
        return Node(kind, host, realm, destination_realm, apn or self.network.apn, network)

    def address(self, text: str, option: str = "--server") -> "SocketAddress":
        """Of "host:port", which `option` names; LoadRefused for anything else."""
        from runtime.config import SocketAddress
        from ue_sim.load.subscribers import LoadRefused

        try:
            return SocketAddress.from_text(text)
        except ValueError as error:
            raise LoadRefused(f"{option}: {error}") from None

    def run(self, over: "Callable[[Load, Callable[[int], None]], Report]") -> int:
        """Run the load under a bar, and print its report."""
        load, options = self._load(), self._options
        with _bar(load) as told:
            report = over(load, told)
        print(json_format.dumps(report.fields()) if options.json else report.text())
        return 0 if report.succeeded else 1

    def _load(self) -> "Load":
        from ue_sim.load.pace import Pace
        from ue_sim.load.running import Load
        from ue_sim.load.turns import Behaviour
        from wire.identity import EapMethod

        options = self._options
        method = EapMethod.AKA_PRIME if options.method == "aka-prime" else EapMethod.AKA
        seconds = options.seconds or (None if options.count else _USUAL_SECONDS)
        pace = Pace(options.at_once, options.rate, options.count, seconds, options.warm_up)
        behaviour = Behaviour(method, options.realm or self._realm(), options.fast, options.pseudonyms)
        return Load(self._source(), behaviour, pace, options.processes, options.cpu_of)

    def _realm(self) -> str:
        from wire.names import Plmn, nai_realm

        return nai_realm(Plmn(self.network.mcc, self.network.mnc))

    def _source(self) -> "CardSource":
        from ue_sim.card import read_card
        from ue_sim.config import UeConfig
        from ue_sim.load.subscribers import CardFile, CardKeys, LoadRefused, Range
        from wire.aka.milenage import Milenage

        options = self._options
        if options.subscribers is not None:
            return CardFile(options.subscribers)
        if options.first_imsi:
            return Range(self._first(), options.imsis)
        usim = self.raw.section("ue", UeConfig).usim
        card = read_card(usim)
        if card.algorithm is not Milenage:
            raise LoadRefused(f"{usim}: a load has Milenage alone; name other cards with --subscribers")
        return Range(CardKeys(str(card.imsi), card.k, card.opc))

    def _first(self) -> "CardKeys":
        from hss.provisioning.keys_input import KeysRefused, read_keys_from
        from ue_sim.load.subscribers import CardKeys, LoadRefused
        from wire.identity import Imsi

        if not self._options.keys:
            raise LoadRefused("--first-imsi goes with --keys, a file with the lines k=HEX and opc=HEX")
        try:
            imsi = Imsi(self._options.first_imsi)
            keys = read_keys_from(self._options.keys)
        except (KeysRefused, ValueError) as error:
            raise LoadRefused(str(error)) from None
        if keys.opc is None:
            raise LoadRefused("--keys: opc is missing; add a line opc=HEX of 16 octets")
        return CardKeys(str(imsi), keys.k, keys.opc)


@contextmanager
def _bar(load: "Load") -> "Iterator[Callable[[int], None]]":
    """How far it is, on a terminal; it does not count what the server has done by itself."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    pace = load.pace
    total = pace.count or ((pace.seconds or 0) + pace.warm_up)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[done]:,} done"))
    with Progress(
        *columns, TimeElapsedColumn(), console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("load", total=total, done=0)
        began = time.monotonic()
        yield lambda done: bar.update(task, completed=done if pace.count else time.monotonic() - began, done=done)
