"""The AAA link over RADIUS: a round of EAP is an exchange, accounting tells begin and end (RFC 3579, RFC 2866)."""

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address, ip_network

from pdngw_proxy.aaa_link.config import RadiusLinkConfig, RadiusServerConfig
from pdngw_proxy.aaa_link.port import (
    RelayAccept,
    RelayAnswer,
    RelayChallenge,
    RelayReject,
    RelayRequest,
    RelayUnavailable,
    SessionKeeper,
)
from pdngw_proxy.aaa_link.radius_accounting import RETRY, Accounting
from pdngw_proxy.aaa_link.radius_dynamic import DynamicAuthorizationServer, Network
from pdngw_proxy.aaa_link.radius_messages import Nas, to_answer, to_attributes
from pdngw_proxy.aaa_link.radius_repeated import Repeated
from pdngw_proxy.aaa_link.radius_servers import RadiusServer, RadiusServers
from pdngw_proxy.aaa_link.records import EndedBy, Moment, SessionRecord
from runtime.config import ConfigError
from runtime.radius.requests import RadiusRequests, RadiusUnavailable
from runtime.secret_file import read_secret
from runtime.taps import Address, DatagramTap
from runtime.udp import UdpEndpoint
from wire.errors import EncodeError
from wire.radius.exchange import Timers
from wire.radius.messages import access_request, signed_request
from wire.radius.packet import Attribute, Code
from wire.sansio import RandomBytes
from wire.secret import Secret


@dataclass(frozen=True, slots=True)
class Server:
    """One RADIUS server: where it authenticates, where it takes accounting if it does, the secret shared with it."""

    auth: Address
    secret: Secret
    acct: Address | None = None


class RadiusLink:
    """RADIUS servers over UDP, the first that answers; implements `AaaLink`. Sockets are opened when they are needed.

    `coa` is where Disconnect and CoA are taken: from these servers, and from `coa_addresses` under the first secret.
    `timers` are for all servers together, and those of each accounting request.
    """

    def __init__(
        self,
        *,
        servers: Sequence[Server],
        nas: Nas,
        coa: Address | None = None,
        coa_addresses: Sequence[Network] = (),
        timers: Timers | None = None,
        max_sockets: int = 16,
        random: RandomBytes = secrets.token_bytes,
        capture: DatagramTap | None = None,
        wall_clock: Callable[[], float] = time.time,
        retry: float = RETRY,
    ) -> None:
        self._servers = servers
        self._nas = nas
        self._coa = coa
        self._coa_addresses = coa_addresses
        self._random = random
        self._capture = capture
        self._wall_clock = wall_clock
        self._repeated = Repeated()
        self._dynamic: UdpEndpoint | None = None
        timers = timers or Timers()

        def at(address: Address, secret: Secret) -> RadiusServer:
            requests = RadiusRequests(
                server=address,
                secret=secret,
                local=str(nas.address),
                max_sockets=max_sockets,
                random=random,
                capture=capture,
            )
            return RadiusServer(f"{address[0]}:{address[1]}", requests, secret)

        each = replace(timers, mrd=timers.mrd / len(servers))
        self._auth = RadiusServers([at(one.auth, one.secret) for one in servers], time.monotonic, each)
        acct = [at(one.acct, one.secret) for one in servers if one.acct is not None]
        self._acct = RadiusServers(acct, time.monotonic, each) if acct else None
        self._accounting = Accounting(self._tell, nas, wall_clock, retry=retry)

    @classmethod
    def of(
        cls,
        config: RadiusLinkConfig,
        address: IPv4Address | IPv6Address,
        *,
        random: RandomBytes = secrets.token_bytes,
        capture: DatagramTap | None = None,
    ) -> "RadiusLink":
        """The link that `config` describes, from the gateway's own `address`; ConfigError for its secret files."""
        return cls(
            servers=[_server(one) for one in (config, *config.alternate)],
            nas=Nas(config.nas_identifier, address),
            coa=None if config.coa is None else (config.coa.host, config.coa.port),
            coa_addresses=config.coa_addresses,
            timers=Timers(mrd=config.limit),
            max_sockets=config.max_sockets,
            random=random,
            capture=capture,
        )

    async def authenticate(self, request: RelayRequest) -> RelayAnswer:
        """One round; RelayUnavailable after the limit, or at once when every Identifier of every socket waits."""
        preferred, asked = _remembered(request)

        def build(identifier: int, secret: Secret) -> bytes:
            return access_request(
                identifier=identifier,
                authenticator=self._random(16),
                secret=secret,
                attributes=to_attributes(asked, self._nas),
                eap=request.eap,
            )

        try:
            answered, number = await self._auth.ask(build, preferred)
        except EncodeError as error:
            return RelayReject(b"", f"no RADIUS packet carries this request: {error}")
        except RadiusUnavailable as error:
            return RelayUnavailable(str(error))
        secret = self._auth.secret(number)
        answer = to_answer(answered.packet, secret=secret, request_authenticator=answered.request_authenticator)
        if isinstance(answer, RelayChallenge):
            return replace(answer, state=bytes((number,)) + (answer.state or b""))
        if isinstance(answer, RelayAccept):
            self._repeated.accept(request.session, answered.packet)
        return answer

    def called(self, session: str) -> str:
        """Acct-Session-Id, which is its `nas_session`."""
        return session

    async def begin(self) -> None:
        """Tell the servers that take accounting (RFC 2866 §5.1, Accounting-On)."""
        if self._acct is not None:
            await self._accounting.begin(self._random(12).hex())

    def hurry(self) -> None:
        """Tell records at once that waited for a server."""
        self._accounting.hurry()

    async def end(self) -> None:
        """Tell the servers that take accounting (RFC 2866 §5.1, Accounting-Off)."""
        if self._acct is not None:
            await self._accounting.end(self._random(12).hex())

    async def account(self, record: SessionRecord) -> None:
        """Tell it, with what the AAA server said to repeat, until a server has it."""
        repeated = self._repeated.of(record.session)
        if record.moment is Moment.STOP:
            self._repeated.forget(record.session)
        if self._acct is not None:
            await self._accounting.tell(record, repeated)

    async def end_session(self, session: str, user_name: str | None, ended_by: EndedBy | None) -> None:  # noqa: ARG002
        """RADIUS tells the end of a session by accounting alone."""
        self._repeated.forget(session)

    def obey(self, keeper: SessionKeeper) -> None:
        """Take Disconnect and CoA from now on; ConfigError when their port is taken."""
        if self._coa is None:
            return
        clients: list[tuple[Network, Secret]] = [(ip_network(one.auth[0]), one.secret) for one in self._servers]
        clients += [(network, self._servers[0].secret) for network in self._coa_addresses]
        server = DynamicAuthorizationServer(clients, self._nas, keeper, self._repeated, self._wall_clock)

        def arrived(octets: bytes, source: Address) -> None:
            answer = server.answer(octets, source)
            if answer is not None and self._dynamic is not None:
                self._dynamic.send(answer, source, self._dynamic.place)

        try:
            self._dynamic = UdpEndpoint.bind(self._coa, arrived, capture=self._capture, answers=True)
        except OSError as error:
            raise ConfigError(f"[pdngw.radius] coa {self._coa[0]}:{self._coa[1]}: {error.strerror}") from None

    async def close(self) -> None:
        """End every wait and free the sockets."""
        self._auth.close()
        if self._acct is not None:
            self._acct.close()
        if self._dynamic is not None:
            self._dynamic.close()

    async def _tell(self, attributes: Sequence[Attribute]) -> None:
        if self._acct is None:
            return
        await self._acct.ask(
            lambda identifier, secret: signed_request(
                Code.ACCOUNTING_REQUEST, identifier=identifier, secret=secret, attributes=attributes
            )
        )


def _remembered(request: RelayRequest) -> tuple[int | None, RelayRequest]:
    """Which server has begun the conversation, and the request with State as that server gave it."""
    if not request.state:
        return None, request
    return request.state[0], replace(request, state=request.state[1:] or None)


def _server(config: RadiusServerConfig) -> Server:
    acct = None if config.acct is None else (config.acct.host, config.acct.port)
    return Server((config.aaa.host, config.aaa.port), read_secret(config.secret_file), acct)
