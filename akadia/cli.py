"""The akadia command: it reads the command line, and everything else is imported when it is needed."""

import errno
import gc
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, CycloptsError, Parameter
from cyclopts.validators import Number

CONFIG_VARIABLE = "AKADIA_CONFIG"

DONE, FAILED, MISUSED = 0, 1, 2
"""Exit codes: done; tried and failed; asked for wrongly."""

HELP = f"""\
An HSS-backed 3GPP AAA server, with the UE and the PDN GW around it.

Try it out, in a temporary folder and without privileges:

    akadia demo

Make a laboratory, run it, and attach a UE from another terminal:

    akadia init lab
    akadia --config lab/akadia.toml up
    akadia --config lab/akadia.toml ue attach

Run one server alone, or add a subscriber:

    akadia --config lab/akadia.toml aaa serve
    akadia --config lab/akadia.toml subscriber add 001010000000002 --keys -

The environment variable {CONFIG_VARIABLE} may name the file instead of --config.
akadia COMMAND --help says more about a command.
"""

PROVISIONING = {
    "subscriber": "Add, show, list, change, bar and remove subscribers.",
    "apn": "Add, list, change and take away the APNs of a subscriber.",
    "profile": "Algorithm profiles: which functions, how SQN is counted.",
    "node": "Nodes that ask for vectors: list their INDs, and free those of nodes that are gone.",
    "token": "Who may use the REST API, and for what.",
    "audit": "Show who changed what, and verify the trail of it.",
    "db": "Create, upgrade and check the database's schema.",
    "keys": "Show and exchange the keys that seal K and OPc.",
    "import": "Bring in a SIM vendor's file; list and undo imports.",
    "export": "Write every subscriber to a file, without any key.",
    "backup": "Write the whole store to a file, sealed.",
    "restore": "Fill an empty store from a backup.",
}

MENDABLE = frozenset(
    {
        "aaa.commands.SessionRefused",
        "akadia.laboratory.LaboratoryRefused",
        "akadia.supervisor.DaemonFailed",
        "hss.keys.vault.VaultError",
        "hss.provisioning.change.ProvisioningRefused",
        "hss.session_api.LedgerUnavailable",
        "hss.store.errors.StoreError",
        "runtime.config.ConfigError",
        "ue_sim.load.subscribers.LoadRefused",
    }
)
"""What an operator can mend, by name: who has raised one has loaded it, and nobody else has to."""

_REMEDIES = {
    errno.EADDRINUSE: "see which program has it, or correct the address",
    errno.ENOSPC: "make room on that disk",
    errno.EACCES: "correct the path or its mode, or run it as who may",
}

_YOUNG_OBJECTS = 20_000

ConfigFile = Callable[[], Path]
Flag = Annotated[bool, Parameter(negative="", show_default=False)]
Names = Annotated[tuple[str, ...], Parameter(negative="", show_default=False)]


class _Options:
    """What stands before the command."""

    config: Path | None = None

    def config_file(self) -> Path:
        """The configuration file; ConfigError when neither the option nor the environment names one."""
        from runtime.config import ConfigError

        named = self.config or os.environ.get(CONFIG_VARIABLE)
        if named:
            return Path(named)
        raise ConfigError("no configuration file is named; write akadia --config FILE, and akadia init DIR makes one")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that `arguments` (the process's own) ask for; its exit code."""
    tokens = list(sys.argv[1:] if arguments is None else arguments)
    # what is loaded is not garbage: looking for some at every 700 new objects took a tenth of a daemon's start
    gc.set_threshold(_YOUNG_OBJECTS, *gc.get_threshold()[1:])
    try:
        result = build(tokens).meta(tokens, print_error=False, exit_on_error=False)
        sys.stdout.flush()
    except CycloptsError as error:
        return _complain(f"{_one_line(error)} (akadia --help shows how it is written)", MISUSED)
    except KeyboardInterrupt:
        return 128 + 2
    except BrokenPipeError:
        return _unheard()
    except Exception as error:
        cause = _known_cause(error)
        if cause is None:
            raise
        return _complain(cause, FAILED)
    return result if isinstance(result, int) else DONE


def build(tokens: Sequence[str] = ()) -> App:
    """The command with its parts; the provisioning commands are loaded only when `tokens` name them."""
    options = _Options()
    app = _group("akadia", HELP)
    app.usage = "Usage: akadia [--config FILE] COMMAND"
    app.version = _version
    _add_commands(app, _Commands(options.config_file))
    _add_provisioning(app, options.config_file, tokens)

    @app.meta.default
    def launch(
        *command: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
        config: Annotated[Path | None, Parameter(help="The configuration file (akadia.toml).")] = None,
    ) -> object:
        options.config = config
        return app(command, print_error=False, exit_on_error=False)

    return app


def _group(name: str, text: str) -> App:
    return App(name=name, help=text, help_format="plaintext", result_action="return_value")


class _Commands:
    """Every command of the front door; `config_file` is asked only when one needs it."""

    def __init__(self, config_file: ConfigFile) -> None:
        self.config_file = self._config = config_file

    def init(
        self,
        folder: Path,
        /,
        *,
        hss: Literal["local", "swx"] = "local",
        aaa: Literal["diameter", "radius"] = "diameter",
        database: str = "",
        json: Flag = False,
        capture: Flag = False,
    ) -> int:
        """Make a working laboratory in a folder that is empty or not there yet.

        It holds akadia.toml with every key explained, keys and certificates of its
        own, a database with one test subscriber, and that subscriber's card.

            akadia init lab
            akadia init lab --hss swx --json
            akadia init lab --database postgresql://akadia@db.example/lab

        Parameters
        ----------
        folder
            Where to make it.
        hss
            local: the AAA server opens the HSS's database itself; swx: it asks over Diameter.
        aaa
            How the PDN GW asks the AAA server.
        database
            A PostgreSQL database without any table; a SQLite file in the folder unless one is named.
        json
            Print where everything is as JSON.
        capture
            Let every daemon write its traffic to capture/NAME.pcapng.
        """
        import json as json_format

        from akadia.laboratory import create

        laboratory = create(folder, hss=hss, aaa=aaa, capture=capture, database=database)
        print(json_format.dumps(laboratory.summary(), indent=2) if json else laboratory.description())
        return DONE

    def up(self, *, only: Names = (), logs: Literal["files", "stderr"] = "files") -> int:
        """Run DNS, HSS, AAA server and PDN GW until SIGTERM or Ctrl-C.

        Prints `ready` when all of them listen. If one ends, all end, with its cause.

            akadia --config lab/akadia.toml up
            akadia --config lab/akadia.toml up --only dns --logs stderr

        Parameters
        ----------
        only
            Run this daemon alone; may be repeated.
        logs
            files: each daemon writes logs/NAME.log beside the configuration; stderr: all write here.
        """
        from akadia import supervisor

        return supervisor.main(self._config(), only=only, to_files=logs == "files")

    def demo(
        self, *, aaa: Literal["diameter", "radius"] = "diameter", json: Flag = False, keep: Path | None = None
    ) -> int:
        """Run the eight steps of DS-MIPv6 bootstrapping on real sockets, and print the evidence of each.

        Needs no configuration and no privileges.

            akadia demo
            akadia demo --aaa radius --json
            akadia demo --keep evidence

        Parameters
        ----------
        aaa
            How the PDN GW asks the AAA server.
        json
            Print the steps as JSON.
        keep
            Leave the laboratory, its logs and a pcapng of all traffic in this folder.
        """
        from akadia.demo import run

        return run(aaa=aaa, as_json=json, keep=keep)

    def serve_hss(self) -> int:
        """Serve SWx and S6a until SIGTERM or Ctrl-C."""
        from hss.app import main as serve

        return serve(self._config_read_whole())

    def serve_auc(
        self,
        path: Annotated[Path | None, Parameter(show_default=False)] = None,
        /,
        *,
        node: str = "auc-socket",
        mode: str = "660",
    ) -> int:
        """Give hostapd vectors over a Unix socket (its eap_sim_db) until SIGTERM or Ctrl-C.

        hostapd.conf then says eap_sim_db=unix:PATH. Start this first: hostapd looks for the socket when it starts.
        For EAP-AKA' a subscriber's AMF needs the separation bit (8000).

            akadia --config lab/akadia.toml hss auc-socket /run/akadia/auc.sock

        Parameters
        ----------
        path
            The socket; auc.sock beside the configuration unless one is named.
        node
            For which requesting node vectors are made: it has an IND of its own.
        mode
            Who may ask, as octal digits: whoever may write to the socket gets keys.
        """
        from hss.faces.auc_socket_app import main as serve

        return serve(self._config_read_whole(), path, node=node, mode=mode)

    def serve_aaa(
        self,
        *,
        workers: Annotated[int | None, Parameter(show_default=False, validator=Number(gte=1, lte=64))] = None,
    ) -> int:
        """Serve RADIUS and Diameter until SIGTERM or Ctrl-C.

        Several workers share the ports. One that ends is replaced, and any of them goes on with what another began.
        SIGHUP then reads the configuration again: new workers take over before the old ones leave.

            akadia --config lab/akadia.toml aaa serve --workers 2

        Parameters
        ----------
        workers
            How many processes serve; as many as the configuration says (aaa.workers) unless it is given.
        """
        from aaa.app import main as serve

        return serve(self._config_read_whole(), workers=workers)

    def serve_pdngw(self) -> int:
        """Serve IKEv2, Binding Updates and tunnels until SIGTERM or Ctrl-C."""
        from pdngw_proxy.app import main as serve

        return serve(self._config_read_whole())

    def serve_dns(self) -> int:
        """Answer queries until SIGTERM or Ctrl-C."""
        from akadia.dns_server import main as serve

        return serve(self._config_read_whole())

    def _config_read_whole(self) -> Path:
        """The file, for a server; ConfigError for a section that nothing reads: it would be served without it."""
        from akadia.template import SECTIONS
        from runtime.config import read_config

        path = self._config()
        read_config(path).require_known(SECTIONS)
        return path


_SERVERS = {
    "hss": "The Home Subscriber Server.",
    "aaa": "The 3GPP AAA server.",
    "pdngw": "The PDN GW: IKEv2 responder and home agent.",
    "dns": "The DNS server in which the UE finds its PDN GW.",
}


def _add_commands(app: App, commands: _Commands) -> None:
    from akadia.aaa_sessions import add_session_commands
    from akadia.aaa_status import add_status
    from akadia.explain import add_explain
    from akadia.identity_keys import identity_keys
    from akadia.load import load_commands
    from akadia.log_commands import log_commands
    from akadia.pdngw_control import add_gateway_commands
    from akadia.ue_commands import ue_commands

    for command in (commands.init, commands.up, commands.demo):
        app.command(command)
    add_explain(app, commands.config_file)
    serve = {
        "hss": commands.serve_hss,
        "aaa": commands.serve_aaa,
        "pdngw": commands.serve_pdngw,
        "dns": commands.serve_dns,
    }
    for name, text in _SERVERS.items():
        server = _group(name, text)
        server.command(serve[name], name="serve")
        if name == "hss":
            server.command(commands.serve_auc, name="auc-socket")
        if name == "aaa":
            add_session_commands(server, commands.config_file)
            add_status(server, commands.config_file)
            server.command(identity_keys(commands.config_file))
        if name == "pdngw":
            add_gateway_commands(server, commands.config_file)
        app.command(server)
    app.command(log_commands(commands.config_file))
    app.command(ue_commands(commands.config_file))
    app.command(load_commands(commands.config_file))


def _add_provisioning(app: App, config: ConfigFile, tokens: Sequence[str]) -> None:
    groups = [_group(name, text) for name, text in PROVISIONING.items()]
    if any(token in PROVISIONING for token in tokens):
        from hss.provisioning.cli import apps

        groups = apps(config)
    for group in groups:
        app.command(group)


def _version() -> str:
    from importlib.metadata import version

    return f"akadia {version('akadia')}"


def _known_cause(error: Exception) -> str | None:
    """One line for what an operator can mend; None for a fault of the program."""
    kinds = {f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__}
    if not kinds.isdisjoint(MENDABLE):
        return _one_line(error)
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or error} ({_REMEDIES.get(error.errno or 0, 'correct the address or path')})"
    return None


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _unheard() -> int:
    """Whoever reads has read enough, as head does: what is still unwritten is given up. The code is a shell's."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 128 + signal.SIGPIPE


def _complain(cause: str, code: int) -> int:
    print(f"error: {cause}", file=sys.stderr)
    return code
