"""Counts of one process and of several."""

from ue_sim.load.peer import Names, Peer
from ue_sim.load.tally import MOST_CAUSES, AccountingTally, Tally
from ue_sim.load.usim import Answer
from wire.identity import EapMethod


def peer(*, fast: bool, stale: int = 0) -> Peer:
    def authenticate(rand: bytes, autn: bytes) -> Answer:
        raise NotImplementedError

    made = Peer(authenticate, EapMethod.AKA, Names(b"0@realm", b"realm"), bytes)
    made.fast, made._stale = fast, stale
    return made


def test_kinds_are_counted_apart_and_together() -> None:
    tally = Tally(seconds=1.0, cpu_seconds=0.5)
    tally.succeeded(peer(fast=False, stale=2), 0.01)
    tally.succeeded(peer(fast=True), 0.02)
    tally.failed("why")
    assert (tally.full, tally.fast, tally.successes, tally.resynchronisations) == (1, 1, 2, 2)
    assert tally.times.buckets.total() == 2
    assert tally.full_times.buckets.total() == tally.fast_times.buckets.total() == 1
    other = Tally(full=3, rounds=6, retransmissions=1, discarded=2, seconds=1.5, cpu_seconds=0.25, cpu_of={7: 0.125})
    other.failed("why")
    tally.update(other)
    assert (tally.full, tally.rounds, tally.retransmissions, tally.discarded) == (4, 6, 1, 2)
    assert (tally.seconds, tally.cpu_seconds, tally.cpu_of, tally.failures) == (1.5, 0.75, {7: 0.125}, {"why": 2})


def test_server_cannot_grow_the_list_of_causes() -> None:
    tally = Tally()
    for number in range(100):
        tally.failed(f"cause {number}")
    tally.failed("cause 0")
    assert tally.failures["cause 0"] == 2
    assert tally.failures["other causes"] == 100 - MOST_CAUSES
    assert len(tally.failures) == MOST_CAUSES + 1


def test_records_are_counted_apart_and_with_those_of_other_processes() -> None:
    tally, other = Tally(), Tally(accounting=AccountingTally(records=2, retransmissions=1, discarded=3))
    tally.accounting.kept(0.01)
    for number in range(100):
        other.accounting.lost(f"cause {number}")
    tally.update(other)
    told = tally.accounting
    assert (told.records, told.retransmissions, told.discarded, told.failures.total()) == (3, 1, 3, 100)
    assert told.times.buckets.total() == 1
    assert len(told.failures) == MOST_CAUSES + 1
    assert tally.successes == tally.failures.total() == tally.retransmissions == 0
