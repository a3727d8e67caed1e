"""Rekeying the IKE SA by either end and by both at once (RFC 7296 §2.18, with a vector of a foreign make elsewhere)."""

from dataclasses import replace

import pytest

from tests.upkeep_pair import Pair, pair
from wire.ikev2.constants import ExchangeType, NotifyType
from wire.ikev2.groups import ECP_256, MODP_2048
from wire.ikev2.payloads.ke import KeyExchange
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.payloads.sa import SecurityAssociation
from wire.ikev2.proposal import IKE_PROPOSALS
from wire.ikev2.upkeep.renewal import MOST_RETIRED
from wire.ikev2.upkeep.states import (
    Ask,
    ChildGone,
    DeleteChildren,
    Leave,
    MessageArrived,
    NotRekeyed,
    Over,
    Passed,
    Quiet,
    RekeyChild,
    Rekeyed,
    RekeyIke,
    RekeyingIke,
)


def alive(link: Pair) -> bool:
    """Whether both ends answer each other on the IKE SA in use."""
    before = len(link.one.sent), len(link.two.sent)
    link.tell(link.one, Ask())
    link.tell(link.two, Ask())
    link.settle()
    return (len(link.one.sent), len(link.two.sent)) == (before[0] + 2, before[1] + 2)


@pytest.mark.parametrize("by_one", [True, False])
def test_either_end_replaces_the_ike_sa_under_its_children(*, by_one: bool) -> None:
    link = pair()
    asking = link.one if by_one else link.two
    link.tell(asking, RekeyIke())
    link.settle()
    assert link.agree()
    assert asking.machine.sa.exchanges.initiator
    assert link.one.seen(ChildGone) == link.two.seen(ChildGone) == []
    assert len(link.one.seen(Rekeyed)) == len(link.two.seen(Rekeyed)) == 1
    assert alive(link)
    link.tell(link.two, RekeyChild(link.two.spis[0]))
    link.settle()
    assert link.agree()


def test_message_ids_begin_again_and_the_old_ike_sa_is_deleted() -> None:
    """RFC 7296 §2.8: the Delete goes on the old one, everything after it on the new one from 0."""
    link = pair()
    link.tell(link.one, RekeyIke(), Ask())
    link.settle()
    kinds = [(octets[18], octets[:8] == b"initiate", octets[20:24]) for octets in link.one.sent]
    assert kinds == [
        (ExchangeType.CREATE_CHILD_SA, True, bytes(4)),
        (ExchangeType.INFORMATIONAL, True, b"\0\0\0\1"),
        (ExchangeType.INFORMATIONAL, False, bytes(4)),
    ]


def test_of_two_rekeyings_at_once_the_lowest_nonce_loses() -> None:
    """RFC 7296 §2.8.1 and §2.25.2: both cross; one IKE SA is left and has the Child SA."""
    winners = set()
    for seed in range(1, 9):
        link = pair(seed=seed)
        link.tell(link.one, RekeyIke())
        link.tell(link.two, RekeyIke())
        link.settle()
        assert link.agree()
        assert link.one.seen(Over) == link.two.seen(Over) == []
        assert len(link.one.seen(Rekeyed)) == len(link.two.seen(Rekeyed)) == 1
        assert alive(link)
        link.run(100.0)
        assert len(link.one.machine.own_spis) == len(link.two.machine.own_spis) == 1
        winners.add(link.one.machine.sa.exchanges.initiator)
    assert winners == {True, False}


def test_of_two_rekeyings_at_once_the_other_ends_delete_may_come_before_its_answer() -> None:
    """RFC 7296 §2.8.1: who has lost deletes what it made, and ours is still to be answered."""
    winners = set()
    for seed in range(1, 9):
        link = pair(seed=seed)
        link.tell(link.one, RekeyIke())
        link.tell(link.two, RekeyIke())
        link.deliver(link.two)
        link.deliver(link.one)
        late = link.one.inbox.popleft()
        link.settle()
        link.one.inbox.append(late)
        link.run(100.0)
        assert link.one.seen(Over) == link.two.seen(Over) == []
        assert link.agree()
        assert alive(link)
        link.run(200.0)
        assert len(link.one.machine.own_spis) == len(link.two.machine.own_spis) == 1
        winners.add(link.one.machine.sa.exchanges.initiator)
    assert winners == {True, False}


def test_what_anybody_says_on_an_ike_sa_that_may_come_to_nothing_decides_nothing() -> None:
    link = pair()
    link.tell(link.one, RekeyIke())
    link.tell(link.two, RekeyIke())
    link.deliver(link.two)
    link.deliver(link.one)
    (spi,) = link.one.machine.own_spis - {b"initiate"}
    state = link.one.machine.state
    assert isinstance(state, RekeyingIke)
    assert state.rival is not None
    exchanges = state.rival.sa.exchanges
    forged = exchanges.spi_i + spi + bytes((46, 0x20, ExchangeType.INFORMATIONAL, 0x08)) + bytes(4)
    link.tell(link.one, MessageArrived(forged + (60).to_bytes(4, "big") + bytes((0, 0, 0, 32)) + bytes(28)))
    assert link.one.seen(Rekeyed) == []
    assert len(link.one.seen(Passed)) == 1


@pytest.mark.parametrize("seed", range(1, 5))
def test_rekeying_whose_request_was_lost_yields_to_one_that_is_complete(seed: int) -> None:
    """RFC 7296 §2.25.2: the peer, which saw no collision, deletes the old IKE SA; ours is forgotten."""
    link = pair(seed=seed)
    link.tell(link.one, RekeyIke())
    link.two.inbox.clear()
    link.tell(link.two, RekeyIke())
    link.settle()
    assert link.agree()
    assert link.one.seen(Over) == []
    assert not link.one.machine.sa.exchanges.initiator
    assert alive(link)


def test_ike_sa_is_not_rekeyed_while_a_child_is() -> None:
    """RFC 7296 §2.25.1: TEMPORARY_FAILURE, and the same again after a while."""
    for order in (RekeyChild(0x1000), DeleteChildren((0x1000,))):
        link = pair()
        link.tell(link.one, order)
        link.tell(link.two, RekeyIke())
        link.deliver(link.one)
        said = link.opened(link.one.sent[-1], by_initiator=True)
        assert said.payloads == (Notify(NotifyType.TEMPORARY_FAILURE),)
        link.run(30.0)
        assert link.agree()
        assert len(link.two.seen(Rekeyed)) == 1


def test_sign_of_life_that_meets_a_rekeying_is_not_waited_for() -> None:
    link = pair()
    link.tell(link.one, Ask())
    link.two.inbox.clear()
    link.tell(link.two, RekeyIke())
    link.settle()
    assert isinstance(link.one.machine.state, Quiet)
    assert alive(link)


def test_who_is_leaving_rekeys_nothing() -> None:
    link = pair()
    link.tell(link.one, Leave("over"))
    link.tell(link.two, RekeyIke())
    link.deliver(link.one)
    assert link.opened(link.one.sent[-1], by_initiator=True).notify(NotifyType.TEMPORARY_FAILURE)
    link.settle()
    assert (link.one.seen(Over), link.two.seen(Over)) == ([Over("over")], [Over("the peer deleted the IKE SA")])


def test_so_many_ike_sas_of_before_are_answered_and_no_more() -> None:
    """A peer that rekeys without end makes nothing grow; it is served again when the first of them are past."""
    link = pair()
    for _ in range(20):
        link.tell(link.two, RekeyIke())
        link.settle()
    assert len(link.one.seen(Rekeyed)) == MOST_RETIRED
    assert len(link.one.machine.own_spis) == MOST_RETIRED + 1
    link.run(100.0)
    assert len(link.one.seen(Rekeyed)) == MOST_RETIRED + 1
    assert link.agree()
    assert alive(link)


def test_group_that_the_peer_wants_is_taken() -> None:
    """RFC 7296 §1.3.2: INVALID_KE_PAYLOAD names it."""
    link = pair()
    wanted = tuple(
        replace(one, transforms=tuple(t for t in one.transforms if t.kind != 4 or t.transform_id == 14))
        for one in IKE_PROPOSALS
    )
    link.two.machine._book.terms = replace(link.two.machine._book.terms, ike_proposals=wanted)
    link.tell(link.one, RekeyIke())
    link.settle()
    assert link.agree()
    assert link.one.machine.sa.suite.group is MODP_2048


def test_group_of_the_ke_payload_is_named_first() -> None:
    link = pair()
    link.tell(link.one, RekeyIke(ECP_256))
    said = link.opened(link.one.sent[-1], by_initiator=True)
    offer, ke = said.find(SecurityAssociation), said.find(KeyExchange)
    assert offer is not None
    assert ke is not None
    assert ke.group == ECP_256.transform_id
    groups = [transform.transform_id for transform in offer.proposals[0].transforms if transform.kind == 4]
    assert groups[0] == ECP_256.transform_id


def test_refusal_leaves_the_ike_sa_as_it_is() -> None:
    link = pair()
    link.two.machine._book.terms = replace(link.two.machine._book.terms, ike_proposals=())
    link.tell(link.one, RekeyIke())
    link.settle()
    assert link.one.seen(NotRekeyed) == [NotRekeyed("the peer does not rekey the IKE SA: NO_PROPOSAL_CHOSEN")]
    assert isinstance(link.one.machine.state, Quiet)
    assert alive(link)


def test_request_on_the_old_ike_sa_finds_nothing_to_be_had() -> None:
    link = pair()
    old = link.two.machine.sa.exchanges
    link.tell(link.one, RekeyIke())
    link.deliver(link.two)
    late = old.request(ExchangeType.CREATE_CHILD_SA, (), 0.0)
    link.settle()
    link.one.inbox.append(late.octets)
    link.deliver(link.one)
    assert link.opened(link.one.sent[-1], by_initiator=True).notify(NotifyType.TEMPORARY_FAILURE)
