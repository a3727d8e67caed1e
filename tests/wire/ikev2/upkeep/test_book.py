"""What an IKE SA remembers: lives, the queue, what is put off, what is retired."""

from tests.upkeep_pair import Pair, first_child, pair
from wire.ikev2.upkeep.book import QUEUE_LIMIT, Book, Life
from wire.ikev2.upkeep.states import (
    Ask,
    ChildGone,
    ChildReady,
    DeleteChildren,
    Leave,
    Lifetimes,
    RekeyChild,
    RekeyIke,
)


def book(lifetimes: Lifetimes | None = None, link: Pair | None = None) -> Book:
    return (link or pair(lifetimes=lifetimes or Lifetimes(ike=None, child=None))).one.machine._book


def test_sa_is_rekeyed_after_four_to_nine_tenths_of_its_life() -> None:
    kept = book()
    lives = [kept.born(100.0, 50.0) for _ in range(200)]
    assert all(life.rekey is not None and 130.0 <= life.rekey <= 140.0 and life.end == 150.0 for life in lives)
    assert len({life.rekey for life in lives}) > 50
    assert kept.born(None, 50.0) == Life(None, None)


def test_clock_says_once_what_is_due() -> None:
    kept = book(Lifetimes(ike=1000.0, child=100.0))
    assert kept.due(70.0) == []
    assert kept.due(95.0) == [RekeyChild(0x1000)]
    assert kept.due(96.0) == []
    assert kept.due(100.0) == [DeleteChildren((0x1000,))]
    assert kept.due(950.0) == [RekeyIke()]
    (leave,) = kept.due(1000.0)
    assert isinstance(leave, Leave)
    assert kept.due(2000.0) == []


def test_what_was_put_off_comes_once() -> None:
    kept = book()
    kept.put_off(RekeyIke(), 5.0)
    kept.put_off(RekeyIke(), 7.0)
    assert kept.deadline == 15.0
    assert (kept.due(14.9), kept.due(15.0), kept.due(30.0)) == ([], [RekeyIke()], [])


def test_queue_has_a_limit_and_holds_nothing_twice() -> None:
    kept = book()
    assert kept.enqueue(Ask())
    assert kept.enqueue(Ask())
    assert len(kept.queue) == 1
    assert all(kept.enqueue(RekeyChild(spi)) for spi in range(QUEUE_LIMIT - 1))
    assert not kept.enqueue(RekeyChild(99))
    assert kept.enqueue(Leave("over"))
    assert list(kept.queue) == [Leave("over")]
    assert kept.leaving == "over"


def test_child_lives_and_goes() -> None:
    kept = book()
    child = first_child(initiator=True, spi=0x2000)
    assert kept.install(child, 1.0, replaces=0x1000) == [ChildReady(child, 0x1000)]
    assert kept.of_peer(b"\0\0\x20\x01") is child
    assert kept.of_peer(b"\0\0\x20\x09") is kept.of_peer(b"\x20\x01") is None
    assert kept.drop(0x2000) == [ChildGone(0x2000)]
    assert kept.drop(0x2000) == []
    assert kept.drop_all() == [ChildGone(0x1000)]


def test_retired_ike_sa_wants_the_clock_only_when_it_has_nothing_to_repeat() -> None:
    link = pair()
    kept = book(link=link)
    link.tell(link.one, RekeyIke())
    link.settle()
    (old,) = kept.retired
    assert kept.deadline == old.until
