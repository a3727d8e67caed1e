"""The loop against a client in memory that answers at once, or never."""

from collections.abc import Callable

from ue_sim.load.loop import Loop
from ue_sim.load.pace import Pace
from ue_sim.load.subscribers import CardKeys, Cards, Range
from ue_sim.load.tally import Tally
from ue_sim.load.turns import Behaviour, Turns, Ue
from wire.identity import EapMethod
from wire.secret import Secret

KEYS = CardKeys("001010000000001", Secret(bytes(16)), Secret(bytes(16)))


class Stub:
    """Ends each authentication the next time it is waited for; every third one fails."""

    def __init__(self) -> None:
        self.begun: list[tuple[Ue, float]] = []
        self.most = self.ended = self.looked = 0
        self.loop: Loop

    def begin(self, ue: Ue, now: float) -> None:
        self.begun.append((ue, now))
        self.most = max(self.most, len(self.begun))

    def wait(self, seconds: float, clock: Callable[[], float]) -> None:  # noqa: ARG002 - as the others
        assert 0 <= seconds <= 0.1
        over, self.begun = self.begun, []
        for ue, began in over:
            self.ended += 1
            ue.peer.succeeded = self.ended % 3 != 0
            self.loop.ended(ue, began, "" if ue.peer.succeeded else "every third")

    def overdue(self, now: float) -> None:  # noqa: ARG002
        self.looked += 1

    def close(self) -> None:
        raise NotImplementedError


def run(pace: Pace, cards: int = 10) -> tuple[Tally, Stub, list[int]]:
    tally, stub, heard = Tally(), Stub(), list[int]()
    turns = Turns(Cards(Range(KEYS, cards)), Behaviour(EapMethod.AKA, "realm"), bytes)
    stub.loop = Loop(turns, pace, tally, told=heard.append)
    stub.loop.run(stub)
    return tally, stub, heard


def test_count_is_done_with_no_more_at_once_than_asked() -> None:
    tally, stub, heard = run(Pace(at_once=4, count=30))
    assert (tally.successes, tally.failures) == (20, {"every third": 10})
    assert stub.most == 4
    assert tally.seconds > 0
    assert heard
    assert stub.looked


def test_no_more_at_once_than_there_are_cards() -> None:
    tally, stub, _ = run(Pace(at_once=32, count=30), cards=3)
    assert (stub.most, tally.successes) == (3, 20)


def test_what_ends_after_the_time_or_in_the_warm_up_is_not_counted() -> None:
    tally, stub, _ = run(Pace(at_once=2, seconds=0.05, warm_up=0.05))
    assert 0 < tally.successes + tally.failures.total() < stub.ended
    assert 0 < tally.seconds < 5


def test_rate_is_kept() -> None:
    tally, _, _ = run(Pace(at_once=10, rate=200.0, seconds=0.25))
    assert 25 <= tally.successes + tally.failures.total() <= 51


def test_stopped_loop_begins_no_more() -> None:
    stub = Stub()
    turns = Turns(Cards(Range(KEYS, 3)), Behaviour(EapMethod.AKA, "realm"), bytes)
    stub.loop = Loop(turns, Pace(at_once=2), Tally(), told=lambda _: stub.loop.stop())
    stub.loop.run(stub)
    assert stub.ended


class Staying(Stub):
    """Lets every UE in at once, and it leaves the next time, when a record of it was told or lost."""

    def __init__(self) -> None:
        super().__init__()
        self.staying: list[tuple[Ue, float]] = []

    def begin(self, ue: Ue, now: float) -> None:
        self.most = max(self.most, len(self.staying) + 1)
        self.loop.authenticated(ue, now)
        self.staying.append((ue, now))

    def wait(self, seconds: float, clock: Callable[[], float]) -> None:  # noqa: ARG002
        over, self.staying = self.staying, []
        for ue, began in over:
            self.ended += 1
            self.loop.recorded(began, "" if self.ended % 3 else "every third")
            self.loop.left(ue)


def staying(pace: Pace) -> tuple[Tally, Staying]:
    tally, stub = Tally(), Staying()
    turns = Turns(Cards(Range(KEYS, 10)), Behaviour(EapMethod.AKA, "realm"), bytes)
    stub.loop = Loop(turns, pace, tally, told=lambda _: None)
    stub.loop.run(stub)
    return tally, stub


def test_ue_that_stays_has_its_place_until_it_leaves() -> None:
    tally, stub = staying(Pace(at_once=4, count=30))
    assert (tally.full, tally.failures.total(), stub.most) == (30, 0, 4)
    assert (tally.accounting.records, tally.accounting.failures) == (20, {"every third": 10})
    assert tally.accounting.times.buckets.total() == 20


def test_records_after_the_time_or_in_the_warm_up_are_not_counted() -> None:
    tally, stub = staying(Pace(at_once=2, seconds=0.05, warm_up=0.05))
    assert 0 < tally.accounting.records + tally.accounting.failures.total() < stub.ended
