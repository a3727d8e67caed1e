"""A crowd of UEs on real sockets: each attaches when its turn has come, stays for a while, and detaches."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from typing import Protocol

from runtime.logs import get_logger
from ue_sim.card import CardKeys
from ue_sim.shell import UeFailed
from ue_sim.storm.tally import Tally

log = get_logger("ue.storm")


class Attachable(Protocol):
    """What the crowd does with a UE, such as a UeShell."""

    async def attach(self) -> object:
        """UeFailed when it does not."""

    async def detach(self) -> str:
        """How that went."""


OpenUe = Callable[[CardKeys], AbstractAsyncContextManager[Attachable]]


@dataclass(frozen=True, slots=True)
class Pace:
    """`rate` UEs begin in a second, but only `at_once` attach at the same time, if it is not 0.

    Each stays for `hold` seconds after it has attached.
    """

    rate: float
    hold: float
    at_once: int = 0


class Crowd:
    """`open_ue` makes a UE with a card, `clock` is in seconds and goes with the loop, `told` hears after each UE."""

    def __init__(
        self,
        open_ue: OpenUe,
        pace: Pace,
        *,
        clock: Callable[[], float],
        told: Callable[[Tally], None] = lambda _tally: None,
    ) -> None:
        self._open_ue = open_ue
        self._pace = pace
        self._clock = clock
        self._told = told
        self._began = 0.0
        self._places = asyncio.Semaphore(pace.at_once) if pace.at_once else None
        self._stopped = asyncio.Event()
        self.tally = Tally()

    def stop(self) -> None:
        """Begin no more, and let those that stay detach."""
        self._stopped.set()

    async def run(self, cards: Sequence[CardKeys]) -> Tally:
        """One UE for each card; what came of all."""
        self._began = self._clock()
        async with asyncio.TaskGroup() as group:
            for number, card in enumerate(cards):
                if self._places is not None:
                    await self._places.acquire()
                if await self._is_stopped(self._began + number / self._pace.rate - self._clock()):
                    break
                group.create_task(self._one(card))
        return self.tally

    async def _one(self, card: CardKeys) -> None:
        began = self._clock()
        try:
            async with self._open_ue(card) as ue:
                await ue.attach()
                self.tally.times.append(self._clock() - began)
                self._ended()
                await self._is_stopped(self._pace.hold)
                log.debug("detached", imsi=str(card.imsi), cause=await ue.detach())
        except UeFailed as failure:
            self.tally.failure(str(failure))
            self._ended()
        except OSError as error:
            self.tally.failure(f"the UE has no socket: {error.strerror or error}")
            self._ended()

    def _ended(self) -> None:
        if self._places is not None:
            self._places.release()
        self.tally.seconds = self._clock() - self._began
        self._told(self.tally)

    async def _is_stopped(self, within: float) -> bool:
        """Whether `stop` was called, after at most `within` seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(max(within, 0.0)):
                await self._stopped.wait()
        return self._stopped.is_set()
