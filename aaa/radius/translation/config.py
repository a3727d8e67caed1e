"""[[aaa.radius.diameter_server]]: Diameter servers of other realms."""

from pydantic import Field

from runtime.config import DiameterIdentity, OptionalPath, Section, SocketAddress


class DiameterServerConfig(Section):
    """[[aaa.radius.diameter_server]]: with `ca` the connection is TLS (RFC 6733 §13.1)."""

    name: str = Field(min_length=1, description="how realms and the log call it")
    address: SocketAddress = Field(description='where it listens, such as "192.0.2.9:3868"')
    origin_host: DiameterIdentity = Field(description="the Origin-Host that it must name")
    realm: DiameterIdentity = Field(description="its Origin-Realm, and the Destination-Realm of what it is asked")
    agent: bool = Field(default=False, description="true for a relay or proxy, behind which the servers are")
    accounting: bool = Field(default=False, description="true where it is to hear by ACR what its users have used")
    ca: OptionalPath = Field(default=None, description="whom its certificate must come from, PEM; without it TCP")
    certificate: OptionalPath = Field(default=None, description="our certificate, PEM")
    key: OptionalPath = Field(default=None, description="the key of our certificate, PEM")
