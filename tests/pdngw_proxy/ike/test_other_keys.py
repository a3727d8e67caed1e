"""An AUTH by a part of the MSK is recognised, and so is an MSK that came in part."""

import pytest

from pdngw_proxy.ike.other_keys import suspect
from wire.ikev2.algorithms import PRF_HMAC_SHA2_256 as PRF
from wire.ikev2.authentication import shared_key_proof
from wire.secret import Secret

MSK = Secret(bytes(range(64)))
OCTETS = b"what AUTH signs"

MADE_WITH = {
    "first half": (MSK[:32], "the first 32 octets"),
    "last half": (MSK[32:], "the last 32 octets"),
    "exchanged": (MSK[32:] + MSK[:32], "exchanged"),
    "no key": (b"", "no key at all"),
}


@pytest.mark.parametrize(("key", "says"), MADE_WITH.values(), ids=MADE_WITH)
def test_part_of_the_msk_is_recognised(key: bytes, says: str) -> None:
    told = suspect(shared_key_proof(PRF, Secret(key), OCTETS), PRF, MSK, OCTETS)
    assert says in told
    assert MSK.hex()[:16] not in told


def test_msk_that_came_in_part_is_told() -> None:
    told = suspect(shared_key_proof(PRF, MSK, OCTETS), PRF, Secret(MSK[:32]), OCTETS)
    assert told.startswith("the AAA server gave 32 octets")


def test_other_key_says_nothing() -> None:
    assert suspect(shared_key_proof(PRF, Secret(b"x" * 64), OCTETS), PRF, MSK, OCTETS) == ""
