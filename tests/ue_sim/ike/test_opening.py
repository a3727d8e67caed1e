"""IKE_SA_INIT at the initiator: retries, complaints, and answers that are not to be believed."""

from dataclasses import replace

import pytest

from tests.ike_link import IkeLink, ike_link, initiator_policy, responder_policy
from ue_sim.ike.events import DatagramArrived, IkeKeysReady, Redirected
from ue_sim.ike.opening import MAX_RESTARTS
from ue_sim.ike.states import AwaitingGateway, AwaitingInit, Opening
from wire.ciphers import AES_CBC_128, HMAC_SHA2_512_256
from wire.ikev2.algorithms import PRF_HMAC_SHA2_512
from wire.ikev2.constants import ExchangeType, NotifyType
from wire.ikev2.groups import CURVE25519, ECP_256, GROUPS, MODP_2048
from wire.ikev2.message import Message, Payload
from wire.ikev2.payloads.ke import KeyExchange
from wire.ikev2.payloads.nonce import Nonce
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.payloads.sa import SecurityAssociation
from wire.ikev2.proposal import IKE_PROPOSALS, ike_proposal, offer, select
from wire.ikev2.redirect import GatewayIdentity, redirect

PEER_SPI = b"\1" * 8


def opening(link: IkeLink) -> Opening:
    state = link.ue.state
    assert isinstance(state, AwaitingInit)
    return state.opening


def sent(link: IkeLink, at: int = -1) -> Message:
    return Message.parse(link.to_gateway[at][4:])


def answer(link: IkeLink, *payloads: Payload, spi_r: bytes = bytes(8)) -> None:
    reply = Message(
        spi_i=sent(link).spi_i,
        spi_r=spi_r,
        exchange=ExchangeType.IKE_SA_INIT,
        initiator=False,
        response=True,
        message_id=0,
        payloads=payloads,
    )
    link.tell_ue(DatagramArrived(reply.build()))


def alone() -> IkeLink:
    """A UE that has sent IKE_SA_INIT to nobody."""
    return ike_link(loss=1.0).connect()


def good_answer(link: IkeLink) -> tuple[Payload, ...]:
    chosen = select(offer(IKE_PROPOSALS), IKE_PROPOSALS)
    assert chosen is not None
    private = CURVE25519.load(bytes(range(32)))
    return SecurityAssociation((chosen,)), KeyExchange(31, private.public), Nonce(bytes(range(32)))


def test_request_holds_what_the_first_exchange_wants() -> None:
    message = sent(alone())
    assert [type(payload).__name__ for payload in message.payloads] == [
        "SecurityAssociation",
        "KeyExchange",
        "Nonce",
        "Notify",
        "Notify",
        "Notify",
        "Notify",
        "Notify",
    ]
    assert message.spi_r == bytes(8)
    assert message.notify(NotifyType.SIGNATURE_HASH_ALGORITHMS) is not None
    assert message.notify(NotifyType.REDIRECT_SUPPORTED) is not None


def test_ue_goes_where_an_answer_with_its_nonce_sends_it() -> None:
    """RFC 5685 §3."""
    link = alone()
    elsewhere = GatewayIdentity.of("192.0.2.5")
    answer(link, redirect(elsewhere, opening(link).ni))
    assert link.seen_by_ue(Redirected) == [Redirected(elsewhere)]
    assert link.closed is None


@pytest.mark.parametrize("data", ["0104c0000205", "0104c0000205" + "00" * 32, "01", "0904c0000205"])
def test_ue_stays_where_anybody_could_have_sent_it(data: str) -> None:
    link = alone()
    answer(link, Notify(NotifyType.REDIRECT, bytes.fromhex(data)))
    assert not link.seen_by_ue(Redirected)
    answer(link, *good_answer(link), spi_r=PEER_SPI)
    assert isinstance(link.ue.state, AwaitingGateway)


def test_ue_goes_on_with_keys() -> None:
    link = alone()
    answer(link, *good_answer(link), spi_r=PEER_SPI)
    assert isinstance(link.ue.state, AwaitingGateway)
    (ready,) = link.seen_by_ue(IkeKeysReady)
    assert ready.spi_r == PEER_SPI


def test_cookie_comes_first_and_all_else_stays() -> None:
    """RFC 7296 §2.6: the same message with the COOKIE in front."""
    link = alone()
    answer(link, Notify(NotifyType.COOKIE, b"c" * 64))
    first, again = sent(link, 0), sent(link, 1)
    assert again.payloads == (Notify(NotifyType.COOKIE, b"c" * 64), *first.payloads)
    assert (again.spi_i, again.message_id) == (first.spi_i, 0)


def test_other_group_is_sent_when_asked_for() -> None:
    """RFC 7296 §1.2: INVALID_KE_PAYLOAD names the group."""
    link = alone()
    answer(link, Notify(NotifyType.COOKIE, b"c"))
    answer(link, Notify(NotifyType.INVALID_KE_PAYLOAD, MODP_2048.transform_id.to_bytes(2, "big")))
    again = sent(link)
    ke = again.find(KeyExchange)
    assert ke is not None
    assert (ke.group, len(ke.data)) == (MODP_2048.transform_id, 256)
    assert again.notify(NotifyType.COOKIE) == Notify(NotifyType.COOKIE, b"c")


@pytest.mark.parametrize("data", [b"", b"\0\x1f", b"\0\2", b"\0\x13\0"], ids=["none", "same", "not offered", "long"])
def test_senseless_group_is_a_complaint(data: bytes) -> None:
    link = alone()
    answer(link, Notify(NotifyType.INVALID_KE_PAYLOAD, data))
    assert len(link.to_gateway) == 1
    assert opening(link).complaint == "the gateway answers IKE_SA_INIT with INVALID_KE_PAYLOAD"


@pytest.mark.parametrize("cookie", [b"", b"c" * 65])
def test_unlawful_cookie_is_not_brought_back(cookie: bytes) -> None:
    link = alone()
    answer(link, Notify(NotifyType.COOKIE, cookie))
    assert len(link.to_gateway) == 1


def test_ue_begins_again_only_so_often() -> None:
    link = alone()
    for number in range(2 * MAX_RESTARTS):
        answer(link, Notify(NotifyType.COOKIE, bytes((number,))))
    assert len(link.to_gateway) == 1 + MAX_RESTARTS


def test_complaint_ends_it_only_at_the_next_sending() -> None:
    """RFC 7296 §2.21.1: anybody may have made an answer in the clear."""
    link = alone()
    answer(link, Notify(NotifyType.NO_PROPOSAL_CHOSEN))
    assert link.closed is None
    link.run(0.4)
    assert link.closed is None
    link.run(1.0)
    assert link.closed == "the gateway answers IKE_SA_INIT with NO_PROPOSAL_CHOSEN"


def test_good_answer_after_a_forged_complaint_counts() -> None:
    link = alone()
    answer(link, Notify(NotifyType.NO_PROPOSAL_CHOSEN))
    answer(link, *good_answer(link), spi_r=PEER_SPI)
    assert isinstance(link.ue.state, AwaitingGateway)


@pytest.mark.parametrize(
    ("at", "wrong", "cause"),
    [
        (0, Nonce(bytes(16)), "lacks SA"),
        (1, Nonce(bytes(16)), "lacks SA"),
        (2, KeyExchange(31, bytes(32)), "lacks SA"),
        (1, KeyExchange(19, bytes(64)), "another group"),
        (1, KeyExchange(31, bytes(32)), "low order"),
        (0, SecurityAssociation(()), "holds 0 proposals"),
    ],
)
def test_answer_that_is_not_acceptable_is_a_complaint(at: int, wrong: Payload, cause: str) -> None:
    link = alone()
    payloads = list(good_answer(link))
    payloads[at] = wrong
    answer(link, *payloads, spi_r=PEER_SPI)
    assert cause in (opening(link).complaint or "")


def test_answer_with_another_group_than_was_sent_is_a_complaint() -> None:
    link = alone()
    chosen = select(offer(IKE_PROPOSALS), IKE_PROPOSALS, group=ECP_256.transform_id)
    assert chosen is not None
    private = ECP_256.load(bytes(range(40)))
    answer(link, SecurityAssociation((chosen,)), KeyExchange(19, private.public), Nonce(bytes(32)), spi_r=PEER_SPI)
    assert "another group" in (opening(link).complaint or "")


def test_answer_without_spi_is_a_complaint() -> None:
    link = alone()
    answer(link, *good_answer(link))
    assert "lacks SA" in (opening(link).complaint or "")


def test_both_ends_meet_at_the_gateways_group() -> None:
    strict = ike_proposal((AES_CBC_128,), (HMAC_SHA2_512_256,), (PRF_HMAC_SHA2_512,), (MODP_2048,))
    link = ike_link(
        initiator=initiator_policy(ike_proposals=(*IKE_PROPOSALS, strict)),
        responder=responder_policy(ike_proposals=(strict,)),
    )
    link.connect().run(2.0)
    (ready,) = link.seen_by_ue(IkeKeysReady)
    assert str(ready.suite) == "AES_CBC_128 HMAC_SHA2_512_256 PRF_HMAC_SHA2_512 MODP_2048"
    assert link.refused == ["KE of group 31, not of MODP_2048"]
    assert len(link.ue_children) == 1


@pytest.mark.parametrize("group", GROUPS.values(), ids=lambda group: str(group.name))
def test_both_ends_agree_in_every_group(group: object) -> None:
    transforms = [t for t in IKE_PROPOSALS[0].transforms if t.kind != 4]
    only = replace(IKE_PROPOSALS[0], transforms=tuple(transforms))
    assert group in GROUPS.values()
    policies = tuple(
        replace(only, transforms=(*only.transforms, t))
        for t in ike_proposal((), (), (), [found for found in GROUPS.values() if found is group]).transforms
    )
    link = ike_link(
        initiator=initiator_policy(ike_proposals=policies), responder=responder_policy(ike_proposals=policies)
    )
    link.connect().run(2.0)
    assert len(link.ue_children) == 1
