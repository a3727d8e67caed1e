"""Every DEA as a packet, proved by pyrad."""

from dataclasses import replace

import pytest
from pyrad.packet import AuthPacket

from aaa.radius.translation.answer import Replying, Translated, goes_on, refused, to_accept, to_challenge, to_reject
from tests.aaa.radius.samples import AUTHENTICATOR, MSK, SECRET, asked
from wire.diameter.avp import Avp
from wire.diameter.command import ExperimentalResult
from wire.diameter.eap import DiameterEapAnswer
from wire.diameter.values import make
from wire.radius.codec import parse_packet
from wire.radius.eap import join_eap
from wire.radius.mppe import msk_of
from wire.radius.packet import Attribute, Code, RadiusPacket
from wire.secret import Secret

REQUEST = parse_packet(asked(Attribute.of("Proxy-State", b"one"), Attribute.of("Proxy-State", b"two")))
SUCCESS, FAILURE = bytes.fromhex("03070004"), bytes.fromhex("04070004")
CHALLENGE = DiameterEapAnswer(
    result_code=1001, origin_host="b", origin_realm="r", eap_payload=b"\x01\x08\x00\x05\x17", states=(b"s",)
)
ACCEPT = replace(
    CHALLENGE,
    result_code=2001,
    eap_payload=SUCCESS,
    states=(),
    eap_master_session_key=MSK,
    eap_key_name=b"\x17name",
    user_name="user@partner.example",
    session_timeout=3600,
    classes=(b"home",),
    extra=(make("Framed-IP-Address", bytes([192, 0, 2, 7])), make("Idle-Timeout", 60), make("Acct-Interim-Interval", 5),
           Avp(11, 10415, 0x80, b"vendor"), Avp(2, 0, 0, b"no password"), make("Origin-State-Id", 1)),
)  # fmt: skip


def replying(request: RadiusPacket = REQUEST) -> Replying:
    return Replying(request, SECRET, bytes)


def packet(translated: Translated, request: RadiusPacket = REQUEST) -> RadiusPacket:
    foreign = AuthPacket(Code.ACCESS_REQUEST, request.identifier, SECRET, request.authenticator)
    for value in request.values("Proxy-State"):
        foreign.setdefault(33, []).append(value)
    octets = translated.octets
    assert foreign.VerifyReply(AuthPacket(secret=SECRET, packet=octets), octets, enforce_ma=True)
    read = parse_packet(octets)
    assert read.values("Proxy-State") == request.values("Proxy-State")
    return read


def test_multi_round_is_a_challenge() -> None:
    assert goes_on(CHALLENGE)
    assert not goes_on(replace(CHALLENGE, experimental_result=ExperimentalResult(code=5001)))
    answer = packet(to_challenge(replace(CHALLENGE, multi_round_time_out=20), b"packed", replying()))
    assert (answer.code, answer.octets("State")) == (Code.ACCESS_CHALLENGE, b"packed")
    assert (join_eap(answer), answer.integer("Session-Timeout")) == (CHALLENGE.eap_payload, 20)
    assert not answer.values("Error-Cause")


def test_request_that_is_sent_again_says_that_the_answer_was_ignored() -> None:
    again = replace(CHALLENGE, eap_payload=None, eap_reissued_payload=b"\x01\x08\x00\x05\x17")
    answer = packet(to_challenge(again, b"packed", replying()))
    assert (join_eap(answer), answer.integer("Error-Cause")) == (b"\x01\x08\x00\x05\x17", 202)


def test_success_brings_keys_and_what_the_user_may_have() -> None:
    answer = packet(to_accept(ACCEPT, b"ours", replying()))
    assert (answer.code, join_eap(answer)) == (Code.ACCESS_ACCEPT, SUCCESS)
    assert msk_of(answer, secret=SECRET, request_authenticator=AUTHENTICATOR) == MSK
    assert (answer.text("User-Name"), answer.integer("Session-Timeout")) == ("user@partner.example", 3600)
    assert answer.values("Class") == (b"ours", b"home")
    assert answer.text("Framed-IP-Address") == "192.0.2.7"
    assert (answer.values("Idle-Timeout"), answer.values("Acct-Interim-Interval")) == (
        ((60).to_bytes(4, "big"),),
        ((5).to_bytes(4, "big"),),
    )
    assert {11, 2, 278, 102}.isdisjoint(key for key, _ in answer.attributes)


@pytest.mark.parametrize("limit", [None, 0])
def test_session_without_a_limit_is_told_none(limit: int | None) -> None:
    answer = packet(to_accept(replace(ACCEPT, session_timeout=limit), b"ours", replying()))
    assert answer.code == Code.ACCESS_ACCEPT
    assert not answer.values("Session-Timeout")


def test_client_that_said_a_name_hears_one() -> None:
    # RFC 3579 §3: MUST include User-Name
    nameless, request = replace(ACCEPT, user_name=None), parse_packet(asked(user="u@partner.example"))
    assert packet(to_accept(nameless, None, replying(request)), request).text("User-Name") == "u@partner.example"


def test_name_of_the_key_is_for_who_asks() -> None:
    request = parse_packet(asked(Attribute.of("EAP-Key-Name", b"")))
    assert packet(to_accept(ACCEPT, None, replying(request)), request).values("EAP-Key-Name") == (b"\x17name",)


@pytest.mark.parametrize(
    ("dea", "cause"),
    [
        (replace(ACCEPT, eap_payload=None), "DEA 2001 SUCCESS without EAP-Success"),
        (replace(ACCEPT, eap_payload=FAILURE), "DEA 2001 SUCCESS without EAP-Success"),
        (replace(ACCEPT, eap_master_session_key=None), "DEA 2001 SUCCESS without an EAP-Master-Session-Key"),
        (replace(ACCEPT, eap_master_session_key=Secret(bytes(32))), "DEA 2001 SUCCESS without an EAP-Master-Session"),
    ],
)
def test_success_that_contradicts_itself_lets_nobody_in(dea: DiameterEapAnswer, cause: str) -> None:
    refusal = to_accept(dea, None, replying())
    assert (refusal.refusal or "").startswith(cause)
    assert (packet(refusal).code, join_eap(packet(refusal))) == (Code.ACCESS_REJECT, FAILURE)


@pytest.mark.parametrize(
    ("dea", "cause"),
    [
        (replace(CHALLENGE, eap_payload=None), "DEA 1001 MULTI_ROUND_AUTH without EAP-Payload"),
        (replace(CHALLENGE, eap_payload=b"\3\1\0\4"), "DEA 1001 MULTI_ROUND_AUTH without EAP-Request"),
        (
            replace(CHALLENGE, eap_payload=None, eap_reissued_payload=FAILURE),
            "DEA 1001 MULTI_ROUND_AUTH without EAP-Request",
        ),
        (replace(CHALLENGE, states=(b"a", b"b")), "DEA 1001 MULTI_ROUND_AUTH with 2 State AVPs"),
    ],
)
def test_challenge_that_cannot_go_on_is_a_reject(dea: DiameterEapAnswer, cause: str) -> None:
    refusal = to_challenge(dea, b"packed", replying())
    assert (refusal.refusal, packet(refusal).code) == (cause, Code.ACCESS_REJECT)
    assert join_eap(packet(refusal)) == FAILURE


def test_refusal_says_why_to_the_log_and_failure_to_the_ue() -> None:
    sent = bytes.fromhex("04090004")
    dea = replace(CHALLENGE, result_code=5003, error_message="barred", eap_payload=sent)
    assert to_reject(dea, replying()).refusal == "DEA 5003 AUTHORIZATION_REJECTED: barred"
    assert join_eap(packet(to_reject(dea, replying()))) == sent
    bare = replace(CHALLENGE, result_code=None, experimental_result=ExperimentalResult(code=5450), eap_payload=None)
    assert to_reject(bare, replying()).refusal == "DEA 5450 USER_NO_NON_3GPP_SUBSCRIPTION (3GPP)"
    assert join_eap(packet(to_reject(bare, replying()))) == FAILURE
    assert refused(replying(), "no server is asked").refusal == "no server is asked"
    assert packet(refused(replying(), "")).code == Code.ACCESS_REJECT
