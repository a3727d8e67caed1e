"""Child SAs of an IKE SA that is up, made and rekeyed by either end, one at a time and at once."""

import pytest

from tests.upkeep_pair import HOME, End, Pair, first_child, pair
from wire.ikev2.asking import ChildWish
from wire.ikev2.child import Mode
from wire.ikev2.constants import ExchangeType, NotifyType, PayloadType, ProtocolId
from wire.ikev2.exchanges import Request
from wire.ikev2.groups import CURVE25519, ECP_256, Group
from wire.ikev2.payloads.delete import Delete
from wire.ikev2.payloads.ke import KeyExchange
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.selectors import TrafficSelector
from wire.ikev2.upkeep.states import (
    Answer,
    ChildGone,
    ChildReady,
    ChildRetired,
    DeleteChildren,
    Denied,
    Leave,
    Lifetimes,
    MakeChild,
    MessageArrived,
    NoChild,
    NotRekeyed,
    Quiet,
    RekeyChild,
    RekeyIke,
)
from wire.sansio import Tick

WEB = ChildWish(
    Mode.TUNNEL,
    (TrafficSelector.address(HOME, 6, (0, 65535)),),
    (TrafficSelector.address(HOME + 1, 6, (80, 80)),),
)
FIRST_ONE, FIRST_TWO = 0x1000, 0x1001


def rekey_of(end: End) -> RekeyChild:
    return RekeyChild(end.spis[0])


def answered(link: Pair, end: End, *, by_initiator: bool) -> list[object]:
    return list(link.opened(end.sent[-1], by_initiator=by_initiator).payloads)


def test_either_end_rekeys_and_deletes_the_old_one() -> None:
    for by_one in (True, False):
        link = pair()
        asking, serving = (link.one, link.two) if by_one else (link.two, link.one)
        old, theirs = asking.spis[0], serving.spis[0]
        link.tell(asking, RekeyChild(old))
        link.settle()
        assert link.agree()
        (ready,), (far,) = asking.seen(ChildReady), serving.seen(ChildReady)
        assert (ready.replaces, far.replaces) == (old, theirs)
        assert (asking.seen(ChildGone), serving.seen(ChildGone)) == ([ChildGone(old)], [ChildGone(theirs)])
        assert asking.seen(ChildRetired) == [ChildRetired(old)]
        assert (ready.child.local, ready.child.remote) == (far.child.remote, far.child.local)
        assert (ready.child.initiator, far.child.initiator) == (True, False)


@pytest.mark.parametrize(
    ("groups", "two_groups", "fresh", "exchanges"),
    [
        ((None,), (None,), False, 1),
        ((CURVE25519, None), (None,), False, 1),
        ((CURVE25519,), (CURVE25519, None), True, 1),
        ((CURVE25519, ECP_256), (ECP_256,), True, 2),
    ],
    ids=["none", "none wanted", "agreed", "INVALID_KE_PAYLOAD"],
)
def test_child_is_rekeyed_with_and_without_fresh_secrets(
    groups: tuple[Group | None, ...], two_groups: tuple[Group | None, ...], *, fresh: bool, exchanges: int
) -> None:
    """RFC 7296 §1.3: a KE payload of an unwanted group is answered with the wanted one."""
    link = pair(groups=groups, two_groups=two_groups)
    link.tell(link.one, rekey_of(link.one))
    link.settle()
    assert link.agree()
    assert link.one.seen(ChildGone) == [ChildGone(FIRST_ONE)]
    creates = [octets for octets in link.one.sent if octets[18] == ExchangeType.CREATE_CHILD_SA]
    assert len(creates) == exchanges
    replies = [octets for octets in link.two.sent if octets[18] == ExchangeType.CREATE_CHILD_SA]
    assert (link.opened(replies[-1], by_initiator=False).find(KeyExchange) is not None) == fresh


def test_of_two_rekeyings_at_once_the_lowest_nonce_loses() -> None:
    """RFC 7296 §2.8.1: both requests cross; one new Child SA is left, and who made the other one deletes it."""
    winners = set()
    for seed in range(1, 9):
        link = pair(seed=seed)
        link.tell(link.one, rekey_of(link.one))
        link.tell(link.two, rekey_of(link.two))
        link.settle()
        assert link.agree()
        assert len(link.one.machine.children) == len(link.two.machine.children) == 1
        assert FIRST_ONE not in link.one.spis
        assert isinstance(link.one.machine.state, Quiet)
        for end in (link.one, link.two):
            assert len(end.seen(ChildReady)) == 2
            assert len(end.seen(ChildGone)) == 2
        winners.add(link.one.machine.children[0].initiator)
    assert winners == {True, False}


@pytest.mark.parametrize("seed", range(1, 9))
def test_rekeying_whose_request_was_lost_meets_one_that_is_complete(seed: int) -> None:
    """RFC 7296 §2.8.1: the late request names a Child SA that is gone by then."""
    link = pair(seed=seed)
    link.tell(link.one, rekey_of(link.one))
    late = link.two.inbox.popleft()
    link.tell(link.two, rekey_of(link.two))
    link.settle()
    link.two.inbox.append(late)
    link.settle()
    assert link.agree()
    assert len(link.one.machine.children) == 1
    assert link.one.seen(NoChild) == []


def test_request_to_rekey_what_is_being_deleted_fails_for_the_moment() -> None:
    """RFC 7296 §2.25.1."""
    link = pair()
    link.tell(link.one, rekey_of(link.one))
    link.tell(link.two, DeleteChildren((FIRST_TWO,)))
    link.deliver(link.two)
    assert answered(link, link.two, by_initiator=False) == [Notify(NotifyType.TEMPORARY_FAILURE)]
    link.settle()
    assert link.one.machine.children == link.two.machine.children == ()


def test_delete_of_what_both_delete_is_answered_without_delete() -> None:
    """RFC 7296 §2.25.1: each has named it in its own request."""
    link = pair()
    link.tell(link.one, DeleteChildren((FIRST_ONE,)))
    link.tell(link.two, DeleteChildren((FIRST_TWO,)))
    link.deliver(link.two)
    assert answered(link, link.two, by_initiator=False) == []
    link.settle()
    assert (link.one.seen(ChildGone), link.two.seen(ChildGone)) == ([ChildGone(FIRST_ONE)], [ChildGone(FIRST_TWO)])


def test_delete_of_what_we_rekey_is_answered_with_ours() -> None:
    """RFC 7296 §2.25.1: as usual, with a Delete payload; the new one comes into being all the same."""
    link = pair()
    link.tell(link.two, rekey_of(link.two))
    link.tell(link.one, DeleteChildren((FIRST_ONE,)))
    link.deliver(link.two)
    (told,) = answered(link, link.two, by_initiator=False)
    assert told == Delete(ProtocolId.ESP, (FIRST_TWO.to_bytes(4, "big"),), 4)


def test_child_that_the_peer_has_lost_is_made_anew() -> None:
    """RFC 7296 §2.25: CHILD_SA_NOT_FOUND removes our half without a word."""
    link = pair()
    link.two.machine._book.drop(FIRST_TWO)
    link.tell(link.one, rekey_of(link.one))
    link.deliver(link.two)
    missing = Notify(NotifyType.CHILD_SA_NOT_FOUND, b"", ProtocolId.ESP, FIRST_ONE.to_bytes(4, "big"))
    assert answered(link, link.two, by_initiator=False) == [missing]
    link.settle()
    assert link.one.seen(ChildGone) == [ChildGone(FIRST_ONE)]
    assert link.agree()
    assert len(link.one.machine.children) == 1


def test_several_children_are_deleted_in_one_request() -> None:
    link = pair()
    link.tell(link.one, MakeChild(WEB))
    link.settle()
    link.tell(link.one, DeleteChildren(tuple(link.one.spis)))
    (said,) = link.opened(link.one.sent[-1], by_initiator=True).every(Delete)
    assert len(said.spis) == 2
    link.settle()
    assert len(link.two.seen(ChildGone)) == len(link.one.seen(ChildGone)) == 2


def test_further_child_has_the_selectors_that_it_was_asked_for() -> None:
    link = pair()
    link.tell(link.one, MakeChild(WEB))
    link.settle()
    (ready,) = link.one.seen(ChildReady)
    assert (ready.child.local, ready.child.remote, ready.replaces) == (WEB.local, WEB.remote, None)
    assert link.agree()


def test_there_are_so_many_children_and_no_more() -> None:
    link = pair(child_limit=2)
    link.tell(link.one, MakeChild(WEB), MakeChild(WEB))
    link.settle()
    assert link.one.seen(NoChild) == [NoChild("the peer makes no Child SA: NO_ADDITIONAL_SAS")]
    assert link.two.seen(Denied) == [Denied("the peer has 2 Child SAs already")]
    link.tell(link.one, rekey_of(link.one))
    link.settle()
    assert link.agree()
    assert len(link.one.machine.children) == 2


def test_child_waits_while_the_ike_sa_is_rekeyed_by_the_other_end() -> None:
    """RFC 7296 §2.25.2: TEMPORARY_FAILURE, and the same again after a while."""
    link = pair()
    link.tell(link.one, MakeChild(WEB))
    link.tell(link.two, RekeyIke())
    link.settle()
    assert link.one.spis == [FIRST_ONE]
    link.run(30.0)
    assert len(link.one.spis) == 2
    assert link.agree()


def test_no_child_is_made_by_who_leaves() -> None:
    link = pair()
    link.tell(link.one, MakeChild(WEB))
    link.tell(link.two, Leave("over"))
    link.deliver(link.two)
    assert answered(link, link.two, by_initiator=False) == [Notify(NotifyType.TEMPORARY_FAILURE)]


def test_rekeying_that_is_refused_is_tried_again() -> None:
    link = pair(two_groups=(CURVE25519,), groups=(None,))
    link.tell(link.one, rekey_of(link.one))
    link.settle()
    assert link.one.seen(NotRekeyed) == [NotRekeyed("the peer does not rekey a Child SA: NO_PROPOSAL_CHOSEN")]
    link.run(35.0)
    assert len(link.one.seen(NotRekeyed)) == 4
    assert link.one.spis == [FIRST_ONE]


def test_end_of_a_life_waits_for_a_peer_that_has_rekeyed() -> None:
    """The answer is lost for a while; a Delete in the meantime would take the new one with it."""
    link = pair(lifetimes=Lifetimes(ike=None, child=10.0))
    link.now = 7.0
    link.tell(link.one, rekey_of(link.one))
    link.deliver(link.two)
    link.one.inbox.clear()
    link.now = 11.0
    link.tell(link.two, Tick())
    assert link.two.seen(ChildRetired) == []
    assert FIRST_TWO in link.two.spis
    link.now = 38.0
    link.tell(link.two, Tick())
    assert link.two.seen(ChildRetired) == [ChildRetired(FIRST_TWO)]


def test_child_that_is_not_there_is_not_rekeyed() -> None:
    link = pair()
    link.tell(link.one, RekeyChild(77))
    assert link.one.sent == []


def test_answer_that_grants_something_else_makes_nothing() -> None:
    link = pair()
    link.tell(link.one, MakeChild(WEB))
    exchanges = link.two.machine.sa.exchanges
    wish = exchanges.receive(link.two.inbox.popleft())
    assert isinstance(wish, Request)
    link.tell(link.one, MessageArrived(exchanges.reply(wish, ()).octets))
    assert link.one.seen(NoChild) == [NoChild("the peer makes no Child SA: it answers without Nonce")]
    assert first_child(initiator=True).spi_in == link.one.spis[0]


def test_answers_go_back_on_the_way_that_the_request_came() -> None:
    link = pair()
    link.tell(link.one, rekey_of(link.one))
    link.deliver(link.two)
    assert len(link.two.seen(Answer)) == 1
    assert link.opened(link.two.sent[0], by_initiator=False).payloads[0].payload_type == PayloadType.SA
