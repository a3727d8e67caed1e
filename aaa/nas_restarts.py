"""Sessions of a NAS that has begun anew are brought to say that they are over, a few at a time (RFC 2866 §5.1).

They are over already, whoever asks; their users are looked for once they say so. Whichever process comes first does it,
and another goes on where one was killed.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from hss.active_api import NasRestarts, Restarts

SOME = 32
"""So many sessions are ended in a transaction that others wait for."""
LONGEST_REST = 0.5
"""Seconds between some sessions and the next at most; else as long as those took: who logs in comes first."""
HELD = timedelta(seconds=5)
"""After so long it is said that this process still has them."""


class RestartedNases:
    """Works off what `restarts` has; `moment` is now, in UTC, and `rest` waits for so many seconds."""

    def __init__(
        self,
        restarts: NasRestarts,
        moment: Callable[[], datetime],
        rest: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._restarts = restarts
        self._moment = moment
        self._rest = rest

    async def look(self) -> None:
        """Work off all that waits; LedgerUnavailable when the store does not answer."""
        while await self._restarts.waiting(self._moment()):
            claimed = await self._restarts.claim(self._moment())
            if not claimed.those:
                return
            await self._work_off(claimed)

    async def _work_off(self, claimed: Restarts) -> None:
        loop, said = asyncio.get_running_loop(), self._moment()
        while over := await self._restarts.over(claimed):
            for first in range(0, len(over), SOME):
                if self._moment() > said + HELD:
                    said = self._moment()
                    claimed = await self._restarts.still(claimed, said)
                began = loop.time()
                await self._restarts.end(over[first : first + SOME], self._moment())
                await self._rest(min(loop.time() - began, LONGEST_REST))
        await self._restarts.settle(claimed)
