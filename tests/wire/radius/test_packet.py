"""Authenticators against published packets, and attributes read by name."""

import json
from pathlib import Path
from typing import Any

import pytest

from wire.errors import DecodeError
from wire.radius.codec import parse_packet
from wire.radius.packet import (
    Attribute,
    Code,
    RadiusPacket,
    is_genuine_request,
    is_genuine_response,
    request_authenticator,
    response_authenticator,
    with_authenticator,
    without_padding,
)

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "radius.json").read_text(encoding="utf-8")
)
SAMPLE = VECTORS["wireshark_sample_radius_localhost"]
EXCHANGES = [
    (group["secret_ascii"], group["request"], group["response"])
    for group in [*VECTORS["rfc2865_examples"], *VECTORS["status_server_message_authenticator"]]
] + [(SAMPLE["secret_ascii"], exchange["request"], exchange["response"]) for exchange in SAMPLE["exchanges"]]


def packet(*attributes: Attribute) -> RadiusPacket:
    return RadiusPacket(Code.ACCESS_REQUEST, 1, bytes(16), attributes)


@pytest.mark.parametrize(("secret", "request_hex", "response_hex"), EXCHANGES)
def test_response_authenticator_is_as_published(secret: str, request_hex: str, response_hex: str) -> None:
    # RFC 2865 §7.1 to §7.3, RFC 5997 §6.1 to §6.3, Wireshark's sample capture radius_localhost
    asked, answered = bytes.fromhex(request_hex), bytes.fromhex(response_hex)
    assert response_authenticator(answered, asked[4:20], secret.encode()) == answered[4:20]
    assert is_genuine_response(answered, asked[4:20], secret.encode())
    assert is_genuine_response(answered + b"padding", asked[4:20], secret.encode())
    assert not is_genuine_response(answered, asked[4:20], b"another")
    assert not is_genuine_response(answered, bytes(16), secret.encode())


def test_every_published_exchange_was_seen() -> None:
    assert len(EXCHANGES) == 13


def test_disconnect_request_authenticator_is_as_captured() -> None:
    # tcpdump's RADIUS-RFC5176 capture
    captured = VECTORS["disconnect_request"]
    octets, secret = bytes.fromhex(captured["packet"]), captured["secret_ascii"].encode()
    assert request_authenticator(octets, secret) == octets[4:20]
    assert is_genuine_request(octets, secret)
    assert not is_genuine_request(with_authenticator(octets, bytes(16)), secret)


def test_padding_is_not_part_of_a_packet() -> None:
    assert without_padding(bytes.fromhex("01000014") + bytes(16) + b"rest") == bytes.fromhex("01000014") + bytes(16)


def test_packet_reads_attributes_by_name_and_type() -> None:
    read = packet(
        Attribute.of("User-Name", "ue"),
        Attribute.of("Session-Timeout", 60),
        Attribute.of("NAS-IP-Address", "192.0.2.7"),
        Attribute.of("Proxy-State", b"one"),
        Attribute.of("Proxy-State", b"two"),
        Attribute.of("3GPP-IMSI", "001010000000001"),
    )
    assert read.text("User-Name") == "ue"
    assert read.integer("Session-Timeout") == 60
    assert read.text("NAS-IP-Address") == "192.0.2.7"
    assert read.values("Proxy-State") == (b"one", b"two")
    assert read.text("3GPP-IMSI") == "001010000000001"
    assert read.octets("State") is None
    assert read.text("NAS-Identifier") is None
    assert read.integer("NAS-Port") is None


def test_packet_refuses_to_choose_between_repeated_attributes() -> None:
    twice = packet(Attribute.of("State", b"a"), Attribute.of("User-Name", "ue"), Attribute.of("State", b"b"))
    with pytest.raises(DecodeError, match="2 attributes State"):
        twice.octets("State")
    assert twice.values("State") == (b"a", b"b")
    assert twice.by_key == {24: b"a", 1: b"ue"}
    assert twice.repeated == {24: (b"a", b"b")}
    assert [twice.first(name) for name in ("State", "User-Name", "Class")] == [b"a", b"ue", None]


def test_captured_response_reads_as_its_capture_says() -> None:
    # RFC 2865 §7.2: Framed-MTU 1500
    accept = parse_packet(bytes.fromhex(VECTORS["rfc2865_examples"][1]["response"]))
    assert accept.code == Code.ACCESS_ACCEPT
    assert accept.integer("Framed-MTU") == 1500
    assert accept.text("Framed-IP-Address") == "255.255.255.254"
