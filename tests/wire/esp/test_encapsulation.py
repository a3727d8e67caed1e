"""What a datagram of the NAT traversal port is (RFC 3948 §2)."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.errors import DecodeError
from wire.esp.encapsulation import EspInUdp, IkeInUdp, Keepalive, build_ike, has_ike_shape, parse_encapsulated

SETS = json.loads((Path(__file__).parents[2] / "vectors" / "ikev2.json").read_text(encoding="utf-8"))
IKE = bytes.fromhex(SETS["ikev2_eap_sessions"][0]["ike_auth1_request"])
ESP = bytes.fromhex(SETS["esp_linux_generated"][1]["esp_packet"])


def test_port_tells_ike_by_its_marker() -> None:
    assert parse_encapsulated(build_ike(IKE)) == IkeInUdp(IKE)
    assert build_ike(IKE) == bytes(4) + IKE


def test_port_tells_esp_by_its_spi() -> None:
    assert parse_encapsulated(ESP) == EspInUdp(0x222, ESP)


def test_port_tells_a_keepalive() -> None:
    assert parse_encapsulated(b"\xff") == Keepalive()


@given(st.binary(max_size=200), st.integers(1, 0xFFFFFFFF))
def test_what_is_put_in_comes_out(octets: bytes, spi: int) -> None:
    assert parse_encapsulated(build_ike(octets)) == IkeInUdp(octets)
    packet = spi.to_bytes(4, "big") + octets
    assert parse_encapsulated(packet) == EspInUdp(spi, packet)


@pytest.mark.parametrize("octets", [b"", b"\x00", b"\xfe", b"\xff\xff", bytes(3)])
def test_port_refuses_what_is_too_short(octets: bytes) -> None:
    with pytest.raises(DecodeError):
        parse_encapsulated(octets)


def test_ike_without_marker_is_known_by_its_own_length() -> None:
    assert has_ike_shape(IKE)
    assert not has_ike_shape(IKE[:-1])
    assert not has_ike_shape(IKE[:27])
    assert not has_ike_shape(IKE[:17] + b"\x10" + IKE[18:])
    assert not has_ike_shape(ESP)
