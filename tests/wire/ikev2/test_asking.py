"""Asking for a Child SA, and what of an answer is not taken."""

from ipaddress import IPv6Network

import pytest

from tests.wire.ikev2.test_granting import SK_D, further, message, wish
from wire.errors import ProtocolViolation
from wire.ikev2.algorithms import PRF_HMAC_SHA2_256
from wire.ikev2.asking import accept, request_payloads
from wire.ikev2.child import Mode
from wire.ikev2.constants import NotifyType
from wire.ikev2.groups import CURVE25519, ECP_256
from wire.ikev2.message import Payload
from wire.ikev2.payloads.ke import KeyExchange
from wire.ikev2.payloads.nonce import Nonce
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.payloads.sa import SecurityAssociation
from wire.ikev2.payloads.ts import TsInitiator, TsResponder
from wire.ikev2.selectors import TrafficSelector


def test_request_holds_what_the_exchange_wants() -> None:
    kinds = [type(payload) for payload in request_payloads(wish(CURVE25519, Mode.TRANSPORT))]
    assert kinds == [Notify, SecurityAssociation, Nonce, KeyExchange, TsInitiator, TsResponder]
    assert [type(payload) for payload in request_payloads(wish())] == [kinds[1], kinds[2], *kinds[4:]]


def test_no_secret_is_shown() -> None:
    assert "Key object" in repr(wish(CURVE25519).private)


@pytest.mark.parametrize(
    ("drop", "add", "cause"),
    [
        (SecurityAssociation, (), "without SA"),
        (Nonce, (), "without Nonce"),
        (TsInitiator, (), "not within ours"),
        (TsResponder, (TsResponder((TrafficSelector.network(IPv6Network("::/0"), 99),)),), None),
        (KeyExchange, (), "without the KE payload"),
        (KeyExchange, (KeyExchange(19, ECP_256.load(bytes(40)).public),), "without the KE payload"),
        (KeyExchange, (KeyExchange(31, bytes(32)),), "KE payload: a curve25519 public value of low order"),
        (Notify, (Notify(NotifyType.USE_TRANSPORT_MODE),), "does not agree to tunnel mode"),
        (Notify, (Notify(NotifyType.TS_UNACCEPTABLE),), "TS_UNACCEPTABLE"),
    ],
)
def test_answer_is_judged(drop: type[object], add: tuple[Payload, ...], cause: str | None) -> None:
    wanted = wish(CURVE25519)
    granted = further(message(*request_payloads(wanted)))
    answer = message(*(payload for payload in granted.payloads if not isinstance(payload, drop)), *add)
    if cause is None:
        assert accept(wanted, answer, prf=PRF_HMAC_SHA2_256, sk_d=SK_D).child.remote[0].protocol == 99
        return
    with pytest.raises(ProtocolViolation, match=cause):
        accept(wanted, answer, prf=PRF_HMAC_SHA2_256, sk_d=SK_D)
