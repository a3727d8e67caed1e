"""The HSS is told of a user whose last session is over, RADIUS or Diameter (USER_DEREGISTRATION, TS 29.273 §8.1.2.2).

Whichever process sees a departure in SQL first judges it, so that none is forgotten with the process that saw the end.
Somebody may come in at the same moment, and his registration be undone; so each departure is looked at once more.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from hss.active_api import Departure, Departures, Presence
from hss.api import Assignment, AssignmentRequest, HomeSubscriberServer, Profile, Refusal, ServiceRefused
from runtime.logs import get_logger
from wire.identity import Imsi

log = get_logger("aaa.departing")

SOON = timedelta(seconds=0.5)
"""When it is looked at once more: mostly who came in at the same moment is in SQL by then."""
AGAIN = timedelta(seconds=6)
"""And when for the last time: longer than a session may take from its registration into SQL."""
_REMEMBERED = 10_000
EXPECTING = timedelta(seconds=30)
"""When it is looked at again while accounting of a new session may still come."""
UNREACHED = timedelta(seconds=30)
"""When the HSS is asked again."""

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
    """

    def __init__(
        self, departures: Departures, hss: HomeSubscriberServer, node: str, moment: Callable[[], datetime]
    ) -> None:
        self._departures = departures
        self._hss = hss
        self._node = node
        self._moment = moment
        self.registered_again: RegisteredAgain = _nobody
        self._seen_gone: OrderedDict[Imsi, None] = OrderedDict()

    async def look(self) -> None:
        """Judge every departure that is due; LedgerUnavailable when the store does not answer."""
        while await self._departures.waiting(self._moment()):
            claimed = await self._departures.claim(self._moment())
            if not claimed:
                return
            await asyncio.gather(*(self._judge(one) for one in claimed))

    async def _judge(self, departure: Departure) -> None:
        presence = await self._departures.presence(departure.imsi, self._moment())
        # who died over telling may have told: to tell again does no harm, nor does it to register
        if presence is Presence.GONE and (departure.telling or not departure.told):
            await self._tell(departure)
            return
        may_be_told = departure.told or departure.telling
        if presence is not Presence.GONE and may_be_told and not await self._register_again(departure):
            await self._postpone(departure, UNREACHED, told=True)
        elif presence is Presence.EXPECTED:
            await self._postpone(departure, EXPECTING, told=False)
        elif presence is Presence.GONE and self._is_first_look(departure.imsi):
            await self._postpone(departure, AGAIN, told=True)
        else:
            await self._departures.settle(departure)

    def _is_first_look(self, imsi: Imsi) -> bool:
        """Since he was told of, by this process."""
        if imsi in self._seen_gone:
            del self._seen_gone[imsi]
            return False
        self._seen_gone[imsi] = None
        if len(self._seen_gone) > _REMEMBERED:
            self._seen_gone.popitem(last=False)
        return True

    async def _tell(self, departure: Departure) -> None:
        self._seen_gone.pop(departure.imsi, None)
        await self._departures.telling(departure)
        heard = await self._assign(departure, Assignment.USER_DEREGISTRATION) is not None
        await self._postpone(departure, SOON if heard else UNREACHED, told=heard)

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

    async def _postpone(self, departure: Departure, wait: timedelta, *, told: bool) -> None:
        await self._departures.postpone(departure, self._moment() + wait, told=told)
