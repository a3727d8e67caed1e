"""What the HSS's RTR and PPR do to sessions of RADIUS clients: Disconnect ends one, CoA changes its Session-Timeout."""

from collections.abc import Callable
from datetime import datetime

from aaa.authorization import Refused as Unauthorized
from aaa.authorization import authorize
from aaa.radius.asking import NasAsking
from aaa.radius.dynamic import FOREVER, Done, Outcome, Refused, Unanswered
from hss.api import Profile
from hss.session_api import UNKNOWN_TO_NAS, Session, SessionLedger, SessionQuery
from runtime.logs import get_logger
from wire.identity import Imsi
from wire.radius.packet import Attribute

log = get_logger("aaa.radius")

MOST = 64
"""Sessions of one user that are told; nobody has so many."""


class RadiusUsers:
    """The sessions that `ledger` has, and `asking` for their NASes; `moment` is now, in UTC."""

    def __init__(self, ledger: SessionLedger, asking: NasAsking, moment: Callable[[], datetime]) -> None:
        self._ledger = ledger
        self._asking = asking
        self._moment = moment

    async def of_user(self, imsi: Imsi) -> tuple[Session, ...]:
        """Every open session of one user."""
        return await self._ledger.sessions(SessionQuery(imsi=str(imsi), limit=MOST))

    async def disconnect(self, session: Session) -> bool:
        """Whether its NAS has ended it, or knows it no more, or cannot be told at all."""
        return await self._settled(session, "session not disconnected", await self._ask(session, None))

    async def change(self, session: Session, profile: Profile) -> bool:
        """Judge the session by the new profile: nothing, CoA, or Disconnect; whether the NAS did what it was told."""
        after = authorize(profile, session.apn)
        if isinstance(after, Unauthorized):
            log.warning("session not allowed by a new profile", cause=after.reason, session=session.session_id)
            return await self.disconnect(session)
        if profile.session_timeout == session.session_timeout:
            return True
        seconds = FOREVER if profile.session_timeout is None else profile.session_timeout
        outcome = await self._ask(session, Attribute.of("Session-Timeout", seconds))
        if isinstance(outcome, Done) and session.radius_class is not None:
            await self._ledger.limit(session.radius_class, profile.session_timeout)
        return await self._settled(session, "session not changed", outcome)

    async def _ask(self, session: Session, change: Attribute | None) -> Outcome:
        return await self._asking.ask(session, self._moment(), None if change is None else (change,))

    async def _settled(self, session: Session, failed: str, outcome: Outcome) -> bool:
        if isinstance(outcome, Done):
            return True
        about = {"session": session.session_id, "client": session.client, "imsi": str(session.imsi)}
        log.warning(failed, cause=outcome.cause, **about)
        if isinstance(outcome, Refused) and outcome.is_unknown:
            await self._ledger.end(session.number, UNKNOWN_TO_NAS, self._moment())
            return True
        # the HSS would be told ten times that it was not done; the session goes on until its NAS ends it
        return isinstance(outcome, Unanswered) and outcome.is_final
