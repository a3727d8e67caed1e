"""The AAA link over RADIUS: sockets, timers, and one exchange for each round (RFC 3579)."""

import secrets
from ipaddress import IPv4Address, IPv6Address

from pdngw_proxy.aaa_link.config import RadiusLinkConfig
from pdngw_proxy.aaa_link.port import RelayAnswer, RelayReject, RelayRequest, RelayUnavailable, SessionKeeper
from pdngw_proxy.aaa_link.radius_messages import Nas, to_answer, to_attributes
from runtime.radius.requests import RadiusRequests, RadiusUnavailable
from runtime.secret_file import read_secret
from runtime.taps import Address, DatagramTap
from wire.errors import EncodeError
from wire.radius.exchange import Timers
from wire.radius.messages import access_request
from wire.sansio import RandomBytes
from wire.secret import Secret


class RadiusLink:
    """One AAA server over UDP; implements `AaaLink`. Sockets are opened when they are needed."""

    def __init__(
        self,
        *,
        server: Address,
        secret: Secret,
        nas: Nas,
        timers: Timers | None = None,
        max_sockets: int = 16,
        random: RandomBytes = secrets.token_bytes,
        capture: DatagramTap | None = None,
    ) -> None:
        self._secret = secret
        self._nas = nas
        self._random = random
        self._requests = RadiusRequests(
            server=server,
            secret=secret,
            local=str(nas.address),
            timers=timers,
            max_sockets=max_sockets,
            random=random,
            capture=capture,
        )

    @classmethod
    def of(
        cls,
        config: RadiusLinkConfig,
        address: IPv4Address | IPv6Address,
        *,
        random: RandomBytes = secrets.token_bytes,
        capture: DatagramTap | None = None,
    ) -> "RadiusLink":
        """The link that `config` describes, from the gateway's own `address`; ConfigError for its secret file."""
        return cls(
            server=(config.aaa.host, config.aaa.port),
            secret=read_secret(config.secret_file),
            nas=Nas(config.nas_identifier, address),
            timers=Timers(mrd=config.limit),
            max_sockets=config.max_sockets,
            random=random,
            capture=capture,
        )

    async def authenticate(self, request: RelayRequest) -> RelayAnswer:
        """One round; RelayUnavailable after the limit, or at once when every Identifier of every socket waits."""
        try:
            answered = await self._requests.ask(lambda identifier: self._request(request, identifier))
        except EncodeError as error:
            return RelayReject(b"", f"no RADIUS packet carries this request: {error}")
        except RadiusUnavailable as error:
            return RelayUnavailable(str(error))
        return to_answer(answered.packet, secret=self._secret, request_authenticator=answered.request_authenticator)

    def called(self, session: str) -> str:
        """Acct-Session-Id, which is its `nas_session`."""
        return session

    async def end_session(self, session: str, user_name: str | None) -> None:
        """Nothing: RADIUS tells the end of a session by accounting alone."""

    def obey(self, keeper: SessionKeeper) -> None:
        """Nothing is listened to: RADIUS would want Disconnect and CoA for it (RFC 5176)."""

    async def close(self) -> None:
        """End every wait and free the sockets."""
        self._requests.close()

    def _request(self, request: RelayRequest, identifier: int) -> bytes:
        return access_request(
            identifier=identifier,
            authenticator=self._random(16),
            secret=self._secret,
            attributes=to_attributes(request, self._nas),
            eap=request.eap,
        )
