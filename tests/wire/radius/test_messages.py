"""Whole packets: what our builders make, another implementation verifies."""

import pytest
from pyrad.packet import AcctPacket, AuthPacket, CoAPacket

from wire.radius.codec import build_attributes, parse_packet
from wire.radius.eap import is_authentic, join_eap, split_eap
from wire.radius.messages import access_request, reply, reply_of, signed_request, status_server
from wire.radius.packet import Attribute, Code, RadiusPacket, is_genuine_request, is_genuine_response

SECRET = b"xyzzy5461"
AUTHENTICATOR = bytes(range(16))
EAP = bytes.fromhex("0201000a01") + b"x" * 600


def test_access_request_carries_its_authenticator_first() -> None:
    octets = access_request(
        identifier=7, authenticator=AUTHENTICATOR, secret=SECRET, attributes=[Attribute.of("User-Name", "ue")], eap=EAP
    )
    assert octets[20:22] == b"\x50\x12"
    assert is_authentic(octets, SECRET)
    packet = parse_packet(octets)
    assert (packet.code, packet.identifier, packet.authenticator) == (Code.ACCESS_REQUEST, 7, AUTHENTICATOR)
    assert packet.text("User-Name") == "ue"
    assert join_eap(packet) == EAP


def test_pyrad_verifies_our_access_request() -> None:
    octets = access_request(identifier=7, authenticator=AUTHENTICATOR, secret=SECRET, eap=EAP)
    assert AuthPacket(secret=SECRET, packet=octets).verify_message_authenticator()


def test_access_request_without_eap_carries_none() -> None:
    octets = access_request(identifier=0, authenticator=AUTHENTICATOR, secret=SECRET, eap=None)
    assert join_eap(parse_packet(octets)) is None


def test_pyrad_verifies_our_answer() -> None:
    asked = access_request(identifier=7, authenticator=AUTHENTICATOR, secret=SECRET, eap=EAP)
    answered = reply(
        parse_packet(asked), Code.ACCESS_CHALLENGE, secret=SECRET, attributes=[Attribute.of("State", b"s")], eap=EAP
    )
    foreign = AuthPacket(secret=SECRET, packet=asked)
    assert foreign.VerifyReply(AuthPacket(secret=SECRET, packet=answered), answered, enforce_ma=True)
    assert answered[20:22] == b"\x50\x12"
    assert is_genuine_response(answered, AUTHENTICATOR, SECRET)


def test_answer_copies_every_proxy_state_in_order() -> None:
    proxies = [Attribute.of("Proxy-State", value) for value in (b"0x41", b"two", b"0x41")]
    asked = access_request(identifier=1, authenticator=AUTHENTICATOR, secret=SECRET, attributes=proxies, eap=EAP)
    answered = reply(parse_packet(asked), Code.ACCESS_REJECT, secret=SECRET)
    assert parse_packet(answered).values("Proxy-State") == (b"0x41", b"two", b"0x41")


@pytest.mark.parametrize("eap", [None, b"", EAP[:253], EAP])
@pytest.mark.parametrize("code", [Code.ACCESS_REQUEST, Code.STATUS_SERVER])
def test_answer_of_octets_is_the_same(eap: bytes | None, code: Code) -> None:
    attributes = [Attribute.of("State", b"s"), Attribute.of("Proxy-State", b"of the answer")]
    proxied = (Attribute.of("Proxy-State", b"one"), Attribute.of("Proxy-State", b"two"))
    body = build_attributes((*(() if eap is None else split_eap(eap)), *attributes))
    for asked in (RadiusPacket(code, 7, AUTHENTICATOR), RadiusPacket(code, 7, AUTHENTICATOR, proxied)):
        answered = reply(asked, Code.ACCESS_CHALLENGE, secret=SECRET, attributes=attributes, eap=eap)
        assert reply_of(asked, Code.ACCESS_CHALLENGE, SECRET, body) == answered
        assert parse_packet(answered).attributes[-len(asked.attributes) :] == asked.attributes or not asked.attributes


def test_status_server_is_the_published_one() -> None:
    # RFC 5997 §6.1
    octets = status_server(
        identifier=0xDA, authenticator=bytes.fromhex("8a54f4686fb394c52866e302185d0623"), secret=SECRET
    )
    assert octets.hex() == "0cda00268a54f4686fb394c52866e302185d062350125a665e2e1e8411f3e243822097c84fa3"


def test_signed_request_carries_both_authenticators() -> None:
    # RFC 5176 §2.3
    octets = signed_request(
        Code.DISCONNECT_REQUEST, identifier=3, secret=SECRET, attributes=[Attribute.of("User-Name", "ue")]
    )
    assert octets[20:22] == b"\x50\x12"
    assert is_authentic(octets, SECRET)
    assert is_genuine_request(octets, SECRET)
    foreign = CoAPacket(code=40, secret=SECRET, packet=octets)
    assert foreign.VerifyCoARequest()


def test_accounting_response_has_no_message_authenticator() -> None:
    asked = signed_request(Code.ACCOUNTING_REQUEST, identifier=3, secret=SECRET)
    answered = reply(parse_packet(asked), Code.ACCOUNTING_RESPONSE, secret=SECRET)
    assert len(answered) == 20
    proxied = RadiusPacket(4, 3, AUTHENTICATOR, (Attribute.of("Proxy-State", b"one"),))
    assert parse_packet(reply(proxied, Code.ACCOUNTING_RESPONSE, secret=SECRET)).attributes == proxied.attributes
    assert AcctPacket(secret=SECRET, packet=asked).VerifyReply(AcctPacket(secret=SECRET, packet=answered), answered)
