"""[aaa.radius.radsec]: RADIUS over TLS, and who may come that way (RFC 6614)."""

from typing import Self

from pydantic import Field, model_validator

from aaa.radius.policy import Service
from runtime.config import ConfigPath, Network, Section, SocketAddress


class RadsecClientConfig(Section):
    """[[aaa.radius.radsec.client]]: one client, by the names in its certificate, by its addresses, or by both."""

    name: str = Field(min_length=1, description="how the log calls it")
    certificate_names: tuple[str, ...] = Field(
        default=(), description='DNS names, addresses or the CN of its certificate, such as ["proxy.example.org"]'
    )
    addresses: tuple[Network, ...] = Field(default=(), description='whence it connects, such as ["192.0.2.0/24"]')
    services: tuple[Service, ...] = Field(default=("auth", "acct"), min_length=1, description="what it may ask")
    realms: tuple[str, ...] = Field(default=(), description='the realms that it may ask for, such as ["example.org"]')
    requests_per_second: int = Field(
        default=0,
        ge=0,
        description="how many requests it may send to each process, of either service; 0 for any number",
    )
    network_name: str = Field(default="", description='the access network identity for EAP-AKA\', such as "WLAN"')
    show_imsi: bool = Field(default=False, description="whether it is told the IMSI of a user who hid it")
    reauthenticates: bool = Field(
        default=False, description="whether its users authenticate anew, not end, when Session-Timeout is over"
    )

    @model_validator(mode="after")
    def _somebody_is_meant(self) -> Self:
        if not self.certificate_names and not self.addresses:
            raise ValueError(f"client {self.name} would be anybody; write certificate_names or addresses")
        return self


class RadsecConfig(Section):
    """[aaa.radius.radsec]; a client shows a certificate of `ca`, or there is no connection."""

    address: SocketAddress = Field(description='where to listen, such as "192.0.2.3:2083"')
    more_addresses: tuple[SocketAddress, ...] = Field(default=(), description='further ones, such as ["[::]:2083"]')
    certificate: ConfigPath = Field(description="this server's certificate, PEM")
    key: ConfigPath = Field(description="the key of the certificate, PEM")
    ca: ConfigPath = Field(description="whom a client's certificate must come from, PEM")
    client: tuple[RadsecClientConfig, ...] = Field(default=(), description="[[aaa.radius.radsec.client]] tables")
    connections: int = Field(default=1024, ge=1, description="how many connections there may be at once")
    connections_of_one: int = Field(default=64, ge=1, description="and how many of one client")
