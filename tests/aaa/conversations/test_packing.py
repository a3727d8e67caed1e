"""Numbers, texts and identities, there and back, and how few octets they take."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aaa.conversations.packing import MOST_REALMS, Packer, Unpacker, known_realms
from tests.aaa.conversations.samples import REALMS, RESUMABLES, identities
from tests.aaa.eap.dialogue import AKA_IDENTITY, IMSI, REALM
from tests.aaa.identities.keyrings import Node
from wire.errors import DecodeError, EncodeError
from wire.identity import EapMethod


def packed(*values: bytes) -> bytes:
    packer = Packer(REALMS)
    for value in values:
        packer.identity(value)
    return packer.build()


@given(st.lists(identities, max_size=6))
def test_identities_come_back_as_the_ue_wrote_them(written: list[bytes]) -> None:
    unpacker = Unpacker(packed(*written), REALMS)
    assert [unpacker.identity() for _ in written] == written
    unpacker.finish()


@given(st.binary(max_size=400), st.none() | st.text(max_size=200), st.integers(0, (1 << 48) - 1))
def test_octets_texts_and_numbers_come_back(value: bytes, text: str | None, number: int) -> None:
    packer = Packer(())
    packer.varied(value)
    packer.text(text)
    packer.number(number, 6)
    unpacker = Unpacker(packer.build(), ())
    assert (unpacker.varied(), unpacker.text(), unpacker.number(6)) == (value, text, number)
    unpacker.finish()


def test_identity_takes_as_few_octets_as_it_has_meaning() -> None:
    assert len(packed(AKA_IDENTITY)) == 10
    assert len(packed(AKA_IDENTITY, AKA_IDENTITY)) == 11
    once = Node().identities.next_reauthentication(RESUMABLES[EapMethod.AKA_PRIME], "WLAN") or b""
    assert len(once) == 160
    assert len(packed(once)) == len(packed(once + f"@{REALM}".encode())) == 122
    assert len(packed(once + b"@other.example")) > 160


def test_identity_that_the_reader_will_know_is_its_place_alone() -> None:
    packer = Packer(REALMS, (AKA_IDENTITY,))
    for value in (AKA_IDENTITY, b"other", b"other"):
        packer.identity(value)
    octets = packer.build()
    assert octets == bytes.fromhex("80 00 05 6f 74 68 65 72 81")
    unpacker = Unpacker(octets, REALMS, (AKA_IDENTITY,))
    assert [unpacker.identity() for _ in range(3)] == [AKA_IDENTITY, b"other", b"other"]
    with pytest.raises(DecodeError, match="no such identity"):
        Unpacker(octets, REALMS).identity()


@pytest.mark.parametrize("digits", [b"012345", b"0012345678901234567", b"0" + "٣".encode() * 8])
def test_username_that_is_no_permanent_one_is_kept_as_text(digits: bytes) -> None:
    assert Unpacker(packed(digits), REALMS).identity() == digits
    assert len(packed(digits)) == 2 + len(digits)


def test_number_that_has_no_room_is_refused() -> None:
    with pytest.raises(EncodeError):
        Packer(()).number(256)


@pytest.mark.parametrize("octets", ["", "80", "03", "30", "10", "20", "00ff"])
def test_identity_that_nobody_packed_is_refused(octets: str) -> None:
    with pytest.raises(DecodeError):
        Unpacker(bytes.fromhex(octets), REALMS).identity()


@pytest.mark.parametrize("octets", ["02", "02ff"])
def test_text_that_nobody_packed_is_refused(octets: str) -> None:
    with pytest.raises(DecodeError):
        Unpacker(bytes.fromhex(octets), ()).text()


def test_imsi_is_read_from_eight_octets() -> None:
    assert Unpacker(packed(AKA_IDENTITY)[2:], ()).imsi() == IMSI


def test_realm_has_the_place_that_it_has_in_an_identity() -> None:
    assert known_realms(("a.example", "b.example", "a.example")) == {b"": 0, b"@a.example": 1, b"@b.example": 2}
    # an identity in the second one ends as those in the first do, and is none of an IMSI's then
    assert known_realms(("x", "y@x")) == {b"": 0, b"@x": 1}
    many = tuple(f"r{number}" for number in range(MOST_REALMS + 2))
    assert len(known_realms(many)) == MOST_REALMS + 1
