"""One TOML file for every daemon: sections with a model each, and complaints that fit on one line."""

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Self, TypeVar, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    ValidationInfo,
)
from pydantic_core import ErrorDetails, core_schema

from runtime.log_imsi import ImsiForm
from runtime.logs import Format, Level

CONFIG_FD = "AKADIA_CONFIG_FD"
"""The environment variable that names an inherited file: the configuration as the parent of several processes read it.

Its workers serve by that, whatever becomes of the file, until the parent has read it again.
"""


class ConfigError(ValueError):
    """One line for the operator: which file, which key, what is wrong, what to write instead."""


class Section(BaseModel):
    """One table of the file: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


SectionT = TypeVar("SectionT", bound=Section)


class SocketAddress(NamedTuple):
    """Where to listen or to send; it is the (host, port) pair that sockets take."""

    host: str
    port: int

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read "host:port" or "[IPv6]:port"; ValueError says what to write."""
        host, colon, port = text.rpartition(":")
        bracketed = host.startswith("[") and host.endswith("]")
        if not colon or not host or (":" in host and not bracketed) or not _is_port(port):
            raise ValueError(f'{text!r} is not an address; write "host:port" or "[IPv6 address]:port"')
        if bracketed and not _is_ipv6(host[1:-1]):
            raise ValueError(f"{host!r} holds no IPv6 address; write the address itself between the brackets")
        return cls(host[1:-1] if bracketed else host, int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: object) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls._validated, serialization=core_schema.to_string_ser_schema()
        )

    @classmethod
    def _validated(cls, value: object) -> Self:
        if isinstance(value, cls):
            return value
        if not isinstance(value, str):
            raise ValueError(f'{value!r} is not an address; write "host:port"')  # noqa: TRY004 - pydantic reports ValueError
        return cls.from_text(value)


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text) <= 65535


def _is_ipv6(text: str) -> bool:
    try:
        return ip_address(text).version == 6
    except ValueError:
        return False


def _beside_the_file(path: Path, info: ValidationInfo) -> Path:
    folder = cast("Mapping[str, Path]", info.context or {}).get("folder", Path())
    return folder / path.expanduser()


def _none_if_empty(value: object) -> object:
    return None if value == "" else value


ConfigPath = Annotated[Path, AfterValidator(_beside_the_file)]
"""A path of the file: what is relative is relative to the file's folder."""

OptionalPath = Annotated[ConfigPath | None, BeforeValidator(_none_if_empty)]
"""A path, or nothing when the file says \"\"."""


def _as_list(value: object) -> object:
    return ([value] if value else []) if isinstance(value, str) else value


def _not_empty(value: object) -> object:
    if value == "":
        raise ValueError('"" names no file; write its path, or leave it out of the list')
    return value


PathOrPaths = Annotated[tuple[Annotated[ConfigPath, BeforeValidator(_not_empty)], ...], BeforeValidator(_as_list)]
"""Paths as a list, one path alone, or none when the file says \"\"."""


def _literal(where: SocketAddress) -> SocketAddress:
    try:
        return SocketAddress(str(ip_address(where.host)), where.port)
    except ValueError:
        raise ValueError(f'{where.host} is a name; write the address itself, such as "192.0.2.1:1812"') from None


LiteralAddress = Annotated[SocketAddress, AfterValidator(_literal)]
"""An address without a name in it, in its one spelling, so that answers can be told from what others send."""


def _network(value: object) -> IPv4Network | IPv6Network:
    try:
        return ip_network(str(value))
    except ValueError as error:
        raise ValueError(f'{error}; write a network such as "127.0.0.0/8", or one address') from None


Network = Annotated[IPv4Network | IPv6Network, PlainValidator(_network)]
"""An IPv4 or IPv6 network, or one address."""


def _address(value: object) -> IPv4Address | IPv6Address | None:
    try:
        return None if value in {None, ""} else ip_address(str(value))
    except ValueError as error:
        raise ValueError(f'{error}; write an address such as "192.0.2.1", or ""') from None


OptionalAddress = Annotated[IPv4Address | IPv6Address | None, PlainValidator(_address)]
"""An IPv4 or IPv6 address, or nothing when the file says \"\"."""


_IDENTITY = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_LONGEST_IDENTITY = 255


def _diameter_identity(text: str) -> str:
    if _IDENTITY.fullmatch(text) is None or len(text) > _LONGEST_IDENTITY:
        raise ValueError(f'{text!r} is no Diameter identity; write a name in ASCII such as "aaa.epc.example"')
    return text


DiameterIdentity = Annotated[str, AfterValidator(_diameter_identity)]
"""Who a node or a realm is: a domain name (RFC 6733 §4.3.1)."""


class NetworkConfig(Section):
    """[network]: the home network (TS 23.003 §2.2) and its default APN."""

    mcc: str = Field(pattern=r"^[0-9]{3}$", description='three digits, such as "001"')
    mnc: str = Field(pattern=r"^[0-9]{2,3}$", description='two or three digits, such as "01"')
    realm: str = Field(min_length=1, description="the home realm, such as epc.mnc001.mcc001.3gppnetwork.org")
    apn: str = Field(min_length=1, description='an APN Network Identifier, such as "internet"')


class LogConfig(Section):
    """[log]: how much, and in which form; `imsi_key` is needed for imsi = "hmac" alone."""

    level: Level = "info"
    format: Format = "text"
    imsi: ImsiForm = "short"
    imsi_key: OptionalPath = None


class CaptureConfig(Section):
    """[capture]: where each daemon leaves a pcapng of its traffic; None means no capture."""

    folder: OptionalPath = None


class PeerConfig(Section):
    """A Diameter peer that may connect: who it says it is, whence it comes, what it may ask (RFC 6733 §5.6.4)."""

    name: str = Field(min_length=1)
    origin_host: DiameterIdentity
    origin_realm: DiameterIdentity
    addresses: tuple[Network, ...] = Field(min_length=1, description='networks, such as ["127.0.0.0/8"]')
    applications: tuple[str, ...] = Field(min_length=1, description='such as ["eap", "s6b"] or ["swx"]')


@dataclass(frozen=True, slots=True)
class RawConfig:
    """The file as read, and its octets; each daemon asks it for its own sections."""

    path: Path
    tables: Mapping[str, Any]
    octets: bytes = field(default=b"", repr=False)

    def section(self, name: str, model: type[SectionT]) -> SectionT:
        """The table `name` ("aaa.radius") as `model`; its sub-tables that `model` does not name are other sections.

        A missing table is an empty one, so that a model of defaults needs none. Raises ConfigError.
        """
        table = self._table(name)
        own = {
            key: value for key, value in (table or {}).items() if key in _keys(model) or not isinstance(value, Mapping)
        }
        try:
            return model.model_validate(own, context={"folder": self.path.parent})
        except ValidationError as error:
            if table is None:
                raise ConfigError(f"{self.path}: section [{name}] is missing; add it with {_required(model)}") from None
            raise ConfigError(f"{self.path}: {_complaint(name, model, error)}") from None

    def optional(self, name: str, model: type[SectionT]) -> SectionT | None:
        """The same, but None when the file has no such table."""
        return None if self._table(name) is None else self.section(name, model)

    def sections(self) -> tuple[str, ...]:
        """The dotted name of every table in the file."""
        return tuple(_table_names(self.tables, ""))

    def require_known(self, known: frozenset[str]) -> None:
        """ConfigError when the file has a table that nothing reads, or a key that is in none."""
        for name, value in self.tables.items():
            if not isinstance(value, Mapping) and name not in known:
                where = f"[[{name}]]" if isinstance(value, list) and value else f"{name}, which is in no section"
                raise ConfigError(f"{self.path}: nothing reads {where}{_suggestion(name, known)}")
        for name in self.sections():
            if name not in known:
                raise ConfigError(f"{self.path}: nothing reads section [{name}]{_suggestion(name, known)}")

    def _table(self, name: str) -> Mapping[str, Any] | None:
        found: object = self.tables
        for part in name.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        if found is None or isinstance(found, Mapping):
            return found
        raise ConfigError(f"{self.path}: {name} is a value; write a table [{name}]")


def read_config(path: Path) -> RawConfig:
    """Read the file at `path`; ConfigError when there is none or it is not TOML."""
    where = path.resolve()
    try:
        octets = _octets(where)
        return RawConfig(where, tomllib.loads(octets.decode()), octets)
    except FileNotFoundError:
        raise ConfigError(
            f"{where}: there is no such file; name one with --config or make one: akadia init DIR"
        ) from None
    except OSError as error:
        raise ConfigError(f"{where}: cannot be read: {error.strerror}; correct the path or its mode") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{where}: is not UTF-8 at octet {error.start}; save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where}: is not TOML: {error}; correct that line") from None


def _octets(path: Path) -> bytes:
    inherited = os.environ.get(CONFIG_FD, "")
    if not inherited.isdecimal():
        return path.read_bytes()
    # all workers have one file, and so one position in it
    return os.pread(int(inherited), os.fstat(int(inherited)).st_size, 0)


def _keys(model: type[BaseModel]) -> frozenset[str]:
    return frozenset(field.alias or name for name, field in model.model_fields.items())


def _required(model: type[BaseModel]) -> str:
    return ", ".join(name for name, field in model.model_fields.items() if field.is_required())


def _table_names(table: Mapping[str, Any], prefix: str) -> list[str]:
    names: list[str] = []
    for key, value in table.items():
        if isinstance(value, Mapping):
            names += [prefix + key, *_table_names(value, f"{prefix}{key}.")]
    return names


def _suggestion(name: str, known: frozenset[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=1)
    return f"; did you mean {near[0]}?" if near else f"; there are {', '.join(sorted(known))}"


def _complaint(section: str, model: type[BaseModel], error: ValidationError) -> str:
    details = error.errors()
    first = details[0]
    keys = {str(detail["loc"][:1]) for detail in details}
    where = ".".join([section, *(str(part) for part in first["loc"])])
    more = f" (and {len(keys) - 1} more)" if len(keys) > 1 else ""
    return f"{where}: {_reason(model, first)}{more}"


def _reason(model: type[BaseModel], detail: ErrorDetails) -> str:
    hint = _description(model, detail["loc"])
    if detail["type"] == "missing":
        return f"is missing; write {hint or 'it'}"
    if detail["type"] == "extra_forbidden":
        return f"nothing reads this key{_suggestion(str(detail['loc'][-1]), _keys(_innermost(model, detail['loc'])))}"
    message = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "value_error":
        return message
    return f"{_shown(detail['input'])}: {message[:1].lower()}{message[1:]}" + (f"; write {hint}" if hint else "")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _innermost(model: type[BaseModel], location: tuple[int | str, ...]) -> type[BaseModel]:
    for part in location[:-1]:
        field = model.model_fields.get(str(part))
        inner = [] if field is None else _models_in(field.annotation)
        model = inner[0] if inner else model
    return model


def _models_in(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in getattr(annotation, "__args__", ()) for model in _models_in(inner)]


def _description(model: type[BaseModel], location: tuple[int | str, ...]) -> str:
    field = _innermost(model, location).model_fields.get(str(location[-1])) if location else None
    return (field.description or "") if field else ""
