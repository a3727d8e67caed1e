"""The Diameter front on real sockets, TCP and TLS, for named peers alone (RFC 6733 §2.1, §5.6)."""

import secrets
import time
from collections.abc import Iterable

from aaa.diameter.asking import GatewayAsking
from aaa.diameter.config import APPLICATIONS, DiameterConfig, DiameterPeerConfig
from aaa.diameter.front import DiameterFront, Unused
from aaa.diameter.gateways import Gateways
from aaa.diameter.overload import Overload
from aaa.diameter.restarts import Restarts
from aaa.diameter.sessions import DiameterSessions
from aaa.errands import ErrandDesk
from aaa.messages import AuthenticationService, Client
from aaa.radius.proxy.rejections import Keep
from aaa.registrar import Registrar
from aaa.user_sessions import UserSessions
from runtime.diameter.server import DiameterServer
from runtime.taps import Address, StreamTap
from runtime.tls import server_context
from wire.diameter.capabilities import LocalNode, PeerPolicy
from wire.diameter.command import Identity


class AaaDiameterServer:
    """What `config` describes, not listening yet. Made inside a running loop.

    `users` are the sessions of those who were let in, and `gateways` can ask for their end from now on. `since` is the
    second of Unix time that all processes of this node began at, now unless it is given. `errands` are those that
    processes do for each other, None where there are no others. `unused` hears of sessions that could not begin.
    `rejected` keeps who was not heard, `realms` are those of users beside the server's own.
    """

    def __init__(
        self,
        config: DiameterConfig,
        service: AuthenticationService,
        identity: Identity,
        *,
        users: UserSessions,
        registrar: Registrar,
        gateways: Gateways,
        capture: StreamTap | None = None,
        since: int | None = None,
        realms: tuple[str, ...] = (),
        errands: ErrandDesk | None = None,
        unused: Unused = lambda _session: None,
        rejected: Keep = lambda _rejected: "",
    ) -> None:
        self._config = config
        clients = {
            peer.name: Client(peer.name, peer.network_name or None, names_network=peer.names_network)
            for peer in config.peer
        }
        sessions = DiameterSessions(config.session_limit)
        overload = Overload(rejected)
        trusted = frozenset(peer.name for peer in config.peer if peer.ends_sessions_by_restart)
        self._restarts = Restarts(users, registrar, trusted)
        front = DiameterFront(
            service, identity, clients, users, registrar, sessions, unused, overload.unkept, self._restarts
        )
        self._server = DiameterServer(
            local=LocalNode(
                identity.origin_host,
                identity.origin_realm,
                tuple(APPLICATIONS.values()),
                origin_state_id=(int(time.time()) if since is None else since) & 0xFFFFFFFF,
                # RFC 6733 §6.1.4: who knows no Destination-Host takes the realm of the user's NAI
                realms=realms,
            ),
            peers=tuple(_policies(config.peer)),
            handler=front.serve,
            random=secrets.token_bytes,
            wall_clock=time.time(),
            capture=capture,
            reports_overload=True,
            dropped=overload.dropped,
            connected=self._restarts.connected,
        )
        gateways.ask = GatewayAsking(self._server, errands).ask

    async def listen(self, *, reuse_port: bool = False) -> tuple[Address | None, Address | None]:
        """Listen for TCP and for TLS as configured, and return the first of each; OSError when one is taken.

        ConfigError when a file of the certificate is unusable. With `reuse_port` other processes listen beside this.
        """
        config = self._config
        plain = tls = None
        if config.address is not None:
            plain, *_ = [
                await self._server.listen(*one, reuse_port=reuse_port)
                for one in (config.address, *config.more_addresses)
            ]
        if config.tls_address is not None and config.certificate is not None and config.key is not None:
            context = server_context(certificate=config.certificate, key=config.key, ca=config.ca)
            tls, *_ = [
                await self._server.listen(*one, tls=context, reuse_port=reuse_port)
                for one in (config.tls_address, *config.more_tls_addresses)
            ]
        return plain, tls

    async def close(self) -> None:
        """Take leave of every peer."""
        await self._server.close()
        await self._restarts.close()


def _policies(peers: Iterable[DiameterPeerConfig]) -> Iterable[PeerPolicy]:
    for peer in peers:
        yield PeerPolicy(
            name=peer.name,
            origin_host=peer.origin_host,
            origin_realm=peer.origin_realm,
            networks=peer.addresses,
            applications=tuple(APPLICATIONS[name] for name in peer.applications),
            agent=peer.agent,
            connections=peer.connections,
        )
