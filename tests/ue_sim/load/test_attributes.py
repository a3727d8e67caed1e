"""Places of attributes, beside what `wire.eap` reads of the same octets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.captures import load_runs
from ue_sim.load.attributes import UeRefuses, counted, fixed, number, places, rest, with_length
from wire.eap.aka import AkaMessage
from wire.eap.attributes import At, Attribute

REQUESTS = [
    octets for run in load_runs() for exchange in run.exchanges for octets in exchange.requests if octets[0] == 1
]


def test_captured_requests_are_read_as_the_codec_reads_them() -> None:
    seen = set()
    for octets in REQUESTS:
        found, attributes = places(octets), AkaMessage.parse(octets).attributes
        assert set(found) == {item.type for item in attributes}
        seen |= set(found)
        for kind in set(found) & {At.RAND, At.AUTN, At.MAC, At.IV}:
            assert fixed(octets, found, kind) == attributes.get(At(kind))
        for kind in set(found) & {At.CHECKCODE, At.ENCR_DATA}:
            assert rest(octets, found, kind) == attributes.get(At(kind))
        for kind in set(found) & {At.KDF, At.NOTIFICATION}:
            assert number(octets, found, kind) == attributes.number(At(kind))
        assert counted(octets, found, At.KDF_INPUT) == attributes.get(At.KDF_INPUT)
    assert {At.RAND, At.KDF, At.NOTIFICATION, At.ENCR_DATA, At.CHECKCODE} <= seen


@given(st.binary(max_size=200))
def test_value_with_a_length_is_built_as_the_codec_builds_it(value: bytes) -> None:
    octets = with_length(At.IDENTITY, value)
    assert octets == Attribute(At.IDENTITY, value).build()
    assert counted(octets, places(octets, 0), At.IDENTITY) == value


@given(st.binary(max_size=64))
def test_whatever_comes_is_read_or_refused(octets: bytes) -> None:
    try:
        found = places(octets, 0)
    except UeRefuses:
        return
    assert all(0 <= at < len(octets) for at in found.values())


@pytest.mark.parametrize("octets", [b"\x01", b"\x01\x00\x00\x00", b"\x01\x05\x00\x00", b"\x86\x01\x00\x00\x07"])
def test_malformed_attributes_are_refused(octets: bytes) -> None:
    with pytest.raises(UeRefuses, match="malformed"):
        places(octets, 0)


def test_missing_ones_are_named() -> None:
    with pytest.raises(UeRefuses, match="AT_RAND is missing"):
        fixed(b"", {}, At.RAND)
    assert (rest(b"", {}, At.CHECKCODE), counted(b"", {}, At.KDF_INPUT), number(b"", {}, At.KDF)) == (None, None, None)
