"""[hss.api]: where the REST API listens, its certificate, and how much it takes."""

from pydantic import Field

from runtime.config import ConfigPath, Network, OptionalPath, Section, SocketAddress


class ApiConfig(Section):
    """The REST API of one HSS process; without this table there is none."""

    address: SocketAddress = Field(description='where to listen, TLS over TCP, such as "127.0.0.2:8443"')
    certificate: ConfigPath = Field(description="its certificate in PEM, with the chain behind it")
    key: ConfigPath = Field(description="the certificate's key in PEM")
    addresses: tuple[Network, ...] = Field(
        default=("127.0.0.0/8", "::1/128"), validate_default=True, description='whence, such as ["127.0.0.0/8"]'
    )
    requests_per_second: int = Field(default=100, ge=1, description="requests of one token in a second")
    strangers_per_second: int = Field(
        default=1, ge=1, description="requests without a good token from one address in a second"
    )
    connections: int = Field(default=64, ge=1, description="connections at once; more are closed")
    import_megabytes: int = Field(default=512, ge=1, description="the largest file that an import takes")
    imports: ConfigPath = Field(
        default="imports", validate_default=True, description="the folder for uploads and quarantine files"
    )
    mappings: OptionalPath = Field(default=None, description="a folder with mappings of your own, NAME.toml each")
