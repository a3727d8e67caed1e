"""DER, AAR and STR: rounds go to the authentication service, a session belongs to one peer (RFC 4072, TS 29.273)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import assert_never

from aaa.diameter.authorizing import Authorizing
from aaa.diameter.restarts import Restarts
from aaa.diameter.sessions import DiameterSessions, Session
from aaa.diameter.translate import (
    Round,
    to_accept,
    to_access_request,
    to_challenge,
    to_reissue,
    to_reject,
    to_user_session,
)
from aaa.messages import Accept, AuthenticationService, Challenge, Client, Ignore, Reject, RejectCause
from aaa.registrar import Registrar
from aaa.user_sessions import UserSession, UserSessions
from hss.session_api import LedgerUnavailable
from runtime.logs import get_logger
from wire.diameter.authorization import AA
from wire.diameter.avp import AvpFault
from wire.diameter.command import Identity
from wire.diameter.eap import DIAMETER_EAP
from wire.diameter.eap_applications import read_eap_request
from wire.diameter.enumerations import TerminationCause
from wire.diameter.message import Message
from wire.diameter.results import ResultCode
from wire.diameter.sessions import SessionCommand, SessionTerminationAnswer, SessionTerminationRequest
from wire.eap.packet import failure

log = get_logger("aaa.diameter")

MOST_INVALID = 5
"""Discarded answers in one session before it is ended (RFC 4072 §2.4)."""


Unused = Callable[[UserSession], None]
"""Hears of a session that its gateway could not begin."""
Unkept = Callable[[UserSession, str], None]
"""Hears of a session that cannot be kept, and why."""


class DiameterFront:
    """`serve` is a handler for `runtime.diameter.server.DiameterServer`; `clients` are its peers by name."""

    def __init__(
        self,
        service: AuthenticationService,
        identity: Identity,
        clients: Mapping[str, Client],
        users: UserSessions,
        registrar: Registrar,
        sessions: DiameterSessions | None = None,
        unused: Unused = lambda _session: None,
        unkept: Unkept = lambda _session, _cause: None,
        restarts: Restarts | None = None,
    ) -> None:
        self._unkept = unkept
        self._unused = unused
        self._service = service
        self._identity = identity
        self._clients = clients
        self._users = users
        self._registrar = registrar
        self._sessions = DiameterSessions() if sessions is None else sessions
        self._restarts = Restarts(users, registrar, ()) if restarts is None else restarts
        self._authorizing = Authorizing(identity, users, registrar)
        self._terminating: dict[tuple[str, str, str], asyncio.Future[ResultCode]] = {}

    def serve(self, peer: str, message: Message) -> Awaitable[Message]:
        """The answer to a DER, AAR or STR; AvpFault when the request cannot be one, or can be served later alone."""
        return self._eap(peer, message) if message.command == DIAMETER_EAP else self._other(peer, message)

    async def _other(self, peer: str, message: Message) -> Message:
        try:
            if message.command == SessionCommand.SESSION_TERMINATION:
                return await self._terminate(peer, message)
            if message.command == AA:
                return await self._authorizing.serve(peer, message)
        except LedgerUnavailable as error:
            raise _too_busy(error) from None
        raise AvpFault(5, f"command {message.command} is not served", ResultCode.COMMAND_UNSUPPORTED)

    async def _eap(self, peer: str, message: Message) -> Message:
        try:
            der = read_eap_request(message)
            round_, session_id, origin_host = Round(message, der, self._identity), der.session_id, der.origin_host
            session = self._sessions.find(session_id)
            if session is not None and not session.belongs_to(peer, origin_host):
                raise _foreign(peer, origin_host)
            is_last_chance = session is None or _is_last_chance(session)
            request = to_access_request(round_, self._clients[peer], last_chance=is_last_chance)
            answer = await self._service.authenticate(request)
            match answer:
                case Challenge():
                    self._sessions.challenged(session_id, Session(peer, origin_host, answer.eap))
                    return to_challenge(round_, answer)
                case Accept():
                    self._sessions.end(session_id)
                    state_id = self._restarts.asked(peer, origin_host, der.origin_state_id)
                    await self._let_in(to_user_session(round_, peer, answer, state_id))
                    return to_accept(round_, answer)
                case Reject():
                    self._sessions.end(session_id)
                    return to_reject(round_, answer)
                case Ignore(reason):
                    return self._discarded(round_, peer, reason)
                case _:
                    assert_never(answer)
        except LedgerUnavailable as error:
            raise _too_busy(error) from None

    async def _let_in(self, session: UserSession) -> None:
        """Kept before the gateway hears of it, so that no answer names a session that nobody could end."""
        try:
            is_kept = await self._users.keep(session)
        except LedgerUnavailable as error:
            self._unkept(session, str(error))
            raise
        if not is_kept:
            raise _foreign(session.peer, session.origin_host)
        self._registrar.attached(session)

    def _discarded(self, round_: Round, peer: str, reason: str) -> Message:
        """RFC 4072 §2.4: say the outstanding request again, while it can be."""
        session_id = round_.der.session_id
        is_over = _is_last_chance(self._sessions.find(session_id))
        session = self._sessions.discarded(session_id)
        log.warning("request ignored", cause=reason, client=peer, session=session_id)
        if session is not None and not is_over:
            return to_reissue(round_, session.request)
        self._sessions.end(session_id)
        eap = round_.der.eap_payload
        return to_reject(round_, Reject(failure(eap[1]) if len(eap) > 1 else b"", RejectCause.BAD_EAP, reason))

    async def _terminate(self, peer: str, message: Message) -> Message:
        """Copies of an STR that come while it is being served have its answer, not 5002 (RFC 6733 §5.5.4, §8.4)."""
        request = SessionTerminationRequest.parse(message)
        which = peer, request.origin_host.lower(), request.session_id
        while (under_way := self._terminating.get(which)) is not None:
            await asyncio.wait((under_way,))
            if not under_way.cancelled():
                return self._terminated(request, under_way.result()).message(message)
        told = self._terminating[which] = asyncio.get_running_loop().create_future()
        try:
            result = await self._end(peer, request)
            told.set_result(result)
        finally:
            del self._terminating[which]
            told.cancel()
        return self._terminated(request, result).message(message)

    async def _end(self, peer: str, request: SessionTerminationRequest) -> ResultCode:
        session = await self._users.end_of(peer, request.origin_host, request.session_id)
        if session is None:
            log.warning("session not ended", cause="no such session", client=peer, session=request.session_id)
            return ResultCode.UNKNOWN_SESSION_ID
        self._registrar.left(session)
        if request.termination_cause == TerminationCause.BAD_ANSWER:
            self._unused(session)
        log.info("session ended", client=peer, session=request.session_id, termination=request.termination_cause)
        return ResultCode.SUCCESS

    def _terminated(self, request: SessionTerminationRequest, result: ResultCode) -> SessionTerminationAnswer:
        return SessionTerminationAnswer(
            session_id=request.session_id,
            origin_host=self._identity.origin_host,
            origin_realm=self._identity.origin_realm,
            result_code=result,
        )


def _is_last_chance(session: Session | None) -> bool:
    """RFC 4072 §2.4: whether there is nothing to say again, or it was said often enough."""
    return session is None or not session.request or session.invalid + 1 >= MOST_INVALID


def _too_busy(error: LedgerUnavailable) -> AvpFault:
    """RFC 6733 §7.1.3: another server may have a store that answers."""
    return AvpFault(0, f"sessions cannot be kept: {error}", ResultCode.TOO_BUSY)


def _foreign(peer: str, origin_host: str) -> AvpFault:
    reason = f"Session-Id belongs to another gateway than {origin_host} at {peer}"
    return AvpFault(0, reason, ResultCode.UNKNOWN_SESSION_ID)
