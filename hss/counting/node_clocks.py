"""The nodes for which this process issues SEQs out of the clock: taken over on first use, extended as time goes by."""

import asyncio
from collections.abc import Callable

from hss.algorithms import AlgorithmSettings
from hss.api import Refusal, ServiceRefused
from hss.counting.nodes import Claim, claim, extend
from hss.counting.sqn import NodesExhausted
from hss.counting.time_based import NeedsGrant, NeedsRow, NeedsWindow, Taken, TimeBasedSequence, Turns
from hss.counting.windows import ClockRule, Window
from hss.store.database import Database
from runtime.logs import get_logger

log = get_logger("hss.node_clocks")


class NodeClock:
    """One node, by `name` and length of IND, while its `epoch` is ours."""

    def __init__(
        self, database: Database, clock: Callable[[], int], name: str, ind_bits: int, claimed: Claim, turns: Turns
    ) -> None:
        self.name = name
        self.ind_bits = ind_bits
        self.ind = claimed.ind
        self.epoch = claimed.epoch
        self._database = database
        self._clock = clock
        self._high_ms = claimed.high_ms
        self._sequence = TimeBasedSequence(low_ms=claimed.low_ms, high_ms=claimed.high_ms, turns=turns)
        self._extending = asyncio.Lock()

    async def issue(
        self, imsi: str, rule: ClockRule, window: Window, count: int, *, turn: int, seq_ms: int | None
    ) -> Taken | NeedsWindow | NeedsRow | None:
        """As TimeBasedSequence.issue, with the grants that it needs; None when another process has the node now."""
        while True:
            outcome = self._sequence.issue(imsi, rule, window, count, self._clock(), turn=turn, seq_ms=seq_ms)
            if not isinstance(outcome, NeedsGrant):
                return outcome
            async with self._extending:
                if outcome.until_ms > self._high_ms and not await self._extend(outcome.until_ms):
                    return None

    async def _extend(self, until_ms: int) -> bool:
        high = await self._database.write(
            lambda connection: extend(connection, self.name, self.ind_bits, self.ind, self.epoch, until_ms)
        )
        if high is not None:
            self._high_ms = high
            self._sequence.granted(high)
        return high is not None


class NodeClocks:
    """Takes nodes over, one process at a time for each."""

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._database = database
        self._clock = clock
        self._nodes: dict[tuple[str, int], NodeClock] = {}
        self._claiming = asyncio.Lock()
        self.turns = Turns()

    async def of(self, name: str, settings: AlgorithmSettings) -> NodeClock:
        """The node `name` for the profile, taken over; ServiceRefused when there is no IND left."""
        key = (name, settings.ind_bits)
        if key not in self._nodes:
            async with self._claiming:
                if key not in self._nodes:
                    self._nodes[key] = await self._claim(name, settings.ind_bits)
        return self._nodes[key]

    def lost(self, node: NodeClock) -> None:
        """Another process has taken this node over: take it back when it is next needed."""
        if self._dropped(node):
            cause = "another HSS process issues under the same name; give each its own hss.instance"
            log.warning("node taken over", cause=cause, node=node.name, epoch=node.epoch)

    def freed(self, node: NodeClock) -> None:
        """The node's IND was given back: it gets another one when it is next needed."""
        if self._dropped(node):
            log.warning("IND freed of a node that asks", node=node.name, ind=node.ind)

    def _dropped(self, node: NodeClock) -> bool:
        key = (node.name, node.ind_bits)
        if self._nodes.get(key) is not node:
            return False
        del self._nodes[key]
        return True

    async def _claim(self, name: str, ind_bits: int) -> NodeClock:
        now = self._clock()
        try:
            claimed = await self._database.write(lambda connection: claim(connection, name, ind_bits, now))
        except NodesExhausted as error:
            raise ServiceRefused(Refusal.UNAVAILABLE, f"{name} gets no IND: {error}") from None
        log.info("node taken over", node=name, ind=claimed.ind, epoch=claimed.epoch)
        return NodeClock(self._database, self._clock, name, ind_bits, claimed, self.turns)
