"""The AAA link over Diameter: DER for each round, STR at the end, ASR and RAR obeyed.

By S6b (TS 29.273 §9), MIP6I (RFC 5778) or Diameter EAP alone (RFC 4072), whichever the configuration says.
"""

import asyncio
import secrets
import time
from collections.abc import Coroutine
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from pdngw_proxy.aaa_link.config import APPLICATIONS, AaaServerConfig, DiameterLinkConfig
from pdngw_proxy.aaa_link.diameter_ends import SessionEnds
from pdngw_proxy.aaa_link.diameter_messages import DiameterGateway, failure_indicated, to_aar, to_answer, to_der, to_str
from pdngw_proxy.aaa_link.diameter_requests import AaaRequests
from pdngw_proxy.aaa_link.port import RelayAnswer, RelayReject, RelayRequest, RelayUnavailable, SessionKeeper
from pdngw_proxy.aaa_link.records import EndedBy, SessionRecord
from runtime.diameter.client import DiameterClient
from runtime.diameter.pool import DiameterPool
from runtime.diameter.settings import DiameterUnavailable
from runtime.diameter.throttle import Requester, ThrottledClient
from runtime.logs import get_logger
from runtime.taps import StreamTap
from runtime.tls import client_context
from wire.diameter.applications import Application
from wire.diameter.authorization import AaAnswer
from wire.diameter.capabilities import LocalNode, PeerPolicy
from wire.diameter.command import Identity
from wire.diameter.eap_applications import ANSWERS
from wire.diameter.message import Message
from wire.diameter.peer import Timing
from wire.diameter.sessions import SessionTerminationAnswer
from wire.eap.packet import EapType
from wire.errors import DecodeError, EncodeError
from wire.sansio import RandomBytes

log = get_logger("pdngw.diameter")

_TYPE_AT = 4
"""Where an EAP packet has its Type (RFC 3748 §4.1)."""

UNHEARD = 30.0
"""Seconds from giving a round up to its STR: by then it is over at the server as well, whatever came of it."""
MOST_UNHEARD = 1000
"""Rounds given up that are remembered at once."""

PERMANENT = 5000
"""Result-Codes from here on are permanent failures (RFC 6733 §7.1.5)."""


class DiameterLink:
    """AAA servers, each over a connection of its own; implements `AaaLink`. `limit` in seconds bounds a whole round."""

    def __init__(self, client: Requester, gateway: DiameterGateway, *, limit: float = 10.0) -> None:
        self._client = client
        self._gateway = gateway
        self._limit = limit
        self._ends = SessionEnds(self._ask, gateway)
        self._keeper: SessionKeeper | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._hurry = asyncio.Event()
        self.requests = AaaRequests(gateway, self._begin_to_authorize)

    @classmethod
    def of(
        cls,
        config: DiameterLinkConfig,
        *,
        home_agent: IPv6Address | IPv4Address,
        visited_network: str,
        random: RandomBytes = secrets.token_bytes,
        capture: StreamTap | None = None,
        address: IPv4Address | IPv6Address | None = None,
        since: int | None = None,
    ) -> "DiameterLink":
        """The link that `config` describes, connecting from now on; inside a running loop. ConfigError for its files.

        It connects from the gateway's own `address` when that is of the same version as the AAA server's, and has had
        sessions `since` then, in seconds of Unix time, now if it is not given (Origin-State-Id, RFC 6733 §8.16).
        """
        began = (int(time.time()) if since is None else since) & 0xFFFFFFFF
        tls = (
            None if config.ca is None else client_context(ca=config.ca, certificate=config.certificate, key=config.key)
        )
        gateway = DiameterGateway(
            identity=Identity(config.origin_host, config.origin_realm),
            aaa=Identity(config.aaa_origin_host, config.aaa_realm),
            home_agent=home_agent,
            visited_network=visited_network,
            application=APPLICATIONS[config.application],
            state_id=began,
        )

        async def serve(peer: str, message: Message) -> Message:
            return await link.requests.serve(peer, message)

        def connecting(server: AaaServerConfig) -> DiameterClient:
            return DiameterClient(
                local=LocalNode(config.origin_host, config.origin_realm, (gateway.application,), origin_state_id=began),
                peer=_policy(server, gateway.application),
                address=(server.aaa.host, server.aaa.port),
                random=random,
                handler=serve,
                tls=tls,
                timing=Timing(twinit=config.watchdog),
                capture=capture,
                local_host=_own_address(address, server),
                alternate=bool(config.alternate),
            )

        pool = DiameterPool([connecting(server) for server in (config, *config.alternate)], failure_indicated)
        link = cls(ThrottledClient(pool, random), gateway, limit=config.limit)
        pool.start()
        return link

    async def authenticate(self, request: RelayRequest) -> RelayAnswer:
        """One round; waits for the connection too, if there is none yet."""
        try:
            asked = to_der(request, self._gateway)
            answered = ANSWERS[self._gateway.application].parse(await self._ask(asked.message()))
        except EncodeError as error:
            return RelayReject(b"", f"no DER carries this request: {error}")
        except DiameterUnavailable as error:
            self._give_up(request)
            return RelayUnavailable(f"AAA server: {error.cause}")
        except DecodeError as error:
            self._give_up(request)
            return RelayReject(b"", f"the DEA is malformed: {error.reason}")
        if answered.session_id is not None and answered.session_id != asked.session_id:
            return RelayReject(b"", "the DEA is of another session")
        return to_answer(answered)

    def called(self, session: str) -> str:
        """Its Session-Id."""
        return self._gateway.session_id(session)

    async def end_session(self, session: str, user_name: str | None, ended_by: EndedBy | None) -> None:
        """Send STR until a server has it; what becomes of it is logged, the session is over here in any case."""
        await self._ends.tell(session, user_name, ended_by)

    def _give_up(self, request: RelayRequest) -> None:
        """RFC 6733 §8.4: what the answer would have said may be that the user is let in; not so in a first round."""
        if request.eap[_TYPE_AT : _TYPE_AT + 1] != bytes([EapType.IDENTITY]) and len(self._tasks) < MOST_UNHEARD:
            self._start(self._end_unheard(request.session))

    async def _end_unheard(self, session: str) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(UNHEARD):
                await self._hurry.wait()
        try:
            ended = SessionTerminationAnswer.parse(
                await self._ask(to_str(session, None, self._gateway, None).message())
            )
        except (DiameterUnavailable, DecodeError, EncodeError) as error:
            cause = f"{error}; it may have begun, and its answer was not heard"
            log.warning("session not ended at the AAA server", session=self.called(session), cause=cause)
        else:
            if ended.succeeded:
                cause = "the answer that began it was not heard in time"
                log.warning("session ended at the AAA server", session=self.called(session), cause=cause)

    async def begin(self) -> None:
        """Nothing: CER says Origin-State-Id, by which a server may know that sessions are gone (RFC 6733 §8.16)."""

    async def end(self) -> None:
        """Wait for STR of those who may have been let in; what no server hears the next CER says (RFC 6733 §8.16)."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def account(self, record: SessionRecord) -> None:
        """Nothing: none of these applications has accounting, and the AAA server knows begin and end by DER and STR."""

    def obey(self, keeper: SessionKeeper) -> None:
        """Let ASR and RAR reach the sessions of `keeper`."""
        self._keeper = self.requests.keeper = keeper

    def _begin_to_authorize(self, session: str) -> None:
        self._start(self.authorize(session))

    def _start(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def authorize(self, session: str) -> None:
        """Ask by AAR whether a session may go on; a permanent refusal ends it, anything else leaves it as it is."""
        try:
            answer = AaAnswer.parse(await self._ask(to_aar(session, self._gateway).message()))
        except DiameterUnavailable as error:
            log.warning("session not authorized anew", session=self.called(session), cause=error.cause)
        except (DecodeError, EncodeError) as error:
            log.warning("session not authorized anew", session=self.called(session), cause=str(error))
        else:
            if answer.succeeded:
                log.info(
                    "session authorized anew", session=self.called(session), session_timeout=answer.session_timeout
                )
                if answer.session_timeout and self._keeper is not None:
                    self._keeper.limit(session, answer.session_timeout)
            elif answer.result_code is not None and answer.result_code < PERMANENT:
                log.warning("session not authorized anew", session=self.called(session), cause=f"AAA {answer.result}")
            elif self._keeper is not None:
                self._keeper.abort(session, f"not authorized any more: AAA {answer.result}")

    def hurry(self) -> None:
        """Send STR at once that waited, for a server or for a round to be over."""
        self._ends.hurry()
        self._hurry.set()

    async def close(self) -> None:
        """Take leave by DPR; one line says which sessions no server knows to be over."""
        for task in self._tasks:
            task.cancel()
        await self._client.close()
        self._ends.close()

    async def _ask(self, message: Message) -> Message:
        loop = asyncio.get_running_loop()
        end = loop.time() + self._limit
        await self._client.ready(self._limit)
        return await self._client.request(message, max(end - loop.time(), 0.1))


def _policy(server: AaaServerConfig, application: Application) -> PeerPolicy:
    return PeerPolicy(
        name=server.agent or ("aaa" if isinstance(server, DiameterLinkConfig) else server.aaa_origin_host),
        origin_host=server.agent or server.aaa_origin_host,
        origin_realm=server.aaa_realm,
        networks=(ip_network(server.aaa.host),),
        applications=(application,),
        agent=bool(server.agent),
    )


def _own_address(address: IPv4Address | IPv6Address | None, server: AaaServerConfig) -> str | None:
    reachable = address is not None and address.version == ip_address(server.aaa.host).version
    return str(address) if reachable else None
