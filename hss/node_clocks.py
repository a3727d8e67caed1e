"""The nodes for which this process issues SEQs out of the clock: taken over on first use, extended as time goes by."""

import asyncio
from collections.abc import Callable

from hss.algorithms import AlgorithmSettings
from hss.api import Refusal, ServiceRefused
from hss.database import Database
from hss.nodes import Claim, claim, extend
from hss.sqn import NodesExhausted
from hss.time_based import NeedsGrant, TimeBasedSequence
from runtime.logs import get_logger

log = get_logger("hss.node_clocks")


class NodeClock:
    """One node, by `name` and length of IND, while its `epoch` is ours."""

    def __init__(self, database: Database, clock: Callable[[], int], name: str, ind_bits: int, claimed: Claim) -> None:
        self.name = name
        self.ind_bits = ind_bits
        self.ind = claimed.ind
        self.epoch = claimed.epoch
        self._database = database
        self._clock = clock
        self._low_ms = claimed.low_ms
        self._high_ms = claimed.high_ms
        self._sequences: dict[int, TimeBasedSequence] = {}
        self._extending = asyncio.Lock()

    def use(self, unit_ms: int) -> "NodeSequence":
        """Its SEQs for profiles of one clock unit."""
        if unit_ms not in self._sequences:
            sequence = TimeBasedSequence(unit_ms=unit_ms, low_ms=self._low_ms, high_ms=self._high_ms)
            self._sequences[unit_ms] = sequence
        return NodeSequence(self, self._sequences[unit_ms])

    async def issue(self, sequence: TimeBasedSequence, imsi: str, time_offset: int, count: int) -> int | None:
        """As TimeBasedSequence.issue, with the grants that it needs; None when another process has the node now."""
        while isinstance(last := sequence.issue(imsi, time_offset, count, self._clock()), NeedsGrant):
            async with self._extending:
                if last.until_ms > self._high_ms and not await self._extend(last.until_ms):
                    return None
            for each in self._sequences.values():
                each.granted(self._high_ms)
        return last

    async def _extend(self, until_ms: int) -> bool:
        high = await self._database.write(
            lambda connection: extend(connection, self.name, self.ind_bits, self.epoch, until_ms)
        )
        if high is not None:
            self._high_ms = high
        return high is not None


class NodeSequence:
    """A node's SEQs for one clock unit."""

    def __init__(self, node: NodeClock, sequence: TimeBasedSequence) -> None:
        self.node = node
        self.name, self.epoch, self.ind = node.name, node.epoch, node.ind
        self._sequence = sequence

    async def issue(self, imsi: str, time_offset: int, count: int) -> int | None:
        """The last of `count` SEQs; None when another process has taken the node over; ClockBehind."""
        return await self.node.issue(self._sequence, imsi, time_offset, count)


class NodeClocks:
    """Takes nodes over, one process at a time for each."""

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._database = database
        self._clock = clock
        self._nodes: dict[tuple[str, int], NodeClock] = {}
        self._claiming = asyncio.Lock()

    async def of(self, name: str, settings: AlgorithmSettings) -> NodeSequence:
        """The SEQs of node `name` for the profile; ServiceRefused when there is no IND left."""
        key = (name, settings.ind_bits)
        if key not in self._nodes:
            async with self._claiming:
                if key not in self._nodes:
                    self._nodes[key] = await self._claim(name, settings.ind_bits)
        return self._nodes[key].use(settings.clock_unit_ms)

    def lost(self, sequence: NodeSequence) -> None:
        """Another process has taken this node over: take it back when it is next needed."""
        key = (sequence.name, sequence.node.ind_bits)
        if self._nodes.get(key) is sequence.node:
            del self._nodes[key]
            cause = "another HSS process issues under the same name; give each its own hss.instance"
            log.warning("node taken over", cause=cause, node=sequence.name, epoch=sequence.epoch)

    async def _claim(self, name: str, ind_bits: int) -> NodeClock:
        now = self._clock()
        try:
            claimed = await self._database.write(lambda connection: claim(connection, name, ind_bits, now))
        except NodesExhausted as error:
            raise ServiceRefused(Refusal.UNAVAILABLE, f"{error}; {name} gets none") from None
        log.info("node taken over", node=name, ind=claimed.ind, epoch=claimed.epoch)
        return NodeClock(self._database, self._clock, name, ind_bits, claimed)
