"""Records of failures on their way into the ledger: behind the answers, many in one transaction, and never too many.

Where the store is busy or away they wait in memory, for a store that is too busy for a user is too busy for his record.
What finds no room there is dropped and counted; of an outage the first ones stay, because they tell how it began.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from itertools import islice

from aaa.metrics import FAILURE_RECORDS
from hss.failure_api import FailureLedger, FailureRecord
from hss.session_api import LedgerUnavailable
from runtime.log_limit import LogLimit
from runtime.logs import get_logger

log = get_logger("aaa.service")

HELD_MAX = 512
"""Records that wait for the store."""
TOGETHER = 64
"""How many of them go into one transaction."""
AGAIN = 2.0
"""Seconds until a store that took none is asked once more."""
LAST_TRY = 3.0
"""Seconds that it has when this process ends."""


class Keeping:
    """Made inside a running loop; `close` it. `clock` is monotonic and in seconds; without `ledger` none is kept."""

    def __init__(self, ledger: FailureLedger | None, clock: Callable[[], float]) -> None:
        self._ledger = ledger
        self._clock = clock
        self._held: deque[FailureRecord] = deque()
        self._filled = asyncio.Event()
        self._lines = LogLimit(burst=1, rate=0.1)
        self._task = asyncio.get_running_loop().create_task(self._keep_all())

    @property
    def has_room(self) -> bool:
        """Whether the next record will be kept."""
        return self._ledger is not None and len(self._held) < HELD_MAX

    def put(self, record: FailureRecord) -> str:
        """Keep it as soon as may be; its reference, "" where it is dropped."""
        if self._ledger is None:
            return ""
        if not self.has_room:
            self.pass_over()
            withheld = self._lines.allow("dropped", self._clock())
            if withheld is not None:
                log.warning("failures not kept", cause=f"{HELD_MAX} wait for the store", count=1 + withheld)
            return ""
        self._held.append(record)
        self._filled.set()
        return record.reference

    def pass_over(self) -> None:
        """One that is not to be kept is counted."""
        if self._ledger is not None:
            FAILURE_RECORDS.count("dropped")

    async def close(self) -> None:
        """Keep what is held, if the store takes it now."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        try:
            async with asyncio.timeout(LAST_TRY):
                while self._held:
                    await self._write()
        except (LedgerUnavailable, TimeoutError) as error:
            log.warning("failures not kept", cause=str(error) or "no time was left", count=len(self._held))
            self._take_away(len(self._held), "dropped")

    async def _keep_all(self) -> None:
        while True:
            await self._filled.wait()
            (outcome,) = await asyncio.gather(self._write(), return_exceptions=True)
            if isinstance(outcome, LedgerUnavailable):
                if self._lines.allow("waiting", self._clock()) is not None:
                    log.warning("failures wait to be kept", cause=str(outcome), count=len(self._held))
                await asyncio.sleep(AGAIN)
            elif isinstance(outcome, Exception):
                # the outermost place of one transaction: whatever breaks it, the next one is tried
                log.error("failures not kept", cause=repr(outcome), exc_info=outcome)
                self._take_away(min(TOGETHER, len(self._held)), "dropped")

    async def _write(self) -> None:
        """One transaction."""
        together = tuple(islice(self._held, TOGETHER))
        if self._ledger is not None:
            await self._ledger.keep(together)
        self._take_away(len(together), "kept")

    def _take_away(self, count: int, outcome: str) -> None:
        for _ in range(count):
            self._held.popleft()
        FAILURE_RECORDS.add(count, outcome)
        if not self._held:
            self._filled.clear()
