"""AUTH by shared key against whole sessions."""

import pytest

from tests.ikev2_vectors import SESSIONS, octets
from tests.wire.ikev2.test_keys import session_keys
from wire.buffer import Reader
from wire.ikev2.algorithms import PRF_HMAC_SHA2_256 as PRF
from wire.ikev2.authentication import (
    AuthenticationFailed,
    auth_lifetime,
    check_shared_key_proof,
    shared_key_proof,
    signed_octets,
)
from wire.ikev2.constants import AuthMethod
from wire.ikev2.payloads.auth import Authentication
from wire.ikev2.payloads.identification import IdInitiator, IdResponder
from wire.ikev2.payloads.notify import Notify
from wire.secret import Secret


@pytest.mark.parametrize(
    ("seconds", "data"), [(3600, "00000e10"), (59.9, "0000003b"), (-1, "00000000"), (1e12, "ffffffff")]
)
def test_lifetime_is_a_number_of_seconds(seconds: float, data: str) -> None:
    assert auth_lifetime(seconds) == Notify(16403, bytes.fromhex(data))


def initiator_octets(session: dict[str, str]) -> bytes:
    return signed_octets(
        PRF,
        session_keys(session).sk_pi,
        message=octets(session, "ike_sa_init_request"),
        nonce=octets(session, "nr"),
        identity=IdInitiator.parse(Reader(octets(session, "idi_body"))),
    )


@pytest.mark.parametrize("session", SESSIONS, ids=["cbc", "gcm"])
def test_both_proofs_are_those_of_the_session(session: dict[str, str]) -> None:
    """Source: tests/vectors/ikev2.json, ikev2_eap_sessions: AUTH by the MSK."""
    msk = Secret(octets(session, "msk"))
    assert shared_key_proof(PRF, msk, initiator_octets(session)).data == octets(session, "auth_i")
    responder = signed_octets(
        PRF,
        session_keys(session).sk_pr,
        message=octets(session, "ike_sa_init_response"),
        nonce=octets(session, "ni"),
        identity=IdResponder.parse(Reader(octets(session, "idr_body"))),
    )
    assert shared_key_proof(PRF, msk, responder).data == octets(session, "auth_r")


def test_verifier_takes_the_right_proof_alone() -> None:
    signed, msk = initiator_octets(SESSIONS[0]), Secret(octets(SESSIONS[0], "msk"))
    proof = shared_key_proof(PRF, msk, signed)
    check_shared_key_proof(proof, PRF, msk, signed)
    for wrong in (Authentication(AuthMethod.SHARED_KEY, proof.data[:-1]), Authentication(AuthMethod.SHARED_KEY, b"")):
        with pytest.raises(AuthenticationFailed, match="does not match"):
            check_shared_key_proof(wrong, PRF, msk, signed)
    with pytest.raises(AuthenticationFailed, match="does not match"):
        check_shared_key_proof(proof, PRF, Secret(bytes(64)), signed)
    with pytest.raises(AuthenticationFailed, match="method 14"):
        check_shared_key_proof(Authentication(14, proof.data), PRF, msk, signed)
