"""Requests and answers, against hostap's packets and against the codec that pyrad is behind."""

import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ue_sim.load.radius_packets import AnswerRefused, HmacMd5, RadiusAnswer, RadiusPackets
from wire.radius.codec import parse_packet
from wire.radius.eap import is_authentic, join_eap
from wire.radius.messages import access_request, reply
from wire.radius.mppe import msk_attributes
from wire.radius.packet import Attribute, Code
from wire.secret import Secret

CAPTURES: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "eap_captures.json").read_text(encoding="utf-8")
)
SECRET = Secret(b"testing123")
AUTHENTICATOR = bytes(range(16))
PACKETS = RadiusPackets(SECRET, "load")


@given(st.binary(max_size=100), st.binary(max_size=300))
def test_keyed_contexts_are_hmac(key: bytes, octets: bytes) -> None:
    assert HmacMd5(key).digest(octets) == hmac.digest(key, octets, "md5")


@given(st.binary(min_size=1, max_size=700), st.binary(max_size=253))
def test_request_is_what_the_codec_builds(eap: bytes, state: bytes) -> None:
    octets = PACKETS.request(7, AUTHENTICATOR, b"0imsi@realm", eap, state)
    assert is_authentic(octets, SECRET)
    packet = parse_packet(octets)
    assert (packet.code, packet.identifier, packet.authenticator) == (Code.ACCESS_REQUEST, 7, AUTHENTICATOR)
    assert (packet.text("User-Name"), packet.text("NAS-Identifier")) == ("0imsi@realm", "load")
    assert (join_eap(packet), packet.octets("State") or b"") == (eap, state)


def test_captured_answers_are_genuine_and_give_their_keys() -> None:
    accepted = 0
    for run in CAPTURES["runs"]:
        packets, authenticators = RadiusPackets(Secret(run["secret"].encode()), "nas"), {}
        keys = iter(run["rounds"])
        for entry in run.get("radius", []):
            octets = bytes.fromhex(entry["packet"])
            if octets[0] == Code.ACCESS_REQUEST:
                authenticators[octets[1]] = octets[4:20]
                continue
            answer = packets.answer(octets, authenticators[octets[1]])
            codec = parse_packet(octets)
            assert answer.eap == join_eap(codec)
            assert answer.state == (codec.octets("State") or b"")
            if answer.code == Code.ACCESS_ACCEPT:
                accepted += 1
                assert answer.msk.hex() == next(keys)["msk"]
            else:
                assert answer.msk == b""
    assert accepted == 4


def accept() -> bytes:
    request = parse_packet(access_request(identifier=7, authenticator=AUTHENTICATOR, secret=SECRET, eap=b"eap"))
    keys = msk_attributes(bytes(64), secret=SECRET, request_authenticator=AUTHENTICATOR, random=lambda n: b"\x81" * n)
    attributes = [*keys, Attribute.of("State", b"state")]
    return reply(request, Code.ACCESS_ACCEPT, secret=SECRET, attributes=attributes, eap=b"\x03\x01\x00\x04")


def test_answer_of_ours_is_read() -> None:
    expected = RadiusAnswer(Code.ACCESS_ACCEPT, b"\x03\x01\x00\x04", b"state", bytes(64))
    assert PACKETS.answer(accept(), AUTHENTICATOR) == expected


def test_accept_gives_a_name_and_every_class_for_accounting() -> None:
    request = parse_packet(access_request(identifier=7, authenticator=AUTHENTICATOR, secret=SECRET, eap=b"eap"))
    given = [Attribute.of("Class", b"one"), Attribute.of("User-Name", "him"), Attribute.of("Class", b"two")]
    answer = PACKETS.answer(reply(request, Code.ACCESS_ACCEPT, secret=SECRET, attributes=given, eap=b""), AUTHENTICATOR)
    assert (answer.user_name, answer.classes, answer.msk) == (b"him", b"\x19\x05one\x19\x05two", b"")


def test_any_changed_octet_is_refused() -> None:
    octets = accept()
    for place in set(range(len(octets))) - {1}:
        changed = bytearray(octets)
        changed[place] ^= 1
        with pytest.raises(AnswerRefused):
            PACKETS.answer(bytes(changed), AUTHENTICATOR)


@given(st.binary(max_size=64))
def test_whatever_comes_is_refused(octets: bytes) -> None:
    with pytest.raises(AnswerRefused):
        PACKETS.answer(octets, AUTHENTICATOR)


def test_answer_without_message_authenticator_is_refused() -> None:
    bare = bytes((Code.ACCESS_REJECT, 7, 0, 20))
    from wire.radius.packet import response_authenticator

    octets = bare + response_authenticator(bare + bytes(16), AUTHENTICATOR, SECRET)
    with pytest.raises(AnswerRefused, match="Message-Authenticator is missing"):
        PACKETS.answer(octets, AUTHENTICATOR)
    with pytest.raises(AnswerRefused, match="another secret"):
        RadiusPackets(Secret(b"other"), "load").answer(octets, AUTHENTICATOR)
