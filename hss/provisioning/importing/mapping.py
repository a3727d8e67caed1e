"""Mappings: how a vendor's file is read, as a TOML file that an operator can write (GSMA FS.28 for the keys)."""

import hashlib
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationError, model_validator

from hss.api import PdnType
from hss.provisioning.apns import ApnRefused, apn_profiles
from hss.provisioning.change import ProvisioningRefused
from hss.provisioning.importing.keys_source import KeySource
from hss.provisioning.importing.transport import TransportKeyConfig
from runtime.config import Section

SECRET_COLUMNS = ("k", "op", "opc")
_NAME_LENGTH = 64
_BUILT_IN = files(__package__) / "mappings"


class MappingRefused(ProvisioningRefused):
    """The mapping cannot be used; one line that says what to write."""


class Column(Section):
    """[columns.NAME]: where a value stands, by header name, by number, or by place in the line."""

    names: tuple[str, ...] = Field(default=(), description="what the header calls it, in any case; the first found")
    position: int | None = Field(default=None, ge=1, description="its number, from 1")
    start: int | None = Field(default=None, ge=1, description="of fixed columns: its first character, from 1")
    length: int | None = Field(default=None, ge=1, description="of fixed columns: how many characters")
    transport_key: str = Field(default="", description="which [transport_keys.NAME] opens it")
    nibble_swapped: bool = Field(default=False, description="an IMSI as EF_IMSI holds it (TS 31.102 §4.2.2)")


class Columns(Section):
    """[columns]: which there are. What a file has besides is not read."""

    imsi: Column
    k: Column
    opc: Column | None = None
    op: Column | None = None
    amf: Column | None = None
    msisdn: Column | None = None
    apn: Column | None = None
    profile: Column | None = None
    k_check: Column | None = None
    opc_check: Column | None = None

    def named(self) -> dict[str, Column]:
        """Every column of the mapping by its name here."""
        return {name: column for name in type(self).model_fields if (column := getattr(self, name)) is not None}


class Constants(Section):
    """[constants]: what holds for every row unless a column says otherwise."""

    amf: str = Field(default="8000", pattern=r"^[0-9A-Fa-f]{4}$")
    apn: tuple[str, ...] = Field(default=(), description="the first is the default; without any, that of [network]")
    pdn_type: Literal["ipv4", "ipv6", "ipv4v6", "ipv4-or-ipv6"] = "ipv6"
    profile: str = "milenage"


class MappingConfig(Section):
    """A whole mapping."""

    description: str = ""
    format: Literal["delimited", "whitespace", "fixed"] = "delimited"
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    encoding: Literal["utf-8", "utf-8-sig", "ascii", "latin-1"] = "utf-8-sig"
    comment: str = Field(default="", description="lines that begin so are passed over")
    skip: int = Field(default=0, ge=0, le=1000, description="lines before the header, or before the first row")
    header: Literal["first", "marked", "none"] = "none"
    header_mark: str = Field(default="", description="what the line with the names begins with, as var_out:")
    header_delimiter: str = Field(default="", max_length=1, description="between the names, where it is another")
    imsi_length: int | None = Field(
        default=15, ge=6, le=15, description="digits of every IMSI; a shorter one is damaged"
    )
    apn_separator: str = Field(default=" ", min_length=1, max_length=1, description="between the APNs of one column")
    columns: Columns
    constants: Constants = Constants()
    transport_keys: dict[str, TransportKeyConfig] = Field(default_factory=dict)
    shared_op: KeySource | None = Field(default=None, description="where the OP is that all cards of the file have")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.header == "marked") != bool(self.header_mark):
            raise ValueError('header_mark goes with header = "marked", and only there')
        for name, column in self.columns.named().items():
            self._check_place(name, column)
            self._check_use(name, column)
        if self.columns.opc is None and self.columns.op is None and self.shared_op is None:
            raise ValueError("nothing gives OPc; add [columns.opc], [columns.op] or [shared_op]")
        return self

    def _check_place(self, name: str, column: Column) -> None:
        fixed = column.start is not None and column.length is not None
        if self.format == "fixed" and not fixed:
            raise ValueError(f"columns.{name}: a fixed column has start and length")
        if self.format != "fixed" and not column.position and not (column.names and self.header != "none"):
            raise ValueError(f"columns.{name}: write position, or names when the file has a header")

    def _check_use(self, name: str, column: Column) -> None:
        if column.transport_key and name not in SECRET_COLUMNS:
            raise ValueError(f"columns.{name}: only {', '.join(SECRET_COLUMNS)} are enciphered")
        if column.transport_key and column.transport_key not in self.transport_keys:
            raise ValueError(f"columns.{name}: there is no [transport_keys.{column.transport_key}]")
        if column.nibble_swapped and name != "imsi":
            raise ValueError(f"columns.{name}: only an IMSI has its nibbles swapped")


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping by `name`; `identity` changes with its text."""

    name: str
    identity: str
    config: MappingConfig


def built_in() -> dict[str, str]:
    """The text of every mapping that comes with Akadia, by name."""
    found = [path for path in _BUILT_IN.iterdir() if path.name.endswith(".toml")]
    return {path.name.removesuffix(".toml"): path.read_text(encoding="utf-8") for path in sorted(found, key=str)}


def load(name: str) -> Mapping:
    """The mapping that comes with Akadia as `name`, or is in the file of that path; MappingRefused otherwise."""
    text = built_in().get(name)
    if text is not None:
        return _parsed(name, text, Path())
    path = Path(name)
    try:
        return _parsed(path.name, path.read_text(encoding="utf-8"), path.parent)
    except FileNotFoundError:
        known = ", ".join(built_in())
        raise MappingRefused(f"there is no mapping {name}; write a file's path, or one of {known}") from None
    except (OSError, UnicodeDecodeError):
        raise MappingRefused(f"{name}: cannot be read as text; name a TOML file") from None


def _parsed(name: str, text: str, folder: Path) -> Mapping:
    try:
        config = MappingConfig.model_validate(tomllib.loads(text), context={"folder": folder})
        apn_profiles(config.constants.apn or ("internet",), pdn_type=PdnType.IPV6, ambr=None)
    except tomllib.TOMLDecodeError as error:
        raise MappingRefused(f"mapping {name}: is no TOML: {error}") from None
    except ValidationError as error:
        raise MappingRefused(f"mapping {name}: {_complaint(error)}") from None
    except ApnRefused as error:
        raise MappingRefused(f"mapping {name}: constants.apn: {error}") from None
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return Mapping(name, f"{name[:_NAME_LENGTH]} sha256:{digest}", config)


def _complaint(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(map(str, first["loc"]))
    said = _WORDS.get(first["type"]) or first["msg"].removeprefix("Value error, ")
    return f"{place + ': ' if place else ''}{said}"


_WORDS = {
    "missing": "is missing; write it",
    "extra_forbidden": "nothing reads this key; akadia import mappings NAME prints those that there are",
}
"""What is said by its kind of error instead of by its message."""
