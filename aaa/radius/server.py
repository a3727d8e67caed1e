"""RADIUS authentication around its front: one task for each request in progress, each bounded in time."""

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import assert_never

from aaa.messages import Accept, AccessAnswer, AuthenticationService, Challenge, Ignore, Reject
from aaa.metrics import ACCESS_REQUESTS, DUPLICATES, IN_PROGRESS, NOT_ADMITTED, count_unheard
from aaa.radius.chargeable import Chargeable
from aaa.radius.clients import ClientTable, RadiusClient, load_clients
from aaa.radius.config import RadiusConfig
from aaa.radius.decisions import Discard, Forward, Repeat, Send
from aaa.radius.duplicates import DuplicateCache
from aaa.radius.front import RadiusFront, Serve
from aaa.radius.grants import to_grant
from aaa.radius.listening import Reply, address_text
from aaa.radius.port_server import PortServer
from aaa.radius.proxy.rejections import Keep, rejected_unheard
from aaa.radius.proxy.relay import Relay
from aaa.radius.readiness import Readiness
from aaa.radius.returning import Returning
from aaa.radius.suspecting import Kept, Suspicion
from hss.session_api import LedgerUnavailable, SessionLedger
from runtime.entropy import entropy
from runtime.logs import debugging, get_logger
from runtime.metrics.families import REGISTRY
from runtime.taps import Address
from wire.errors import EncodeError
from wire.radius.codec import parse_packet
from wire.radius.packet import RadiusPacket
from wire.sansio import RandomBytes

log = get_logger("aaa.radius")

_now: Callable[[], datetime] = partial(datetime.now, UTC)

REPORT_EVERY = 1.0
"""Seconds after which the ledger is told what clients have sent."""


class RadiusServer(PortServer):
    """Carries packets between sockets, the front and the authentication service.

    `ledger` keeps who was let in, `returning` counts them, `suspicion` says of unproven packets what is wrong, and
    `rejected` keeps who was not heard.
    """

    def __init__(
        self,
        service: AuthenticationService,
        front: RadiusFront,
        *,
        ledger: SessionLedger | None = None,
        relay: Relay | None = None,
        suspicion: Suspicion | None = None,
        returning: Returning | None = None,
        rejected: Keep = lambda _rejected: "",
        request_limit: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
        moment: Callable[[], datetime] = _now,
    ) -> None:
        super().__init__(relay=relay, suspicion=suspicion, request_limit=request_limit, clock=clock)
        self._service = service
        self._front = front
        self._ledger = ledger
        self._returning = returning
        self._rejected = rejected
        self._moment = moment
        self._readiness = Readiness(moment)
        self._reporting: asyncio.TimerHandle | None = None
        front.tell(self._saw)
        REGISTRY.sample(self, lambda: IN_PROGRESS.set(front.in_progress))

    @classmethod
    def of(
        cls,
        config: RadiusConfig,
        service: AuthenticationService,
        *,
        clients: ClientTable | None = None,
        ledger: SessionLedger | None = None,
        relay: Relay | None = None,
        random: RandomBytes = entropy,
        kept: Kept | None = None,
        returning: Returning | None = None,
        rejected: Keep = lambda _rejected: "",
    ) -> "RadiusServer":
        """The server that `config` describes, not listening yet; ConfigError when a secret file is unusable."""
        clients = clients or load_clients(config.client)
        front = RadiusFront(
            clients,
            random=random,
            duplicates=DuplicateCache(size=config.duplicate_size, age=config.duplicate_age),
            max_in_progress=config.max_in_progress,
            routes=None if relay is None else relay.routes,
            chargeable=Chargeable.of(config),
        )
        suspicion = Suspicion(clients, kept)
        limit = config.request_limit
        return cls(
            service,
            front,
            ledger=ledger,
            relay=relay,
            suspicion=suspicion,
            returning=returning,
            rejected=rejected,
            request_limit=limit,
        )

    async def close(self) -> None:
        """Stop listening, end what is in progress, and leave behind what was counted."""
        REGISTRY.forget(self)
        await self._end()
        if self._reporting is not None:
            self._reporting.cancel()
            await self._report()

    def take(self, octets: bytes, source: Address, reply: Reply, client: RadiusClient | None = None) -> None:
        """Serve one packet."""
        decision = self._front.receive(octets, source, self._clock(), client)
        match decision:
            case Serve():
                self._in_time.begin(decision, self._serve(decision, reply))
            case Discard():
                why = partial(self._kept_rejection, octets, decision.client or "", decision.cause)
                self._discarded(octets, source, client, decision, why if decision.is_too_much else None)
            case Repeat(answer):
                _repeat(answer, source, reply)
            case Send(answer, name, refusal):
                if refusal is not None:
                    count_unheard("radius", name, NOT_ADMITTED)
                    why = partial(self._kept_rejection, octets, name, refusal)
                    self._lines.warn("access rejected", refusal, name, why, source=address_text(source))
                reply(answer)
            case Forward():
                self._forward(self._front, decision, reply)
            case _:
                assert_never(decision)

    async def _serve(self, serving: Serve, reply: Reply) -> None:
        answer = None
        try:
            answer = await self._service.authenticate(serving.request)
            if self._ledger is not None and isinstance(answer, Accept):
                await self._keep(serving, answer, self._ledger)
            octets = self._front.answer(serving, answer)
        except (TimeoutError, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and not self._in_time.is_late(serving):
                self._front.abandon(serving)
                raise
            event, cause = "request abandoned", f"no answer within {self._request_limit} s"
            log.error(event, cause=cause, client=serving.client.name, **self._abandoned(serving, answer, event))
        except EncodeError as error:
            # Proxy-State takes room as well, and a client may send as much of it as it likes
            self._front.abandon(serving)
            name, cause = serving.client.name, "no packet can carry the answer"
            why = partial(self._kept_of, serving.packet, name, cause)
            self._lines.warn("answer not sent", cause, name, why, detail=str(error))
        except Exception as error:
            # The outermost place of one request: whatever broke it, the next one is still served.
            event, name = "request failed", serving.client.name
            log.exception(event, cause=repr(error), client=name, **self._abandoned(serving, answer, event))
        else:
            if octets is None or debugging():
                self._tell(serving, answer)
            if octets is not None:
                reply(octets)
        finally:
            self._in_time.over(serving)

    def _tell(self, serving: Serve, answer: AccessAnswer) -> None:
        if debugging() or isinstance(answer, Ignore):
            _log_answered(answer, serving.client.name)
        if isinstance(answer, Ignore) and answer.for_now:
            # who sends a round again under another Identifier may hear nothing of the answer to the first one
            self._front.reconsider(serving)

    def _abandoned(self, serving: Serve, answer: AccessAnswer | None, event: str) -> Mapping[str, str]:
        """What the line has beside its cause; the service has told of what came to no answer of its own."""
        self._front.abandon(serving)
        if answer is None:
            return {}
        return self._kept_of(serving.packet, serving.client.name, f"{event} behind its {type(answer).__name__}")

    def _kept_rejection(self, octets: bytes, client: str, cause: str) -> Mapping[str, str]:
        return self._kept_of(parse_packet(octets), client, cause)

    def _kept_of(self, packet: RadiusPacket, client: str, cause: str) -> Mapping[str, str]:
        reference = self._rejected(rejected_unheard(packet, client, cause))
        return {"explain": reference} if reference else {}

    def _saw(self, client: str, *, is_protected: bool) -> None:
        ACCESS_REQUESTS.count(client, "yes" if is_protected else "no")
        if self._readiness.saw(client, is_protected=is_protected):
            hint = "it sends Access-Requests without Message-Authenticator; see akadia aaa clients"
            log.info("client not ready", cause=hint, client=client)
        if self._reporting is None:
            self._reporting = asyncio.get_running_loop().call_later(REPORT_EVERY, self._begin_report)

    def _begin_report(self) -> None:
        self._reporting = None
        self._begin(self._report())

    async def _report(self) -> None:
        counted = self._readiness.drain()
        if self._ledger is None or not counted:
            return
        try:
            await self._ledger.seen(counted)
        except LedgerUnavailable:
            self._readiness.put_back(counted)

    async def _keep(self, serving: Serve, accept: Accept, ledger: SessionLedger) -> None:
        """Whom an Accept lets in is in the ledger before the client hears it; without a ledger he is let in as well."""
        grant = to_grant(serving, accept, self._moment())
        if grant is None:
            return
        try:
            await ledger.grant(grant)
        except LedgerUnavailable as error:
            self._lines.warn("grant not kept", "the ledger does not answer", serving.client.name, detail=str(error))
        returning = self._returning
        suspect = None if returning is None else returning.let_in(grant, self._clock())
        if suspect is not None and returning is not None:
            self._begin(returning.look(suspect, grant))


def _repeat(answer: bytes | None, source: Address, reply: Reply) -> None:
    DUPLICATES.count("in progress" if answer is None else "answered again")
    if answer is not None:
        reply(answer)
    else:
        log.debug("duplicate request dropped", source=address_text(source), cause="still in progress")


def _log_answered(answer: AccessAnswer, client: str) -> None:
    """The service tells how an authentication ended, in one line; what is told here is the packet's."""
    match answer:
        case Accept():
            log.debug("access accepted", imsi=str(answer.imsi), method=answer.method.name, client=client)
        case Reject(_, cause, detail, imsi):
            log.debug("access rejected", cause=cause.value, detail=detail, imsi=str(imsi or ""), client=client)
        case Ignore(reason):
            log.warning("request ignored", cause=reason, client=client)
        case Challenge():
            log.debug("challenge sent", client=client)
        case _:
            assert_never(answer)
