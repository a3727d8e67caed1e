"""MOBIKE between two ends: an address that changes, a NAT that does, and what is refused."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

import pytest

from tests.upkeep_pair import AT, FAR, SPI_I, SPI_R, Pair, pair
from wire.ikev2.constants import ExchangeType, NotifyType
from wire.ikev2.exchanges import Request
from wire.ikev2.message import Payload
from wire.ikev2.nat import NOWHERE, Endpoint, NatStatus, detect, detection_hash
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.upkeep.states import (
    Ask,
    Denied,
    Genuine,
    MessageArrived,
    Move,
    Moved,
    NotMoved,
    Over,
    PeerHasMoved,
    PeerIsThere,
    Quiet,
    RekeyIke,
    Tell,
)

ELSEWHERE = Endpoint(IPv4Address("198.51.100.7"), 4500)
IN_IPV6, GATEWAY_6 = Endpoint(IPv6Address("2001:db8::7"), 4500), Endpoint(IPv6Address("2001:db8::4"), 4500)


def moving(to: Endpoint = ELSEWHERE, *, mobike: bool = True, checks: bool = False) -> Pair:
    link = pair(mobike=mobike, checks=checks)
    link.tell(link.one, Move(to, FAR))
    link.seen_at = to
    return link


def answer_with(link: Pair, *payloads: Payload) -> None:
    """`two` gives another answer than its machine would."""
    exchanges = link.two.machine.sa.exchanges
    asked = exchanges.receive(link.two.inbox.popleft())
    assert isinstance(asked, Request)
    link.tell(link.one, MessageArrived(exchanges.reply(asked, payloads).octets))


def test_peer_follows_to_where_the_message_came_from() -> None:
    """RFC 4555 §3.5: UPDATE_SA_ADDRESSES with the detection of NATs, and COOKIE2 comes back."""
    link = moving()
    asked = link.opened(link.one.sent[0], by_initiator=True)
    assert asked.notify(NotifyType.UPDATE_SA_ADDRESSES) is not None
    assert detect(asked, source=ELSEWHERE, destination=FAR) == NatStatus(local=False, peer=False)
    link.settle()
    assert link.two.seen(PeerHasMoved) == [PeerHasMoved()]
    assert link.one.seen(Moved) == [Moved(ELSEWHERE)]
    said = link.opened(link.two.sent[0], by_initiator=False)
    cookie, given = said.notify(NotifyType.COOKIE2), asked.notify(NotifyType.COOKIE2)
    assert cookie is not None
    assert given is not None
    assert cookie.data == given.data
    assert detect(said, source=FAR, destination=ELSEWHERE) == NatStatus(local=False, peer=False)
    assert isinstance(link.one.machine.state, Quiet)


def test_family_of_addresses_may_change_and_a_nat_be_seen() -> None:
    link = pair(mobike=True)
    link.tell(link.one, Move(IN_IPV6, GATEWAY_6))
    asked = link.opened(link.one.sent[0], by_initiator=True)
    assert detect(asked, source=IN_IPV6, destination=GATEWAY_6) == NatStatus(local=False, peer=False)
    assert detect(asked, source=ELSEWHERE, destination=GATEWAY_6) == NatStatus(local=False, peer=True)


def test_second_move_is_told_after_the_first_was_answered() -> None:
    """RFC 4555 §3.5: when the address changes while the answer is awaited, another request follows."""
    link = moving()
    link.tell(link.one, Move(AT, FAR))
    assert len(link.one.sent) == 1
    link.seen_at = ELSEWHERE
    link.settle()
    assert link.one.seen(Moved) == [Moved(ELSEWHERE), Moved(AT, behind_nat=True)]
    assert len(link.two.seen(PeerHasMoved)) == 2


def test_place_may_be_told_otherwise_than_it_is() -> None:
    link = moving()
    link.two.machine._book.terms = replace(link.two.machine._book.terms, seen_at=lambda _: NOWHERE)
    link.settle()
    said = link.opened(link.two.sent[0], by_initiator=False)
    assert detect(said, source=FAR, destination=ELSEWHERE) == NatStatus(local=False, peer=True)


def hear(link: Pair, *payloads: Payload) -> None:
    """`one` gives another answer than its machine would."""
    exchanges = link.one.machine.sa.exchanges
    asked = exchanges.receive(link.one.inbox.popleft())
    assert isinstance(asked, Request)
    link.tell(link.two, MessageArrived(exchanges.reply(asked, payloads).octets))


def test_new_place_is_tried_where_that_is_wanted() -> None:
    """RFC 4555 §3.7: a COOKIE2 of our own, which the peer gives back from there."""
    link = moving(checks=True)
    link.deliver(link.two)
    assert (link.two.seen(PeerHasMoved), link.two.seen(PeerIsThere)) == ([PeerHasMoved()], [])
    asked = link.opened(link.two.sent[-1], by_initiator=False)
    cookie = asked.notify(NotifyType.COOKIE2)
    assert cookie is not None
    assert (asked.payloads, asked.response, 8 <= len(cookie.data) <= 64) == ((cookie,), False, True)
    link.settle()
    assert link.two.seen(PeerIsThere) == [PeerIsThere()]
    assert isinstance(link.two.machine.state, Quiet)


@pytest.mark.parametrize("given", [(), (Notify(NotifyType.COOKIE2, bytes(16)),)])
def test_peer_that_does_not_give_the_cookie_back_is_left(given: tuple[Payload, ...]) -> None:
    """RFC 4555 §3.7: the IKE SA is closed."""
    link = moving(checks=True)
    link.deliver(link.two)
    link.one.inbox.popleft()
    hear(link, *given)
    assert link.two.seen(Over) == [Over("the peer does not give the COOKIE2 back")]
    assert link.two.seen(PeerIsThere) == []


def test_place_that_is_left_again_is_not_believed() -> None:
    """Of two moves in a row the answer from the second place alone counts."""
    link = moving(checks=True)
    link.tell(link.one, Move(AT, FAR))
    link.deliver(link.two)
    link.one.inbox.rotate()
    held = link.one.inbox.popleft()
    link.deliver(link.one)
    link.seen_at = AT
    link.deliver(link.two)
    link.one.inbox.append(held)
    link.settle()
    assert len(link.two.seen(PeerHasMoved)) == 2
    assert link.two.seen(PeerIsThere) == [PeerIsThere()]


def test_cookie_is_asked_for_again_on_a_new_ike_sa() -> None:
    link = moving(checks=True)
    link.deliver(link.two)
    link.tell(link.one, RekeyIke())
    link.settle()
    assert link.two.seen(PeerIsThere) == [PeerIsThere()]
    assert link.agree()


def test_word_is_told_and_told_again_on_a_new_ike_sa() -> None:
    """RFC 7296 §1.4: a notification in INFORMATIONAL, whose answer is empty."""
    link = pair()
    word = Tell(Notify(NotifyType.AUTH_LIFETIME, b"\0\0\0\x3c"))
    link.tell(link.two, word, word)
    assert link.opened(link.two.sent[0], by_initiator=False).payloads == (word.notify,)
    link.tell(link.one, RekeyIke())
    link.one.inbox.clear()
    link.settle()
    assert isinstance(link.two.machine.state, Quiet)
    assert link.agree()
    assert link.one.seen(Genuine) == [Genuine(request=False), Genuine(request=True)]


def test_without_mobike_the_notification_moves_nobody() -> None:
    link = moving(mobike=False).settle()
    assert link.two.seen(PeerHasMoved) == []


@pytest.mark.parametrize(
    ("payloads", "cause"),
    [
        ((Notify(NotifyType.UNACCEPTABLE_ADDRESSES),), "does not follow to 198.51.100.7:4500: UNACCEPTABLE_ADDRESSES"),
        ((Notify(NotifyType.COOKIE2, bytes(16)),), "does not give the COOKIE2 back"),
        ((), "does not give the COOKIE2 back"),
    ],
)
def test_move_that_is_refused_is_told(payloads: tuple[Payload, ...], cause: str) -> None:
    link = moving()
    answer_with(link, *payloads)
    assert link.one.seen(NotMoved) == [NotMoved(f"the peer {cause}")]
    assert isinstance(link.one.machine.state, Quiet)


@pytest.mark.parametrize("honest", [True, False])
def test_who_allows_no_nats_is_told_of_one(*, honest: bool) -> None:
    """RFC 4555 §3.9: UNEXPECTED_NAT_DETECTED, and nothing is updated."""
    link = pair(mobike=True)
    link.seen_at = ELSEWHERE
    claimed = ELSEWHERE if honest else AT
    data = claimed.address.packed + FAR.address.packed + bytes.fromhex("11941194")
    asked = link.one.machine.sa.exchanges.request(
        ExchangeType.INFORMATIONAL,
        (Notify(NotifyType.UPDATE_SA_ADDRESSES), Notify(NotifyType.NO_NATS_ALLOWED, data)),
        0.0,
    )
    link.two.inbox.append(asked.octets)
    link.deliver(link.two)
    assert (link.two.seen(PeerHasMoved) == [PeerHasMoved()]) == honest
    said = link.opened(link.two.sent[0], by_initiator=False).payloads
    assert said == (() if honest else (Notify(NotifyType.UNEXPECTED_NAT_DETECTED),))
    assert bool(link.two.seen(Denied)) != honest


@pytest.mark.parametrize("length", [7, 8, 64, 65])
def test_cookie_of_the_peer_comes_back_if_it_is_one(length: int) -> None:
    """RFC 4555 §4.2.4: 8 to 64 octets; either end may test whether the other is where it says."""
    link = pair(mobike=True)
    cookie = Notify(NotifyType.COOKIE2, bytes(length))
    link.one.inbox.append(link.two.machine.sa.exchanges.request(ExchangeType.INFORMATIONAL, (cookie,), 0.0).octets)
    link.deliver(link.one)
    said = link.opened(link.one.sent[0], by_initiator=True).payloads
    assert said == ((cookie,) if 8 <= length <= 64 else ())


def test_nat_that_changes_its_mapping_is_found_by_asking() -> None:
    """RFC 4555 §3.8: the answer to a sign of life says how the peer sees us."""
    link = pair(mobike=True)
    link.seen_at = Endpoint(IPv4Address("203.0.113.1"), 1024)
    link.tell(link.one, Ask())
    link.settle()
    said = link.opened(link.two.sent[-1], by_initiator=False)
    seen = said.notify(NotifyType.NAT_DETECTION_DESTINATION_IP)
    assert seen is not None
    assert seen.data == detection_hash(SPI_I, SPI_R, link.seen_at)
    link.tell(link.one, Ask())
    link.settle()
    assert link.two.seen(PeerHasMoved) == []
    link.seen_at = Endpoint(IPv4Address("203.0.113.1"), 2048)
    link.tell(link.one, Ask())
    link.settle()
    assert link.two.seen(PeerHasMoved) == [PeerHasMoved()]
    assert link.one.seen(Moved) == [Moved(AT, behind_nat=True)]


def test_new_ike_sa_is_no_new_mapping() -> None:
    link = pair(mobike=True)
    for order in (Ask(), RekeyIke(), Ask(), Ask()):
        link.tell(link.one, order)
        link.settle()
    assert link.two.seen(PeerHasMoved) == []


def test_move_that_meets_a_rekeying_is_told_on_the_new_ike_sa() -> None:
    link = moving()
    link.two.inbox.clear()
    link.tell(link.two, RekeyIke())
    link.settle()
    assert link.agree()
    assert link.one.seen(Moved) == [Moved(ELSEWHERE)]
    assert len(link.two.seen(PeerHasMoved)) == 1
