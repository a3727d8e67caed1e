"""Users who are let in and come again at once, time after time: their NAS may have another MSK (RFC 2548 §2.4).

No packet of RADIUS says that a session could not begin, so this is a suspicion, and accounting speaks against it.
"""

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime

from hss.session_api import Grant, LedgerUnavailable, SessionLedger, SessionQuery
from runtime.log_limit import LogLimit
from wire.frozen import dataclass

TIMES = 3
"""So many times let in"""
WITHIN = 30.0
"""in so many seconds is suspicious: whoever has a session has no reason to."""
REMEMBERED = 20_000
AT_ONCE, EVERY, CLIENTS_MAX = 3, 600.0, 1024
"""Suspicions of one client, and seconds for each of more: a client that tries itself comes again and again as well."""

Tell = Callable[[Grant, int, float], None]
"""Hears of a suspicion: the last grant, how many there were, and in how many seconds."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """Someone who came `times` since `began`, which was at `first` of the clock."""

    times: int
    first: float
    began: datetime


class Returning:
    """Counts who is let in; `ledger` knows who has a session, `tell` hears who has none."""

    def __init__(self, ledger: SessionLedger, tell: Tell) -> None:
        self._ledger = ledger
        self._tell = tell
        self._seen: OrderedDict[tuple[str, str, str], Suspect] = OrderedDict()
        self._limit = LogLimit(burst=AT_ONCE, rate=1 / EVERY, kinds=CLIENTS_MAX)

    def let_in(self, grant: Grant, now: float) -> Suspect | None:
        """Count one; who is to be looked at now."""
        key = (grant.client, grant.nas, str(grant.imsi))
        seen = self._seen.pop(key, None)
        if seen is None or now - seen.first > WITHIN:
            seen = Suspect(1, now, grant.at)
        else:
            seen = Suspect(seen.times + 1, seen.first, seen.began)
        if seen.times >= TIMES:
            return seen if self._limit.allow(grant.client, now) is not None else None
        self._seen[key] = seen
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return None

    async def look(self, suspect: Suspect, grant: Grant) -> None:
        """Tell of him unless there is accounting since he came first; a ledger that does not answer knows no more."""
        asked = SessionQuery(imsi=str(grant.imsi), client=grant.client, ended=True, limit=8)
        try:
            found = await self._ledger.sessions(asked)
        except LedgerUnavailable:
            return
        if not any(session.updated >= suspect.began for session in found):
            self._tell(grant, suspect.times, (grant.at - suspect.began).total_seconds())
