"""`akadia subscriber …` and `akadia db …`: what an operator types, one line of error when it cannot be."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter
from sqlalchemy import Connection

from hss import schema
from hss.api import Ambr, ApnProfile, PdnType, Profile
from hss.config import HssConfig
from hss.custody import Custodian
from hss.engines import transaction
from hss.location import Location, describe
from hss.master_key import open_master
from hss.provisioning import subscribers
from hss.provisioning.apns import ApnRefused, apn_profiles
from hss.provisioning.cli_keys import keys_app
from hss.provisioning.keys_input import KeysInput, KeysRefused, read_keys
from hss.provisioning.subscribers import Account, NewSubscriber, ProvisioningRefused
from hss.store_errors import StoreError
from hss.vault import VaultError
from runtime.config import ConfigError, NetworkConfig, RawConfig, read_config
from wire.identity import Imsi

ConfigFile = Callable[[], Path]
"""Where the configuration file is, asked only when a command runs."""

KEYS_LENGTH_MAX = 4096
DEFAULT_AMF = "8000"
"""The separation bit is 1, as EAP-AKA' needs it (TS 33.102 Annex H)."""

_PDN_TYPES = {
    "ipv4": PdnType.IPV4,
    "ipv6": PdnType.IPV6,
    "ipv4v6": PdnType.IPV4V6,
    "ipv4-or-ipv6": PdnType.IPV4_OR_IPV6,
}

ImsiArgument = Annotated[str, Parameter(name="imsi", show_default=False)]
Json = Annotated[bool, Parameter(name="--json", negative="", show_default=False)]


def apps(config: ConfigFile) -> list[App]:
    """The groups of commands, for the front door to hang under its own."""
    return [_subscriber_app(config), _db_app(config), keys_app(config)]


def _subscriber_app(config: ConfigFile) -> App:
    app = App(name="subscriber", help="Add, show, list, bar and remove subscribers.")
    _register_add(app, config)
    _register_views(app, config)
    _register_changes(app, config)
    return app


def _register_add(app: App, config: ConfigFile) -> None:
    @app.command
    def add(
        imsi: ImsiArgument,
        *,
        keys: Annotated[
            str,
            Parameter(
                help="FILE, or - for standard input: k=…, opc=… or op=…, amf=… as hex", allow_leading_hyphen=True
            ),
        ],
        apn: Annotated[
            tuple[str, ...], Parameter(help="an APN; the first is the default", negative="", show_default=False)
        ] = (),
        pdn_type: Literal["ipv4", "ipv6", "ipv4v6", "ipv4-or-ipv6"] = "ipv6",
        home_address: Annotated[
            tuple[str, ...], Parameter(help="static, for the first APN", negative="", show_default=False)
        ] = (),
        ambr_up: Annotated[int | None, Parameter(help="bit/s")] = None,
        ambr_down: Annotated[int | None, Parameter(help="bit/s")] = None,
        amf: Annotated[str | None, Parameter(help="4 hex digits, when the keys have none")] = None,
        msisdn: str | None = None,
        json: Json = False,
    ) -> None:
        """Add a subscriber. Keys come from a file or standard input, never from an argument."""
        with _errors():
            raw, hss = _hss(config())
            custodian = Custodian(open_master(hss.master_key, os.urandom))
            profiles = apn_profiles(
                apn or (raw.section("network", NetworkConfig).apn,),
                pdn_type=_PDN_TYPES[pdn_type],
                home_addresses=home_address,
                ambr=_ambr(ambr_up, ambr_down),
            )
            # standard input may take its time, so it is read before the database is held
            read = _read_keys(keys)
            new = NewSubscriber(_imsi(imsi), read.keys, _amf(read, amf), profiles, _msisdn(msisdn))
            with _opened(config()) as connection:
                subscribers.add(connection, custodian, new)
                account = subscribers.show(connection, new.imsi)
        _print_account(account, as_json=json)


def _register_views(app: App, config: ConfigFile) -> None:
    @app.command
    def show(imsi: ImsiArgument, *, json: Json = False) -> None:
        """Show a subscriber; its keys are never shown."""
        with _errors(), _opened(config(), read_only=True) as connection:
            account = subscribers.show(connection, _imsi(imsi))
        _print_account(account, as_json=json)

    @app.command(name="list")
    def list_(*, json: Json = False) -> None:
        """List every subscriber by IMSI."""
        with _errors(), _opened(config(), read_only=True) as connection:
            _print_lines(connection, as_json=json)


def _register_changes(app: App, config: ConfigFile) -> None:
    @app.command
    def enable(imsi: ImsiArgument, *, json: Json = False) -> None:
        """Let a barred subscriber in again."""
        _change(config(), subscribers.enable, imsi, as_json=json)

    @app.command
    def disable(imsi: ImsiArgument, *, json: Json = False) -> None:
        """Bar a subscriber, and end its registration with an AAA server."""
        _change(config(), subscribers.disable, imsi, as_json=json)

    @app.command
    def remove(imsi: ImsiArgument, *, json: Json = False) -> None:
        """Delete a subscriber with its keys."""
        with _errors(), _opened(config()) as connection:
            subscribers.remove(connection, _imsi(imsi))
        _print({"imsi": imsi, "removed": True}, as_json=json)


def _db_app(config: ConfigFile) -> App:
    app = App(name="db", help="Create, upgrade and check the database's schema.")

    @app.command
    def upgrade(*, json: Json = False) -> None:
        """Create the database, or bring it to this program's schema."""
        with _errors():
            database = _hss(config())[1].database
            schema.upgrade(database)
            _print_schema(database, as_json=json)

    @app.command
    def current(*, json: Json = False) -> None:
        """Say which schema the database has."""
        with _errors():
            _print_schema(_hss(config())[1].database, as_json=json)

    @app.command
    def check(*, json: Json = False) -> None:
        """Fail unless the database has this program's schema."""
        with _errors():
            database = _hss(config())[1].database
            schema.check(database, config())
            _print_schema(database, as_json=json)

    return app


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except (ConfigError, StoreError, VaultError, KeysRefused, ApnRefused, ProvisioningRefused) as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from None


@contextmanager
def _opened(config: Path, *, read_only: bool = False) -> Iterator[Connection]:
    database = _hss(config)[1].database
    schema.check(database, config)
    with transaction(database, read_only=read_only) as connection:
        yield connection


def _hss(config: Path) -> tuple[RawConfig, HssConfig]:
    raw = read_config(config)
    return raw, raw.section("hss", HssConfig)


def _change(config: Path, change: Callable[[Connection, Imsi], None], imsi: str, *, as_json: bool) -> None:
    with _errors(), _opened(config) as connection:
        change(connection, _imsi(imsi))
        account = subscribers.show(connection, _imsi(imsi))
    _print_account(account, as_json=as_json)


def _imsi(text: str) -> Imsi:
    try:
        return Imsi(text)
    except ValueError as error:
        raise ProvisioningRefused(f"{text!r}: {error}; write its digits alone") from None


def _msisdn(text: str | None) -> str | None:
    digits = text.removeprefix("+") if text is not None else None
    if digits is not None and not (digits.isascii() and digits.isdigit() and 5 <= len(digits) <= 15):
        raise ProvisioningRefused(f"{text!r} is no MSISDN; write 5 to 15 digits with the country code first")
    return digits


def _read_keys(source: str) -> KeysInput:
    try:
        if source == "-":
            return read_keys(sys.stdin.read(KEYS_LENGTH_MAX))
        with Path(source).open(encoding="utf-8") as file:
            return read_keys(file.read(KEYS_LENGTH_MAX))
    except OSError as error:
        raise KeysRefused(f"{source}: cannot be read: {error.strerror}; name a file, or - for standard input") from None
    except UnicodeDecodeError:
        raise KeysRefused(f"{source}: is not text; write lines k=HEX, opc=HEX and amf=HEX") from None


def _amf(read: KeysInput, option: str | None) -> int:
    text = option if option is not None else (f"{read.amf:04x}" if read.amf is not None else DEFAULT_AMF)
    try:
        octets = bytes.fromhex(text)
    except ValueError:
        octets = b""
    if len(octets) != 2:
        raise ProvisioningRefused(f"{text!r} is no AMF; write 4 hex digits such as {DEFAULT_AMF}")
    value = int.from_bytes(octets, "big")
    if option is not None and read.amf not in (None, value):
        raise ProvisioningRefused("the keys and --amf name different AMFs; keep one of them")
    return value


def _ambr(up: int | None, down: int | None) -> Ambr | None:
    if up is None and down is None:
        return None
    if up is None or down is None:
        raise ApnRefused("an AMBR has two directions; give both --ambr-up and --ambr-down")
    return Ambr(uplink=up, downlink=down)


def _print_schema(database: Location, *, as_json: bool) -> None:
    revision = schema.current(database)
    _print({"database": describe(database), "revision": revision, "head": schema.head()}, as_json=as_json)


def _print_lines(connection: Connection, *, as_json: bool) -> None:
    rows = [
        {"imsi": line.imsi, "state": line.state.value, "msisdn": line.msisdn, "seq": line.seq}
        for line in subscribers.lines(connection)
    ]
    if as_json:
        print(json.dumps(rows))
        return
    for row in rows:
        print(f"{row['imsi']:<15} {row['state']:<8} {row['msisdn'] or '-'}")
    print(f"{len(rows)} subscriber{'' if len(rows) == 1 else 's'}", file=sys.stderr)


def _print_account(account: Account, *, as_json: bool) -> None:
    _print(_account_fields(account), as_json=as_json)


def _account_fields(account: Account) -> dict[str, Any]:
    return {
        "imsi": str(account.profile.imsi),
        "state": account.state.value,
        "msisdn": account.profile.msisdn,
        "amf": f"{account.amf:04x}",
        "seq": account.seq,
        "serving_aaa": account.serving_aaa,
        "apns": [_apn_fields(apn, account.profile) for apn in account.profile.apns],
        "created": account.created.isoformat(),
        "updated": account.updated.isoformat(),
    }


def _apn_fields(apn: ApnProfile, profile: Profile) -> dict[str, Any]:
    return {
        "name": apn.name,
        "context_id": apn.context_id,
        "default": apn.context_id == profile.default_context_id,
        "pdn_type": next(name for name, value in _PDN_TYPES.items() if value is apn.pdn_type),
        "home_address": str(apn.home_address) if apn.home_address else None,
        "home_address_v4": str(apn.home_address_v4) if apn.home_address_v4 else None,
        "ambr_up": apn.ambr.uplink if apn.ambr else None,
        "ambr_down": apn.ambr.downlink if apn.ambr else None,
    }


def _print(fields: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(fields))
        return
    for name, value in fields.items():
        for each in value if isinstance(value, list) else [value]:
            text = " ".join(f"{k}={v}" for k, v in each.items() if v not in (None, False)) if name == "apns" else each
            print(f"{name.replace('_', ' '):<12} {'-' if text is None else text}")
