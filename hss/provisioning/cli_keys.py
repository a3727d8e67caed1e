"""`akadia keys …`: which keys seal what, and how they are exchanged while the HSS serves."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import Console
from rich.progress import Progress

from hss.audit import AuditTrail
from hss.config import HssConfig
from hss.keys.custody import Custodian
from hss.keys.data_keys import KEY_LENGTH, make_key, read_data_keys, rows_by_key, wrap_anew
from hss.keys.keyring import Keyring
from hss.keys.master_key import MasterSource, open_master, parse_source
from hss.keys.token import FORM, TokenSource, init_token
from hss.keys.vault import VaultError
from hss.models import KeyPurpose, KeyState
from hss.provisioning.cli_session import actor, now
from hss.provisioning.rewrapping import prepare, rewrap, waiting
from hss.store import schema
from hss.store.engines import transaction
from hss.store.errors import StoreError
from runtime.config import ConfigError, read_config

ConfigFile = Callable[[], Path]
Json = Annotated[bool, Parameter(name="--json", negative="", show_default=False)]

_HELP = f"""\
Show and exchange the keys that seal K and OPc.

Each subscriber's keys are sealed under a data key, and data keys ({KEY_LENGTH} octets) under the master key.
To exchange the data key, at any time and while the HSS serves:

    akadia --config FILE keys rotate
    akadia --config FILE keys rewrap
"""


def keys_app(config: ConfigFile) -> App:
    """The group of commands, for the front door to hang under its own."""
    app = App(name="keys", help=_HELP, help_format="plaintext")
    _register_status(app, config)
    _register_rotate(app, config)
    _register_rewrap(app, config)
    _register_init_token(app, config)
    return app


def _register_status(app: App, config: ConfigFile) -> None:
    @app.command
    def status(*, json: Json = False) -> None:
        """Show the master key's fingerprint, and what each data key is for and seals."""
        with _errors():
            hss = _hss(config())
            master = open_master(hss.master_key, os.urandom)
            with transaction(hss.database, read_only=True) as connection:
                keys, rows = read_data_keys(connection), rows_by_key(connection)
        found = [
            {
                "id": key.id,
                "purpose": key.purpose.value,
                "state": key.state.value,
                "master": key.master,
                "created": key.created.isoformat(),
                "subscribers": rows.get(key.id, 0),
            }
            for key in keys
        ]
        fields = {
            "master": {"source": str(hss.master_key), "fingerprint": master.fingerprint},
            "under_master": rows.get(None, 0),
            "data_keys": found,
        }
        _print_status(fields, as_json=json)


def _register_rotate(app: App, config: ConfigFile) -> None:
    @app.command
    def rotate(*, master: str | None = None, json: Json = False) -> None:
        """Make a new data key; or, with --master, wrap all data keys under another master key.

        A new data key seals from now on; the old one opens what it has sealed, until
        `akadia keys rewrap` has moved that. After --master write the new source to
        hss.master_key; what runs goes on with the keys that it has.

            akadia --config FILE keys rotate
            akadia --config FILE keys rotate --master new-master.key

        Parameters
        ----------
        master
            The new master key: its file, or env:NAME.
        """
        with _errors():
            hss = _hss(config())
            old = open_master(hss.master_key, os.urandom)
            trail = AuditTrail(Keyring(old, os.urandom), now)
            if master is None:
                with transaction(hss.database) as connection:
                    made = make_key(connection, old, KeyPurpose.SUBSCRIBER, os.urandom)
                    trail.record(connection, actor(), "keys.rotate", str(made))
                fields: dict[str, object] = {"data_key": made}
            else:
                # all rows are looked through, and a token may take its time: nobody is to wait for that
                with transaction(hss.database, read_only=True) as connection:
                    _refuse_rows_under_master(rows_by_key(connection))
                source = _source(master)
                new = open_master(source, os.urandom)
                if isinstance(source, Path):
                    # the configuration's paths begin at its own folder, and this one where the command was typed
                    master = str(source)
                was, now_is = {"master": old.fingerprint}, {"master": new.fingerprint}
                with transaction(hss.database) as connection:
                    # before they are wrapped anew: the trail's own key is one of them
                    trail.record(connection, actor(), "keys.rotate-master", before=was, after=now_is)
                    count = wrap_anew(connection, old, new)
                fields = {"wrapped": count, "fingerprint": new.fingerprint}
        if json:
            _print_json(fields)
        elif master is None:
            print(f"data key {fields['data_key']} seals from now on; move the rest to it with: akadia keys rewrap")
        else:
            print(f"{fields['wrapped']} data keys are wrapped anew; now write hss.master_key = {master!r}")


def _register_rewrap(app: App, config: ConfigFile) -> None:
    @app.command(name="rewrap")
    def rewrap_all(*, json: Json = False) -> None:
        """Move every subscriber to the active data key, and retire the keys that nothing needs any more.

        It may be interrupted: begun again it goes on. A retired key's octets are deleted.
        """
        with _errors():
            hss = _hss(config())
            custodian = Custodian(open_master(hss.master_key, os.urandom))
            prepare(partial(transaction, hss.database), custodian)
            with transaction(hss.database, read_only=True) as connection:
                total = waiting(connection, custodian.keyring.current)
            with Progress(console=Console(stderr=True), disable=json or not sys.stderr.isatty()) as bar:
                task = bar.add_task("rewrapping", total=total)
                moved, retired = rewrap(hss.database, custodian, lambda count: bar.update(task, advance=count))
            if moved or retired:
                with transaction(hss.database) as connection:
                    facts = {"moved": moved, "retired": retired}
                    trail = AuditTrail(custodian.keyring, now)
                    trail.record(connection, actor(), "keys.rewrap", str(custodian.keyring.current), after=facts)
        if json:
            _print_json({"data_key": custodian.keyring.current, "moved": moved, "retired": retired})
            return
        print(f"{moved} subscribers moved to data key {custodian.keyring.current}")
        for key in retired:
            print(f"data key {key} has retired; backups may still hold it wrapped")


def _register_init_token(app: App, config: ConfigFile) -> None:
    @app.command(name="init-token")
    def init_token_(*, json: Json = False) -> None:
        """Make the keys that hss.master_key needs inside its PKCS#11 token, where they are not there yet."""
        with _errors():
            source = read_config(config()).section("hss", HssConfig).master_key
            if not isinstance(source, TokenSource):
                raise VaultError(f"hss.master_key is {source}, and no token; write {FORM}")
            made = init_token(source)
        if json:
            _print_json({"made": made})
        else:
            print(f"made {' and '.join(made)} in token {source.token}" if made else "both keys are there already")


def _refuse_rows_under_master(rows: dict[int | None, int]) -> None:
    if rows.get(None):
        raise VaultError(f"{rows[None]} subscribers are sealed under the master key itself; first: akadia keys rewrap")


def _source(text: str) -> MasterSource:
    try:
        source = parse_source(text, Path.cwd())
    except ValueError as error:
        raise ConfigError(str(error)) from None
    if isinstance(source, Path) and not source.exists():
        raise VaultError(f"{source}: there is no such file; make one: (umask 077; openssl rand -hex 32 > {source})")
    return source


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except (ConfigError, StoreError, VaultError) as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from None


def _hss(config: Path) -> HssConfig:
    hss = read_config(config).section("hss", HssConfig)
    schema.check(hss.database, config)
    return hss


def _print_status(fields: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        _print_json(fields)
        return
    master, keys = fields["master"], fields["data_keys"]
    if isinstance(master, dict):
        print(f"master key   {master['fingerprint']} from {master['source']}")
    if fields["under_master"]:
        print(f"{'':<12} seals {fields['under_master']} subscribers itself; move them with: akadia keys rewrap")
    for key in keys if isinstance(keys, list) else []:
        seals = f", seals {key['subscribers']} subscribers" if key["purpose"] == "subscriber" else ""
        odd = "" if key["state"] == KeyState.RETIRED.value or key["master"] == _of(master) else ", other master key"
        print(f"data key {key['id']:<3} {key['purpose']}, {key['state']}{seals}{odd}, made {key['created']}")


def _of(master: object) -> object:
    return master["fingerprint"] if isinstance(master, dict) else None


def _print_json(fields: dict[str, object]) -> None:
    print(json.dumps(fields))
