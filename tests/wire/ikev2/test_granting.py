"""Answering a wish for a Child SA, against the asking end (wire.ikev2.asking)."""

from ipaddress import IPv6Address, IPv6Network
from random import Random

import pytest

from wire.ikev2.algorithms import PRF_HMAC_SHA2_256
from wire.ikev2.asking import Asked, ChildWish, accept_with, asked, request_payloads
from wire.ikev2.child import Mode
from wire.ikev2.constants import ExchangeType, NotifyType
from wire.ikev2.granting import ChildDenied, Granted, Scope, choose, grant_first, grant_further
from wire.ikev2.groups import CURVE25519, ECP_256
from wire.ikev2.message import Message, Payload
from wire.ikev2.payloads.ke import KeyExchange
from wire.ikev2.payloads.nonce import Nonce
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.proposal import ESP_PROPOSALS, offer, with_groups
from wire.ikev2.selectors import TrafficSelector
from wire.secret import Secret

HOME, NET = TrafficSelector.address(IPv6Address("2001:db8::1")), TrafficSelector.network(IPv6Network("::/0"))
SK_D = Secret(bytes(32))
SCOPE = Scope(local=(NET,), remote=(HOME,), purpose="2001:db8::1")
GROUPS = (None, CURVE25519)


def wish(group: object = None, mode: Mode = Mode.TUNNEL, remote: TrafficSelector = NET) -> Asked:
    proposals = with_groups(ESP_PROPOSALS, (group,) if group else (None,))  # type: ignore[arg-type]
    return asked(
        ChildWish(mode, (HOME,), (remote,)),
        proposals,
        spi=b"\0\0\1\1",
        random=Random(1).randbytes,
        group=group,  # type: ignore[arg-type]
    )


def message(*payloads: Payload) -> Message:
    return Message(
        spi_i=b"initiate",
        spi_r=b"respond!",
        exchange=ExchangeType.CREATE_CHILD_SA,
        initiator=True,
        response=False,
        message_id=1,
        payloads=payloads,
    )


def further(asking: Message, scope: Scope = SCOPE) -> Granted:
    return grant_further(
        asking,
        accepted=with_groups(ESP_PROPOSALS, GROUPS),
        scope=lambda _: scope,
        spi=b"\0\0\2\2",
        prf=PRF_HMAC_SHA2_256,
        sk_d=SK_D,
        random=Random(2).randbytes,
    )


@pytest.mark.parametrize("group", [None, CURVE25519])
@pytest.mark.parametrize("mode", Mode)
def test_both_ends_have_the_same_child(group: object, mode: Mode) -> None:
    wanted = wish(group, mode)
    granted = further(message(*request_payloads(wanted)))
    nonce = message(*granted.payloads).find(Nonce)
    assert nonce is not None
    mine = accept_with(wanted, message(*granted.payloads), prf=PRF_HMAC_SHA2_256, sk_d=SK_D, nr=nonce.data)
    theirs = granted.child
    assert (mine.keys_in, mine.keys_out) == (theirs.keys_out, theirs.keys_in)
    assert (mine.spi_in, mine.spi_out, mine.mode) == (theirs.spi_out, theirs.spi_in, mode)
    assert granted.lowest == min(nonce.data, wanted.ni)


@pytest.mark.parametrize(
    ("drop", "error"),
    [(0, NotifyType.INVALID_SYNTAX), (1, NotifyType.INVALID_SYNTAX), (2, NotifyType.INVALID_SYNTAX)],
)
def test_incomplete_wish_is_denied(drop: int, error: NotifyType) -> None:
    payloads = list(request_payloads(wish()))
    del payloads[drop]
    with pytest.raises(ChildDenied) as denied:
        further(message(*payloads))
    assert denied.value.notify == Notify(error)


def test_other_group_than_the_proposals_is_denied_with_the_right_one() -> None:
    payloads = [
        KeyExchange(19, ECP_256.load(bytes(40)).public) if isinstance(payload, KeyExchange) else payload
        for payload in request_payloads(wish(CURVE25519))
    ]
    with pytest.raises(ChildDenied) as denied:
        further(message(*payloads))
    assert denied.value.notify == Notify(NotifyType.INVALID_KE_PAYLOAD, b"\0\x1f")


def test_nothing_outside_the_scope_is_granted() -> None:
    other = Scope(local=(NET,), remote=(TrafficSelector.address(IPv6Address("2001:db8::9")),), purpose="another")
    with pytest.raises(ChildDenied, match="not for another"):
        further(message(*request_payloads(wish())), other)


def test_first_child_takes_the_nonces_of_ike_sa_init() -> None:
    wanted = wish()
    granted = grant_first(
        message(*request_payloads(wanted)),
        accepted=ESP_PROPOSALS,
        scope=lambda _: SCOPE,
        spi=b"\0\0\2\2",
        prf=PRF_HMAC_SHA2_256,
        sk_d=SK_D,
        ni=b"i" * 32,
        nr=b"r" * 32,
    )
    assert message(*granted.payloads).find(Nonce) is None
    assert granted.child.remote == (HOME,)


def test_choice_names_what_was_offered_and_what_was_wanted() -> None:
    with pytest.raises(ChildDenied, match=r"offered .* wanted"):
        choose(offer(ESP_PROPOSALS[:1], b"\0\0\1\1"), ESP_PROPOSALS[1:], spi=b"\0\0\2\2", group=None)
