"""Each answer of the service as a packet, and each packet as a request."""

from dataclasses import replace

import pytest
from pyrad.packet import AuthPacket

from aaa.messages import AccessAnswer, AccessRequest, Client, Ignore, Reject, RejectCause
from aaa.radius.translate import class_of, eap_failure, to_access_request, to_reply
from aaa.sessions import session_name
from hss.api import ApnProfile
from tests.aaa.radius.samples import AUTHENTICATOR, IDENTITY, MSK, SECRET, SESSION_ID, accept, asked, challenge
from wire.errors import DecodeError
from wire.radius.codec import parse_packet
from wire.radius.dictionary import VALUE_LIMIT
from wire.radius.eap import join_eap
from wire.radius.mppe import msk_of
from wire.radius.packet import Attribute, Code, Pair, RadiusPacket

REQUEST = parse_packet(asked(Attribute.of("Proxy-State", b"one"), Attribute.of("Proxy-State", b"two")))


def replied(answer: AccessAnswer, request: RadiusPacket = REQUEST) -> RadiusPacket:
    octets = to_reply(request, answer, secret=SECRET, random=bytes)
    assert octets is not None
    assert octets[20:22] == b"\x50\x12"
    foreign = AuthPacket(Code.ACCESS_REQUEST, request.identifier, SECRET, request.authenticator)
    for value in request.values("Proxy-State"):
        foreign.setdefault(33, []).append(value)
    assert foreign.VerifyReply(AuthPacket(secret=SECRET, packet=octets), octets, enforce_ma=True)
    packet = parse_packet(octets)
    assert packet.identifier == request.identifier
    assert packet.values("Proxy-State") == request.values("Proxy-State")
    return packet


def test_request_is_translated_whole() -> None:
    client = Client("lab", "WLAN")
    session = Attribute.of("Acct-Session-Id", "8021")
    octets = asked(Attribute.of("State", b"0x41"), Attribute.of("Service-Selection", "internet"), session)
    assert to_access_request(parse_packet(octets), client) == AccessRequest(
        client, IDENTITY, state=b"0x41", user_name="0001010000000001", apn="internet", front="radius", session="8021"
    )


def test_name_that_the_nas_has_for_its_session_keeps_nobody_out() -> None:
    binary, again = Attribute(44, b"\xff\x00"), Attribute.of("Acct-Session-Id", "8021")
    assert to_access_request(parse_packet(asked(binary, again)), Client("lab")).session == "\ufffd\ufffd"


def test_eap_start_is_an_empty_eap_packet() -> None:
    request = to_access_request(parse_packet(asked(eap=b"")), Client("lab"))
    assert (request.eap, request.state, request.apn) == (b"", None, None)


def test_called_station_id_of_an_access_point_is_no_apn() -> None:
    octets = asked(Attribute.of("Called-Station-Id", "00-10-A4-23-19-C0:internet"))
    assert to_access_request(parse_packet(octets), Client("lab")).apn is None


@pytest.mark.parametrize(
    ("extra", "reason"),
    [
        ([(24, b"s")], "2 attributes State"),
        ([(1, b"again")], "2 attributes User-Name"),
        ([(146, b"\xff\xfe")], "Service-Selection is not UTF-8"),
        ([(146, b"a"), (146, b"b")], "2 attributes Service-Selection"),
        ([(146, b"\xff\xfe"), (33, b"a"), (33, b"b")], "Service-Selection is not UTF-8"),
        ([(146, b"a"), (1, b"again"), (146, b"b")], "2 attributes User-Name"),
    ],
)
def test_first_that_is_repeated_or_malformed_is_named(extra: list[Pair], reason: str) -> None:
    octets = asked(Attribute.of("State", b"s"), *(Attribute(*pair) for pair in extra))
    with pytest.raises(DecodeError, match=reason):
        to_access_request(parse_packet(octets), Client("lab"))


def test_what_comes_twice_and_does_not_matter_is_passed_over() -> None:
    twice = [Attribute.of("Proxy-State", b"one"), Attribute.of("Proxy-State", b"two")]
    once, long = parse_packet(asked()), bytes(600)
    assert to_access_request(parse_packet(asked(*twice)), Client("lab")) == to_access_request(once, Client("lab"))
    assert to_access_request(parse_packet(asked(*twice, eap=long)), Client("lab")).eap == long


@pytest.mark.parametrize("extra", [Attribute.of("State", b"s"), Attribute(1, b"again"), Attribute(146, b"\xff\xfe")])
def test_malformed_or_repeated_attributes_are_refused(extra: Attribute) -> None:
    with pytest.raises(DecodeError):
        to_access_request(parse_packet(asked(Attribute.of("State", b"s"), extra)), Client("lab"))


def test_challenge_carries_eap_state_and_the_time_to_answer() -> None:
    packet = replied(challenge())
    assert packet.code == Code.ACCESS_CHALLENGE
    assert join_eap(packet) == challenge().eap
    assert packet.octets("State") == b"0x53ealed"
    assert packet.integer("Session-Timeout") == 20


def test_accept_carries_success_keys_and_what_the_user_may_use() -> None:
    packet = replied(accept())
    assert packet.code == Code.ACCESS_ACCEPT
    assert join_eap(packet) == accept().eap
    assert msk_of(packet, secret=SECRET, request_authenticator=AUTHENTICATOR) == MSK
    assert packet.text("User-Name") == accept().user_name
    assert packet.text("Framed-IPv6-Address") == "2001:db8::7"
    assert packet.text("Framed-IP-Address") == "192.0.2.7"
    assert packet.integer("Session-Timeout") == 3600
    assert packet.octets("Class") == SESSION_ID
    assert packet.octets("EAP-Key-Name") is None
    assert packet.octets("State") is None


def test_accept_names_the_key_when_asked() -> None:
    for value in (b"", b"\x00"):
        request = parse_packet(asked(Attribute(102, value)))
        assert replied(accept(), request).octets("EAP-Key-Name") == SESSION_ID


def test_accept_is_silent_about_what_the_profile_lacks() -> None:
    for apn in (None, ApnProfile(1, "internet")):
        packet = replied(accept(apn, session_timeout=None))
        absent = ("Framed-IPv6-Address", "Framed-IP-Address", "Session-Timeout")
        assert [packet.octets(name) for name in absent] == [None, None, None]
    assert replied(replace(accept(), session_id=b"")).octets("Class") is None


def test_class_is_in_the_order_of_time_and_fits_or_is_not_there() -> None:
    first, second = session_name(1, 77), session_name(2, 0)
    one, other = (replace(accept(), session=name) for name in (first, second))
    assert replied(one).octets("Class") == class_of(one) == first.encode() + SESSION_ID
    assert class_of(one) < class_of(replace(other, session_id=bytes(33)))
    assert replied(replace(accept(), session="x" * (VALUE_LIMIT - len(SESSION_ID) + 1))).octets("Class") is None


def test_reject_carries_failure() -> None:
    packet = replied(Reject(bytes.fromhex("04080004"), RejectCause.WRONG_RESPONSE))
    assert packet.code == Code.ACCESS_REJECT
    assert join_eap(packet) == bytes.fromhex("04080004")
    # RFC 3579 §2.6.5
    assert packet.octets("Reply-Message") is None


def test_reject_without_eap_answers_with_the_identifier_of_the_request() -> None:
    assert join_eap(replied(Reject(b"", RejectCause.BAD_EAP))) == bytes.fromhex("04070004")
    assert eap_failure(parse_packet(asked(eap=b""))) == bytes.fromhex("04000004")


def test_ignored_request_gets_silence() -> None:
    assert to_reply(REQUEST, Ignore("not ours"), secret=SECRET, random=bytes) is None


def test_challenge_of_many_octets_is_fragmented() -> None:
    packet = replied(replace(challenge(), eap=bytes(1000)))
    assert [len(piece) for piece in packet.values("EAP-Message")] == [253, 253, 253, 241]


def test_accept_names_nobody_where_there_is_no_name_to_tell() -> None:
    assert replied(replace(accept(), user_name="")).text("User-Name") is None
