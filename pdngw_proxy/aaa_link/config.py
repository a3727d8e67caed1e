"""[pdngw.radius] and [pdngw.diameter]: the AAA server that this gateway asks, and as whom."""

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network
from typing import Literal

from pydantic import Field

from runtime.config import ConfigPath, DiameterIdentity, LiteralAddress, OptionalPath, Section
from wire.diameter.applications import Application

ApplicationName = Literal["s6b", "mip6i", "eap"]
APPLICATIONS: Mapping[ApplicationName, Application] = {
    "s6b": Application.S6B,
    "mip6i": Application.MIP6I,
    "eap": Application.EAP,
}
"""What the gateway may speak with its AAA server, by the names that the file uses."""


class RadiusServerConfig(Section):
    """[[pdngw.radius.alternate]]: a server that is asked when the one before it does not answer."""

    aaa: LiteralAddress = Field(description='the AAA server, such as "127.0.0.1:1812"')
    acct: LiteralAddress | None = Field(default=None, description="where it takes accounting; without it, it gets none")
    secret_file: ConfigPath = Field(description="a file of mode 0600 that holds the shared secret")


class RadiusLinkConfig(RadiusServerConfig):
    """[pdngw.radius]; `limit` in seconds is RFC 5080's MRD: after it the UE is told that there is no AAA server.

    With alternates each server has its share of it.
    """

    alternate: tuple[RadiusServerConfig, ...] = Field(
        default=(), max_length=8, description="[[pdngw.radius.alternate]]"
    )
    coa: LiteralAddress | None = Field(default=None, description="where Disconnect and CoA are taken (RFC 5176)")
    coa_addresses: tuple[IPv4Network | IPv6Network, ...] = Field(
        default=(), description="whence they may come beside the servers' own addresses, under the same secret"
    )
    interim: int = Field(default=600, ge=0, description="seconds between two Interim-Updates of a session; 0 for none")
    nas_identifier: str = Field(min_length=1, max_length=253, description="this gateway's NAS-Identifier")
    limit: float = Field(default=30.0, ge=1, le=30)
    # RFC 2865 §5: an Identifier has 256 values, so each socket carries 256 requests at once.
    max_sockets: int = Field(default=16, ge=1, le=256)


class AaaServerConfig(Section):
    """[[pdngw.diameter.alternate]]: an AAA server that is asked when the one before it fails, or sends us to it."""

    aaa: LiteralAddress = Field(description='the AAA server, such as "127.0.0.1:3868"')
    aaa_origin_host: DiameterIdentity = Field(description="the Origin-Host that the AAA server must name")
    agent: str = Field(default="", description="the Origin-Host of the relay or proxy that listens there, if one does")
    aaa_realm: DiameterIdentity = Field(description="the realm of the AAA server")


class DiameterLinkConfig(AaaServerConfig):
    """[pdngw.diameter]; with `ca`, `certificate` and `key` the connection is TLS (RFC 6733 §13.1)."""

    origin_host: DiameterIdentity = Field(description="this gateway's Origin-Host")
    origin_realm: DiameterIdentity = Field(description="this gateway's Origin-Realm")
    application: ApplicationName = Field(
        default="s6b",
        description="s6b (TS 29.273 §9), mip6i (RFC 5778), or eap (RFC 4072), which says nothing of mobility",
    )
    limit: float = Field(default=10.0, ge=0.1, le=30)
    watchdog: float = Field(
        default=30.0, ge=6, le=300, description="after so many seconds without a word a server is asked if it is there"
    )
    alternate: tuple[AaaServerConfig, ...] = Field(default=(), max_length=8, description="[[pdngw.diameter.alternate]]")
    ca: OptionalPath = None
    certificate: OptionalPath = None
    key: OptionalPath = None
