"""Genuine messages that are wrong: what the other end makes of them by its RFC, and what the UE says of it."""

import pytest
from pydantic import ValidationError

from aaa.eap.policy import AkaPolicy
from tests.aaa.memory_hss import IMSI
from tests.network import Network, VirtualUe
from ue_sim.faults import FaultScript
from ue_sim.tampering import EapFault, IkeFault, Tampering, altered
from ue_sim.ue_events import OnTheNetwork, Step
from wire.eap.aka import AkaMessage
from wire.eap.attributes import At, Attribute, Attributes
from wire.eap.constants import Subtype
from wire.eap.packet import EapCode
from wire.identity import EapMethod
from wire.ikev2.constants import ExchangeType, NotifyType
from wire.ikev2.payloads.nonce import Nonce
from wire.ikev2.payloads.notify import Notify
from wire.secret import Secret

GENERAL_FAILURE = "the network notified 16384: general failure"
NOT_ALLOWED = "the EAP packet is not what this round allows"
NO_MAC = "the UE's RES or MAC is wrong"
NO_PROOF = "AUTH does not match the shared key"
K_AUT = Secret(bytes(range(16)))

Attempt = tuple[Network, VirtualUe]


def attempt(policy: AkaPolicy | None = None, **script: object) -> Attempt:
    """A UE that attaches by that script, and the network a minute later."""
    network = Network(policy=policy)
    phone = network.attach(IMSI, usim=None, script=FaultScript.model_validate(script))
    network.run(until=60.0)
    return network, phone


def assert_failed(attempted: Attempt, step: Step, at_the_ue: str, at_the_gateway: str) -> None:
    network, phone = attempted
    assert (phone.failed.step, phone.failed.cause) == (step, at_the_ue)
    assert phone.is_off
    assert any(at_the_gateway in cause for cause in network.causes()), network.causes()
    assert len(network.gateway.sessions) == 0


@pytest.mark.parametrize(
    ("attribute", "change", "at_the_ue", "at_the_gateway"),
    [
        ("AT_MAC", {}, GENERAL_FAILURE, NO_MAC),
        ("AT_RES", {}, GENERAL_FAILURE, NO_MAC),
        ("AT_RES", {"do": "remove"}, GENERAL_FAILURE, NOT_ALLOWED),
        ("AT_RES", {"do": "repeat"}, GENERAL_FAILURE, NOT_ALLOWED),
        ("AT_RES", {"do": "set", "value": "0018aabbcc"}, GENERAL_FAILURE, NOT_ALLOWED),
        ("AT_RES", {"do": "set", "value": "0020aabbccdd", "sealed": False}, GENERAL_FAILURE, NO_MAC),
        ("subtype", {"xor": 3}, GENERAL_FAILURE, NOT_ALLOWED),
        ("identifier", {}, "waited in vain for the next EAP message", "waited in vain for the AAA server"),
        ("type", {}, "waited in vain for the next EAP message", "waited in vain for the AAA server"),
        ("length", {}, "the gateway answers EAP with INVALID_SYNTAX", "not as long as its payload"),
        ("code", {"xor": 3}, "the gateway answers EAP with INVALID_SYNTAX", "without an EAP response"),
    ],
)
def test_challenge_answered_wrongly_is_refused(
    attribute: str, change: dict[str, object], at_the_ue: str, at_the_gateway: str
) -> None:
    """RFC 4187 §6.3.1: a wrong AT_MAC or AT_RES is answered by AKA-Notification; §9.4 says what has to be there."""
    fault = {"message": "challenge", "attribute": attribute} | change
    assert_failed(attempt(eap=[fault]), Step.EAP, at_the_ue, at_the_gateway)


def test_challenge_may_leave_out_what_nobody_insists_on() -> None:
    """RFC 4187 §6.2: without AT_RESULT_IND there is no protected success."""
    _, phone = attempt(eap=[{"message": "challenge", "attribute": "AT_RESULT_IND", "do": "remove"}])
    assert type(phone.state) is OnTheNetwork


def test_identity_that_is_altered_on_its_way_is_seen_by_at_checkcode() -> None:
    """RFC 4187 §10.13."""
    fault = {"message": "identity", "attribute": "AT_IDENTITY"}
    attempted = attempt(AkaPolicy(always_ask_identity=True), eap=[fault])
    assert_failed(
        attempted, Step.EAP, "AT_CHECKCODE: the identity rounds were tampered with", "the UE reports an error"
    )


def test_identity_answer_without_an_identity_is_refused() -> None:
    fault = {"message": "identity", "attribute": "AT_IDENTITY", "do": "remove"}
    attempted = attempt(AkaPolicy(always_ask_identity=True), eap=[fault])
    assert_failed(attempted, Step.EAP, GENERAL_FAILURE, NOT_ALLOWED)


@pytest.mark.parametrize("kind", ["permanent", "pseudonym", "reauthentication"])
def test_identity_of_another_kind_than_was_asked_for_serves_where_it_names_the_user(kind: str) -> None:
    """RFC 4187 §4.1.5: AT_ANY_ID_REQ takes each, and a UE without a pseudonym has but one."""
    _, phone = attempt(AkaPolicy(always_ask_identity=True), answer=kind)
    assert type(phone.state) is OnTheNetwork


def test_identity_of_the_wrong_kind_is_asked_for_until_it_is_enough() -> None:
    """RFC 4187 §4.1.5: AT_ANY_ID_REQ, AT_FULLAUTH_ID_REQ, AT_PERMANENT_ID_REQ, and no more."""
    unknown = "2nobody@nai.epc.mnc001.mcc001.3gppnetwork.org"
    network, phone = attempt(AkaPolicy(always_ask_identity=True), answer=unknown)
    assert phone.failed.step is Step.EAP
    assert network.hss.vector_requests == []
    assert network.causes()


@pytest.mark.parametrize(
    ("exchange", "number", "payload", "change", "step", "at_the_ue", "at_the_gateway"),
    [
        ("IKE_SA_INIT", 1, "KE", {"do": "remove"}, Step.IKE_SA_INIT, "with INVALID_SYNTAX", "without SA, KE"),
        ("IKE_SA_INIT", 1, "KE", {}, Step.EAP, "waited in vain for the gateway's certificate", "not protected by"),
        ("IKE_SA_INIT", 1, "NONCE", {"do": "set", "value": "aa"}, Step.IKE_SA_INIT, "IKE_SA_INIT", "nonce of 1 oct"),
        ("IKE_AUTH", 1, "IDI", {"octet": 5}, Step.EAP, "AUTH with AUTHENTICATION_FAILED", NO_PROOF),
        ("IKE_AUTH", 1, "IDI", {"do": "remove"}, Step.EAP, "IKE_AUTH with INVALID_SYNTAX", "without IDi"),
        ("IKE_AUTH", 1, "TSI", {"do": "remove"}, Step.EAP, "IKE_AUTH with INVALID_SYNTAX", "without IDi, SA or"),
        ("IKE_AUTH", 1, "IDR", {"xor": 1}, Step.EAP, "1031: not subscribed to the service", "APN not subscribed"),
        ("IKE_AUTH", 1, "CP", {"do": "remove"}, Step.HOME_ADDRESS, "FAILED_CP_REQUIRED", "asks for no Home Address"),
        ("IKE_AUTH", 2, "EAP", {"do": "remove"}, Step.EAP, "EAP with INVALID_SYNTAX", "without an EAP response"),
        ("IKE_AUTH", 3, "AUTH", {}, Step.EAP, "AUTH with AUTHENTICATION_FAILED", NO_PROOF),
        ("IKE_AUTH", 3, "AUTH", {"do": "remove"}, Step.EAP, "AUTH with AUTHENTICATION_FAILED", "no AUTH by the MSK"),
    ],
)  # fmt: skip
def test_ike_request_that_is_genuine_and_wrong_is_refused(
    exchange: str,
    number: int,
    payload: str,
    change: dict[str, object],
    step: Step,
    at_the_ue: str,
    at_the_gateway: str,
) -> None:
    """RFC 7296 §2.21: who makes the mistake is told, in IKE_SA_INIT without protection, in IKE_AUTH with it."""
    fault = {"exchange": exchange, "number": number, "payload": payload} | change
    network, phone = attempt(ike=[fault])
    assert phone.failed.step is step
    assert at_the_ue in phone.failed.cause
    assert any(at_the_gateway in cause for cause in network.causes()), network.causes()
    assert (phone.is_off, len(network.gateway.sessions)) == (True, 0)


def test_ue_that_asks_for_no_transport_mode_takes_none() -> None:
    """RFC 7296 §1.3.1: without USE_TRANSPORT_MODE it is a tunnel, which a mobile node's BU SA must not be."""
    _, phone = attempt(ike=[{"exchange": "IKE_AUTH", "payload": "USE_TRANSPORT_MODE", "do": "remove"}])
    assert (phone.failed.step, phone.failed.cause) == (Step.IPSEC_SA, "it does not agree to transport mode")


def test_source_address_that_is_altered_looks_like_a_nat() -> None:
    """RFC 7296 §2.23: which our gateway, whose ESP is in UDP anyway, does not mind."""
    _, phone = attempt(ike=[{"exchange": "IKE_SA_INIT", "payload": "NAT_DETECTION_SOURCE_IP"}])
    assert type(phone.state) is OnTheNetwork


# USIM


@pytest.mark.parametrize("octets", [4, 7, 9, 16])
def test_res_of_another_length_than_was_expected_is_wrong(octets: int) -> None:
    """RFC 4187 §10.8: from 4 to 16 octets it is well made, and compared."""
    assert_failed(attempt(res_octets=octets), Step.EAP, GENERAL_FAILURE, NO_MAC)


def test_one_resynchronisation_leads_to_another_challenge() -> None:
    """RFC 4187 §6.3.1, TS 33.102 §6.3.5."""
    network, phone = attempt(auts=1)
    assert type(phone.state) is OnTheNetwork
    assert len(network.hss.vector_requests) == 2


def test_resynchronisation_without_end_is_refused() -> None:
    assert_failed(attempt(auts=9), Step.EAP, GENERAL_FAILURE, "AUTS is not genuine")


def test_rejected_autn_is_told_to_both_ends() -> None:
    """RFC 4187 §6.3.1: AKA-Authentication-Reject."""
    said = "MAC of AUTN is wrong: the network does not hold the USIM's key"
    assert_failed(attempt(reject=True), Step.EAP, said, "the UE rejects the network's AUTN")


# One chosen message of IKE


@pytest.mark.parametrize("do", ["drop", "duplicate", "delay", "reorder"])
@pytest.mark.parametrize("way", ["out", "in"])
@pytest.mark.parametrize(("exchange", "number"), [("IKE_SA_INIT", 1), ("IKE_AUTH", 1), ("IKE_AUTH", 3)])
def test_message_that_does_not_arrive_as_it_should_is_repeated(do: str, way: str, exchange: str, number: int) -> None:
    """RFC 7296 §2.1."""
    fault = {"channel": "ike", "way": way, "exchange": exchange, "number": number, "do": do, "seconds": 2.0}
    network, phone = attempt(messages=[fault])
    assert type(phone.state) is OnTheNetwork
    assert len(network.hss.vector_requests) == 1
    assert (len(network.gateway.sessions), network.gateway.bindings) == (1, 1)


@pytest.mark.parametrize(
    ("way", "cause"),
    [("out", "AUTH with AUTHENTICATION_FAILED"), ("in", "the signature in AUTH is wrong")],
)
def test_altered_ike_sa_init_is_seen_by_auth(way: str, cause: str) -> None:
    """RFC 7296 §2.15: AUTH covers what went in the clear."""
    fault = {"channel": "ike", "way": way, "exchange": "IKE_SA_INIT", "number": 1, "do": "alter"}
    _, phone = attempt(messages=[fault])
    assert cause in phone.failed.cause


# The tool itself


@pytest.mark.parametrize(("octet", "expected"), [(0, b"\x60b"), (-1, b"a\x63"), (2, b"ab"), (-3, b"ab")])
def test_one_octet_is_altered(octet: int, expected: bytes) -> None:
    assert altered(b"ab", octet, 0x01) == expected


def challenge_response() -> bytes:
    """AKA-Challenge with AT_RES and AT_MAC by K_AUT."""
    attributes = Attributes((Attribute(At.RES, bytes(8)),))
    return AkaMessage(EapCode.RESPONSE, 7, EapMethod.AKA, Subtype.CHALLENGE, attributes).build(K_AUT)


@pytest.mark.parametrize("sealed", [True, False])
def test_what_is_changed_is_sealed_anew_or_not(sealed: bool) -> None:
    fault = EapFault.model_validate({"message": "challenge", "attribute": "AT_RES", "sealed": sealed})
    message = AkaMessage.parse(Tampering(eap=(fault,)).packet(challenge_response(), K_AUT))
    assert message.attributes.get(At.RES) == bytes(7) + b"\xff"
    assert message.mac_is_genuine(K_AUT) == sealed


def test_only_the_chosen_message_is_changed() -> None:
    fault = EapFault.model_validate({"message": "challenge", "attribute": "AT_RES", "number": 2})
    tampering = Tampering(eap=(fault,))
    told = [tampering.packet(challenge_response(), K_AUT) == challenge_response() for _ in range(3)]
    assert told == [True, False, True]
    assert tampering.packet(b"\x03\x01\x00\x04", None) == b"\x03\x01\x00\x04"


@pytest.mark.parametrize(("do", "expected"), [("remove", []), ("repeat", [b"ab", b"ab"]), ("set", [b"\xcd"])])
def test_notification_is_known_by_its_name_and_changed_in_its_data(do: str, expected: list[bytes]) -> None:
    fault = IkeFault.model_validate({"exchange": "IKE_AUTH", "payload": "COOKIE", "do": do, "value": "cd"})
    other = Notify(NotifyType.INITIAL_CONTACT)
    changed = Tampering(ike=(fault,)).payloads(
        ExchangeType.IKE_AUTH, (Notify(NotifyType.COOKIE, b"ab"), other, Nonce(bytes(16)))
    )
    assert [one.data for one in changed if isinstance(one, Notify)] == [*expected, b""]
    assert changed[-1] == Nonce(bytes(16))


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ({"ike": [{"exchange": "IKE_AUTH", "payload": "IDX"}]}, "write a payload as RFC 7296 calls it"),
        ({"ike": [{"exchange": "INFORMATIONAL", "payload": "AUTH"}]}, "IKE_SA_INIT"),
        ({"eap": [{"message": "challenge", "attribute": "AT_NOTHING"}]}, "write an attribute such as AT_RES"),
        ({"eap": [{"message": "success", "attribute": "AT_MAC"}]}, "identity"),
        ({"eap": [{"message": "challenge", "attribute": "AT_MAC", "do": "set", "value": "xy"}]}, "hexadecimal"),
    ],
)
def test_script_that_names_nothing_there_is_refused(script: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        FaultScript.model_validate(script)
