"""What the AAA server asks of the gateway: ASR ends a session, RAR has it authorized or authenticated anew.

TS 29.273 §9.1.2, RFC 6733 §8.3.
"""

from collections.abc import Callable

from pdngw_proxy.aaa_link.diameter_messages import DiameterGateway
from pdngw_proxy.aaa_link.port import SessionKeeper
from runtime.logs import get_logger
from wire.diameter.applications import Application
from wire.diameter.avp import AvpFault
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

log = get_logger("pdngw.diameter")

Authorize = Callable[[str], None]
"""Begins to ask, by the name of a session of ours, whether it may go on; returns at once."""


class AaaRequests:
    """`serve` is a handler for the connection to the AAA server; until a `keeper` is there no session is known."""

    def __init__(self, gateway: DiameterGateway, authorize: Authorize) -> None:
        self._gateway = gateway
        self._authorize = authorize
        self.keeper: SessionKeeper | None = None

    async def serve(self, peer: str, message: Message) -> Message:
        """The ASA or RAA; AvpFault 3001 for anything else."""
        match message.command:
            case SessionCommand.ABORT_SESSION:
                request = AbortSessionRequest.parse(message)
                result = self._abort(request.session_id)
                log.info("asked to abort a session", session=request.session_id, peer=peer, result=result.name)
                return self._answer(AbortSessionAnswer, request.session_id, result).message(message)
            case SessionCommand.RE_AUTH:
                again = ReAuthRequest.parse(message)
                result = self._authorize_again(again)
                log.info("asked to authorize anew", session=again.session_id, peer=peer, result=result.name)
                return self._answer(ReAuthAnswer, again.session_id, result).message(message)
            case _:
                raise AvpFault(5, f"no PDN GW serves command {message.command}", ResultCode.COMMAND_UNSUPPORTED)

    def _abort(self, session_id: str) -> ResultCode:
        name = self._gateway.session_name(session_id)
        ended = self.keeper is not None and self.keeper.abort(name, "the AAA server ended it")
        return ResultCode.SUCCESS if ended else ResultCode.UNKNOWN_SESSION_ID

    def _authorize_again(self, request: ReAuthRequest) -> ResultCode:
        name = self._gateway.session_name(request.session_id)
        if self.keeper is None or not self.keeper.holds(name):
            return ResultCode.UNKNOWN_SESSION_ID
        only = request.re_auth_request_type is ReAuthRequestType.AUTHORIZE_ONLY
        if only and self._gateway.application is Application.S6B:
            self._authorize(name)
        else:
            # RFC 7296 §2.16: EAP is run when an IKE SA begins, and only the UE can begin one. MIP6I and Diameter EAP
            # have no AAR, so that authorization is not to be had without it.
            self.keeper.reauthenticate(name)
        return ResultCode.SUCCESS

    def _answer(
        self, kind: type[AbortSessionAnswer | ReAuthAnswer], session_id: str, result: ResultCode
    ) -> AbortSessionAnswer | ReAuthAnswer:
        return kind(
            session_id=session_id,
            origin_host=self._gateway.identity.origin_host,
            origin_realm=self._gateway.identity.origin_realm,
            result_code=result,
        )
