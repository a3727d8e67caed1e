"""Which other key an AUTH was made with: what a UE or an AAA server made of the MSK (RFC 7296 §2.16)."""

import hmac
from collections.abc import Iterator

from wire.ikev2.algorithms import Prf
from wire.ikev2.authentication import shared_key_proof
from wire.ikev2.payloads.auth import Authentication
from wire.secret import Secret

MSK_LENGTH = 64
"""Octets of the MSK of every method of a USIM (RFC 3748 §7.10)."""
_HALF = MSK_LENGTH // 2
_CUT = (
    "the AAA server gave {} octets of the MSK, where there are 64: MS-MPPE-Send-Key, or a part of "
    "EAP-Master-Session-Key, was lost on the way"
)


def suspect(proof: Authentication, prf: Prf, msk: Secret, octets: bytes) -> str:
    """What is wrong with the key of `proof` over `octets`, as one line without a key; "" when nothing fits."""
    for said, key in _assumptions(msk):
        if hmac.compare_digest(proof.data, shared_key_proof(prf, key, octets).data):
            return f"the UE makes AUTH with {said} (RFC 7296 §2.16)"
    return "" if len(msk) >= MSK_LENGTH else _CUT.format(len(msk))


def _assumptions(msk: Secret) -> Iterator[tuple[str, Secret]]:
    yield "the first 32 octets of the MSK, and all 64 are due", Secret(msk[:_HALF])
    yield "the last 32 octets of the MSK, and all 64 are due", Secret(msk[_HALF:])
    yield "the halves of the MSK exchanged: MS-MPPE-Recv-Key comes first", Secret(msk[_HALF:] + msk[:_HALF])
    yield "no key at all: as if the EAP method gave none", Secret()
