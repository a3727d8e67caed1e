"""What the HSS hears of a user's sessions: the PDN GW of an APN, and that the last one is over (TS 29.273 §8.1.2.2)."""

import asyncio
from collections.abc import Callable, Coroutine

from aaa.user_sessions import UserSession, UserSessions
from hss.api import Assignment, AssignmentRequest, HomeSubscriberServer, Profile, ServiceRefused
from runtime.logs import get_logger
from wire.identity import Imsi

log = get_logger("aaa.registrar")

FAREWELL = 1.0
"""Seconds that the HSS has for what is under way when this server ends."""

MOST_AT_ONCE = 1000
"""How many reports may be under way; what comes beyond is said in the log and not reported."""


class Registrar:
    """Tells the HSS as `node`, this server's Origin-Host; nobody waits for it, and what it refuses is one line.

    Where sessions are in SQL so is whose may have been the last, and `departed` is called to have it looked into.
    """

    def __init__(
        self,
        hss: HomeSubscriberServer,
        node: str,
        sessions: UserSessions,
        departed: Callable[[], None] | None = None,
    ) -> None:
        self._departed = departed
        self._hss = hss
        self._node = node
        self._sessions = sessions
        self._tasks: set[asyncio.Task[None]] = set()

    def attached(self, session: UserSession) -> None:
        """PGW_UPDATE, where the session has a PDN GW and an APN."""
        if session.pdn_gw is not None and session.apn:
            update = AssignmentRequest(session.imsi, self._node, Assignment.PGW_UPDATE, session.apn, session.pdn_gw)
            self._begin(self._report(update), session.imsi)

    def left(self, session: UserSession) -> None:
        """USER_DEREGISTRATION, when this was the last session of the user and the HSS does not know yet."""
        if self._departed is not None:
            self._departed()
        elif not session.ending:
            self._begin(self._deregister(session.imsi), session.imsi)

    async def profile(self, session: UserSession) -> Profile | None:
        """The profile as the HSS has it now; ServiceRefused when it gives none."""
        return await self._hss.assign(AssignmentRequest(session.imsi, self._node, Assignment.USER_DATA_REQUEST))

    def restore(self, imsi: Imsi) -> None:
        """RESTORATION: the HSS has lost who serves the user (PPR-Flags, Reset-Indication)."""
        self._begin(self._report(AssignmentRequest(imsi, self._node, Assignment.RESTORATION)), imsi)

    async def close(self) -> None:
        """Wait for what is under way, and not for longer than whoever stops this server would."""
        if not self._tasks:
            return
        _, left = await asyncio.wait(self._tasks, timeout=FAREWELL)
        for task in left:
            task.cancel()
        if left:
            log.warning("hss not told", cause="it has not answered, and this server ends", reports=len(left))
            await asyncio.wait(left)

    def _begin(self, report: Coroutine[object, object, None], imsi: Imsi) -> None:
        if len(self._tasks) >= MOST_AT_ONCE:
            report.close()
            log.warning("hss not told", cause="too many reports are under way", imsi=str(imsi))
            return
        task = asyncio.get_running_loop().create_task(report)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deregister(self, imsi: Imsi) -> None:
        # one that is ending counts no more: its gateway may have been lost, and will never say that it has ended
        if all(other.ending for other in await self._sessions.of_user(imsi)):
            await self._report(AssignmentRequest(imsi, self._node, Assignment.USER_DEREGISTRATION))

    async def _report(self, request: AssignmentRequest) -> None:
        try:
            await self._hss.assign(request)
        except ServiceRefused as refused:
            about = {"assignment": request.assignment.name, "imsi": str(request.imsi)}
            log.warning("hss not told", cause=str(refused), **about)
