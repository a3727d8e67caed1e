"""AUTN and AUTS are cut as TS 33.102 §6.3 draws them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.aka.vector import AuthVector, Autn, Auts, EpsVector
from wire.errors import DecodeError, EncodeError
from wire.secret import Secret


@given(st.binary(min_size=16, max_size=16))
def test_autn_survives_a_round_trip(octets: bytes) -> None:
    autn = Autn.parse(octets)
    assert autn.build() == octets
    assert (len(autn.concealed_sqn), len(autn.amf), len(autn.mac_a)) == (6, 2, 8)


@given(st.binary(min_size=14, max_size=14))
def test_auts_survives_a_round_trip(octets: bytes) -> None:
    auts = Auts.parse(octets)
    assert auts.build() == octets
    assert (len(auts.concealed_sqn), len(auts.mac_s)) == (6, 8)


def test_separation_bit_is_the_first_of_amf() -> None:
    assert Autn(bytes(6), b"\x80\x00", bytes(8)).separation
    assert not Autn(bytes(6), b"\x7f\xff", bytes(8)).separation


@pytest.mark.parametrize("length", [0, 15, 17])
def test_autn_refuses_another_length(length: int) -> None:
    with pytest.raises(DecodeError):
        Autn.parse(bytes(length))


@pytest.mark.parametrize("length", [0, 13, 15])
def test_auts_refuses_another_length(length: int) -> None:
    with pytest.raises(DecodeError):
        Auts.parse(bytes(length))


def test_tokens_refuse_to_be_built_from_short_fields() -> None:
    with pytest.raises(EncodeError):
        Autn(bytes(5), bytes(2), bytes(8)).build()
    with pytest.raises(EncodeError):
        Auts(bytes(6), bytes(7)).build()


def test_vector_hides_its_keys() -> None:
    vector = AuthVector(bytes(16), bytes(16), Secret(b"x" * 8), Secret(b"c" * 16), Secret(b"i" * 16))
    assert "xxxx" not in repr(vector)
    assert "cccc" not in repr(vector)


@pytest.mark.parametrize(
    ("rand", "autn", "xres", "ck", "ik"),
    [
        (15, 16, 8, 16, 16),
        (16, 17, 8, 16, 16),
        (16, 16, 3, 16, 16),
        (16, 16, 17, 16, 16),
        (16, 16, 8, 15, 16),
        (16, 16, 8, 16, 0),
    ],
)
def test_vector_refuses_wrong_lengths(rand: int, autn: int, xres: int, ck: int, ik: int) -> None:
    with pytest.raises(EncodeError):
        AuthVector(bytes(rand), bytes(autn), Secret(bytes(xres)), Secret(bytes(ck)), Secret(bytes(ik)))


def test_eps_vector_hides_its_keys() -> None:
    vector = EpsVector(bytes(16), bytes(16), Secret(b"xresxres"), Secret(b"k" * 32))
    assert "xres" not in repr(vector).replace("xres=", "")
    assert "kkkk" not in repr(vector)


@pytest.mark.parametrize(("autn", "xres", "kasme"), [(15, 8, 32), (16, 3, 32), (16, 17, 32), (16, 8, 16)])
def test_eps_vector_has_the_lengths_of_its_specification(autn: int, xres: int, kasme: int) -> None:
    with pytest.raises(EncodeError):
        EpsVector(bytes(16), bytes(autn), Secret(bytes(xres)), Secret(bytes(kasme)))
