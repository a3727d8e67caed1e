"""The occurrence tables of RFC 4187 §10.1, RFC 9048 §3.5 and RFC 4186 §10.1."""

import pytest

from wire.eap.attributes import At, Attribute, Attributes
from wire.eap.constants import Subtype
from wire.eap.occurrence import misplaced, misplaced_inside
from wire.eap.packet import EapCode
from wire.identity import EapMethod

AKA, PRIME, SIM = EapMethod.AKA, EapMethod.AKA_PRIME, EapMethod.SIM
REQUEST, RESPONSE = EapCode.REQUEST, EapCode.RESPONSE
CHALLENGE = (At.RAND, At.AUTN, At.MAC)
PRIME_CHALLENGE = (*CHALLENGE, At.KDF, At.KDF_INPUT)


def attributes(*kinds: int) -> Attributes:
    return Attributes(tuple(Attribute(kind) for kind in kinds))


@pytest.mark.parametrize(
    ("method", "subtype", "code", "kinds"),
    [
        (AKA, Subtype.IDENTITY, REQUEST, (At.ANY_ID_REQ,)),
        (AKA, Subtype.IDENTITY, RESPONSE, (At.IDENTITY,)),
        (AKA, Subtype.CHALLENGE, REQUEST, CHALLENGE),
        (AKA, Subtype.CHALLENGE, REQUEST, (*CHALLENGE, At.IV, At.ENCR_DATA, At.CHECKCODE, At.RESULT_IND, At.BIDDING)),
        (AKA, Subtype.CHALLENGE, RESPONSE, (At.RES, At.CHECKCODE, At.RESULT_IND, At.MAC)),
        (AKA, Subtype.NOTIFICATION, REQUEST, (At.NOTIFICATION,)),
        (AKA, Subtype.NOTIFICATION, RESPONSE, ()),
        (AKA, Subtype.REAUTHENTICATION, REQUEST, (At.IV, At.ENCR_DATA, At.MAC)),
        (AKA, Subtype.REAUTHENTICATION, RESPONSE, (At.IV, At.ENCR_DATA, At.MAC, At.RESULT_IND)),
        (AKA, Subtype.AUTHENTICATION_REJECT, RESPONSE, ()),
        (AKA, Subtype.SYNCHRONIZATION_FAILURE, RESPONSE, (At.AUTS,)),
        (AKA, Subtype.CLIENT_ERROR, RESPONSE, (At.CLIENT_ERROR_CODE,)),
        (PRIME, Subtype.CHALLENGE, REQUEST, (*PRIME_CHALLENGE, At.KDF)),
        (PRIME, Subtype.CHALLENGE, RESPONSE, (At.KDF,)),
        (PRIME, Subtype.SYNCHRONIZATION_FAILURE, RESPONSE, (At.AUTS, At.KDF, At.KDF)),
        (AKA, Subtype.IDENTITY, REQUEST, (At.ANY_ID_REQ, 200, 200, At.VIRTUAL_NETWORK_ID)),
        (SIM, Subtype.SIM_START, REQUEST, (At.VERSION_LIST,)),
        (SIM, Subtype.SIM_START, REQUEST, (At.VERSION_LIST, At.FULLAUTH_ID_REQ)),
        (SIM, Subtype.SIM_START, RESPONSE, (At.NONCE_MT, At.SELECTED_VERSION, At.IDENTITY)),
        (SIM, Subtype.SIM_START, RESPONSE, (At.IDENTITY,)),
        (SIM, Subtype.SIM_CHALLENGE, REQUEST, (At.RAND, At.IV, At.ENCR_DATA, At.RESULT_IND, At.MAC)),
        (SIM, Subtype.SIM_CHALLENGE, RESPONSE, (At.MAC,)),
        (SIM, Subtype.REAUTHENTICATION, REQUEST, (At.IV, At.ENCR_DATA, At.MAC)),
    ],
)
def test_allowed_message_is_let_pass(
    method: EapMethod, subtype: Subtype, code: EapCode, kinds: tuple[int, ...]
) -> None:
    assert misplaced(method, subtype, code, attributes(*kinds)) is None


@pytest.mark.parametrize(
    ("method", "subtype", "code", "kinds", "reason"),
    [
        (AKA, Subtype.IDENTITY, REQUEST, (), "exactly one identity"),
        (AKA, Subtype.SIM_START, REQUEST, (At.VERSION_LIST,), "SIM_START is no EAP request"),
        (SIM, Subtype.CHALLENGE, REQUEST, CHALLENGE, "CHALLENGE is no EAP request"),
        (SIM, Subtype.SIM_START, REQUEST, (At.ANY_ID_REQ,), "AT_VERSION_LIST is missing"),
        (SIM, Subtype.SIM_CHALLENGE, REQUEST, (*CHALLENGE,), "AT_AUTN occurs 1 times"),
        (SIM, Subtype.SIM_CHALLENGE, RESPONSE, (At.MAC, At.CHECKCODE), "AT_CHECKCODE occurs 1 times"),
        (AKA, Subtype.IDENTITY, REQUEST, (At.ANY_ID_REQ, At.PERMANENT_ID_REQ), "exactly one identity"),
        (AKA, Subtype.IDENTITY, REQUEST, (At.ANY_ID_REQ, At.ANY_ID_REQ), "AT_ANY_ID_REQ occurs 2 times"),
        (AKA, Subtype.IDENTITY, REQUEST, (At.ANY_ID_REQ, At.MAC), "AT_MAC occurs 1 times"),
        (AKA, Subtype.IDENTITY, REQUEST, (At.ANY_ID_REQ, At.CHECKCODE), "AT_CHECKCODE occurs"),
        (AKA, Subtype.IDENTITY, RESPONSE, (), "AT_IDENTITY is missing"),
        (AKA, Subtype.CHALLENGE, REQUEST, (At.RAND, At.AUTN), "AT_MAC is missing"),
        (AKA, Subtype.CHALLENGE, REQUEST, (*CHALLENGE, At.RAND), "AT_RAND occurs 2 times"),
        (AKA, Subtype.CHALLENGE, REQUEST, (*CHALLENGE, At.IV), "go together"),
        (AKA, Subtype.CHALLENGE, REQUEST, (*CHALLENGE, At.KDF), "AT_KDF occurs 1 times"),
        (AKA, Subtype.CHALLENGE, REQUEST, (*CHALLENGE, At.NEXT_PSEUDONYM), "AT_NEXT_PSEUDONYM occurs"),
        (AKA, Subtype.CHALLENGE, RESPONSE, (At.MAC,), "AT_RES is missing"),
        (PRIME, Subtype.CHALLENGE, REQUEST, (*PRIME_CHALLENGE, At.KDF_INPUT), "AT_KDF_INPUT occurs 2 times"),
        (PRIME, Subtype.SYNCHRONIZATION_FAILURE, RESPONSE, (At.AUTS,), "AT_KDF is missing"),
        (AKA, Subtype.AUTHENTICATION_REJECT, REQUEST, (), "no EAP request"),
        (AKA, Subtype.CLIENT_ERROR, REQUEST, (), "no EAP request"),
        (AKA, Subtype.REAUTHENTICATION, REQUEST, (At.MAC,), "AT_IV is missing"),
    ],
)
def test_misplaced_attribute_is_named(
    method: EapMethod, subtype: Subtype, code: EapCode, kinds: tuple[int, ...], reason: str
) -> None:
    assert reason in str(misplaced(method, subtype, code, attributes(*kinds)))


@pytest.mark.parametrize(
    ("subtype", "code", "kinds", "reason"),
    [
        (Subtype.CHALLENGE, REQUEST, (At.NEXT_PSEUDONYM, At.NEXT_REAUTH_ID, At.PADDING), None),
        (Subtype.CHALLENGE, REQUEST, (At.NEXT_PSEUDONYM, At.NEXT_PSEUDONYM), "AT_NEXT_PSEUDONYM occurs 2 times"),
        (Subtype.CHALLENGE, REQUEST, (At.COUNTER,), "AT_COUNTER occurs"),
        (Subtype.CHALLENGE, RESPONSE, (At.PADDING,), None),
        (Subtype.REAUTHENTICATION, REQUEST, (At.COUNTER, At.NONCE_S, At.NEXT_REAUTH_ID), None),
        (Subtype.REAUTHENTICATION, REQUEST, (At.COUNTER,), "AT_NONCE_S is missing"),
        (Subtype.REAUTHENTICATION, RESPONSE, (At.COUNTER, At.COUNTER_TOO_SMALL), None),
        (Subtype.NOTIFICATION, REQUEST, (), "AT_COUNTER is missing"),
        (Subtype.IDENTITY, REQUEST, (At.PADDING,), "nothing is encrypted"),
    ],
)
def test_encrypted_attributes_have_their_own_table(
    subtype: Subtype, code: EapCode, kinds: tuple[int, ...], reason: str | None
) -> None:
    wrong = misplaced_inside(subtype, code, attributes(*kinds))
    assert wrong is None if reason is None else reason in str(wrong)
