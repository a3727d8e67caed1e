"""The gateway's Access-Requests, and what it makes of every answer."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from pdngw_proxy.aaa_link.port import RelayAccept, RelayAnswer, RelayChallenge, RelayReject, RelayRequest
from pdngw_proxy.aaa_link.radius_messages import Nas, nas_attributes, repeated_by, to_answer, to_attributes
from wire.errors import EncodeError
from wire.radius.codec import parse_packet
from wire.radius.messages import reply
from wire.radius.mppe import msk_attributes
from wire.radius.packet import Attribute, Code, RadiusPacket
from wire.secret import Secret

SECRET = b"xyzzy5461"
AUTHENTICATOR = bytes(range(16))
MSK = Secret(bytes(range(64)))
SUCCESS = bytes.fromhex("03090004")
NAS = Nas("pgw.example", IPv4Address("192.0.2.1"))
REQUEST = RelayRequest(
    session="pgw.example;1;2",
    eap=b"\x02\x01\x00\x05\x01",
    identity="0001010000000001@nai.example",
    apn="internet",
    state=b"0x41",
    care_of=IPv4Address("198.51.100.7"),
)


def keys() -> list[Attribute]:
    return msk_attributes(MSK, secret=SECRET, request_authenticator=AUTHENTICATOR, random=bytes)


def answered(code: Code, *attributes: Attribute, eap: bytes | None = None) -> RelayAnswer:
    request = RadiusPacket(Code.ACCESS_REQUEST, 1, AUTHENTICATOR)
    packet = parse_packet(reply(request, code, secret=SECRET, attributes=attributes, eap=eap))
    return to_answer(packet, secret=SECRET, request_authenticator=AUTHENTICATOR)


def test_request_says_who_asks_for_whom() -> None:
    packet = RadiusPacket(1, 0, bytes(16), to_attributes(REQUEST, NAS))
    texts = {
        "User-Name": "0001010000000001@nai.example",
        "NAS-IP-Address": "192.0.2.1",
        "NAS-Identifier": "pgw.example",
        "Acct-Session-Id": "pgw.example;1;2",
        "Called-Station-Id": "internet",
        "Service-Selection": "internet",
        "Calling-Station-Id": "198.51.100.7",
    }
    assert {name: packet.text(name) for name in texts} == texts
    assert packet.octets("State") == b"0x41"
    assert packet.octets("Chargeable-User-Identity") == b"\0"
    assert packet.integer("NAS-Port-Type") == 5


def test_request_of_the_first_round_leaves_out_what_is_not_known() -> None:
    first = RelayRequest(session="s", eap=b"", identity="ue", apn=None)
    packet = RadiusPacket(1, 0, bytes(16), to_attributes(first, Nas("pgw", IPv6Address("2001:db8::1"))))
    absent = ("State", "Called-Station-Id", "Service-Selection", "Calling-Station-Id", "NAS-IP-Address")
    assert [packet.octets(name) for name in absent] == [None] * 5
    assert packet.text("NAS-IPv6-Address") == "2001:db8::1"


def test_gateway_at_every_address_says_its_name_alone() -> None:
    """RFC 2865 §5.4: one of NAS-IP-Address and NAS-Identifier is enough."""
    said = dict(nas_attributes(Nas("pgw", IPv4Address("0.0.0.0"))))
    assert (said["NAS-IP-Address"], said["NAS-Identifier"]) == (None, "pgw")


def test_request_refuses_a_name_that_no_attribute_carries() -> None:
    with pytest.raises(EncodeError, match="User-Name"):
        to_attributes(RelayRequest(session="s", eap=b"", identity="x" * 300, apn=None), NAS)


def test_challenge_goes_to_the_ue_and_its_state_comes_back() -> None:
    eap = bytes(600)
    assert answered(Code.ACCESS_CHALLENGE, Attribute.of("State", b"s"), eap=eap) == RelayChallenge(eap, b"s")
    assert answered(Code.ACCESS_CHALLENGE, eap=eap) == RelayChallenge(eap, None)


def test_accept_gives_the_msk_and_the_home_address() -> None:
    answer = answered(
        Code.ACCESS_ACCEPT,
        *keys(),
        Attribute.of("User-Name", "ue@example"),
        Attribute.of("Framed-IPv6-Address", "2001:db8::7"),
        Attribute.of("Session-Timeout", 3600),
        eap=SUCCESS,
    )
    assert answer == RelayAccept(SUCCESS, MSK, "ue@example", IPv6Address("2001:db8::7"), 3600)
    assert isinstance(answer, RelayAccept)
    assert isinstance(answer.msk, Secret)


def test_accept_says_who_the_user_is_under_whatever_name_he_came() -> None:
    who = (Attribute.of("User-Name", "2pseudonym@example"), Attribute.of("Chargeable-User-Identity", b"\xffwho"))
    answer = answered(Code.ACCESS_ACCEPT, *keys(), *who, eap=SUCCESS)
    assert answer == RelayAccept(SUCCESS, MSK, "2pseudonym@example", chargeable="cui:ff77686f")


def test_accounting_repeats_class_and_who_the_user_is() -> None:
    said = [
        Attribute.of("Class", b"one"),
        Attribute.of("Chargeable-User-Identity", b"who"),
        Attribute.of("User-Name", "ue"),
        Attribute.of("Class", b"two"),
    ]
    packet = RadiusPacket(Code.ACCESS_ACCEPT, 0, bytes(16), tuple(said))
    assert repeated_by(packet) == (said[0], said[1], said[3])


def test_accept_may_leave_the_address_to_the_gateway() -> None:
    assert answered(Code.ACCESS_ACCEPT, *keys(), eap=SUCCESS) == RelayAccept(SUCCESS, MSK)


def test_reject_carries_eap_failure_and_its_reason() -> None:
    failure = bytes.fromhex("04090004")
    assert answered(Code.ACCESS_REJECT, eap=failure) == RelayReject(failure, "Access-Reject")
    told = answered(Code.ACCESS_REJECT, Attribute.of("Reply-Message", "EAP is required"))
    assert told == RelayReject(b"", "Access-Reject: EAP is required")


@pytest.mark.parametrize(
    ("code", "attributes", "eap", "cause"),
    [
        (Code.ACCESS_CHALLENGE, [], None, "Access-Challenge without EAP-Message"),
        (Code.ACCESS_CHALLENGE, [], b"", "Access-Challenge without EAP-Message"),
        (Code.ACCESS_ACCEPT, keys(), None, "Access-Accept without EAP-Success"),
        (Code.ACCESS_ACCEPT, keys(), bytes.fromhex("04090004"), "Access-Accept without EAP-Success"),
        (Code.ACCESS_ACCEPT, [], SUCCESS, "Access-Accept without MS-MPPE keys"),
        (Code.ACCESS_ACCEPT, keys()[:1], SUCCESS, "Access-Accept without MS-MPPE keys"),
        (Code.ACCESS_ACCEPT, [*keys(), Attribute(168, bytes(4))], SUCCESS, "malformed: Framed-IPv6-Address"),
        (Code.ACCESS_ACCEPT, [Attribute((311, 16), b"x"), Attribute((311, 17), b"y")], SUCCESS, "malformed"),
        (Code.ACCESS_CHALLENGE, [Attribute(24, b"a"), Attribute(24, b"b")], SUCCESS, "2 attributes State"),
    ],
)
def test_contradicting_answer_is_a_reject_with_its_cause(
    code: Code, attributes: list[Attribute], eap: bytes | None, cause: str
) -> None:
    answer = answered(code, *attributes, eap=eap)
    assert isinstance(answer, RelayReject)
    assert cause in answer.cause
    assert answer.eap == b""
