"""EAP-Message and Message-Authenticator against captures of other implementations."""

import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.errors import EncodeError
from wire.radius.codec import build_attributes, build_packet, parse_packet
from wire.radius.eap import (
    UNSEALED,
    authenticity,
    build_eap,
    is_authentic,
    join_eap,
    seal_answer,
    seal_request,
    sealed_answer,
    split_eap,
)
from wire.radius.packet import Attribute, Code, RadiusPacket, is_genuine_request, is_genuine_response

FOLDER = Path(__file__).parents[2] / "vectors"
VECTORS: dict[str, Any] = json.loads((FOLDER / "radius.json").read_text(encoding="utf-8"))
CAPTURES: dict[str, Any] = json.loads((FOLDER / "eap_captures.json").read_text(encoding="utf-8"))
SAMPLE = VECTORS["wireshark_sample_radius_localhost"]

PROTECTED_REQUESTS = [
    (group["secret_ascii"].encode(), bytes.fromhex(group["request"]))
    for group in VECTORS["status_server_message_authenticator"]
] + [(SAMPLE["secret_ascii"].encode(), bytes.fromhex(exchange["request"])) for exchange in SAMPLE["exchanges"]]


def _captured_exchanges() -> list[tuple[bytes, bytes, bytes]]:
    exchanges = [
        (SAMPLE["secret_ascii"].encode(), bytes.fromhex(exchange["request"]), bytes.fromhex(exchange["response"]))
        for exchange in SAMPLE["exchanges"]
        if exchange["message_authenticator_in_response"]
    ]
    for run in CAPTURES["runs"]:
        packets = [bytes.fromhex(entry["packet"]) for entry in run.get("radius", [])]
        asked = {packet[1]: packet for packet in packets if packet[0] == Code.ACCESS_REQUEST}
        exchanges += [
            (run["secret"].encode(), asked[packet[1]], packet) for packet in packets if packet[0] != Code.ACCESS_REQUEST
        ]
    return exchanges


EXCHANGES = _captured_exchanges()


@pytest.mark.parametrize(("secret", "request_octets"), PROTECTED_REQUESTS)
def test_message_authenticator_of_a_request_is_as_published(secret: bytes, request_octets: bytes) -> None:
    # RFC 5997 §6, Wireshark's sample capture radius_localhost
    assert is_authentic(request_octets, secret)
    assert is_authentic(request_octets + b"padding", secret)
    assert not is_authentic(request_octets, b"another")


@pytest.mark.parametrize(("secret", "asked", "answered"), EXCHANGES)
def test_message_authenticators_of_an_exchange_are_as_captured(secret: bytes, asked: bytes, answered: bytes) -> None:
    # Wireshark's sample capture radius_localhost, hostap 2.10 (server and eapol_test)
    assert is_authentic(asked, secret)
    assert is_authentic(answered, secret, asked[4:20])
    assert is_genuine_response(answered, asked[4:20], secret)
    assert not is_authentic(answered, secret, bytes(16))


def test_every_captured_exchange_was_seen() -> None:
    assert len(EXCHANGES) >= 18


@pytest.mark.parametrize(("secret", "asked", "answered"), EXCHANGES)
def test_sealing_a_captured_packet_gives_the_captured_octets(secret: bytes, asked: bytes, answered: bytes) -> None:
    def unsealed(octets: bytes) -> bytes:
        packet = parse_packet(octets)
        blank = tuple(UNSEALED if pair[0] == 80 else pair for pair in packet.attributes)
        return build_packet(RadiusPacket(packet.code, packet.identifier, asked[4:20], blank))

    assert seal_request(unsealed(asked), secret) == asked
    assert seal_answer(unsealed(answered), secret, asked[4:20]) == answered


@given(st.binary(max_size=40), st.lists(st.binary(max_size=253), max_size=8))
def test_answer_is_sealed_alike_while_it_is_put_together_and_afterwards(secret: bytes, values: list[bytes]) -> None:
    behind = tuple(Attribute(33, value) for value in values)
    whole = build_packet(RadiusPacket(Code.ACCESS_ACCEPT, 9, bytes(range(16)), (UNSEALED, *behind)))
    made = sealed_answer(Code.ACCESS_ACCEPT, 9, build_attributes(behind), secret, bytes(range(16)))
    assert made == seal_answer(whole, secret, bytes(range(16)))


def test_disconnect_request_is_sealed_as_captured() -> None:
    # tcpdump's RADIUS-RFC5176 capture
    octets = bytes.fromhex(VECTORS["disconnect_request"]["packet"])
    secret = VECTORS["disconnect_request"]["secret_ascii"].encode()
    assert is_authentic(octets, secret)
    packet = RadiusPacket(Code.DISCONNECT_REQUEST, octets[1], bytes(16), (UNSEALED,))
    assert seal_request(build_packet(packet), secret) == octets
    assert is_genuine_request(octets, secret)


@given(st.binary(max_size=1500))
def test_eap_round_trips_through_its_fragments(eap: bytes) -> None:
    pieces = split_eap(eap)
    assert all(len(piece.value) == 253 for piece in pieces[:-1])
    assert join_eap(RadiusPacket(1, 0, bytes(16), pieces)) == eap


def test_eap_start_is_one_empty_message() -> None:
    assert split_eap(b"") == (Attribute(79, b""),)
    for length in (0, 1, 253, 254, 506, 1000):
        assert build_eap(bytes(length)) == build_attributes(split_eap(bytes(length)))
    assert join_eap(RadiusPacket(1, 0, bytes(16))) is None


def test_captured_eap_is_what_its_radius_packets_carried() -> None:
    # hostap 2.10
    seen = 0
    for run in CAPTURES["runs"]:
        carried = [join_eap(parse_packet(bytes.fromhex(entry["packet"]))) for entry in run.get("radius", [])]
        wanted = [bytes.fromhex(message["eap"]) for message in run["messages"]]
        assert set(wanted) <= set(carried) or not carried
        seen += len(carried)
    assert seen >= 28


def test_unprotected_packet_is_not_authentic() -> None:
    bare = build_packet(RadiusPacket(1, 0, bytes(16), (Attribute(1, b"ue"),)))
    assert authenticity(parse_packet(bare), b"secret") is None
    assert not is_authentic(bare, b"secret")
    with pytest.raises(EncodeError, match="no Message-Authenticator"):
        seal_request(bare, b"secret")


@given(secret=st.binary(max_size=100))
def test_digest_is_the_library_s_hmac_whatever_the_length_of_the_secret(secret: bytes) -> None:
    bare = build_packet(RadiusPacket(1, 0, bytes(16), (UNSEALED,)))
    assert seal_request(bare, secret)[-16:] == hmac.digest(secret, bare, "md5")
