"""What the HSS asks of the AAA server: RTR ends a user's sessions, PPR changes them (TS 29.273 §8.1.2)."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from aaa.authorization import Refused, authorize
from aaa.diameter.gateways import Gateways
from aaa.registrar import Registrar
from aaa.swx_profile import profile_of
from aaa.user_sessions import UserSession, UserSessions
from hss.api import Profile, ServiceRefused
from runtime.logs import get_logger
from wire.diameter.avp import AvpFault
from wire.diameter.command import ExperimentalResult, Identity
from wire.diameter.commands import name_of
from wire.diameter.enumerations import PprFlags, RarFlags, ReasonCode
from wire.diameter.message import Message
from wire.diameter.results import ExperimentalResultCode, ResultCode
from wire.diameter.swx import (
    PushProfileAnswer,
    PushProfileRequest,
    RegistrationTerminationAnswer,
    RegistrationTerminationRequest,
    SwxCommand,
)
from wire.identity import Imsi

log = get_logger("aaa.swx")

AnswerT = TypeVar("AnswerT", RegistrationTerminationAnswer, PushProfileAnswer)


class SwxRequests:
    """`serve` is a handler for the connection to the HSS.

    Answered when every gateway concerned has answered: with UNABLE_TO_COMPLY where one could not be reached, so that
    the HSS asks again.
    """

    def __init__(self, identity: Identity, sessions: UserSessions, gateways: Gateways, registrar: Registrar) -> None:
        self._identity = identity
        self._sessions = sessions
        self._gateways = gateways
        self._registrar = registrar

    async def serve(self, peer: str, message: Message) -> Message:
        """The RTA or PPA; AvpFault 3001 for anything else."""
        match message.command:
            case SwxCommand.REGISTRATION_TERMINATION:
                return await self._deregister(peer, message)
            case SwxCommand.PUSH_PROFILE:
                return await self._push(peer, message)
            case _:
                raise AvpFault(5, f"no AAA server serves command {message.command}", ResultCode.COMMAND_UNSUPPORTED)

    async def _deregister(self, peer: str, message: Message) -> Message:
        request = RegistrationTerminationRequest.parse(message)
        sessions = await self._of_user(request.user_name)
        reason = request.deregistration_reason.reason_code
        self._note(message, peer, request.user_name, sessions, reason=reason.name)
        if reason is ReasonCode.PERMANENT_TERMINATION:
            done = await self._abort_all(sessions)
        else:
            # TS 29.273 §8.1.2.3.2: another server serves the user from now on, and goes on with his sessions.
            done = all([await self._sessions.end(session.session_id) for session in sessions])
        return self._answer(RegistrationTerminationAnswer, request.session_id, sessions, done=done).message(message)

    async def _push(self, peer: str, message: Message) -> Message:
        request = PushProfileRequest.parse(message)
        sessions = [session for session in await self._of_user(request.user_name) if not session.ending]
        flags = PprFlags(request.ppr_flags or 0)
        self._note(message, peer, request.user_name, sessions)
        if PprFlags.RESET_INDICATION in flags and sessions:
            self._registrar.restore(sessions[0])
        rar_flags = int(RarFlags.P_CSCF_RESTORATION) if PprFlags.P_CSCF_RESTORATION in flags else None
        done = True
        if request.non_3gpp_user_data is not None and sessions:
            try:
                profile = profile_of(sessions[0].imsi, request.non_3gpp_user_data)
            except ServiceRefused as refused:
                log.warning("user barred by a new profile", cause=str(refused), imsi=request.user_name)
                done = await self._abort_all(sessions)
            else:
                done = all(await asyncio.gather(*(self._change(one, profile, rar_flags) for one in sessions)))
        elif rar_flags is not None:
            again = (self._gateways.authorize_again(session, rar_flags) for session in sessions)
            done = all(await asyncio.gather(*again))
        return self._answer(PushProfileAnswer, request.session_id, sessions, done=done).message(message)

    async def _change(self, session: UserSession, profile: Profile, rar_flags: int | None) -> bool:
        """Judge the session by the new profile: nothing, RAR, or ASR."""
        before = authorize(session.profile, session.apn, session.access)
        after = authorize(profile, session.apn, session.access)
        if isinstance(after, Refused):
            log.warning("session not allowed by a new profile", cause=after.reason, session=session.session_id)
            return await self._abort(session)
        await self._sessions.change(replace(session, profile=profile))
        if after == before and rar_flags is None:
            return True
        told = await self._gateways.authorize_again(session, rar_flags)
        if told is ResultCode.UNKNOWN_SESSION_ID:
            await self._sessions.end(session.session_id)
        return told is not None

    async def _abort_all(self, sessions: Sequence[UserSession]) -> bool:
        return all(await asyncio.gather(*(self._abort(session) for session in sessions)))

    async def _abort(self, session: UserSession) -> bool:
        """RFC 6733 §8.5.1: the session is over when its gateway says so by STR, or does not know it."""
        await self._sessions.change(replace(session, ending=True))
        told = await self._gateways.abort(session)
        if told is ResultCode.UNKNOWN_SESSION_ID:
            await self._sessions.end(session.session_id)
        return told is not None

    async def _of_user(self, user_name: str) -> tuple[UserSession, ...]:
        try:
            return await self._sessions.of_user(Imsi(user_name))
        except ValueError:
            return ()

    def _answer(self, kind: type[AnswerT], session_id: str, sessions: Sequence[UserSession], *, done: bool) -> AnswerT:
        result = ResultCode.SUCCESS if done else ResultCode.UNABLE_TO_COMPLY
        unknown = ExperimentalResult(code=ExperimentalResultCode.USER_UNKNOWN)
        return kind(
            session_id=session_id,
            origin_host=self._identity.origin_host,
            origin_realm=self._identity.origin_realm,
            result_code=result if sessions else None,
            experimental_result=None if sessions else unknown,
        )

    def _note(self, message: Message, peer: str, imsi: str, sessions: Sequence[UserSession], **more: str) -> None:
        log.info("asked by the hss", command=name_of(message), imsi=imsi, peer=peer, sessions=len(sessions), **more)
