"""[hss]: the database, the master key, and who may ask over SWx."""

from collections import Counter
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from runtime.config import ConfigPath, PeerConfig, Section, SocketAddress

APPLICATIONS = ("swx",)
"""What the HSS serves over Diameter (TS 29.273 §8)."""


class HssConfig(Section):
    """One HSS."""

    database: ConfigPath = Field(default=Path("akadia.sqlite"), validate_default=True, description="a SQLite file")
    master_key: ConfigPath = Field(
        default=Path("master.key"), validate_default=True, description="the file of the master key, mode 0600"
    )
    origin_host: str = Field(min_length=1, description="this HSS's Origin-Host, such as hss.epc.example")
    origin_realm: str = Field(min_length=1, description="this HSS's Origin-Realm, such as epc.example")
    swx: SocketAddress = Field(description='where to listen for AAA servers, such as "127.0.0.2:3868"')
    peer: tuple[PeerConfig, ...] = Field(default=(), description="[[hss.peer]] tables, one for each AAA server")

    @model_validator(mode="after")
    def _peers_are_distinct(self) -> Self:
        hosts = Counter(peer.origin_host.lower() for peer in self.peer)
        twice = next((host for host, count in hosts.items() if count > 1), None)
        if twice is not None:
            raise ValueError(f"two [[hss.peer]] have origin_host {twice}; keep one of them")
        for peer in self.peer:
            foreign = [name for name in peer.applications if name not in APPLICATIONS]
            if foreign:
                raise ValueError(f"peer {peer.name} may ask for {foreign[0]}, which no HSS serves; write swx")
        return self
