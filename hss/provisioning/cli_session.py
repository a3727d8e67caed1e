"""What the commands of provisioning share: configuration, transactions with their actor, how things are said."""

import json
import os
import platform
import pwd
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from cyclopts.validators import Number
from sqlalchemy import Connection

from hss.audit import Actor
from hss.config import HssConfig
from hss.keys.custody import Custodian
from hss.keys.master_key import open_master
from hss.keys.vault import VaultError
from hss.provisioning.apns import ApnRefused
from hss.provisioning.change import Change, ProvisioningRefused, changing
from hss.provisioning.keys_input import KeysRefused
from hss.store import schema
from hss.store.engines import transaction
from hss.store.errors import StoreError
from runtime.config import ConfigError, read_config
from wire.identity import Imsi

ConfigFile = Callable[[], Path]
"""Where the configuration file is, asked only when a command runs."""

ImsiArgument = Annotated[str, Parameter(name="imsi", show_default=False)]
Json = Annotated[bool, Parameter(name="--json", negative="", show_default=False)]
Names = Annotated[tuple[str, ...], Parameter(negative="", show_default=False)]
Most = Annotated[int, Parameter(validator=Number(gte=1, lte=(1 << 31) - 1))]
"""At most so many rows."""
BatchNumber = Annotated[int, Parameter(validator=Number(gte=1, lte=(1 << 31) - 1))]
"""An import by its number, as its column holds it."""

KNOWN = (ConfigError, StoreError, VaultError, KeysRefused, ApnRefused, ProvisioningRefused)
"""What an operator can mend; each is one line."""


@contextmanager
def errors() -> Iterator[None]:
    """Say what cannot be in one line, and leave with exit code 1."""
    try:
        yield
    except KNOWN as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from None


def hss_config(config: Path) -> HssConfig:
    """The section [hss], when its database has our schema."""
    hss = read_config(config).section("hss", HssConfig)
    schema.check(hss.database, config)
    return hss


@contextmanager
def looking(config: Path) -> Iterator[Connection]:
    """A transaction that only reads, with errors said."""
    with errors(), transaction(hss_config(config).database, read_only=True) as connection:
        yield connection


@contextmanager
def change(config: Path) -> Iterator[Change]:
    """A change by whoever types, with errors said."""
    with errors():
        hss = hss_config(config)
        custodian = Custodian(open_master(hss.master_key, os.urandom))
        with changing(hss.database, custodian, actor(), now) as one:
            yield one


def actor() -> Actor:
    """Who types, and where."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = f"uid {os.getuid()}"
    by = os.environ.get("SUDO_USER")
    return Actor(f"{name} (sudo by {by})" if by else name, f"cli {platform.node()}")


def now() -> datetime:
    """The moment, in UTC."""
    return datetime.now(UTC)


def imsi_of(text: str) -> Imsi:
    """The IMSI that was typed."""
    try:
        return Imsi(text)
    except ValueError as error:
        raise ProvisioningRefused(f"{text!r}: {error}; write its digits alone") from None


def print_fields(fields: Mapping[str, Any], *, as_json: bool) -> None:
    """Names and values, a line each, or as JSON."""
    if as_json:
        print(json.dumps(fields))
        return
    for name, value in fields.items():
        for each in value if isinstance(value, list) else [value]:
            print(f"{name.replace('_', ' '):<12} {_in_words(each)}")


def print_rows(rows: Iterable[dict[str, Any]], columns: Mapping[str, int], noun: str, *, as_json: bool) -> None:
    """A line for each row with `columns` (name to width), and how many there are; or as JSON. Each as it comes."""
    count = 0
    for count, row in enumerate(rows, start=1):
        if as_json:
            print(f"{'[' if count == 1 else ', '}{json.dumps(row)}", end="")
        else:
            print(" ".join(f"{_in_words(row[name]):<{width}}" for name, width in columns.items()).rstrip())
    if as_json:
        print("]" if count else "[]")
    else:
        print(f"{count} {noun}{'' if count == 1 else 's'}", file=sys.stderr)


def _in_words(value: object) -> str:
    if isinstance(value, dict):
        return " ".join(f"{name}={each}" for name, each in value.items() if each not in (None, False))
    return "-" if value is None else str(value)
