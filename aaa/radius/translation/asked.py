"""What Diameter servers ask of sessions at RADIUS clients: ASR becomes Disconnect, RAR becomes CoA (RFC 5176 §5).

Which session is meant stands in its Session-Id, and accounting, which is kept here, says where it is.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from aaa.radius.dynamic import Done, Outcome, Refused
from aaa.radius.translation.conversation import Conversation, Conversations
from hss.session_api import LedgerUnavailable, Session, SessionQuery
from runtime.logs import get_logger
from wire.diameter.avp import AvpFault
from wire.diameter.command import Identity
from wire.diameter.message import Message
from wire.diameter.results import ResultCode
from wire.diameter.sessions import (
    AbortSessionAnswer,
    AbortSessionRequest,
    ReAuthAnswer,
    ReAuthRequest,
    SessionCommand,
)
from wire.radius.packet import Attribute

log = get_logger("aaa.radius.translation")

AGAIN_AFTER = 10
"""Seconds of Session-Timeout after which a NAS authenticates its user anew."""
RADIUS_REQUEST = 1
"""Termination-Action: not to end, but to ask again (RFC 2865 §5.29)."""


class Ledger(Protocol):
    """Where accounting is; a `hss.session_api.SessionLedger`."""

    async def sessions(self, query: SessionQuery) -> tuple[Session, ...]:
        """The sessions that `query` asks for."""


class Nas(Protocol):
    """Who asks NASes; a `aaa.radius.asking.NasAsking`."""

    async def ask(self, session: Session, moment: datetime, changes: Sequence[Attribute] | None) -> Outcome:
        """Have the NAS end `session`, or go on with `changes`."""


class AskedByServers:
    """`serve` is a handler for the connections to other realms' servers. `moment` is now, in UTC."""

    def __init__(
        self,
        identity: Identity,
        conversations: Conversations,
        ledger: Ledger,
        nas: Nas,
        moment: Callable[[], datetime],
    ) -> None:
        self._identity = identity
        self._conversations = conversations
        self._ledger = ledger
        self._nas = nas
        self._moment = moment

    async def serve(self, peer: str, message: Message) -> Message:
        """The ASA or RAA; AvpFault 3001 for anything else, 3004 when sessions cannot be looked up."""
        match message.command:
            case SessionCommand.ABORT_SESSION:
                request: AbortSessionRequest | ReAuthRequest = AbortSessionRequest.parse(message)
                kind: type[AbortSessionAnswer | ReAuthAnswer] = AbortSessionAnswer
            case SessionCommand.RE_AUTH:
                request, kind = ReAuthRequest.parse(message), ReAuthAnswer
            case _:
                raise AvpFault(5, f"nobody serves command {message.command} here", ResultCode.COMMAND_UNSUPPORTED)
        try:
            result = await self._asked(request)
        except LedgerUnavailable as error:
            raise AvpFault(0, f"sessions cannot be looked up: {error}", ResultCode.TOO_BUSY) from None
        log.info("asked by a server", command=kind.__name__, session=request.session_id, peer=peer, result=result.name)
        answer = kind(
            session_id=request.session_id,
            origin_host=self._identity.origin_host,
            origin_realm=self._identity.origin_realm,
            result_code=result,
        )
        return answer.message(message)

    async def _asked(self, request: AbortSessionRequest | ReAuthRequest) -> ResultCode:
        conversation = self._conversations.of_session_id(request.session_id, self._identity.origin_host)
        if conversation is None:
            return ResultCode.UNKNOWN_SESSION_ID
        conversation = replace(conversation, server=request.origin_host)
        session = await self._session(request.session_id, conversation)
        if session is None:
            return ResultCode.UNKNOWN_SESSION_ID
        changes = self._changes(conversation) if isinstance(request, ReAuthRequest) else None
        outcome = await self._nas.ask(session, self._moment(), changes)
        if isinstance(outcome, Done):
            return ResultCode.SUCCESS
        event = "session not ended" if changes is None else "session not authenticated anew"
        log.warning(event, cause=outcome.cause, session=request.session_id, client=session.client)
        is_unknown = isinstance(outcome, Refused) and outcome.is_unknown
        return ResultCode.UNKNOWN_SESSION_ID if is_unknown else ResultCode.UNABLE_TO_COMPLY

    def _changes(self, conversation: Conversation) -> tuple[Attribute, ...]:
        """RFC 5176 §3.3: State comes back in the Access-Request, so that it is one session all the time."""
        return (
            Attribute.of("State", self._conversations.state(conversation)),
            Attribute.of("Session-Timeout", AGAIN_AFTER),
            Attribute.of("Termination-Action", RADIUS_REQUEST),
        )

    async def _session(self, session_id: str, conversation: Conversation) -> Session | None:
        """The open session of that Class, at the client that the Session-Id was made for."""
        radius_class, node = self._conversations.class_of(conversation), self._identity.origin_host
        if radius_class is None:
            return None
        found = await self._ledger.sessions(SessionQuery(radius_class=radius_class))
        return next((one for one in found if conversation.session_id(node, one.client) == session_id), None)
