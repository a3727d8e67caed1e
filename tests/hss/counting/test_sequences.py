"""Each way of counting gives SQNs that only rise, and costs the writes that it says."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from random import Random

import pytest
from sqlalchemy import Connection, insert, select

from hss.api import Refusal, ServiceRefused
from hss.counting.nodes import give_back, lock_inds
from hss.counting.sequences import Sequences
from hss.counting.time_based import RUN_AHEAD_MS
from hss.models import Algorithm, AlgorithmProfile, RequestingNode, Scheme, SubscriberState
from hss.store.database import Database
from hss.store.engines import transaction
from hss.store.location import Location
from hss.store.together import AnswerT, RequestT, Work
from tests.hss.conftest import Registry
from wire.aka.sqn import split_sqn
from wire.identity import Imsi

IMSI, OTHER = "001010000000001", "001010000000002"
NODE = "aaa.example"
YEAR = 365 * 86_400_000


class Clock:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.now = YEAR

    def __call__(self) -> int:
        return self.now


class CountingDatabase(Database):
    """A store that says how often it was written to."""

    writes = 0

    async def together(self, work: Work[RequestT, AnswerT], request: RequestT) -> AnswerT:
        self.writes += 1
        return await super().together(work, request)

    async def at_once(self, work: Work[RequestT, AnswerT], request: RequestT) -> AnswerT:
        self.writes += 1
        return await super().at_once(work, request)

    async def write(self, operation: Callable[[Connection], AnswerT]) -> AnswerT:
        self.writes += 1
        return await super().write(operation)


@pytest.fixture
async def store(location: Location) -> AsyncIterator[CountingDatabase]:
    database = CountingDatabase(location)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
def imsi(registry: Registry, location: Location) -> Imsi:
    with transaction(location) as connection:
        usual = {"algorithm": Algorithm.MILENAGE}
        connection.execute(insert(AlgorithmProfile).values(name="reserve", reserve=8, **usual))
        connection.execute(insert(AlgorithmProfile).values(name="clock", scheme=Scheme.TIME, ind_bits=6, **usual))
    return registry.add(IMSI).imsi


async def issue(
    sequences: Sequences, count: int = 1, node: str = NODE, seq_ms: int | None = None
) -> list[tuple[int, int]]:
    issued = await sequences.issue(IMSI, node, count, seq_ms)
    return [split_sqn(sqn, issued.settings.ind_bits) for sqn in issued.sqns]


async def test_counter_writes_for_each_and_rises_by_one(imsi: Imsi, store: CountingDatabase) -> None:
    sequences = Sequences(store, Clock())
    assert await issue(sequences, 2) == [(1, 0), (2, 0)]
    assert await issue(sequences, node="other") == [(3, 1)]
    before = store.writes
    assert await issue(sequences) == [(4, 0)]
    assert store.writes == before + 1


async def test_reserve_writes_once_for_many(
    registry: Registry, imsi: Imsi, store: CountingDatabase, location: Location
) -> None:
    registry.set(imsi, profile="reserve")
    sequences = Sequences(store, Clock(), "one")
    assert await issue(sequences) == [(1, 0)]
    before = store.writes
    assert [await issue(sequences) for _ in range(8)] == [[(seq, 0)] for seq in range(2, 10)]
    assert store.writes == before + 1
    assert registry.seq(imsi) == 9
    # another instance has runs of its own, and an IND of its own
    assert await issue(Sequences(store, Clock(), "two")) == [(10, 1)]
    with transaction(location) as connection:
        assert set(connection.scalars(select(RequestingNode.name))) == {f"{NODE}|one", f"{NODE}|two"}


async def test_reserve_is_shared_by_all_who_ask_at_once(
    registry: Registry, imsi: Imsi, store: CountingDatabase
) -> None:
    registry.set(imsi, profile="reserve")
    sequences = Sequences(store, Clock())
    await issue(sequences)
    before = store.writes
    answers = await asyncio.gather(*(issue(sequences, 2) for _ in range(12)))
    assert len({one for answer in answers for one in answer}) == 24
    assert store.writes == before + 3


async def test_reserve_is_dropped_by_a_resynchronisation(
    registry: Registry, imsi: Imsi, store: CountingDatabase
) -> None:
    registry.set(imsi, profile="reserve")
    sequences = Sequences(store, Clock())
    await issue(sequences)
    await issue(sequences)
    assert await issue(sequences, seq_ms=5000) == [(5001, 0)]
    assert await issue(sequences) == [(5002, 0)]


async def test_reserve_is_no_way_around_a_bar(registry: Registry, imsi: Imsi, store: CountingDatabase) -> None:
    registry.set(imsi, profile="reserve")
    sequences = Sequences(store, Clock())
    await issue(sequences)
    await issue(sequences)
    registry.set(imsi, state=SubscriberState.BARRED)
    with pytest.raises(ServiceRefused) as caught:
        await issue(sequences)
    assert caught.value.refusal is Refusal.SUBSCRIBER_BARRED


async def test_clock_writes_nothing_for_a_vector(registry: Registry, imsi: Imsi, store: CountingDatabase) -> None:
    registry.set(imsi, profile="clock", seq=1000)
    clock = Clock()
    sequences = Sequences(store, clock)
    first = 1001
    assert await issue(sequences, 2) == [(first, 0), (first + 1, 0)]
    before = store.writes
    for step in range(50):
        clock.now = YEAR + 10_000 + 100 * step
        assert await issue(sequences) == [(first + 99 + step, 0)]
    assert store.writes == before
    clock.now += 120_000
    await issue(sequences)
    assert store.writes == before + 1


async def test_clock_that_goes_back_is_not_followed(registry: Registry, imsi: Imsi, store: CountingDatabase) -> None:
    registry.set(imsi, profile="clock")
    clock = Clock()
    sequences = Sequences(store, clock)
    ((before, _),) = await issue(sequences)
    clock.now -= 60_000
    assert await issue(sequences) == [(before + 1, 0)]
    # a process that knows nothing of it begins above what this one may have used
    ((after, _),) = await issue(Sequences(store, clock))
    assert after > before + 500
    clock.now = YEAR - 2 * RUN_AHEAD_MS
    with pytest.raises(ServiceRefused, match="s behind what this node has used") as caught:
        await issue(Sequences(store, clock))
    assert caught.value.refusal is Refusal.TOO_BUSY


async def test_two_processes_of_one_name_never_share_an_sqn(
    registry: Registry, imsi: Imsi, store: CountingDatabase
) -> None:
    registry.set(imsi, profile="clock")
    clock = Clock()
    twins = [Sequences(store, clock), Sequences(store, clock)]
    seen = [one for turn in range(20) for one in await issue(twins[turn % 2])]
    assert len(set(seen)) == 20


async def test_clock_is_moved_ahead_by_the_usim(registry: Registry, imsi: Imsi, store: CountingDatabase) -> None:
    registry.set(imsi, profile="clock")
    sequences = Sequences(store, Clock())
    for seq_ms in (5000, 1 << 35):
        assert await issue(sequences, seq_ms=seq_ms) == [(seq_ms + 1, 0)]
        # the same AUTS again moves nothing
        assert await issue(sequences, seq_ms=seq_ms) == [(seq_ms + 2, 0)]
    with pytest.raises(ServiceRefused, match="give the subscriber a new K"):
        await issue(sequences, seq_ms=5)


async def test_profile_that_changes_is_noticed(registry: Registry, imsi: Imsi, store: CountingDatabase) -> None:
    sequences = Sequences(store, Clock())
    assert await issue(sequences) == [(1, 0)]
    registry.set(imsi, profile="clock", time_offset=7)
    assert await issue(sequences) == [(2, 0)]
    registry.set(imsi, profile="reserve", seq=YEAR)
    assert await issue(sequences) == [(YEAR + 1, 1)]
    registry.set(imsi, profile="milenage")
    assert await issue(sequences) == [(YEAR + 9, 0)]


async def test_profile_that_is_full_of_nodes_refuses_the_next(
    registry: Registry, imsi: Imsi, store: CountingDatabase, location: Location
) -> None:
    registry.set(imsi, profile="clock")
    with transaction(location) as connection:
        nodes: Sequence[dict[str, object]] = [{"name": str(ind), "ind_bits": 6, "ind": ind} for ind in range(64)]
        connection.execute(insert(RequestingNode), nodes)
    with pytest.raises(ServiceRefused, match="64 nodes have an IND of 6 bits each"):
        await issue(Sequences(store, Clock()))


class Handed:
    """HSS processes on one store with 8 INDs, more nodes than that, and a USIM for each subscriber that judges."""

    def __init__(self, location: Location, processes: Sequence[Sequences], random: Random) -> None:
        self._location = location
        self._processes = processes
        self._random = random
        self._seen: set[tuple[str, int, int]] = set()
        self._accepted: dict[tuple[str, int], int] = {}
        self.refused = self.freed = 0

    def free(self) -> None:
        """Take the IND of some node away, whether it is in use or not."""
        with transaction(self._location) as connection:
            lock_inds(connection)
            held = connection.execute(select(RequestingNode.name, RequestingNode.ind_bits)).all()
            if held:
                give_back(connection, *self._random.choice(sorted(held)))
                self.freed += 1

    async def ask(self, node: str, *, is_fresh: bool) -> None:
        """Vectors for some subscriber by some process; each is new, and fresh to its USIM if that is asserted."""
        imsi = self._random.choice((IMSI, OTHER))
        seq_ms = None
        if self._random.random() < 0.05:
            seq_ms = max([seq for (whose, _), seq in self._accepted.items() if whose == imsi], default=0)
        try:
            process = self._random.choice(self._processes)
            issued = await process.issue(imsi, node, self._random.choice((1, 1, 3)), seq_ms)
        except ServiceRefused:
            self.refused += 1
            return
        for sqn in issued.sqns:
            seq, ind = split_sqn(sqn, issued.settings.ind_bits)
            assert (imsi, seq, ind) not in self._seen, f"SQN {seq}|{ind} of {imsi} comes again"
            self._seen.add((imsi, seq, ind))
            assert not is_fresh or seq > self._accepted.get((imsi, ind), 0), f"SQN {seq}|{ind} of {imsi} is not fresh"
            self._accepted[imsi, ind] = max(seq, self._accepted.get((imsi, ind), 0))


@pytest.mark.parametrize("way", ["counter", "reserve", "time"])
@pytest.mark.parametrize("at_once", [False, True], ids=["between", "meanwhile"])
async def test_inds_that_change_hands_repeat_no_sqn_and_need_no_resynchronisation(
    registry: Registry, location: Location, way: str, at_once: bool
) -> None:
    profile: dict[str, object] = {"name": "few", "algorithm": Algorithm.MILENAGE, "ind_bits": 3}
    profile |= {"scheme": Scheme.TIME} if way == "time" else {"reserve": 8 if way == "reserve" else 1}
    with transaction(location) as connection:
        connection.execute(insert(AlgorithmProfile).values(**profile))
    for imsi in (IMSI, OTHER):
        registry.set(registry.add(imsi).imsi, profile="few")
    random, databases = Random(f"{way}{at_once}"), [Database(location) for _ in range(3)]
    clocks = [Clock() for _ in databases]
    for database in databases:
        await database.open()
    processes = [Sequences(databases[number], clocks[number], f"i{number}") for number in range(3)]
    handed = Handed(location, processes, random)
    nodes = [f"n{number}.example" for number in range(12)]
    for _ in range(80):
        for clock in clocks:
            clock.now += random.choice((0, 50, 300, 70_000))
        asking = [handed.ask(node, is_fresh=not at_once) for node in random.sample(nodes, 4)]
        if at_once:
            await asyncio.gather(*asking, asyncio.to_thread(handed.free))
        else:
            await asyncio.gather(*asking)
            for _ in range(random.choice((0, 1, 2))):
                handed.free()
    for database in databases:
        await database.close()
    assert handed.freed > 60
    assert handed.refused < 200
