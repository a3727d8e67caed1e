"""Each way of counting gives SQNs that only rise, and costs the writes that it says."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

import pytest
from sqlalchemy import Connection, insert, select

from hss.api import Refusal, ServiceRefused
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

IMSI = "001010000000001"
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
