"""[[aaa.radius.server]] and [[aaa.radius.realm]]: which realms are others', and who serves them."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from runtime.config import ConfigPath, LiteralAddress, Section, SocketAddress


def _none_if_empty(value: object) -> object:
    return None if value == "" else value


OptionalSocketAddress = Annotated[SocketAddress | None, BeforeValidator(_none_if_empty)]
"""An address, or nothing when the file says \"\"."""

OptionalLiteralAddress = Annotated[LiteralAddress | None, BeforeValidator(_none_if_empty)]
"""The same of one that answers come from."""


class HomeServerConfig(Section):
    """[[aaa.radius.server]]: a RADIUS server of another realm; `window` and `probe_every` in seconds."""

    name: str = Field(min_length=1, description="how realms and the log call it")
    auth: LiteralAddress = Field(description='where it takes Access-Requests, such as "192.0.2.9:1812"')
    acct: OptionalLiteralAddress = Field(default=None, description='where it takes accounting, or ""')
    secret_file: ConfigPath = Field(description="a file of mode 0600 that holds the shared secret")
    window: float = Field(default=4.0, gt=0, le=30)
    misses: int = Field(default=3, ge=1, le=100, description="after so many requests without an answer it is dead")
    probe_every: float = Field(default=10.0, gt=0, le=600)
    status_server: bool = Field(
        default=True, description="false where it answers no Status-Server: then it is tried again after probe_every"
    )


class RealmConfig(Section):
    """[[aaa.radius.realm]]: a realm, or "*.realm" for all below one, and the servers that serve it."""

    realm: str = Field(min_length=1, description='a realm such as "example.org", or "*.example.org"')
    servers: tuple[str, ...] = Field(default=(), description="names of [[aaa.radius.server]], the first one first")
    diameter: tuple[str, ...] = Field(
        default=(), description="names of [[aaa.radius.diameter_server]] instead, the first one first"
    )
    choose: Literal["failover", "balance"] = Field(
        default="failover", description="failover: the first that lives; balance: by user, among those that live"
    )

    @model_validator(mode="after")
    def _is_served_in_one_way(self) -> Self:
        if bool(self.servers) == bool(self.diameter):
            raise ValueError(f"realm {self.realm} needs servers = [...] for RADIUS or diameter = [...], one of them")
        return self
