"""What this server asks of gateways: ASR to end a session, RAR to have it authorised anew (RFC 6733 §8.3, §8.5)."""

from collections.abc import Awaitable, Callable, Collection

from aaa.user_sessions import UserSession
from runtime.diameter.settings import DiameterUnavailable, PeerName
from runtime.logs import get_logger
from wire.diameter.applications import Application
from wire.diameter.avp import AvpFault
from wire.diameter.command import Identity, Request
from wire.diameter.enumerations import ReAuthRequestType
from wire.diameter.message import Message
from wire.diameter.results import ResultCode
from wire.diameter.sessions import (
    AbortSessionAnswer,
    AbortSessionRequest,
    ReAuthAnswer,
    ReAuthRequest,
    SessionCommand,
)

log = get_logger("aaa.diameter")

Ask = Callable[[PeerName, Message], Awaitable[Message]]
"""Asks a connected peer; a `runtime.diameter.server.DiameterServer.request`."""

AUTHORIZING = frozenset({Application.S6B, Application.SWM, Application.STA})
"""The applications that have an AAR; the others know no way to be authorised without being authenticated."""


async def _nobody(peer: PeerName, _message: Message) -> Message:
    raise DiameterUnavailable(f"{peer} cannot be asked: no Diameter is served here")


class Gateways:
    """The gateways that sessions came from. `ask` may be set when the node that knows them is there."""

    def __init__(self, identity: Identity, ask: Ask = _nobody) -> None:
        self._identity = identity
        self.ask = ask

    async def abort(self, session: UserSession) -> ResultCode | None:
        """ASR: SUCCESS, UNKNOWN_SESSION_ID where the gateway has no such session, None when it was not done."""
        request = AbortSessionRequest(
            session_id=session.session_id,
            auth_application_id=session.application,
            origin_host=self._identity.origin_host,
            origin_realm=self._identity.origin_realm,
            destination_realm=session.origin_realm,
            destination_host=session.origin_host,
            user_name=session.user_name,
        )
        return await self._asked(session, request, "session not aborted")

    async def authorize_again(self, session: UserSession, rar_flags: int | None = None) -> ResultCode | None:
        """RAR: the same, and the gateway is to come back with an AAR or, where there is none, a DER.

        UNABLE_TO_COMPLY where a DER is wanted and the gateway says so: only its UE could begin EAP (RFC 7296 §2.16),
        and to ask once more is of no use. The session goes on as it is until the user comes again.
        """
        only = session.application in AUTHORIZING
        request = ReAuthRequest(
            session_id=session.session_id,
            auth_application_id=session.application,
            origin_host=self._identity.origin_host,
            origin_realm=self._identity.origin_realm,
            destination_realm=session.origin_realm,
            destination_host=session.origin_host,
            user_name=session.user_name,
            re_auth_request_type=ReAuthRequestType.AUTHORIZE_ONLY if only else ReAuthRequestType.AUTHORIZE_AUTHENTICATE,
            rar_flags=rar_flags,
        )
        lasting = () if only else (ResultCode.UNABLE_TO_COMPLY,)
        return await self._asked(session, request, "session not authorized again", lasting)

    async def _asked(
        self, session: UserSession, request: Request, failed: str, lasting: Collection[ResultCode] = ()
    ) -> ResultCode | None:
        about = {"session": session.session_id, "peer": session.peer, "imsi": str(session.imsi)}
        try:
            message = await self.ask(session.peer, request.message())
            kind = AbortSessionAnswer if message.command == SessionCommand.ABORT_SESSION else ReAuthAnswer
            answer = kind.parse(message)
        except DiameterUnavailable as error:
            log.warning(failed, cause=error.cause, **about)
            return None
        except AvpFault as error:
            log.warning(failed, cause=f"its answer is malformed: {error.reason}", **about)
            return None
        if answer.succeeded:
            return ResultCode.SUCCESS
        log.warning(failed, cause=f"it answers {answer.result}", **about)
        known = (ResultCode.UNKNOWN_SESSION_ID, *lasting)
        return next((result for result in known if result == answer.result_code), None)
