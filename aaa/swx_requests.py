"""What the HSS asks of the AAA server: RTR ends a user's sessions, PPR changes them (TS 29.273 §8.1.2)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from aaa.authorization import Refused, authorize
from aaa.diameter.gateways import Gateways
from aaa.registrar import Registrar
from aaa.swx_profile import profile_of, says_profile
from aaa.user_sessions import UserSession, UserSessions
from hss.active_api import Presence
from hss.api import Profile, ServiceRefused
from hss.session_api import LedgerUnavailable, Session
from runtime.logs import get_logger
from wire.diameter.avp import AvpFault
from wire.diameter.command import ExperimentalResult, Identity
from wire.diameter.commands import name_of
from wire.diameter.enumerations import PprFlags, RarFlags, ReasonCode
from wire.diameter.message import Message
from wire.diameter.profile import Non3gppUserData
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


class NasUsers(Protocol):
    """The sessions of RADIUS clients; a `aaa.radius.users.RadiusUsers`."""

    async def of_user(self, imsi: Imsi) -> tuple[Session, ...]:
        """Every open session of one user."""

    async def disconnect(self, session: Session) -> bool:
        """Whether its NAS has ended it."""

    async def change(self, session: Session, profile: Profile) -> bool:
        """Judge it by the new profile; whether its NAS did what that takes."""


class Presences(Protocol):
    """Who knows of users that were let in a moment ago; a `hss.active_api.Departures`."""

    async def presence(self, imsi: Imsi, now: datetime) -> Presence:
        """Whether he is on the network, or expected there."""


@dataclass(frozen=True, slots=True)
class Held:
    """All sessions of one user, at Diameter gateways and at NASes of RADIUS clients; false when there is none."""

    at_gateways: tuple[UserSession, ...] = ()
    at_nas: tuple[Session, ...] = ()
    is_expected: bool = False

    def __len__(self) -> int:
        return len(self.at_gateways) + len(self.at_nas)


class SwxRequests:
    """`serve` is a handler for the connection to the HSS.

    Answered when every gateway and NAS concerned has answered: with UNABLE_TO_COMPLY where one could not be reached, so
    that the HSS asks again.
    """

    def __init__(
        self,
        identity: Identity,
        sessions: UserSessions,
        gateways: Gateways,
        registrar: Registrar,
        at_nas: NasUsers | None = None,
        presence: Presences | None = None,
        moment: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._presence = presence
        self._moment = moment
        self._at_nas = at_nas
        self._identity = identity
        self._sessions = sessions
        self._gateways = gateways
        self._registrar = registrar

    async def serve(self, peer: str, message: Message) -> Message:
        """The RTA or PPA; AvpFault 3001 for anything else, 3004 when sessions cannot be looked up now."""
        try:
            match message.command:
                case SwxCommand.REGISTRATION_TERMINATION:
                    return await self._deregister(peer, message)
                case SwxCommand.PUSH_PROFILE:
                    return await self._push(peer, message)
                case _:
                    pass
        except LedgerUnavailable as error:
            raise AvpFault(0, f"sessions cannot be looked up: {error}", ResultCode.TOO_BUSY) from None
        raise AvpFault(5, f"no AAA server serves command {message.command}", ResultCode.COMMAND_UNSUPPORTED)

    async def _deregister(self, peer: str, message: Message) -> Message:
        request = RegistrationTerminationRequest.parse(message)
        held = await self._held(request.user_name)
        reason = request.deregistration_reason.reason_code
        self._note(message, peer, request.user_name, held, reason=reason.name)
        done = True
        if reason is ReasonCode.PERMANENT_TERMINATION:
            done = await self._end_all(held, self._abort)
        else:
            # TS 29.273 §8.1.2.3.2: another server serves the user from now on, and goes on with his sessions.
            for session in held.at_gateways:
                await self._sessions.change(replace(session, ending=True))
                await self._sessions.end(session.session_id)
        return self._answer(RegistrationTerminationAnswer, request.session_id, held, done=done).message(message)

    async def _push(self, peer: str, message: Message) -> Message:
        request = PushProfileRequest.parse(message)
        held = await self._held(request.user_name)
        held = replace(held, at_gateways=tuple(session for session in held.at_gateways if not session.ending))
        flags = PprFlags(request.ppr_flags or 0)
        self._note(message, peer, request.user_name, held)
        if PprFlags.RESET_INDICATION in flags and held:
            self._registrar.restore(Imsi(request.user_name))
        rar_flags = int(RarFlags.P_CSCF_RESTORATION) if PprFlags.P_CSCF_RESTORATION in flags else None
        done = True
        data = request.non_3gpp_user_data
        if data is not None and says_profile(data) and held:
            done = await self._judge_anew(held, request.user_name, data, rar_flags)
        elif rar_flags is not None:
            again = [self._authorize_again(session, rar_flags) for session in held.at_gateways]
            done = all(await asyncio.gather(*again))
        return self._answer(PushProfileAnswer, request.session_id, held, done=done).message(message)

    async def _judge_anew(self, held: Held, user_name: str, data: Non3gppUserData, rar_flags: int | None) -> bool:
        try:
            profile = profile_of(Imsi(user_name), data)
        except ServiceRefused as refused:
            log.warning("user barred by a new profile", cause=str(refused), imsi=user_name)
            return await self._end_all(held, self._turn_out)
        return await self._judged(held, profile, rar_flags)

    async def registered_again(self, imsi: Imsi, profile: Profile | None) -> bool:
        """A user with sessions was unknown to the HSS for a while, which told us nothing of him meanwhile.

        By `profile` his sessions go on, and without one they end; whether their gateways did what that takes.
        LedgerUnavailable when sessions cannot be looked up.
        """
        held = await self._held(str(imsi))
        going_on = tuple(session for session in held.at_gateways if not session.ending)
        if profile is None:
            return await self._end_all(replace(held, at_gateways=going_on), self._abort)
        for session in going_on:
            self._registrar.attached(session)
        told = _without_gateways(profile)
        changed = tuple(session for session in going_on if _without_gateways(session.profile) != told)
        return await self._judged(replace(held, at_gateways=changed), profile, None)

    async def _judged(self, held: Held, profile: Profile, rar_flags: int | None) -> bool:
        changes = [self._change(session, profile, rar_flags) for session in held.at_gateways]
        if self._at_nas is not None:
            changes += [self._at_nas.change(session, profile) for session in held.at_nas]
        return all(await asyncio.gather(*changes))

    async def _change(self, session: UserSession, profile: Profile, rar_flags: int | None) -> bool:
        """Judge the session by the new profile: nothing, RAR, or ASR."""
        before = authorize(session.profile, session.apn, session.access)
        after = authorize(profile, session.apn, session.access)
        if isinstance(after, Refused):
            log.warning("session not allowed by a new profile", cause=after.reason, session=session.session_id)
            return await self._turn_out(session)
        await self._sessions.change(replace(session, profile=profile))
        if after == before and rar_flags is None:
            return True
        told = await self._authorize_again(session, rar_flags)
        if not told:
            await self._unchanged(session)
        return told

    async def _authorize_again(self, session: UserSession, rar_flags: int | None) -> bool:
        return await self._done(session, await self._gateways.authorize_again(session, rar_flags))

    async def _unchanged(self, session: UserSession) -> None:
        """Its gateway has not heard of the new profile: when the HSS asks again, it is new once more."""
        now = await self._sessions.find(session.session_id)
        if now is not None:
            await self._sessions.change(replace(now, profile=session.profile))

    async def _end_all(self, held: Held, end: Callable[[UserSession], Awaitable[bool]]) -> bool:
        ends = [end(session) for session in held.at_gateways]
        if self._at_nas is not None:
            ends += [self._at_nas.disconnect(session) for session in held.at_nas]
        return all(await asyncio.gather(*ends))

    async def _abort(self, session: UserSession) -> bool:
        """The HSS has the user registered no more, and is not to be told that he has left."""
        ending = replace(session, ending=True)
        await self._sessions.change(ending)
        return await self._turn_out(ending)

    async def _turn_out(self, session: UserSession) -> bool:
        """RFC 6733 §8.5.1: the session is over when its gateway says so by STR, or does not know it."""
        return await self._done(session, await self._gateways.abort(session))

    async def _done(self, session: UserSession, told: ResultCode | None) -> bool:
        if told is ResultCode.UNKNOWN_SESSION_ID:
            await self._sessions.end(session.session_id)
            self._registrar.left(session)
        return told is not None

    async def _held(self, user_name: str) -> Held:
        try:
            imsi = Imsi(user_name)
        except ValueError:
            return Held()
        at_nas = () if self._at_nas is None else await self._at_nas.of_user(imsi)
        held = Held(await self._sessions.of_user(imsi), at_nas)
        if held or self._presence is None:
            return held
        return replace(held, is_expected=await self._presence.presence(imsi, self._moment()) is Presence.EXPECTED)

    def _answer(self, kind: type[AnswerT], session_id: str, held: Held, *, done: bool) -> AnswerT:
        if held.is_expected:
            # he was let in and has no session yet that could be ended or changed: the HSS is to ask again
            return self._said(kind, session_id, ResultCode.UNABLE_TO_COMPLY)
        result = ResultCode.SUCCESS if done else ResultCode.UNABLE_TO_COMPLY
        return self._said(kind, session_id, result if held else None)

    def _said(self, kind: type[AnswerT], session_id: str, result: ResultCode | None) -> AnswerT:
        """Without a `result` the user is unknown."""
        unknown = ExperimentalResult(code=ExperimentalResultCode.USER_UNKNOWN)
        return kind(
            session_id=session_id,
            origin_host=self._identity.origin_host,
            origin_realm=self._identity.origin_realm,
            result_code=result,
            experimental_result=unknown if result is None else None,
        )

    def _note(self, message: Message, peer: str, imsi: str, held: Held, **more: str) -> None:
        log.info("asked by the hss", command=name_of(message), imsi=imsi, peer=peer, sessions=len(held), **more)


def _without_gateways(profile: Profile) -> Profile:
    """Which PDN GW serves an APN changes nothing of what its user may have, and was forgotten with his registration."""
    return replace(profile, apns=tuple(replace(apn, pdn_gw=None, specific=()) for apn in profile.apns))
