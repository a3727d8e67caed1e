"""[hss]: the database, the master key, and who may ask over SWx and S6a."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, PlainValidator, ValidationInfo, model_validator
from sqlalchemy import URL

from hss.keys.master_key import MasterSource, Variable, parse_source
from hss.keys.token import TokenSource
from hss.store.location import Location, parse_location
from runtime.config import ConfigPath, DiameterIdentity, PeerConfig, Section, SocketAddress
from wire.diameter.applications import Application

APPLICATIONS = {"swx": Application.SWX, "s6a": Application.S6A}
"""What the HSS serves over Diameter (TS 29.273 §8, TS 29.272 §7)."""


def _location(value: object, info: ValidationInfo) -> Location:
    folder: Path = (info.context or {}).get("folder", Path())
    if isinstance(value, Path | URL):
        return value
    if not isinstance(value, str):
        raise ValueError("is no text; write a file's path or postgresql://USER@HOST/DATABASE")  # noqa: TRY004
    return parse_location(value, folder)


def _source(value: object, info: ValidationInfo) -> MasterSource:
    if isinstance(value, Path | Variable | TokenSource):
        return value
    if not isinstance(value, str):
        raise ValueError("is no text; write a file's path or env:NAME")  # noqa: TRY004
    return parse_source(value, (info.context or {}).get("folder", Path()))


MasterKeySource = Annotated[MasterSource, PlainValidator(_source)]
"""Where the master key is; a file is relative to the configuration's folder."""

Database = Annotated[Location, PlainValidator(_location)]
"""Where the store is; a file is relative to the configuration's folder."""


class HssPeerConfig(PeerConfig):
    """An AAA server, a MME, or an agent before them, and what it may ask; what is empty, or 0, has no limit."""

    agent: bool = Field(default=False, description="true for a relay or proxy, whose requests are those of others")
    realms: tuple[str, ...] = Field(default=(), description='realms beside its own, such as ["epc.example"]')
    imsi_prefixes: tuple[Annotated[str, Field(pattern=r"^[0-9]{1,15}$")], ...] = Field(
        default=(), description='the first digits of IMSIs, such as ["00101"]'
    )
    vectors_per_minute: int = Field(default=0, ge=0)
    connections: int = Field(default=1, ge=1, le=256, description="one for each process that it may have")


class HssConfig(Section):
    """One HSS."""

    database: Database = Field(
        default="akadia.sqlite", validate_default=True, description="a SQLite file, or postgresql://USER@HOST/DATABASE"
    )
    master_key: MasterKeySource = Field(
        default="master.key",
        validate_default=True,
        description="the file of the master key, mode 0600; or env:NAME, or a pkcs11: URI",
    )
    origin_host: DiameterIdentity = Field(description="this HSS's Origin-Host, such as hss.epc.example")
    origin_realm: DiameterIdentity = Field(description="this HSS's Origin-Realm, such as epc.example")
    instance: str = Field(
        default="",
        max_length=64,
        pattern=r"^[A-Za-z0-9._-]*$",
        description="this process's name among those on one database; needed with time-based or reserving profiles",
    )
    vectors_max: int = Field(default=5, ge=1, le=32, description="at most so many vectors for one request")
    operator_keys: tuple[ConfigPath, ...] = Field(
        default=(), max_length=16, description="files of mode 0600 with OP or TOP in hex, to say why a card refuses"
    )
    swx: SocketAddress = Field(description='where to listen for AAA servers and MMEs, such as "127.0.0.2:3868"')
    more_swx: tuple[SocketAddress, ...] = Field(default=(), description='further addresses, such as ["[::1]:3868"]')
    policy: Literal["enforce", "learn"] = Field(
        default="enforce", description='"enforce", or "learn" to refuse nothing and write proposed-policy.toml'
    )
    peer: tuple[HssPeerConfig, ...] = Field(
        default=(), description="[[hss.peer]] tables, one for each AAA server or MME"
    )

    @model_validator(mode="after")
    def _peers_are_distinct(self) -> Self:
        _require_distinct("origin_host", [peer.origin_host.lower() for peer in self.peer])
        # limits, connections and counts are kept by name: one would have those of another
        _require_distinct("name", [peer.name for peer in self.peer])
        for peer in self.peer:
            foreign = [name for name in peer.applications if name not in APPLICATIONS]
            if foreign:
                raise ValueError(f"peer {peer.name} may ask for {foreign[0]}, which no HSS serves; write swx or s6a")
        return self


def _require_distinct(key: str, values: Iterable[str]) -> None:
    twice = next((value for value, count in Counter(values).items() if count > 1), None)
    if twice is not None:
        raise ValueError(f"two [[hss.peer]] have {key} {twice}; give each its own, or keep one of them")
