"""The example of FIPS 186-2, change notice 1."""

import json
from pathlib import Path

import pytest

from wire.eap.fips186 import fips186_prf

CASE = json.loads((Path(__file__).parents[2] / "vectors" / "eap_aka.json").read_text())["fips186_2_prf"]


def test_prf_gives_the_published_stream() -> None:
    xkey = bytes.fromhex(CASE["xkey"])
    assert fips186_prf(xkey, 40).hex() == CASE["first_40_octets"]
    assert fips186_prf(xkey, 160).hex() == CASE["first_160_octets_recomputed"]


@pytest.mark.parametrize("length", [0, 1, 19, 20, 21, 41])
def test_prf_gives_as_many_octets_as_asked(length: int) -> None:
    stream = fips186_prf(bytes.fromhex(CASE["xkey"]), length)
    assert stream.hex() == CASE["first_160_octets_recomputed"][: 2 * length]
