"""`akadia profile …`: algorithm profiles, which say how an operator's cards compute and count."""

from typing import Literal

from cyclopts import App

from hss.algorithms import AlgorithmSettings, read_settings
from hss.models import Algorithm, Custody, Scheme
from hss.provisioning import algorithm_profiles
from hss.provisioning.algorithm_profiles import described, users_of
from hss.provisioning.cli_session import ConfigFile, Json, change, looking, print_fields, print_rows
from hss.provisioning.subscribers import settings_named

_HELP = """\
Algorithm profiles: which functions, how SQN is counted (TS 33.102 Annex C).

A profile that subscribers use does not change; make another, and move them with
akadia subscriber update IMSI --profile NAME. A name that was removed comes back with
the same values alone: servers that run may know them yet.

    akadia --config FILE profile add tuak --algorithm tuak
    akadia --config FILE profile add busy --reserve 32
    akadia --config FILE profile add clocked --scheme time
"""
_COLUMNS = {"name": 20, "algorithm": 9, "scheme": 8, "reserve": 8, "ind_bits": 3, "subscribers": 10}


def profile_app(config: ConfigFile) -> App:
    """The group of commands, for the front door to hang under its own."""
    app = App(name="profile", help=_HELP, help_format="plaintext")
    _register_add(app, config)
    _register_rest(app, config)
    return app


def _register_add(app: App, config: ConfigFile) -> None:
    @app.command
    def add(
        name: str,
        *,
        algorithm: Literal["milenage", "tuak", "test"] = "milenage",
        parameters: str | None = None,
        scheme: Literal["counter", "time"] = "counter",
        reserve: int = 1,
        clock_unit_ms: int = 100,
        ind_bits: int = 5,
        delta: int = 1 << 28,
        custody: Literal["sealed", "token"] = "sealed",
        json: Json = False,
    ) -> None:
        """Add an algorithm profile.

        Parameters
        ----------
        name
            What it is called from now on.
        algorithm
            milenage (TS 35.206), tuak (TS 35.231), or the test algorithm of TS 34.108.
        parameters
            Constants that are not the usual ones, as JSON; a mistake is answered with the form.
        scheme
            counter: each vector is counted in SQL; time: SEQ comes from the clock.
        reserve
            With a counter: how many SEQ of a subscriber a process takes at a time.
        clock_unit_ms
            With the clock: milliseconds of one SEQ.
        ind_bits
            The length of IND, by which the USIM tells nodes apart.
        delta
            How far ahead of what it has seen the USIM accepts SEQ.
        custody
            sealed: K is opened in the HSS; token: K never leaves the PKCS#11 token of hss.keys.master_key.
        """
        settings = AlgorithmSettings(
            name=name,
            algorithm=Algorithm(algorithm),
            parameters=parameters,
            ind_bits=ind_bits,
            delta=delta,
            scheme=Scheme(scheme),
            reserve=reserve,
            clock_unit_ms=clock_unit_ms,
            custody=Custody(custody),
        )
        with change(config()) as one:
            algorithm_profiles.add(one, settings)
        print_fields(described(settings), as_json=json)


def _register_rest(app: App, config: ConfigFile) -> None:
    @app.command
    def show(name: str, *, json: Json = False) -> None:
        """Show a profile, and how many subscribers have it."""
        with looking(config()) as connection:
            fields = described(settings_named(connection, name)) | {"subscribers": users_of(connection, name)}
        print_fields(fields, as_json=json)

    @app.command(name="list")
    def list_(*, json: Json = False) -> None:
        """List the profiles."""
        with looking(config()) as connection:
            found = sorted(read_settings(connection).items())
            rows = [described(one) | {"subscribers": users_of(connection, name)} for name, one in found]
        print_rows(rows, _COLUMNS, "profile", as_json=json)

    @app.command
    def remove(name: str, *, json: Json = False) -> None:
        """Take a profile away that no subscriber has."""
        with change(config()) as one:
            algorithm_profiles.remove(one, name)
        print_fields({"profile": name, "removed": True}, as_json=json)
