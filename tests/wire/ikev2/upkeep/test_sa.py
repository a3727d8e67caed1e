"""An IKE SA that is up: liveness, the clock, Delete, bad words, the window."""

import sys
from dataclasses import replace
from random import Random

import pytest

from tests.transitions import entries, taken_by
from tests.upkeep_pair import AT, FAR, Pair, pair
from tests.wire.ikev2.upkeep import test_children, test_moving, test_renewal
from wire.ikev2.constants import ExchangeType, NotifyType, ProtocolId
from wire.ikev2.exchanges import Request
from wire.ikev2.groups import ECP_256
from wire.ikev2.message import Message
from wire.ikev2.payloads.delete import Delete
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.payloads.unknown import UnknownPayload
from wire.ikev2.upkeep.book import Life
from wire.ikev2.upkeep.states import (
    TRANSITIONS,
    Answer,
    Ask,
    Asking,
    ChildGone,
    ChildReady,
    DeleteChildren,
    Denied,
    Genuine,
    Leave,
    Lifetimes,
    MakeChild,
    MessageArrived,
    Move,
    NoChild,
    Order,
    Over,
    Passed,
    Quiet,
    RekeyChild,
    Rekeyed,
    RekeyIke,
    Terms,
)
from wire.sansio import Tick

INFORMATIONAL = ExchangeType.INFORMATIONAL
ORDERS: tuple[Order, ...] = (
    Ask(),
    MakeChild(test_children.WEB),
    RekeyChild(0x1000),
    RekeyIke(),
    DeleteChildren((0x1000,)),
    Move(AT, FAR),
    Leave("x"),
)


def says(link: Pair, *payloads: object, kind: ExchangeType = INFORMATIONAL) -> None:
    """`two` asks `one` something that no order of its makes."""
    link.one.inbox.append(link.two.machine.sa.exchanges.request(kind, payloads, link.now).octets)  # type: ignore[arg-type]
    link.deliver(link.one)


def test_silent_peer_is_asked_whether_it_is_there() -> None:
    link = pair(liveness=10.0).run(25.0)
    probes = [octets for octets in link.one.sent if octets[18] == INFORMATIONAL and not octets[19] & 0x20]
    assert 1 <= len(probes) <= 2
    assert isinstance(link.one.machine.state, Quiet)


def test_peer_that_is_not_there_is_given_up() -> None:
    link = pair(liveness=10.0)
    while link.one.machine.deadline is not None:
        link.now = link.one.machine.deadline
        link.tell(link.one, Tick())
    assert link.one.seen(Over) == [Over("waited 21 s in vain for the answer to INFORMATIONAL")]
    assert link.one.seen(ChildGone) == [ChildGone(0x1000)]
    assert link.one.machine.handle(Ask(), 99.0) == []


def test_every_request_that_is_not_answered_ends_the_ike_sa() -> None:
    for order in ORDERS:
        link = pair()
        link.tell(link.one, order)
        for _ in range(6):
            assert link.one.machine.deadline is not None
            link.now = link.one.machine.deadline
            link.tell(link.one, Tick())
        (over,) = link.one.seen(Over)
        assert over.cause == ("x" if isinstance(order, Leave) else f"waited 21 s in vain for {_exchange(order)}")


def test_peer_may_leave_whatever_is_outstanding() -> None:
    """RFC 7296 §2.25.2: answered as usual, and our own request is forgotten."""
    for order in ORDERS:
        link = pair()
        link.tell(link.one, order)
        link.tell(link.two, Leave("enough"))
        link.deliver(link.one)
        assert link.one.seen(Over) == [Over("the peer deleted the IKE SA")]
        assert link.opened(link.one.sent[-1], by_initiator=True).payloads == ()


def _exchange(order: object) -> str:
    kind = "INFORMATIONAL" if isinstance(order, Ask | DeleteChildren | Move) else "CREATE_CHILD_SA"
    return f"the answer to {kind}"


def test_sas_are_rekeyed_before_their_life_is_over() -> None:
    """Child SAs five times, IKE SA twice in 1,000 seconds; nothing is deleted before its successor is there."""
    link = pair(lifetimes=Lifetimes(ike=400.0, child=200.0)).run(1000.0)
    assert link.agree()
    assert len(link.one.seen(Rekeyed)) in range(2, 4)
    assert len(link.one.seen(ChildReady)) in range(5, 8)
    assert link.one.seen(Over) == []
    for end in (link.one, link.two):
        at = [type(effect) for effect in end.effects if isinstance(effect, ChildReady | ChildGone)]
        assert all(at[: place + 1].count(ChildReady) >= at[: place + 1].count(ChildGone) for place in range(len(at)))


def test_sa_that_cannot_be_rekeyed_ends_with_its_life() -> None:
    link = pair(lifetimes=Lifetimes(ike=100.0, child=None, retry=5.0))
    link.two.machine._book.terms = _without_ike(link)
    link.run(200.0)
    assert link.one.seen(Over) == [Over("the IKE SA has lived its time and could not be rekeyed")]


def test_child_that_cannot_be_rekeyed_is_deleted_with_its_life() -> None:
    link = pair(lifetimes=Lifetimes(ike=None, child=100.0, retry=5.0), groups=(None,), two_groups=(ECP_256,))
    link.two.machine._book.lives[0x1001] = Life(None, None)
    link.run(200.0)
    assert link.one.seen(ChildGone) == [ChildGone(0x1000)]
    assert link.one.seen(Over) == []


def test_delete_of_the_ike_sa_is_answered_and_ends_it() -> None:
    link = pair()
    link.tell(link.one, Leave("enough"))
    link.settle()
    assert link.one.seen(Over) == [Over("enough")]
    assert link.two.seen(Over) == [Over("the peer deleted the IKE SA")]
    assert link.two.seen(ChildGone) == [ChildGone(0x1001)]


def test_both_ends_may_leave_at_once() -> None:
    """RFC 7296 §2.25.2: as usual, and our own request is forgotten."""
    link = pair()
    link.tell(link.one, Leave("one"))
    link.tell(link.two, Leave("two"))
    link.settle()
    assert (len(link.one.seen(Over)), len(link.two.seen(Over))) == (1, 1)


def test_one_end_is_told_only_once_that_it_leaves() -> None:
    link = pair()
    link.tell(link.one, Ask(), Leave("later"), Leave("again"), RekeyIke())
    assert isinstance(link.one.machine.state, Asking)
    link.settle()
    assert link.one.seen(Over) == [Over("again")]


def test_recorded_answer_comes_again_and_a_strange_message_none() -> None:
    """RFC 7296 §2.1: octet for octet; what is outside the window, or not genuine, is passed over."""
    link = pair()
    link.tell(link.one, RekeyChild(0x1000))
    asked = link.two.inbox[0]
    link.deliver(link.two)
    link.tell(link.two, MessageArrived(asked))
    first, second = link.two.seen(Answer)
    assert first == second
    assert len(link.two.seen(ChildReady)) == 1
    link.tell(link.two, MessageArrived(asked[:-1] + b"\0"))
    assert [type(effect) for effect in link.two.effects[-1:]] == [Passed]
    ahead = asked[:20] + b"\0\0\0\x09" + asked[24:]
    link.tell(link.two, MessageArrived(ahead))
    assert link.two.seen(Passed)[-1] == Passed("request 9 is outside the window")


@pytest.mark.parametrize(
    ("payloads", "kind", "error", "ends"),
    [
        ((UnknownPayload(40, b"short"),), INFORMATIONAL, NotifyType.INVALID_SYNTAX, True),
        ((), ExchangeType.IKE_AUTH, NotifyType.INVALID_SYNTAX, False),
        ((), ExchangeType.CREATE_CHILD_SA, NotifyType.INVALID_SYNTAX, False),
    ],
)
def test_bad_request_gets_its_error(
    payloads: tuple[object, ...], kind: ExchangeType, error: NotifyType, *, ends: bool
) -> None:
    link = pair()
    says(link, *payloads, kind=kind)
    assert link.opened(link.one.sent[-1], by_initiator=True).payloads == (Notify(error),)
    assert bool(link.one.seen(Over)) == ends
    assert bool(link.one.seen(Denied)) != ends


@pytest.mark.parametrize("error", [NotifyType.AUTHENTICATION_FAILED, NotifyType.INVALID_SYNTAX])
def test_fatal_word_ends_it(error: NotifyType) -> None:
    """RFC 7296 §2.21.2, §2.21.3."""
    link = pair()
    says(link, Notify(error))
    assert link.one.seen(Over) == [Over(f"the peer says {error.name}")]


def test_fatal_answer_ends_it() -> None:
    link = pair()
    link.tell(link.one, Ask())
    exchanges = link.two.machine.sa.exchanges
    asked = exchanges.receive(link.two.inbox.popleft())
    assert isinstance(asked, Request)
    link.tell(link.one, MessageArrived(exchanges.reply(asked, (Notify(NotifyType.INVALID_SYNTAX),)).octets))
    assert link.one.seen(Over) == [Over("the peer answers INVALID_SYNTAX")]


def test_word_that_changes_nothing_is_answered_with_nothing() -> None:
    link = pair()
    says(link, Notify(NotifyType.INVALID_SPI), Delete(ProtocolId.AH, (bytes(4),), 4))
    assert link.opened(link.one.sent[-1], by_initiator=True).payloads == ()
    assert link.one.seen(Genuine) == [Genuine(request=True)]


def test_word_in_the_clear_that_our_spi_is_unknown_is_no_more_than_a_question() -> None:
    """RFC 7296 §2.21.4: no state is deleted for it; the peer is asked, at most every ten seconds."""
    link = pair()
    exchanges = link.one.machine.sa.exchanges
    for kind in (NotifyType.INVALID_IKE_SPI, NotifyType.INVALID_SPI):
        said = Message(
            spi_i=exchanges.spi_i,
            spi_r=exchanges.spi_r,
            exchange=INFORMATIONAL,
            initiator=False,
            response=True,
            message_id=7,
            payloads=(Notify(kind),),
        ).build()
        link.now += 20.0
        before = len(link.one.sent)
        for _ in range(5):
            link.tell(link.one, MessageArrived(said))
            link.settle()
        assert len(link.one.sent) == before + 1
    assert link.one.seen(Over) == []
    link.now += 20.0
    link.tell(link.one, MessageArrived(said.replace(bytes((0, 0, 0, 11)), bytes((0, 0, 0, 12)))), MessageArrived(b"x"))
    assert len(link.one.sent) == 2


def test_only_so_much_waits_for_the_window() -> None:
    link = pair()
    link.tell(link.one, *(MakeChild(test_children.WEB) for _ in range(20)))
    assert len(link.one.seen(NoChild)) == 3
    assert link.one.seen(NoChild)[0] == NoChild("16 requests are waiting already")


@pytest.mark.parametrize("seed", range(1, 31))
def test_ends_agree_whatever_they_rekey_at_once_and_whatever_is_lost(seed: int) -> None:
    """Seeded: both ends rekey both SAs at random, one message in ten is lost and two come twice."""
    random = Random(seed)
    link = pair(seed=seed)
    for _ in range(60):
        end = random.choice((link.one, link.two))
        _carry(link, random)
        if random.random() < 0.2:
            link.tell(end, RekeyIke() if random.random() < 0.4 else RekeyChild(random.choice(end.spis or [0])))
        link.now += random.random()
        for each in (link.one, link.two):
            if each.machine.deadline is not None and each.machine.deadline <= link.now:
                link.tell(each, Tick())
    link.run(link.now + 200.0)
    assert link.one.seen(Over) == link.two.seen(Over) == []
    assert link.agree()
    assert len(link.one.machine.children) == 1


def _carry(link: Pair, random: Random) -> None:
    for end in (link.one, link.two):
        for _ in range(random.randrange(4)):
            if not end.inbox:
                break
            fate = random.random()
            if fate < 0.1:
                end.inbox.popleft()
            elif fate < 0.3:
                link.tell(end, MessageArrived(end.inbox[0]))
            else:
                link.deliver(end)


def test_every_transition_of_the_table_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = set()
    for module in (sys.modules[__name__], test_children, test_renewal, test_moving):
        taken |= taken_by(module, "wire.ikev2.upkeep.book", monkeypatch)
    assert entries(TRANSITIONS) - taken == set()


def _without_ike(link: Pair) -> Terms:
    return replace(link.two.machine._book.terms, ike_proposals=())
