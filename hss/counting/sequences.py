"""SQNs for a subscriber by whichever way its algorithm profile counts, with the sealed keys beside them.

What each way gives and costs:

- A counter, reserve 1: every vector is one row of a shared UPDATE and waits for its commit. SEQ rises by one.
- A counter, reserve N: one UPDATE for N vectors of a subscriber in this process; the others only read. What a process
  has reserved and not used when it ends is lost (a gap of less than N in SEQ).
- The clock: a vector only reads; each node writes once in a minute (hss.counting.time_based says when it waits), and
  each subscriber once in a 64th of Δ, 4.8 days with 2^28 ticks of 0.1 s (hss.counting.windows says why).

With a reserve or the clock each HSS instance counts for itself, so each has its own IND beside every requesting node.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable

from hss.algorithms import AlgorithmSettings, read_settings
from hss.api import Refusal, ServiceRefused
from hss.counting.allocation import Allocated, Allocation, Answer, NotCounted, allocate
from hss.counting.known_inds import KnownInds
from hss.counting.node_clocks import NodeClock, NodeClocks
from hss.counting.nodes import Held
from hss.counting.reservations import Owner, Reservations
from hss.counting.rows import Standing, change_window, no_way_on, read_standings
from hss.counting.sqn import NodesExhausted, OutOfReach, SequenceExhausted, sqns
from hss.counting.time_based import ClockBehind, NeedsWindow, Taken
from hss.counting.windows import ClockRule, Window
from hss.keys.custody import SealedKeys
from hss.models import Scheme
from hss.store.database import Database
from wire.frozen import dataclass

Clock = Callable[[], int]
"""Milliseconds since 2026-01-01 UTC (hss.counting.time_based.EPOCH_MS)."""

_REMEMBERED = 100_000
_ATTEMPTS = 8


@dataclass(frozen=True, slots=True)
class Issued:
    """SQNs of 48 bits, the lowest first, given out for ever; what seals the keys; who serves the subscriber.

    `subscribed` when the subscriber has any APN.
    """

    sqns: tuple[int, ...]
    keys: SealedKeys
    settings: AlgorithmSettings
    serving_aaa: str | None
    subscribed: bool


class Sequences:
    """Issues SQNs out of `database`; `instance` tells this HSS process from others on the same database."""

    def __init__(self, database: Database, clock: Clock, instance: str = "") -> None:
        self._database = database
        self._clock = clock
        self._instance = instance
        self._settings: dict[str, AlgorithmSettings] = {}
        self._refreshing = asyncio.Lock()
        self._inds = KnownInds(database)
        self._profiles: OrderedDict[str, str] = OrderedDict()
        self._runs = Reservations()
        self._reserving: dict[str, asyncio.Future[Owner | None]] = {}
        self._clocks = NodeClocks(database, clock)

    async def issue(self, imsi: str, node: str, count: int, seq_ms: int | None = None) -> Issued:
        """`count` SQNs for `imsi` on behalf of `node`; after a genuine AUTS `seq_ms` is what the USIM has seen.

        ServiceRefused when the subscriber or the node gets none; StoreError from the store.
        """
        for _ in range(_ATTEMPTS):
            settings = self._settings.get(self._profiles.get(imsi, ""))
            if settings is not None and settings.scheme is Scheme.TIME:
                issued = await self._from_clock(settings, imsi, node, count, seq_ms)
            elif settings is not None and settings.reserve > 1 and seq_ms is None:
                issued = await self._from_reserve(settings, imsi, node, count)
            else:
                likely = settings or await self._only()
                # before SEQ moves, because a node without an IND gets nothing
                held = None if likely is None else self._inds.get(self._named(node, likely))
                if held is None and likely is not None:
                    held = await self._read_ind(node, likely, imsi)
                found = await self._database.at_once(allocate, Allocation(imsi, count, seq_ms))
                if likely is not None and likely.reserve == 1 and isinstance(found, Allocated) and held is not None:
                    profile = found.profile
                    if (
                        held.generation == found.generation
                        and self._settings.get(profile) is likely
                        and self._profiles.get(imsi) == profile
                    ):
                        # as was thought: nearly always so
                        self._profiles.move_to_end(imsi)
                        return _issued(likely, found, held.ind, count)
                issued = await self._counted(found, imsi, node, count)
            if issued is not None:
                return issued
        raise ServiceRefused(Refusal.TOO_BUSY, f"the algorithm profile of {imsi} or the IND of {node} keeps changing")

    async def settings_of(self, keys: SealedKeys) -> AlgorithmSettings:
        """The profile of a row; ServiceRefused when it is gone."""
        await self._refresh(keys.profile)
        found = self._settings.get(keys.profile)
        if found is None:
            raise ServiceRefused(Refusal.UNAVAILABLE, f"{keys.imsi} has the profile {keys.profile}, which is not there")
        return found

    async def standing(self, imsi: str) -> Standing:
        """The subscriber as it stands, or ServiceRefused."""
        found = await self._database.read_at_once(read_standings, imsi)
        if isinstance(found, ServiceRefused):
            raise found
        return found

    async def _counted(self, found: Answer, imsi: str, node: str, count: int) -> Issued | None:
        if isinstance(found, ServiceRefused):
            raise found
        if isinstance(found, NotCounted):
            await self._learn(imsi, found.profile)
            return None
        settings = self._settings.get(found.profile) or await self.settings_of(found)
        self._remember(imsi, settings.name)
        if settings.reserve > 1:
            self._runs.drop(_owner(found, found.revision), found.last_seq)
        held = self._inds.get(self._named(node, settings))
        if held is None or held.generation != found.generation:
            held = await self._read_ind(node, settings, imsi)
        return _issued(settings, found, held.ind, count)

    async def _only(self) -> AlgorithmSettings | None:
        """The profile that everybody has where there is but one, and it counts."""
        if not self._settings:
            await self._refresh("")
        only = next(iter(self._settings.values())) if len(self._settings) == 1 else None
        return only if only is not None and only.scheme is Scheme.COUNTER else None

    async def _from_reserve(self, settings: AlgorithmSettings, imsi: str, node: str, count: int) -> Issued | None:
        named = self._named(node, settings)
        held = self._inds.get(named) or await self._read_ind(node, settings, imsi)
        standing = await self.standing(imsi)
        if standing.keys.profile != settings.name:
            await self._learn(imsi, standing.keys.profile)
            return None
        if standing.nodes.get(named) != (held.ind, held.epoch):
            self._inds.forget(named)
            return None
        owner = _owner(standing.keys, standing.revision)
        last = self._runs.take(owner, count)
        while last is None:
            if await self._reserve(imsi, max(count, settings.reserve)) != owner:
                return None
            last = self._runs.take(owner, count)
        numbers = sqns(last, count, held.ind, settings.ind_bits)
        return Issued(numbers, standing.keys, settings, standing.serving_aaa, standing.subscribed)

    async def _reserve(self, imsi: str, count: int) -> Owner | None:
        """Reserve `count` SEQs, or wait for who is about to; whose they are, None when nobody's."""
        waiting = self._reserving.get(imsi)
        if waiting is not None:
            return await waiting
        done = self._reserving[imsi] = asyncio.get_running_loop().create_future()
        turn = self._runs.turn
        try:
            found = await self._database.at_once(allocate, Allocation(imsi, count))
            if isinstance(found, Allocated):
                if turn == self._runs.turn:
                    self._runs.put(_owner(found, found.revision), found.last_seq - count + 1, found.last_seq)
                done.set_result(_owner(found, found.revision))
        finally:
            del self._reserving[imsi]
            if not done.done():
                done.set_result(None)
        if isinstance(found, ServiceRefused):
            raise found
        if isinstance(found, NotCounted):
            await self._learn(imsi, found.profile)
            return None
        return _owner(found, found.revision)

    async def _from_clock(
        self, settings: AlgorithmSettings, imsi: str, node: str, count: int, seq_ms: int | None
    ) -> Issued | None:
        rule = ClockRule(settings.name, settings.ind_bits, settings.delta, settings.clock_unit_ms)
        clock = await self._clocks.of(self._named(node, settings)[0], settings)
        turn = self._clocks.turns.count
        standing = await self.standing(imsi)
        if standing.keys.profile != settings.name:
            await self._learn(imsi, standing.keys.profile)
            return None
        if not self._is_ours(clock, standing):
            return None
        window = Window(standing.seq, standing.time_offset)
        try:
            outcome = await clock.issue(imsi, rule, window, count, turn=turn, seq_ms=seq_ms)
        except ClockBehind as behind:
            raise ServiceRefused(Refusal.TOO_BUSY, f"{imsi} at {clock.name}: {behind}") from None
        except (OutOfReach, SequenceExhausted):
            raise no_way_on(imsi, standing.seq) from None
        match outcome:
            case NeedsWindow(wanted):
                await self._database.write(
                    lambda connection: change_window(connection, standing, wanted.seq, wanted.offset)
                )
            case Taken(last):
                numbers = sqns(last, count, clock.ind, settings.ind_bits)
                return Issued(numbers, standing.keys, settings, standing.serving_aaa, standing.subscribed)
            case None:
                self._clocks.lost(clock)
        return None

    def _is_ours(self, clock: NodeClock, standing: Standing) -> bool:
        found = standing.nodes.get((clock.name, clock.ind_bits))
        if found is None or found[0] != clock.ind:
            self._clocks.freed(clock)
        elif found[1] != clock.epoch:
            self._clocks.lost(clock)
        return found == (clock.ind, clock.epoch)

    async def _read_ind(self, node: str, settings: AlgorithmSettings, imsi: str) -> Held:
        # an IND is given until an operator frees it, and whoever asks through an agent may call himself anything:
        # not for nobody
        await self.standing(imsi)
        try:
            held, was_anothers = await self._inds.read(self._named(node, settings))
        except NodesExhausted as error:
            raise ServiceRefused(Refusal.UNAVAILABLE, f"{node} gets no IND: {error}") from None
        if was_anothers:
            # whoever had it before may have given out more than what was reserved here until now
            self._runs.drop_all()
        return held

    def _named(self, node: str, settings: AlgorithmSettings) -> tuple[str, int]:
        """By which name, and in how many bits, `node` has an IND."""
        if settings.reserve == 1 and settings.scheme is Scheme.COUNTER:
            return node.lower(), settings.ind_bits
        return f"{node.lower()}|{self._instance}", settings.ind_bits

    async def _learn(self, imsi: str, profile: str) -> None:
        await self._refresh(profile)
        self._remember(imsi, profile)

    def _remember(self, imsi: str, profile: str) -> None:
        profiles = self._profiles
        profiles[imsi] = profile
        profiles.move_to_end(imsi)
        if len(profiles) > _REMEMBERED:
            profiles.popitem(last=False)

    async def _refresh(self, profile: str) -> None:
        """Read the profiles, unless `profile` is there; one reading serves all who wait for it, in their order."""
        if profile in self._settings:
            return
        async with self._refreshing:
            if profile not in self._settings and not (profile == "" and self._settings):
                self._settings = await self._database.read(read_settings)


def _issued(settings: AlgorithmSettings, found: Allocated, ind: int, count: int) -> Issued:
    numbers = sqns(found.last_seq, count, ind, settings.ind_bits)
    return Issued(numbers, found, settings, found.serving_aaa, found.subscribed)


def _owner(keys: SealedKeys, revision: int) -> Owner:
    return keys.imsi, revision, keys.k
