"""Attributes by name, and the traps of the value codecs underneath."""

import pytest

from wire.errors import DecodeError, EncodeError
from wire.radius.dictionary import Value, decode_value, definition, encode_value, pyrad_dictionary

KINDS: list[tuple[str, Value, str]] = [
    ("User-Name", "0001@realm", "303030314072 65616c6d"),
    ("User-Name", "größe", "6772c3b6c39f65"),
    ("NAS-IP-Address", "192.0.2.1", "c0000201"),
    ("Framed-IPv6-Address", "2001:db8::1", "20010db8000000000000000000000001"),
    ("Session-Timeout", 30, "0000001e"),
    ("3GPP-RAT-Type", 3, "03"),
    ("State", b"\x00\xff", "00ff"),
]


@pytest.mark.parametrize(("name", "value", "octets"), KINDS)
def test_value_round_trips_in_its_own_type(name: str, value: Value, octets: str) -> None:
    assert encode_value(name, value) == bytes.fromhex(octets)
    assert decode_value(name, bytes.fromhex(octets)) == value


def test_dictionary_numbers_vendor_attributes_by_their_vendor() -> None:
    # RFC 2548 §2.4.3: vendor 311, type 17; TS 29.061 §16.4.7: vendor 10415, type 1.
    assert definition("MS-MPPE-Recv-Key").key == (311, 17)
    assert definition("3GPP-IMSI").key == (10415, 1)
    assert definition("EAP-Message").key == 79


def test_dictionary_is_loaded_once_and_whole() -> None:
    assert pyrad_dictionary() is pyrad_dictionary()
    assert len(pyrad_dictionary().attributes) >= 40
    assert pyrad_dictionary().skipped_attributes == set()


def test_dictionary_does_not_know_what_is_not_in_it() -> None:
    with pytest.raises(KeyError):
        definition("No-Such-Attribute")


@pytest.mark.parametrize("octets", [b"0x41424344", b"12", b"0x", b""])
def test_octets_that_look_like_text_stay_as_they_are(octets: bytes) -> None:
    assert encode_value("State", octets) == octets
    assert decode_value("State", octets) == octets


@pytest.mark.parametrize(
    ("name", "octets"),
    [
        ("Session-Timeout", b"\x00\x00\x01"),
        ("Session-Timeout", b""),
        ("NAS-IP-Address", b"\x7f\x00\x00\x00\x01"),
        ("Framed-IPv6-Address", b"\x20\x01"),
        ("User-Name", b"\xff\xfe"),
        ("3GPP-RAT-Type", b""),
    ],
)
def test_decoder_refuses_octets_of_another_type(name: str, octets: bytes) -> None:
    with pytest.raises(DecodeError):
        decode_value(name, octets)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("State", "text"),
        ("User-Name", 7),
        ("Session-Timeout", "7"),
        ("Session-Timeout", 1 << 32),
        ("Session-Timeout", -1),
        ("NAS-IP-Address", "2001:db8::1"),
        ("Framed-IPv6-Address", "192.0.2.1"),
        ("Class", bytes(254)),
        ("User-Name", "x" * 254),
    ],
)
def test_encoder_refuses_what_the_type_cannot_carry(name: str, value: Value) -> None:
    with pytest.raises(EncodeError):
        encode_value(name, value)
