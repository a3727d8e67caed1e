"""DER and STR: a round goes to the authentication service, a session belongs to one peer (RFC 4072, TS 29.273 §9)."""

from collections.abc import Mapping
from typing import assert_never

from aaa.diameter.sessions import DiameterSessions
from aaa.diameter.translate import Round, to_accept, to_access_request, to_challenge, to_reissue, to_reject
from aaa.messages import Accept, AuthenticationService, Challenge, Client, Ignore, Reject, RejectCause
from runtime.logs import get_logger
from wire.diameter.avp import AvpFault
from wire.diameter.command import Identity
from wire.diameter.eap import DIAMETER_EAP
from wire.diameter.eap_applications import read_eap_request
from wire.diameter.message import Message
from wire.diameter.results import ResultCode
from wire.diameter.sessions import SessionCommand, SessionTerminationAnswer, SessionTerminationRequest
from wire.eap.packet import failure

log = get_logger("aaa.diameter")

MOST_INVALID = 5
"""Discarded answers in one session before it is ended (RFC 4072 §2.4)."""


class DiameterFront:
    """`serve` is a handler for `runtime.diameter.server.DiameterServer`; `clients` are its peers by name."""

    def __init__(
        self,
        service: AuthenticationService,
        identity: Identity,
        clients: Mapping[str, Client],
        sessions: DiameterSessions | None = None,
    ) -> None:
        self._service = service
        self._identity = identity
        self._clients = clients
        self._sessions = DiameterSessions() if sessions is None else sessions

    async def serve(self, peer: str, message: Message) -> Message:
        """The answer to a DER or STR; AvpFault when the request cannot be one."""
        if message.command == DIAMETER_EAP:
            return await self._eap(peer, message)
        if message.command == SessionCommand.SESSION_TERMINATION:
            return self._terminate(peer, message)
        raise AvpFault(5, f"command {message.command} is not served", ResultCode.COMMAND_UNSUPPORTED)

    async def _eap(self, peer: str, message: Message) -> Message:
        round_ = Round(message, read_eap_request(message), self._identity)
        session_id = round_.der.session_id
        self._require_own(session_id, peer)
        request = to_access_request(round_, self._clients[peer])
        answer = await self._service.authenticate(request)
        match answer:
            case Challenge():
                self._sessions.challenged(session_id, peer, answer.eap)
                return to_challenge(round_, answer)
            case Accept():
                self._sessions.accepted(session_id, peer)
                return to_accept(round_, answer)
            case Reject():
                self._sessions.end(session_id)
                return to_reject(round_, answer)
            case Ignore(reason):
                return self._discarded(round_, peer, reason)
            case _:
                assert_never(answer)

    def _require_own(self, session_id: str, peer: str) -> None:
        session = self._sessions.find(session_id)
        if session is not None and session.peer != peer:
            raise AvpFault(0, f"Session-Id belongs to another peer than {peer}", ResultCode.UNKNOWN_SESSION_ID)

    def _discarded(self, round_: Round, peer: str, reason: str) -> Message:
        """RFC 4072 §2.4: say the outstanding request again, or end it when there is none or too often."""
        session_id = round_.der.session_id
        session = self._sessions.discarded(session_id)
        log.warning("request ignored", cause=reason, client=peer, session=session_id)
        if session is not None and session.request and session.invalid < MOST_INVALID:
            return to_reissue(round_, session.request)
        self._sessions.end(session_id)
        eap = round_.der.eap_payload
        return to_reject(round_, Reject(failure(eap[1]) if len(eap) > 1 else b"", RejectCause.BAD_EAP, reason))

    def _terminate(self, peer: str, message: Message) -> Message:
        request = SessionTerminationRequest.parse(message)
        session = self._sessions.find(request.session_id)
        if session is None or session.peer != peer or not session.accepted:
            log.warning("session not ended", cause="no such session", client=peer, session=request.session_id)
            return self._terminated(request, ResultCode.UNKNOWN_SESSION_ID).message(message)
        self._sessions.end(request.session_id)
        log.info("session ended", client=peer, session=request.session_id, termination=request.termination_cause)
        return self._terminated(request, ResultCode.SUCCESS).message(message)

    def _terminated(self, request: SessionTerminationRequest, result: ResultCode) -> SessionTerminationAnswer:
        return SessionTerminationAnswer(
            session_id=request.session_id,
            origin_host=self._identity.origin_host,
            origin_realm=self._identity.origin_realm,
            result_code=result,
        )
