"""One process of a load, from the first UE to the last answer."""

import time
from collections.abc import Callable, Sequence
from typing import Protocol

from ue_sim.load.pace import Pace
from ue_sim.load.process_cpu import family_cpu_seconds
from ue_sim.load.tally import Tally
from ue_sim.load.turns import Turns, Ue

_LOOK = 0.1
"""Seconds between two looks at what is overdue and at how far the load is."""


class Client(Protocol):
    """What carries the EAP of many UEs to a server."""

    def begin(self, ue: Ue, now: float) -> None:
        """Send its first message."""

    def wait(self, seconds: float, clock: Callable[[], float]) -> None:
        """Take what arrives, for so long at most."""

    def overdue(self, now: float) -> None:
        """See to what has waited too long."""

    def close(self) -> None:
        """Take leave."""


class Loop:
    """Begins UEs at `pace`, and counts in `tally`; `cpu_of` are the processes whose CPU is taken down meanwhile."""

    def __init__(
        self, turns: Turns, pace: Pace, tally: Tally, *, cpu_of: Sequence[int] = (), told: Callable[[int], None]
    ) -> None:
        self._turns = turns
        self._pace = pace
        self._tally = tally
        self._cpu_of = cpu_of
        self._told = told
        self._begun = 0
        self._ended = 0
        self._under_way = 0
        self._counting = False
        self._over = False
        self._since = 0.0

    def ended(self, ue: Ue, began: float, cause: str) -> None:
        """An authentication is over, and its UE gone; it failed of `cause` unless that is empty."""
        if not cause:
            self.authenticated(ue, began)
        elif self._counting:
            self._tally.failed(cause)
        self.left(ue)

    def authenticated(self, ue: Ue, began: float) -> None:
        """An authentication has succeeded; its UE may stay."""
        if self._counting:
            self._tally.succeeded(ue.peer, time.perf_counter() - began)

    def recorded(self, began: float, cause: str) -> None:
        """A record of accounting is told; it was lost of `cause` unless that is empty."""
        if not self._counting:
            return
        if cause:
            self._tally.accounting.lost(cause)
        else:
            self._tally.accounting.kept(time.perf_counter() - began)

    def left(self, ue: Ue) -> None:
        """A UE is gone: another one may begin."""
        self._under_way -= 1
        self._ended += 1
        self._turns.ended(ue)

    def stop(self) -> None:
        """Begin no more."""
        self._over = True

    def run(self, client: Client) -> None:
        """From the first to the last."""
        began = now = look_at = time.perf_counter()
        while True:
            elapsed = now - began
            if not self._counting and not self._over and elapsed >= self._pace.warm_up:
                self._count()
            self._over = self._over or self._pace.is_over(elapsed, self._begun)
            if self._over and (self._pace.count is None or not self._under_way):
                self._count_no_more()
            if self._over and not self._under_way:
                return
            if not self._over:
                self._begin(client, elapsed, now)
            client.wait(self._patience(elapsed), time.perf_counter)
            now = time.perf_counter()
            if now >= look_at:
                look_at = now + _LOOK
                client.overdue(now)
                self._told(self._ended)

    def _begin(self, client: Client, elapsed: float, now: float) -> None:
        for _ in range(self._pace.due(elapsed, self._begun, self._under_way)):
            ue = self._turns.begin()
            if ue is None:
                return
            self._begun += 1
            self._under_way += 1
            client.begin(ue, now)

    def _patience(self, elapsed: float) -> float:
        following = None if self._over else self._pace.next_in(elapsed, self._begun)
        # what is due and has no room waits for an answer
        return _LOOK if not following else min(following, _LOOK)

    def _count(self) -> None:
        self._counting = True
        self._tally.cpu_of = {pid: -family_cpu_seconds(pid) for pid in self._cpu_of}
        self._tally.cpu_seconds = -time.process_time()
        # in the warm-up others counted as well
        self._tally.rounds = self._tally.retransmissions = self._tally.discarded = 0
        self._tally.accounting.retransmissions = self._tally.accounting.discarded = 0
        self._since = time.perf_counter()

    def _count_no_more(self) -> None:
        if not self._counting:
            return
        self._counting = False
        self._tally.seconds = time.perf_counter() - self._since
        self._tally.cpu_seconds += time.process_time()
        for pid in self._cpu_of:
            self._tally.cpu_of[pid] += family_cpu_seconds(pid)
