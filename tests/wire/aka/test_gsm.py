"""SRES and Kc of TS 55.205, and those that other implementations derive from the sets of TS 35.208."""

import json
from pathlib import Path

import pytest

from wire.aka.gsm import kc, sres
from wire.aka.milenage import Milenage
from wire.errors import EncodeError
from wire.secret import Secret

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "milenage.json").read_text())


@pytest.mark.parametrize("case", VECTORS["gsm_milenage_55_205"], ids=lambda case: str(case["label"]))
def test_triplet_is_the_published_one(case: dict[str, str]) -> None:
    functions = Milenage(Secret.fromhex(case["ki"]), Secret.fromhex(case["opc"]))
    res, ck, ik, _ = functions.f2345(bytes.fromhex(case["rand"]))
    assert (sres(res).hex(), res[:4].hex(), kc(ck, ik).hex()) == (case["sres1"], case["sres2"], case["kc"])


def test_conversions_agree_on_the_sets_of_aka() -> None:
    for case in VECTORS["milenage_35_208"]:
        assert sres(bytes.fromhex(case["f2"])).hex() == case["derived"]["sres_c2"]
        assert kc(bytes.fromhex(case["f3"]), bytes.fromhex(case["f4"])).hex() == case["derived"]["kc_c3"]


def test_sres_folds_a_response_of_any_length() -> None:
    assert sres(bytes.fromhex("01020304")).hex() == "01020304"
    assert sres(bytes.fromhex("0102030410203040aabb")).hex() == "bb993344"
    assert sres(bytes.fromhex("01" * 4 + "02" * 4 + "04" * 4 + "08" * 4)).hex() == "0f0f0f0f"


def test_another_length_is_refused() -> None:
    with pytest.raises(EncodeError):
        sres(bytes(3))
    with pytest.raises(EncodeError):
        kc(bytes(16), bytes(8))


def test_keys_stay_hidden() -> None:
    assert repr(sres(bytes(8))) + repr(kc(bytes(16), bytes(16))) == "<secret of 4 octets><secret of 8 octets>"
