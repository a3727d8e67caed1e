"""Offering, selecting and checking proposals."""

from dataclasses import replace

import pytest

from wire.ciphers import AES_CBC_128, AES_CBC_256, AES_GCM_16_128, AES_GCM_16_256, HMAC_SHA2_256_128, HMAC_SHA2_512_256
from wire.errors import ProtocolViolation
from wire.ikev2.algorithms import PRF_HMAC_SHA2_256, PRF_HMAC_SHA2_512
from wire.ikev2.constants import Esn, ProtocolId, TransformType
from wire.ikev2.groups import CURVE25519, ECP_256, MODP_2048
from wire.ikev2.payloads.sa import Attribute, Proposal, Transform
from wire.ikev2.proposal import (
    ESP_PROPOSALS,
    IKE_PROPOSALS,
    check_answer,
    describe,
    esp_proposal,
    esp_suite,
    ike_proposal,
    ike_suite,
    offer,
    peer_spi,
    select,
    with_groups,
    without_esn,
    without_groups,
)

SPI = b"\0\0\1\0"
CBC_IKE = ike_proposal((AES_CBC_128,), (HMAC_SHA2_512_256,), (PRF_HMAC_SHA2_512,), (MODP_2048,))


def test_default_proposals_meet_each_other_at_the_first() -> None:
    offered = offer(IKE_PROPOSALS)
    chosen = select(offered, IKE_PROPOSALS)
    assert chosen is not None
    assert chosen.number == 1
    suite = ike_suite(check_answer((chosen,), offered))
    assert str(suite) == "AES_GCM_16_256 PRF_HMAC_SHA2_256 CURVE25519"


def test_responder_follows_its_own_order_not_the_offers() -> None:
    offered = offer((IKE_PROPOSALS[1], IKE_PROPOSALS[0]))
    chosen = select(offered, IKE_PROPOSALS)
    assert chosen is not None
    assert (chosen.number, ike_suite(chosen).encryption) == (2, AES_GCM_16_256)


def test_offer_without_esn_is_met_by_a_responder_that_would_rather_have_it() -> None:
    chosen = select(offer(without_esn(ESP_PROPOSALS), SPI), ESP_PROPOSALS, spi=SPI)
    assert chosen is not None
    assert str(esp_suite(chosen)) == "AES_GCM_16_256"
    assert len(without_esn(ESP_PROPOSALS)) == len(ESP_PROPOSALS)


def test_group_of_the_ke_payload_is_chosen_when_it_will_do() -> None:
    chosen = select(offer(IKE_PROPOSALS), IKE_PROPOSALS, group=ECP_256.transform_id)
    assert chosen is not None
    assert ike_suite(chosen).group is ECP_256


def test_group_of_the_ke_payload_gives_way_when_it_will_not_do() -> None:
    chosen = select(offer(IKE_PROPOSALS), (CBC_IKE,), group=ECP_256.transform_id)
    assert chosen is not None
    assert ike_suite(chosen).group is MODP_2048


@pytest.mark.parametrize(
    "changed",
    [
        Transform.keyed(TransformType.ENCR, 20, 64),
        Transform(TransformType.ENCR, 20),
        Transform(TransformType.ENCR, 20, (Attribute(14, b"\1\0"), Attribute(99, b"\0\0"))),
    ],
    ids=["key length", "no key length", "unknown attribute"],
)
def test_transform_with_other_attributes_is_another(changed: Transform) -> None:
    offered = replace(IKE_PROPOSALS[0], transforms=(changed, *IKE_PROPOSALS[0].transforms[3:]))
    assert select(offer((offered,)), IKE_PROPOSALS) is None


def test_unknown_transform_type_refuses_the_proposal() -> None:
    """RFC 7296 §3.3.6."""
    odd = replace(IKE_PROPOSALS[0], transforms=(*IKE_PROPOSALS[0].transforms, Transform(6, 1)))
    assert select(offer((odd,)), IKE_PROPOSALS) is None
    assert select(offer((odd, IKE_PROPOSALS[1])), IKE_PROPOSALS) is not None


def test_missing_transform_type_refuses_the_proposal() -> None:
    short = replace(IKE_PROPOSALS[0], transforms=IKE_PROPOSALS[0].transforms[:-7])
    assert select(offer((short,)), IKE_PROPOSALS) is None


def test_aead_with_integrity_none_is_an_aead() -> None:
    """RFC 7296 §3.3: INTEG NONE beside an AEAD says nothing."""
    polite = replace(IKE_PROPOSALS[0], transforms=(*IKE_PROPOSALS[0].transforms, Transform(TransformType.INTEG, 0)))
    chosen = select(offer((polite,)), IKE_PROPOSALS)
    assert chosen is not None
    assert TransformType.INTEG not in {transform.kind for transform in chosen.transforms}
    assert check_answer((chosen,), offer((polite,))) == chosen
    bound = replace(IKE_PROPOSALS[0], transforms=(*IKE_PROPOSALS[0].transforms, Transform(TransformType.INTEG, 12)))
    assert select(offer((bound,)), IKE_PROPOSALS) is None


def test_proposal_for_another_protocol_is_passed_over() -> None:
    ah = replace(ESP_PROPOSALS[0], protocol_id=ProtocolId.AH)
    assert select(offer((ah,), SPI), ESP_PROPOSALS) is None


def test_child_proposals_carry_the_spis() -> None:
    offered = offer(ESP_PROPOSALS, SPI)
    chosen = select(offered, ESP_PROPOSALS, spi=b"\0\0\2\0")
    assert chosen is not None
    assert chosen.spi == b"\0\0\2\0"
    assert peer_spi(offered, chosen) == SPI
    suite = esp_suite(chosen)
    assert (suite.encryption, suite.integrity, suite.esn, suite.group) == (AES_GCM_16_256, None, True, None)


@pytest.mark.parametrize("spi", [b"", bytes(4), b"\0\0\0\0\1"])
def test_spi_that_names_nothing_is_refused(spi: bytes) -> None:
    chosen = select(offer(ESP_PROPOSALS, spi), ESP_PROPOSALS)
    assert chosen is not None
    with pytest.raises(ProtocolViolation, match="SPI"):
        peer_spi(offer(ESP_PROPOSALS, spi), chosen)


def test_initiator_refuses_an_answer_that_was_not_offered() -> None:
    offered = offer(IKE_PROPOSALS)
    chosen = select(offered, IKE_PROPOSALS)
    assert chosen is not None
    wrong = [
        (),
        (chosen, chosen),
        (replace(chosen, number=2),),
        (replace(chosen, protocol_id=ProtocolId.ESP),),
        (replace(chosen, transforms=chosen.transforms[1:]),),
        (replace(chosen, transforms=(*chosen.transforms, chosen.transforms[0])),),
        (replace(chosen, transforms=(Transform.keyed(1, 20, 192), *chosen.transforms[1:])),),
    ]
    for answer in wrong:
        with pytest.raises(ProtocolViolation):
            check_answer(answer, offered)


def test_peer_that_leaves_esn_out_has_none() -> None:
    """RFC 7296 §3.3.3 has it named; some peers do not, and mean sequence numbers of 32 bits."""
    offered = (replace(esp_proposal((AES_GCM_16_128,), (), ()), number=1, spi=b"\0\0\1\0"),)
    chosen = select(offered, ESP_PROPOSALS, spi=b"\0\0\2\0")
    assert chosen is not None
    assert [transform.kind for transform in chosen.transforms] == [TransformType.ENCR]
    assert not esp_suite(chosen).esn
    assert check_answer((chosen,), offered) == chosen
    assert select(offered, (esp_proposal((AES_GCM_16_128,), (), (Esn.YES,)),)) is None


def test_suites_refuse_a_proposal_without_a_transform() -> None:
    bare = Proposal(1, ProtocolId.IKE, b"", (Transform.keyed(1, 20, 256),))
    with pytest.raises(ProtocolViolation, match="IKE SA"):
        ike_suite(bare)
    with pytest.raises(ProtocolViolation, match="Child SA"):
        esp_suite(replace(bare, transforms=(Transform(5, 0),)))
    with pytest.raises(ProtocolViolation, match="integrity"):
        esp_suite(replace(bare, transforms=(Transform.keyed(1, 12, 256), Transform(5, 0))))


def test_groups_of_a_child_are_a_choice_where_none_is_among_them() -> None:
    policy = with_groups(ESP_PROPOSALS, (None, CURVE25519))
    plain = select(offer(ESP_PROPOSALS, SPI), policy)
    assert plain is not None
    assert esp_suite(plain).group is None
    fresh = select(offer(with_groups(ESP_PROPOSALS, (CURVE25519,)), SPI), policy, group=31)
    assert fresh is not None
    assert esp_suite(fresh).group is CURVE25519
    either = offer(with_groups(ESP_PROPOSALS, (CURVE25519, None)), SPI)
    without = select(either, policy)
    assert without is not None
    assert esp_suite(without).group is None
    assert check_answer((without,), either) == without
    assert select(offer(with_groups(ESP_PROPOSALS, (ECP_256,)), SPI), policy) is None


def test_ike_auth_reads_no_groups() -> None:
    with_group = offer(with_groups(ESP_PROPOSALS, (CURVE25519,)), SPI)
    assert without_groups(with_group) == offer(ESP_PROPOSALS, SPI)


def test_description_names_what_is_known() -> None:
    known = describe((esp_proposal((AES_CBC_256,), (HMAC_SHA2_256_128,), (Esn.NO,)),))
    assert known == "AES_CBC_256 HMAC_SHA2_256_128 NO_ESN"
    assert describe((Proposal(1, 1, b"", (Transform(1, 3), Transform(3, 2), Transform(9, 9))),)) == "ENCR-3-0 3:2 9:9"
    assert " | " in describe(IKE_PROPOSALS)
    assert PRF_HMAC_SHA2_256.name in describe(IKE_PROPOSALS)


def test_what_a_stranger_offers_by_the_thousand_is_counted_and_not_named() -> None:
    strange = Proposal(1, 1, b"", tuple(Transform.keyed(1, 65535, 65535) for _ in range(60)))
    told = describe((strange, strange, strange))
    assert told.count("ENCR-65535-65535") == 100
    assert told.count(" | ") == 1
    assert told.endswith(" and 80 more")
