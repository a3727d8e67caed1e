"""The Diameter front on real sockets, TCP and TLS, for named peers alone (RFC 6733 §2.1, §5.6)."""

import secrets
import time
from collections.abc import Iterable

from aaa.diameter.config import APPLICATIONS, DiameterConfig, DiameterPeerConfig
from aaa.diameter.front import DiameterFront
from aaa.diameter.sessions import DiameterSessions
from aaa.messages import AuthenticationService, Client
from runtime.diameter.server import DiameterServer
from runtime.taps import Address, StreamTap
from runtime.tls import server_context
from wire.diameter.capabilities import LocalNode, PeerPolicy
from wire.diameter.command import Identity


class AaaDiameterServer:
    """What `config` describes, not listening yet. Made inside a running loop."""

    def __init__(
        self,
        config: DiameterConfig,
        service: AuthenticationService,
        identity: Identity,
        *,
        capture: StreamTap | None = None,
    ) -> None:
        self._config = config
        clients = {
            peer.name: Client(peer.name, peer.network_name or None, names_network=peer.names_network)
            for peer in config.peer
        }
        front = DiameterFront(service, identity, clients, DiameterSessions(config.session_limit))
        self._server = DiameterServer(
            local=LocalNode(
                identity.origin_host,
                identity.origin_realm,
                tuple(APPLICATIONS.values()),
                origin_state_id=int(time.time()) & 0xFFFFFFFF,
            ),
            peers=tuple(_policies(config.peer)),
            handler=front.serve,
            random=secrets.token_bytes,
            wall_clock=time.time(),
            capture=capture,
        )

    async def listen(self) -> tuple[Address | None, Address | None]:
        """Listen for TCP and for TLS as configured, and return what was bound; OSError when it is taken.

        ConfigError when a file of the certificate is unusable.
        """
        config = self._config
        plain = tls = None
        if config.address is not None:
            plain = await self._server.listen(*config.address)
        if config.tls_address is not None and config.certificate is not None and config.key is not None:
            context = server_context(certificate=config.certificate, key=config.key, ca=config.ca)
            tls = await self._server.listen(*config.tls_address, tls=context)
        return plain, tls

    async def close(self) -> None:
        """Take leave of every peer."""
        await self._server.close()


def _policies(peers: Iterable[DiameterPeerConfig]) -> Iterable[PeerPolicy]:
    for peer in peers:
        yield PeerPolicy(
            name=peer.name,
            origin_host=peer.origin_host,
            origin_realm=peer.origin_realm,
            networks=peer.addresses,
            applications=tuple(APPLICATIONS[name] for name in peer.applications),
        )
