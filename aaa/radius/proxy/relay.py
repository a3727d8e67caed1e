"""Requests of other realms' users to those realms' servers, and the answers back (RFC 2865 §2.3, RFC 3579 §2.6.2)."""

from collections.abc import Iterable, Mapping

from aaa.radius.clients import RadiusClient
from aaa.radius.proxy.challenged import Challenged
from aaa.radius.proxy.config import HomeServerConfig, RealmConfig
from aaa.radius.proxy.home_server import HomeServer
from aaa.radius.proxy.rejections import Rejections
from aaa.radius.proxy.routes import Routes, in_order
from aaa.radius.translation.agent import TranslationAgent
from hss.session_api import AccountingRecord
from runtime.config import ConfigError
from runtime.radius.requests import RadiusUnavailable
from runtime.taps import DatagramTap
from wire.radius.forwarding import forward_answer, forward_request
from wire.radius.packet import Code, RadiusPacket
from wire.sansio import RandomBytes

NONCE_LENGTH = 8


class Relay:
    """The realms of others and their servers, made inside a running loop; `agent` asks those that speak Diameter."""

    def __init__(
        self,
        routes: Routes,
        servers: Mapping[str, HomeServer],
        *,
        random: RandomBytes,
        agent: TranslationAgent | None = None,
        rejections: Rejections | None = None,
    ) -> None:
        self._rejections = rejections or Rejections()
        self.routes = routes
        self._servers = servers
        self.agent = agent
        self._random = random
        self._challenged = Challenged()

    @classmethod
    def of(
        cls,
        realms: Iterable[RealmConfig],
        servers: Iterable[HomeServerConfig],
        *,
        node: str,
        random: RandomBytes,
        capture: DatagramTap | None = None,
        agent: TranslationAgent | None = None,
        rejections: Rejections | None = None,
    ) -> "Relay | None":
        """What the configuration says, None when every realm is ours; ConfigError for a server that is not there."""
        realms, servers = tuple(realms), tuple(servers)
        if not realms:
            return None
        names = {server.name for server in servers}
        for realm in realms:
            missing = next((name for name in realm.servers if name not in names), None)
            if missing is not None:
                raise ConfigError(f"realm {realm.realm}: there is no [[aaa.radius.server]] {missing}; add it")
        made = {server.name: HomeServer(server, random=random, capture=capture) for server in servers}
        return cls(Routes(realms, node), made, random=random, agent=agent, rejections=rejections)

    async def forward(self, realm: RealmConfig, octets: bytes, packet: RadiusPacket, client: RadiusClient) -> bytes:
        """The answer for `client` to `octets`, a request of `realm` that was admitted.

        RadiusUnavailable when no server answers; EncodeError or DecodeError when a packet cannot be forwarded.
        """
        if realm.diameter:
            if self.agent is None:
                raise RadiusUnavailable(f"nobody asks the Diameter servers of realm {realm.realm}")
            return await self.agent.forward(realm, packet, client)
        accounting = octets[0] == Code.ACCOUNTING_REQUEST
        living = [name for name in realm.servers if self._servers[name].serves(accounting=accounting)]
        cause = f"every server of realm {realm.realm} is dead"
        ordered = self._challenged.first(in_order(living, packet, realm.choose), packet, client.name)
        for name in ordered:
            try:
                answer = await self._ask(self._servers[name], octets, client)
            except RadiusUnavailable as error:
                cause = str(error)
            else:
                self._challenged.note(answer, packet, client.name, name)
                if answer[0] == Code.ACCESS_REJECT:
                    self._rejections.tell(packet, client, realm.realm, f"Access-Reject of {name}")
                return answer
        raise RadiusUnavailable(cause)

    async def account(self, packet: RadiusPacket, client: RadiusClient, record: AccountingRecord) -> bool:
        """Have what is kept here kept by its Diameter server as well; whether that has to. RadiusUnavailable if not."""
        realm = self.routes.find(packet)
        if realm is None or not realm.diameter or self.agent is None:
            return False
        return await self.agent.account(realm, packet, client, record)

    async def end(self, packet: RadiusPacket, client: RadiusClient) -> None:
        """Accounting, which is kept here, says that a session is over: its Diameter server hears of it."""
        realm = self.routes.find(packet)
        if realm is not None and realm.diameter and self.agent is not None:
            await self.agent.end(realm, packet, client)

    async def close(self) -> None:
        """End every wait."""
        for server in self._servers.values():
            await server.close()
        if self.agent is not None:
            await self.agent.close()

    async def _ask(self, server: HomeServer, octets: bytes, client: RadiusClient) -> bytes:
        def build(identifier: int) -> bytes:
            return forward_request(
                octets,
                identifier=identifier,
                authenticator=self._random(16),
                secret=server.secret,
                proxy_state=self.routes.mark + self._random(NONCE_LENGTH),
            )

        answered = await server.ask(build, accounting=octets[0] == Code.ACCOUNTING_REQUEST)
        return forward_answer(
            answered.octets,
            octets,
            server_secret=server.secret,
            server_authenticator=answered.request_authenticator,
            client_secret=client.secret,
            random=self._random,
        )
