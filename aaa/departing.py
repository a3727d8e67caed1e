"""The HSS is told of a user whose last session is over, RADIUS or Diameter (USER_DEREGISTRATION, TS 29.273 §8.1.2.2).

Whichever process sees a departure in SQL first judges it, so that none is forgotten with the process that saw the end.
Somebody may come in at the same moment, and his registration be undone; so each departure is looked at twice more.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from hss.active_api import Departure, Departures, Known, Presence
from hss.api import Assignment, AssignmentRequest, HomeSubscriberServer, Profile, Refusal, ServiceRefused
from runtime.logs import get_logger
from wire.identity import Imsi

log = get_logger("aaa.departing")

SOON = timedelta(seconds=0.5)
"""When it is looked at once more: mostly who came in at the same moment is in SQL by then."""
AGAIN = timedelta(seconds=6)
"""And when for the last time: longer than a session may take from its registration into SQL."""
EXPECTING = timedelta(seconds=30)
"""When it is looked at again while accounting of a new session may still come."""
UNREACHED = timedelta(seconds=30)
"""When the HSS is asked again."""
LONGEST_REST = 0.5
"""Seconds between some departures and the next at most; else as long as those took: who logs in comes first."""

_LATER = frozenset({Refusal.UNAVAILABLE, Refusal.TOO_BUSY})
_NO_MORE = frozenset(
    {
        Refusal.USER_UNKNOWN,
        Refusal.SUBSCRIBER_BARRED,
        Refusal.NO_NON_3GPP_SUBSCRIPTION,
        Refusal.NO_APN_SUBSCRIPTION,
    }
)

RegisteredAgain = Callable[[Imsi, Profile | None], Awaitable[bool]]
"""Judges sessions by the profile that a new registration gave, None where there is none any more; whether it could."""


async def _nobody(_imsi: Imsi, _profile: Profile | None) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class _Heard:
    profile: Profile | None = None
    refusal: Refusal | None = None


class Departing:
    """Tells the HSS as `node`, this server's Origin-Host; `moment` is now, in UTC.

    `registered_again` may be set: who was deregistered although he had come in has missed what the HSS told us.
    `rest` waits for so many seconds.
    """

    def __init__(
        self,
        departures: Departures,
        hss: HomeSubscriberServer,
        node: str,
        moment: Callable[[], datetime],
        rest: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._departures = departures
        self._hss = hss
        self._node = node
        self._moment = moment
        self._rest = rest
        self.registered_again: RegisteredAgain = _nobody

    async def look(self) -> None:
        """Judge every departure that is due, some at once; LedgerUnavailable when the store does not answer."""
        loop = asyncio.get_running_loop()
        while await self._departures.waiting(self._moment()):
            began = loop.time()
            claimed = await self._departures.claim(self._moment())
            if not claimed:
                return
            await asyncio.gather(*(self._judge(one) for one in claimed))
            await self._rest(min(loop.time() - began, LONGEST_REST))

    async def _judge(self, departure: Departure) -> None:
        presence = await self._departures.presence(departure.imsi, self._moment())
        gone, known = presence is Presence.GONE, departure.known
        if gone and known is Known.TOLD:
            await self._postpone(departure, AGAIN, Known.SEEN_GONE)
        elif presence is Presence.EXPECTED and known is Known.NOTHING:
            await self._postpone(departure, EXPECTING, Known.NOTHING)
        elif known is (Known.SEEN_GONE if gone else Known.NOTHING):
            await self._departures.settle(departure)
        # who dies over telling may have told: to tell again does no harm, nor does it to register
        elif (ours := await self._departures.begin_telling(departure, self._moment())) is not None:
            await (self._deregister(ours) if gone else self._put_back(ours))

    async def _deregister(self, departure: Departure) -> None:
        if await self._assign(departure, Assignment.USER_DEREGISTRATION) is not None:
            await self._postpone(departure, SOON, Known.TOLD)
        else:
            # what was not answered may have been done
            await self._postpone(departure, UNREACHED, Known.PERHAPS)

    async def _put_back(self, departure: Departure) -> None:
        """Register him; he may leave in that moment, and what the HSS hears of it be undone by this."""
        if await self._register_again(departure):
            await self._postpone(departure, SOON, Known.NOTHING)
        else:
            await self._postpone(departure, UNREACHED, Known.PERHAPS)

    async def _register_again(self, departure: Departure) -> bool:
        """Whether the HSS has heard it, and his sessions are what his profile is by now."""
        heard = await self._assign(departure, Assignment.REGISTRATION)
        if heard is None:
            return False
        if heard.profile is None and heard.refusal not in _NO_MORE:
            return True
        return await self.registered_again(departure.imsi, heard.profile)

    async def _assign(self, departure: Departure, assignment: Assignment) -> "_Heard | None":
        """What the HSS says; what it refuses for good it has heard as well, None when it is to be asked again."""
        try:
            return _Heard(await self._hss.assign(AssignmentRequest(departure.imsi, self._node, assignment)))
        except ServiceRefused as refused:
            about = {"assignment": assignment.name, "imsi": str(departure.imsi)}
            log.warning("hss not told", cause=str(refused), **about)
            return None if refused.refusal in _LATER else _Heard(refusal=refused.refusal)

    async def _postpone(self, departure: Departure, wait: timedelta, known: Known) -> None:
        await self._departures.postpone(departure, self._moment() + wait, known)
