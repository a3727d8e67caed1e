"""IKE_SA_INIT at the responder: what is refused leaves no state behind."""

from ipaddress import IPv6Address
from random import Random

import pytest

from pdngw_proxy.ike.events import DatagramArrived, Discarded, IkeKeysReady, Transmit
from pdngw_proxy.ike.policy import ResponderPolicy
from pdngw_proxy.ike.table import ResponderTable
from tests.ike_link import GATEWAY, UE, IkeLink, ike_link, initiator_policy, responder_policy
from wire.ciphers import AES_CBC_128, HMAC_SHA2_256_128
from wire.ikev2.algorithms import PRF_HMAC_SHA2_256
from wire.ikev2.constants import ExchangeType, NotifyType
from wire.ikev2.groups import CURVE25519, MODP_2048
from wire.ikev2.message import Message, Payload
from wire.ikev2.nat import Endpoint, NatStatus, detect
from wire.ikev2.payloads.ke import KeyExchange
from wire.ikev2.payloads.nonce import Nonce
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.payloads.sa import SecurityAssociation
from wire.ikev2.proposal import IKE_PROPOSALS, ike_proposal, offer

CBC_ALONE = ike_proposal((AES_CBC_128,), (HMAC_SHA2_256_128,), (PRF_HMAC_SHA2_256,), (CURVE25519,))
GOOD: tuple[Payload, ...] = (
    SecurityAssociation(offer(IKE_PROPOSALS)),
    KeyExchange(31, CURVE25519.load(bytes(range(32))).public),
    Nonce(bytes(range(32))),
)


def opened(
    *payloads: Payload,
    marked: bool = True,
    fields: dict[str, object] | None = None,
    policy: ResponderPolicy | None = None,
) -> IkeLink:
    """A gateway that got one IKE_SA_INIT with these payloads."""
    values: dict[str, object] = {
        "spi_i": b"\1" * 8,
        "spi_r": bytes(8),
        "exchange": ExchangeType.IKE_SA_INIT,
        "initiator": True,
        "response": False,
        "message_id": 0,
        "payloads": payloads,
    }
    octets = Message(**(values | (fields or {}))).build()  # type: ignore[arg-type]
    link = ike_link(responder=policy)
    link.tell_gateway(DatagramArrived(bytes(4) * marked + octets, UE, GATEWAY))
    return link


def said(link: IkeLink) -> Message:
    return Message.parse(link.to_ue[-1].removeprefix(bytes(4)))


@pytest.mark.parametrize(
    ("forced", "local", "nat"),
    [
        (True, GATEWAY, True),
        (False, GATEWAY, False),
        (True, Endpoint(IPv6Address("2001:db8:7::1"), 4500), False),
    ],
)
def test_ue_is_made_to_send_esp_in_udp(forced: bool, local: Endpoint, nat: bool) -> None:
    """RFC 7296 §2.23: over IPv4 the gateway seems to be behind a NAT, for its sockets take no ESP without UDP."""
    gateway = ResponderTable(policy=responder_policy(encapsulates=forced), random=Random(7).randbytes)
    message = Message(
        spi_i=b"12345678", spi_r=bytes(8), exchange=34, initiator=True, response=False, message_id=0, payloads=GOOD
    )
    effects = gateway.handle(DatagramArrived(message.build(), UE, local), 0.0)
    (sent,) = [effect for effect in effects if isinstance(effect, Transmit)]
    seen = detect(Message.parse(sent.octets), source=local, destination=UE)
    assert seen == NatStatus(local=False, peer=nat)


def test_gateway_answers_with_its_half() -> None:
    link = opened(*GOOD)
    answer = said(link)
    assert [type(payload) for payload in answer.payloads] == [
        SecurityAssociation, KeyExchange, Nonce, Notify, Notify,
    ]  # fmt: skip
    assert answer.spi_r != bytes(8)
    assert link.table.half_open == 1
    assert len(link.seen_by_gateway(IkeKeysReady)) == 1


def test_gateway_names_its_hashes_to_those_who_name_theirs() -> None:
    told = Notify(NotifyType.SIGNATURE_HASH_ALGORITHMS, b"\0\2")
    assert said(opened(*GOOD, told)).notify(NotifyType.SIGNATURE_HASH_ALGORITHMS) is not None
    assert said(opened(*GOOD)).notify(NotifyType.SIGNATURE_HASH_ALGORITHMS) is None


@pytest.mark.parametrize(("asked", "most", "agreed"), [(True, 400, True), (False, 400, False), (True, None, False)])
def test_gateway_agrees_to_fragments_where_both_can(*, asked: bool, most: int | None, agreed: bool) -> None:
    """RFC 7383 §2.3."""
    wish = Notify(NotifyType.IKEV2_FRAGMENTATION_SUPPORTED)
    link = opened(*GOOD, *((wish,) if asked else ()), policy=responder_policy(fragment_octets=most))
    assert (said(link).notify(NotifyType.IKEV2_FRAGMENTATION_SUPPORTED) is not None) == agreed


@pytest.mark.parametrize("marked", [True, False])
def test_gateway_answers_with_the_marker_that_it_was_given(*, marked: bool) -> None:
    assert opened(*GOOD, marked=marked).to_ue[0].startswith(bytes(4)) == marked


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_gateway_refuses_an_incomplete_request(missing: int) -> None:
    link = opened(*(payload for at, payload in enumerate(GOOD) if at != missing))
    assert said(link).payloads == (Notify(NotifyType.INVALID_SYNTAX),)
    assert (link.table.sessions, link.refused) == (0, ["IKE_SA_INIT without SA, KE or Nonce"])


def test_gateway_refuses_when_nothing_is_common_and_says_what_was() -> None:
    link = ike_link(
        initiator=initiator_policy(ike_proposals=(CBC_ALONE,)),
        responder=responder_policy(ike_proposals=IKE_PROPOSALS[:1]),
    )
    link.connect().run(3.0)
    assert link.closed == "the gateway answers IKE_SA_INIT with NO_PROPOSAL_CHOSEN"
    assert "offered AES_CBC_128 PRF_HMAC_SHA2_256 HMAC_SHA2_256_128 CURVE25519; wanted AES_GCM" in link.refused[0]
    assert link.table.sessions == 0


def test_gateway_asks_for_the_group_that_it_wants() -> None:
    link = opened(
        SecurityAssociation(offer((ike_proposal((), (), (), (MODP_2048,)), *IKE_PROPOSALS))),
        KeyExchange(2, bytes(128)),
        GOOD[2],
    )
    assert said(link).payloads == (Notify(NotifyType.INVALID_KE_PAYLOAD, b"\0\x1f"),)
    assert said(link).spi_r == bytes(8)
    assert link.table.sessions == 0


@pytest.mark.parametrize("public", [bytes(32), bytes(31)], ids=["low order", "short"])
def test_gateway_refuses_an_unusable_public_value(public: bytes) -> None:
    link = opened(GOOD[0], KeyExchange(31, public), GOOD[2])
    assert said(link).payloads == (Notify(NotifyType.INVALID_SYNTAX),)
    assert "KE payload" in link.refused[0]


@pytest.mark.parametrize(
    "fields",
    [{"response": True}, {"initiator": False}, {"message_id": 1}, {"spi_i": bytes(8)}, {"exchange": 35}],
)
def test_gateway_is_silent_to_what_begins_nothing(fields: dict[str, object]) -> None:
    link = opened(*GOOD, fields=fields)
    assert link.seen_by_gateway(Transmit) == []
    assert [discarded.cause for discarded in link.seen_by_gateway(Discarded)] == [
        "it begins no IKE SA and belongs to none"
    ]
