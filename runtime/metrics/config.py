"""[aaa.metrics], [hss.metrics], [pdngw.metrics]: where a daemon's metrics are asked for."""

from pydantic import Field

from runtime.config import Network, Section, SocketAddress


class MetricsConfig(Section):
    """Metrics over HTTP, for Prometheus and whatever reads its format; without this table there are none.

    They hold names of clients and peers and how much they do, so that they are for this machine alone unless it is
    said otherwise.
    """

    listen: SocketAddress = Field(description='where to listen, HTTP over TCP, such as "127.0.0.1:9464"')
    addresses: tuple[Network, ...] = Field(
        default=("127.0.0.0/8", "::1/128"), validate_default=True, description='whence, such as ["127.0.0.0/8"]'
    )
    connections: int = Field(default=8, ge=1, le=1000, description="connections at once; more are closed")
