"""Proposals as an operator writes them."""

import pytest

from wire.ikev2.proposal import describe, esp_suite, ike_suite, offer, select
from wire.ikev2.proposal_text import WORDS, checked, parse_esp, parse_ike


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("aes256gcm16-prfsha384-ecp384", "AES_GCM_16_256 PRF_HMAC_SHA2_384 ECP_384"),
        ("aes128-sha256-modp2048", "AES_CBC_128 PRF_HMAC_SHA2_256 HMAC_SHA2_256_128 MODP_2048"),
        ("chacha20poly1305-prfsha512-x25519", "CHACHA20_POLY1305 PRF_HMAC_SHA2_512 CURVE25519"),
        (
            "aes256-aes128-sha512-prfsha256-modp4096-ecp521",
            "AES_CBC_256 AES_CBC_128 PRF_HMAC_SHA2_256 HMAC_SHA2_512_256 MODP_4096 ECP_521",
        ),
    ],
)
def test_ike_proposal_is_what_it_says(text: str, meaning: str) -> None:
    proposal = parse_ike(text)
    assert describe((proposal,)) == meaning
    chosen = select(offer((proposal,)), (proposal,))
    assert chosen is not None
    assert ike_suite(chosen).group.name in meaning


@pytest.mark.parametrize(
    ("text", "meaning", "suite"),
    [
        ("aes256gcm16", "AES_GCM_16_256 ESN NO_ESN", "AES_GCM_16_256 ESN"),
        ("aes128-sha384-noesn", "AES_CBC_128 HMAC_SHA2_384_192 NO_ESN", "AES_CBC_128 HMAC_SHA2_384_192"),
    ],
)
def test_esp_proposal_is_what_it_says(text: str, meaning: str, suite: str) -> None:
    proposal = parse_esp(text)
    assert describe((proposal,)) == meaning
    chosen = select(offer((proposal,)), (proposal,))
    assert chosen is not None
    assert str(esp_suite(chosen)) == suite


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("aes256gcm", "'aes256gcm' in 'aes256gcm' is no transform; there are aes256gcm16, "),
        ("sha256-modp2048", "has no cipher; add one, such as aes256gcm16"),
        ("aes256gcm16-aes256-sha256-ecp256", "make two proposals"),
        ("aes256gcm16-sha256-ecp256", "AES_GCM_16_256 needs no integrity transform"),
        ("aes256-prfsha256-ecp256", "AES_CBC_256 needs one, such as sha256"),
        ("aes256gcm16-ecp256", "has no PRF; add one, such as prfsha256"),
        ("aes256gcm16-prfsha256", "has no Diffie-Hellman group; add one, such as curve25519"),
        ("aes256gcm16-prfsha256-ecp256-esn", "leave esn and noesn out"),
    ],
)
def test_ike_proposal_that_cannot_be_is_refused_with_what_to_do(text: str, cause: str) -> None:
    with pytest.raises(ValueError, match=cause):
        parse_ike(text)


@pytest.mark.parametrize("text", ["aes256gcm16-ecp256", "aes256gcm16-prfsha256"])
def test_esp_proposal_has_neither_prf_nor_group(text: str) -> None:
    with pytest.raises(ValueError, match="leave the PRF and the Diffie-Hellman group out"):
        parse_esp(text)


def test_validator_keeps_the_text_and_refuses_what_cannot_be() -> None:
    check = checked(parse_esp)
    assert check(("aes256gcm16",)) == ("aes256gcm16",)
    with pytest.raises(ValueError, match="no transform"):
        check(("aes256gcm16", "des"))


def test_words_are_of_every_transform_once_but_for_the_second_name_of_curve25519() -> None:
    assert len(WORDS) - len(set(WORDS.values())) == 1
