"""Sessions that no gateway or NAS will ever end: they age by Session-Timeout (RFC 6733 §8.13), or by long silence.

Their users are deregistered with them, as with any other last session.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from hss.active_api import SilentSessions
from runtime.logs import get_logger

log = get_logger("aaa.ageing")

LOOK = 600.0
"""Seconds between two looks."""


class Ageing:
    """Ends what `sessions` finds; `silence` is how long a session may say nothing, None for ever."""

    def __init__(self, sessions: SilentSessions, silence: timedelta | None, moment: Callable[[], datetime]) -> None:
        self._sessions = sessions
        self._silence = silence
        self._moment = moment

    async def look(self) -> None:
        """End those that are overdue, with a line each; LedgerUnavailable when the store does not answer."""
        for one in await self._sessions.end(self._moment(), self._silence):
            log.warning(
                "session ended",
                cause=f"nothing was heard of it since {one.heard:%Y-%m-%dT%H:%M:%SZ}, and its time is over",
                session=one.session_id,
                client=one.client,
                imsi=str(one.imsi or ""),
            )
