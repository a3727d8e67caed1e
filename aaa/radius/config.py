"""[aaa.radius]: where the RADIUS front listens, and who may ask it."""

from collections import Counter
from typing import Self

from pydantic import Field, model_validator

from aaa.radius.policy import Service
from aaa.radius.proxy.config import HomeServerConfig, OptionalLiteralAddress, OptionalSocketAddress, RealmConfig
from aaa.radius.radsec.config import RadsecConfig
from aaa.radius.translation.config import DiameterServerConfig
from runtime.config import ConfigPath, Network, PathOrPaths, Section, SocketAddress


class RadiusClientConfig(Section):
    """[[aaa.radius.client]]: one named client, or one network of them that share a secret."""

    name: str = Field(min_length=1)
    network: Network = Field(description='a network such as "127.0.0.0/8", or one address')
    more_networks: tuple[Network, ...] = Field(
        default=(), description='further ones of the same client, such as ["2001:db8::/64"]'
    )
    secret_file: ConfigPath = Field(description="a file of mode 0600 that holds the shared secret")
    coa: OptionalLiteralAddress = Field(
        default=None, description='where it takes Disconnect and CoA, such as "192.0.2.1:3799", or ""'
    )
    services: tuple[Service, ...] = Field(
        default=("auth", "acct"), min_length=1, description='what it may ask: ["auth", "acct"]'
    )
    require_message_authenticator: bool = Field(
        default=True, description="whether every Access-Request needs a Message-Authenticator (CVE-2024-3596)"
    )
    realms: tuple[str, ...] = Field(default=(), description='the realms that it may ask for, such as ["example.org"]')
    requests_per_second: int = Field(
        default=0,
        ge=0,
        description="how many requests it may send to each process, of either service; 0 for any number",
    )
    network_name: str = Field(
        default="", description='the access network identity for EAP-AKA\' (TS 24.302 §8.1.1), such as "WLAN"'
    )
    show_imsi: bool = Field(default=False, description="whether it is told the IMSI of a user who hid it")
    reauthenticates: bool = Field(
        default=False, description="whether its users authenticate anew, not end, when Session-Timeout is over"
    )


class RadiusConfig(Section):
    """[aaa.radius]; `request_limit` and `duplicate_age` in seconds."""

    auth: SocketAddress = Field(description='where to listen, such as "127.0.0.1:1812"')
    acct: OptionalSocketAddress = Field(default=None, description='where to account, such as "127.0.0.1:1813"')
    more_auth: tuple[SocketAddress, ...] = Field(default=(), description='further addresses, such as ["[::]:1812"]')
    more_acct: tuple[SocketAddress, ...] = Field(default=(), description='further addresses, such as ["[::]:1813"]')
    client: tuple[RadiusClientConfig, ...] = Field(default=(), description="one [[aaa.radius.client]] for each client")
    radsec: RadsecConfig | None = Field(default=None, description="[aaa.radius.radsec]: RADIUS over TLS")
    server: tuple[HomeServerConfig, ...] = Field(default=(), description="[[aaa.radius.server]]: servers of others")
    diameter_server: tuple[DiameterServerConfig, ...] = Field(
        default=(), description="[[aaa.radius.diameter_server]]: servers of others that speak Diameter"
    )
    realm: tuple[RealmConfig, ...] = Field(default=(), description="[[aaa.radius.realm]]: realms of others")
    cui_key: PathOrPaths = Field(
        default=(),
        description="files of mode 0600, the keys of Chargeable-User-Identity (RFC 4372): the first one names users",
    )
    request_limit: float = Field(default=10.0, gt=0, le=25)
    max_in_progress: int = Field(default=2000, ge=1)
    # RFC 5080 §2.2.2: an answer is kept for no less than 5 and no more than 30 seconds.
    duplicate_age: float = Field(default=30.0, ge=5, le=30)
    duplicate_size: int = Field(default=65536, ge=256)

    @model_validator(mode="after")
    def _answers_are_kept(self) -> Self:
        if self.duplicate_age < self.request_limit + 5:
            raise ValueError("duplicate_age has to be 5 s more than request_limit: the age counts from the request")
        return self

    @model_validator(mode="after")
    def _names_are_distinct(self) -> Self:
        for table, names in (
            ("server", [one.name for one in self.server]),
            ("diameter_server", [one.name for one in self.diameter_server]),
            ("realm", [one.realm.lower() for one in self.realm]),
        ):
            twice = next((name for name, count in Counter(names).items() if count > 1), None)
            if twice is not None:
                raise ValueError(f"two [[aaa.radius.{table}]] are called {twice}; remove one")
        return self

    @model_validator(mode="after")
    def _servers_are_missed_in_time(self) -> Self:
        # a request that is given up before its server's window is over would never count against that server
        slow = next((one for one in self.server if one.window >= self.request_limit), None)
        if slow is not None:
            raise ValueError(f"window of server {slow.name} is {slow.window:g} s; it has to be less than request_limit")
        return self

    @property
    def accounting(self) -> tuple[SocketAddress, ...]:
        """Every address of accounting; none when there is no accounting."""
        return () if self.acct is None else (self.acct, *self.more_acct)
