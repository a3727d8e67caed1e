"""Several processes of one daemon: all ready or none, each replaced when it dies, all exchanged without a gap.

The parent has no socket of the daemon's. A shift is the workers of one configuration, and one more that has loaded
everything and waits: loading is what takes time, so that it stands in at once for one that dies.
"""

import asyncio
import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count

from runtime.logs import get_logger
from runtime.metrics.families import Counter
from runtime.metrics.tally import Tally
from runtime.recruit import Recruit, WorkerFailed, ending
from runtime.worker import Worker

log = get_logger("runtime.crew")

ENDED = Counter("akadia_workers_ended", "Workers that ended without having been told to; each was replaced.")


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: until a worker is ready; that it has to leave; that it must have served to be replaced at once.

    Who served for less is replaced after the first delay; where nobody begins to serve the delay doubles each time.
    """

    ready_limit: float = 20.0
    leave_limit: float = 4.5
    steady: float = 1.0
    first_delay: float = 0.25
    longest_delay: float = 30.0

    def delay(self, failures: int) -> float:
        """How long to wait after so many failures in a row."""
        return 0.0 if failures == 0 else min(self.first_delay * 2 ** min(failures - 1, 16), self.longest_delay)


class Crew:
    """The shift that works now; `command` starts one worker, `since` is when the parent began, `tally` counts."""

    def __init__(
        self, command: Sequence[str], *, since: int, pace: Pace | None = None, tally: Tally | None = None
    ) -> None:
        self._command = tuple(command)
        self._tally = tally
        self._since = since
        self._pace = pace or Pace()
        self._slots: set[int] = set()
        self._shift: Shift | None = None

    async def change(self, size: int, config: bytes = b"") -> None:
        """Put `size` new workers to work, and when all of them are ready let those before them leave.

        They and whoever replaces them read `config`, not a file that may have changed since, unless it is empty.
        WorkerFailed when one does not begin; then those before go on.
        """
        shift = Shift(self, size, config)
        try:
            await shift.start()
        except BaseException:
            await shift.stop()
            raise
        before, self._shift = self._shift, shift
        if before is not None:
            await before.stop()

    async def stop(self) -> None:
        """Let all leave."""
        if self._shift is not None:
            await self._shift.stop()

    @property
    def process_ids(self) -> tuple[int, ...]:
        """Of the workers that serve now."""
        return () if self._shift is None else self._shift.process_ids

    @property
    def pace(self) -> Pace:
        """How patient it is."""
        return self._pace

    async def recruit(self, config: int | None) -> Recruit:
        """A new process, loading, with `config` to read."""
        slot = next(number for number in count(1) if number not in self._slots)
        self._slots.add(slot)
        metrics = None
        try:
            metrics = None if self._tally is None else self._tally.open()
            return await Recruit.start(self._command, Worker(slot, self._since), metrics, config)
        except BaseException:
            self._slots.discard(slot)
            self._count_no_more(metrics)
            raise

    def dismissed(self, recruit: Recruit) -> None:
        """It has ended: its slot is free."""
        self._slots.discard(recruit.worker.slot)
        self._count_no_more(recruit.metrics)

    def _count_no_more(self, metrics: int | None) -> None:
        if self._tally is not None and metrics is not None:
            self._tally.close(metrics)


class Shift:
    """`size` workers and one in waiting."""

    def __init__(self, crew: Crew, size: int, config: bytes) -> None:
        self._crew = crew
        self._config = _in_memory(config) if config else None
        self._size = size
        self._pace = crew.pace
        self._all: set[Recruit] = set()
        self._working: set[Recruit] = set()
        self._spare: Recruit | None = None
        self._watches: list[asyncio.Task[None]] = []

    @property
    def process_ids(self) -> tuple[int, ...]:
        """Of the workers that serve now."""
        return tuple(recruit.process_id for recruit in self._working)

    async def start(self) -> None:
        """Return when all are ready; WorkerFailed when one is not."""
        first = [await self._recruit() for _ in range(self._size)]
        await asyncio.gather(*(self._begin(recruit) for recruit in first))
        self._watches = [asyncio.create_task(self._watch(recruit)) for recruit in first]
        self._spare = await self._recruit()

    async def stop(self) -> None:
        """Let everybody leave, and end whoever does not within the limit."""
        for watch in self._watches:
            watch.cancel()
        await asyncio.gather(*self._watches, return_exceptions=True)
        await asyncio.gather(*(self._part(recruit) for recruit in tuple(self._all)))
        if self._config is not None:
            os.close(self._config)
            self._config = None

    async def _watch(self, recruit: Recruit) -> None:
        """Hold one place, whoever fills it."""
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            code = await recruit.ended()
            self._gone(recruit)
            ENDED.count()
            log.error("worker ended", worker=recruit.worker.slot, process=recruit.process_id, cause=ending(code))
            recruit = await self._replacement(failures=int(loop.time() - began < self._pace.steady))
            log.info("worker replaced", worker=recruit.worker.slot, process=recruit.process_id)

    async def _replacement(self, failures: int) -> Recruit:
        while True:
            await asyncio.sleep(self._pace.delay(failures))
            try:
                recruit = self._take_spare() or await self._recruit()
                await self._begin(recruit)
                self._spare = self._spare or await self._recruit()
            except (WorkerFailed, OSError) as error:
                failures += 1
                log.error("worker not replaced", cause=str(error), again_in=self._pace.delay(failures))
            else:
                return recruit

    def _take_spare(self) -> Recruit | None:
        spare, self._spare = self._spare, None
        if spare is None or spare.is_alive:
            return spare
        self._gone(spare)
        return None

    async def _recruit(self) -> Recruit:
        recruit = await self._crew.recruit(self._config)
        self._all.add(recruit)
        return recruit

    async def _begin(self, recruit: Recruit) -> None:
        try:
            await recruit.begin(self._pace.ready_limit)
        except WorkerFailed:
            await self._part(recruit)
            raise
        self._working.add(recruit)

    async def _part(self, recruit: Recruit) -> None:
        recruit.signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(self._pace.leave_limit):
                await recruit.ended()
        except TimeoutError:
            log.warning("worker killed", worker=recruit.worker.slot, cause=f"no end within {self._pace.leave_limit} s")
            recruit.signal(signal.SIGKILL)
            await recruit.ended()
        self._gone(recruit)

    def _gone(self, recruit: Recruit) -> None:
        with suppress(KeyError):
            self._all.remove(recruit)
            self._crew.dismissed(recruit)
        self._working.discard(recruit)
        recruit.close()


def _in_memory(octets: bytes) -> int:
    """A file that no disk has, open at its beginning."""
    descriptor = os.memfd_create("akadia-config")
    with os.fdopen(descriptor, "wb", closefd=False) as file:
        file.write(octets)
    return descriptor
