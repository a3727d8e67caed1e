"""A packet keeps all that is its own on the way through a proxy, and pyrad verifies both hops."""

import pytest
from pyrad.packet import AuthPacket

from wire.errors import DecodeError, EncodeError
from wire.radius.codec import build_packet, parse_packet
from wire.radius.eap import is_authentic, join_eap
from wire.radius.forwarding import forward_answer, forward_request
from wire.radius.messages import access_request, reply, signed_request
from wire.radius.mppe import msk_attributes, msk_of
from wire.radius.packet import Attribute, Code, RadiusPacket, is_genuine_request, is_genuine_response
from wire.secret import Secret

NAS, HOME = b"between nas and proxy", b"between proxy and home"
FIRST, SECOND = bytes(range(16)), bytes(range(16, 32))
MSK = Secret(bytes(range(64)))
EAP = bytes.fromhex("0201000501")
UNKNOWN = Attribute(26, bytes.fromhex("00003039 0103ff 7f"))
ASKED = access_request(
    identifier=7,
    authenticator=FIRST,
    secret=NAS,
    attributes=[Attribute.of("User-Name", "u@example.org"), Attribute.of("Proxy-State", b"nas"), UNKNOWN],
    eap=EAP,
)


def forwarded(octets: bytes = ASKED) -> bytes:
    return forward_request(octets, identifier=99, authenticator=SECOND, secret=HOME, proxy_state=b"ours")


def values(octets: bytes) -> list[tuple[int, bytes]]:
    at, found = 20, []
    while at < len(octets):
        found.append((octets[at], octets[at + 2 : at + octets[at + 1]]))
        at += octets[at + 1]
    return found


def test_request_goes_on_with_our_proxy_state_behind_all_others() -> None:
    octets = forwarded()
    assert octets[:2] == bytes([Code.ACCESS_REQUEST, 99])
    assert octets[4:20] == SECOND
    assert octets[20:22] == b"\x50\x12"
    assert is_authentic(octets, HOME)
    before = [one for one in values(ASKED) if one[0] != 80]
    assert values(octets)[1:] == [*before, (33, b"ours")]
    assert AuthPacket(secret=HOME, packet=octets).verify_message_authenticator()


def test_padding_goes_nowhere() -> None:
    assert forwarded(ASKED + b"padding") == forwarded()


def test_accounting_goes_on_signed_anew() -> None:
    octets = forwarded(signed_request(Code.ACCOUNTING_REQUEST, identifier=7, secret=NAS))
    assert is_genuine_request(octets, HOME)
    assert is_authentic(octets, HOME)


def test_answer_comes_back_with_keys_under_the_clients_secret() -> None:
    asked = parse_packet(forwarded())
    keys = msk_attributes(MSK, secret=HOME, request_authenticator=SECOND, random=bytes)
    more = [Attribute.of("Class", b"c"), UNKNOWN, Attribute(69, bytes(20))]
    answer = reply(asked, Code.ACCESS_ACCEPT, secret=HOME, attributes=[*keys, *more], eap=b"\3\1\0\4")
    octets = forward_answer(
        answer, ASKED, server_secret=HOME, server_authenticator=SECOND, client_secret=NAS, random=bytes
    )
    packet = parse_packet(octets)
    assert (packet.code, packet.identifier, join_eap(packet)) == (Code.ACCESS_ACCEPT, 7, b"\3\1\0\4")
    assert msk_of(packet, secret=NAS, request_authenticator=FIRST) == MSK
    assert packet.values("Proxy-State") == (b"nas",)
    assert packet.values("Class") == (b"c",)
    assert (26, UNKNOWN.value) in values(octets)
    assert 69 not in dict(values(octets))
    assert octets[20:22] == b"\x50\x12"
    assert is_genuine_response(octets, FIRST, NAS)
    foreign = AuthPacket(secret=NAS, packet=ASKED)
    assert foreign.VerifyReply(AuthPacket(secret=NAS, packet=octets), octets, enforce_ma=True)


def test_keys_that_share_one_attribute_are_opened_and_closed_too() -> None:
    asked = parse_packet(forwarded())
    first, second = msk_attributes(MSK, secret=HOME, request_authenticator=SECOND, random=bytes)
    both = b"".join(bytes((kind, len(value) + 2)) + value for kind, value in ((16, second.value), (17, first.value)))
    shared = Attribute(26, (311).to_bytes(4, "big") + both)
    answer = reply(asked, Code.ACCESS_ACCEPT, secret=HOME, attributes=[shared], eap=b"\3\1\0\4")
    assert msk_of(parse_packet(answer), secret=HOME, request_authenticator=SECOND) == MSK
    octets = forward_answer(
        answer, ASKED, server_secret=HOME, server_authenticator=SECOND, client_secret=NAS, random=bytes
    )
    assert msk_of(parse_packet(octets), secret=NAS, request_authenticator=FIRST) == MSK
    assert [len(value) for kind, value in values(octets) if kind == 26] == [len(shared.value)]


@pytest.mark.parametrize("inside", [b"", b"\x10", b"\x10\x02", b"\x10\x09abc", b"\x07\x06abcd", b"\x10\x05abc\xff"])
def test_what_holds_no_key_goes_on_as_it_is(inside: bytes) -> None:
    odd = Attribute(26, (311).to_bytes(4, "big") + inside)
    answer = reply(parse_packet(forwarded()), Code.ACCESS_ACCEPT, secret=HOME, attributes=[odd])
    octets = forward_answer(
        answer, ASKED, server_secret=HOME, server_authenticator=SECOND, client_secret=NAS, random=bytes
    )
    assert (26, odd.value) in values(octets)


def test_accounting_response_comes_back_without_message_authenticator() -> None:
    asked = signed_request(
        Code.ACCOUNTING_REQUEST, identifier=7, secret=NAS, attributes=[Attribute.of("Proxy-State", b"nas")]
    )
    answer = reply(parse_packet(forwarded(asked)), Code.ACCOUNTING_RESPONSE, secret=HOME)
    octets = forward_answer(
        answer, asked, server_secret=HOME, server_authenticator=SECOND, client_secret=NAS, random=bytes
    )
    assert values(octets) == [(33, b"nas")]
    assert is_genuine_response(octets, asked[4:20], NAS)


def test_key_that_does_not_open_is_not_forwarded() -> None:
    asked = parse_packet(forwarded())
    keys = msk_attributes(MSK, secret=b"another", request_authenticator=SECOND, random=bytes)
    answer = reply(asked, Code.ACCESS_ACCEPT, secret=HOME, attributes=keys)
    with pytest.raises(DecodeError, match="secret differs"):
        forward_answer(answer, ASKED, server_secret=HOME, server_authenticator=SECOND, client_secret=NAS, random=bytes)


def test_packet_that_grows_too_long_is_not_forwarded() -> None:
    full = build_packet(RadiusPacket(1, 7, FIRST, tuple(Attribute(33, bytes(253)) for _ in range(15))))
    with pytest.raises(EncodeError, match="4096"):
        forward_request(full, identifier=1, authenticator=SECOND, secret=HOME, proxy_state=bytes(253))
