"""Attributes of RFC 4187 §8.1 and §10, and of captured messages."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.eap.attributes import At, Attribute, Attributes, attribute_name
from wire.errors import DecodeError, EncodeError

LENGTHS: dict[At, int] = {
    At.PERMANENT_ID_REQ: 0,
    At.ANY_ID_REQ: 0,
    At.FULLAUTH_ID_REQ: 0,
    At.COUNTER_TOO_SMALL: 0,
    At.RESULT_IND: 0,
    At.CHECKCODE: 0,
    At.NOTIFICATION: 2,
    At.COUNTER: 2,
    At.CLIENT_ERROR_CODE: 2,
    At.KDF: 2,
    At.BIDDING: 2,
    At.SELECTED_VERSION: 2,
    At.RES: 8,
    At.AUTS: 14,
    At.RAND: 16,
    At.AUTN: 16,
    At.MAC: 16,
    At.IV: 16,
    At.NONCE_S: 16,
    At.NONCE_MT: 16,
    At.ENCR_DATA: 32,
    At.IDENTITY: 55,
    At.KDF_INPUT: 4,
    At.NEXT_PSEUDONYM: 23,
    At.NEXT_REAUTH_ID: 60,
    At.VERSION_LIST: 2,
}
OPAQUE = [kind for kind in At if kind not in LENGTHS and kind is not At.PADDING]


def test_every_attribute_is_tried() -> None:
    assert len(OPAQUE) == 14
    assert len(LENGTHS) + len(OPAQUE) + 1 == len(At)


@given(st.lists(st.sampled_from(list(LENGTHS)), max_size=12), st.randoms())
def test_attributes_survive_a_round_trip_in_any_order(kinds: list[At], random: Random) -> None:
    attributes = Attributes(tuple(Attribute(kind, random.randbytes(LENGTHS[kind])) for kind in kinds))
    octets = attributes.build()
    assert len(octets) % 4 == 0
    assert Attributes.parse(octets) == attributes


@given(st.integers(128, 255), st.integers(0, 20), st.data())
def test_unknown_skippable_attribute_survives(number: int, words: int, data: st.DataObject) -> None:
    if number < 137 and number not in (128, 131):
        return
    body = data.draw(st.binary(min_size=4 * words + 2, max_size=4 * words + 2))
    octets = bytes((number, words + 1)) + body
    attributes = Attributes.parse(octets)
    assert attributes.items == (Attribute(number, body),)
    assert attributes.build() == octets


@pytest.mark.parametrize("number", [0, 5, 8, 9, 18, 25, 99, 127])
def test_unknown_attribute_that_may_not_be_skipped_is_named(number: int) -> None:
    with pytest.raises(DecodeError, match=f"non-skippable attribute {number}"):
        Attributes.parse(bytes((number, 1, 0, 0)))


@pytest.mark.parametrize(("octets", "offset"), [("0a", 9), ("0a00", 10), ("0a0100000102", 14), ("860500", 10)])
def test_malformed_attribute_is_refused_where_it_is(octets: str, offset: int) -> None:
    with pytest.raises(DecodeError) as caught:
        Attributes.parse(bytes.fromhex(octets), base=8)
    assert caught.value.offset == offset


def test_captured_challenge_is_read() -> None:
    attributes = Attributes.parse(bytes.fromhex("1801000117020004574c414e870100000c018000"))
    assert attributes.numbers(At.KDF) == (1,)
    assert attributes.get(At.KDF_INPUT) == b"WLAN"
    assert attributes.number(At.NOTIFICATION) == 0x8000
    assert At.RESULT_IND in attributes
    assert At.MAC not in attributes
    assert attributes.get(At.MAC) is None
    assert attributes.number(At.COUNTER) is None
    assert len(attributes) == 4
    assert [item.type for item in attributes] == [24, 23, 135, 12]
    assert dict(attributes.items) == {24: b"\x00\x01", 23: b"WLAN", 135: b"", 12: b"\x80\x00"}
    assert attributes.mac_at == 0


def test_attributes_say_where_the_value_of_their_mac_is() -> None:
    octets = bytes(8) + bytes.fromhex("87010000" + "0b050000" + "17" * 16 + "c8010000")
    attributes = Attributes.parse(octets[8:], base=8)
    assert octets[attributes.mac_at : attributes.mac_at + 16] == b"\x17" * 16
    assert attributes == Attributes(attributes.items)


def test_attribute_that_does_not_fit_is_not_built() -> None:
    with pytest.raises(EncodeError):
        Attribute(At.IDENTITY, bytes(1017)).build()
    assert len(Attribute(At.IDENTITY, bytes(1016)).build()) == 1020
    with pytest.raises(EncodeError):
        Attribute(256, bytes(2)).build()


def test_attribute_never_shows_its_value() -> None:
    assert repr(Attribute(At.RES, b"topsecret")) == "<AT_RES of 9 octets>"
    assert attribute_name(99) == "attribute 99"
