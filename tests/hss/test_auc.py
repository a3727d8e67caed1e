"""Quintuplets and AUTS against TS 35.208, TS 35.207, osmo-auc-gen and RFC 9048 Appendix D."""

import json
from pathlib import Path
from typing import Any

import pytest

from hss.auc import eps_vector, genuine_sqn_ms, quintuplet
from wire.aka.kasme import derive_kasme
from wire.aka.milenage import Milenage
from wire.aka.vector import Autn, Auts
from wire.identity import EapMethod
from wire.secret import Secret

FOLDER = Path(__file__).parents[1] / "vectors"
MILENAGE = json.loads((FOLDER / "milenage.json").read_text())
SETS = [*MILENAGE["milenage_35_208"], *MILENAGE["milenage_35_207_extra"]]
CAPTURED = [
    (run, one)
    for run in json.loads((FOLDER / "eap_captures.json").read_text())["runs"]
    for one in run["rounds"]
    if "autn" in one and "ck" in one
]


def functions(case: dict[str, Any]) -> Milenage:
    return Milenage(Secret.fromhex(case["k"]), Secret.fromhex(case["opc"]))


@pytest.mark.parametrize("case", SETS, ids=lambda case: case["label"])
def test_quintuplet_is_the_published_one(case: dict[str, Any]) -> None:
    sqn, rand, amf = int(case["sqn"], 16), bytes.fromhex(case["rand"]), int(case["amf"], 16)
    vector = quintuplet(functions(case), sqn, rand, amf, EapMethod.AKA)
    assert vector.rand.hex() == case["rand"]
    assert vector.autn.hex() == case["derived"]["autn"]
    assert (vector.xres.hex(), vector.ck.hex(), vector.ik.hex()) == (case["f2"], case["f3"], case["f4"])


@pytest.mark.parametrize("case", SETS, ids=lambda case: case["label"])
def test_auts_of_the_published_sets_is_genuine(case: dict[str, Any]) -> None:
    auts = Auts.parse(bytes.fromhex(case["derived"]["auts_for_same_sqn"]))
    assert genuine_sqn_ms(functions(case), bytes.fromhex(case["rand"]), auts) == int(case["sqn"], 16)


def test_every_published_set_was_seen() -> None:
    assert (len(SETS), len(CAPTURED)) == (11, 7)


@pytest.mark.parametrize(("run", "one"), CAPTURED, ids=[f"{run['name']} {one['sqn']}" for run, one in CAPTURED])
def test_quintuplet_is_the_one_that_hostap_made(run: dict[str, Any], one: dict[str, Any]) -> None:
    prime = "ck_prime" in one
    vector = quintuplet(
        functions(run),
        int(one["sqn"], 16),
        bytes.fromhex(one["rand"]),
        int(one["amf"], 16) & 0x7FFF if prime else int(one["amf"], 16),
        EapMethod.AKA_PRIME if prime else EapMethod.AKA,
        run["network_name"] if prime else None,
    )
    assert (vector.autn.hex(), vector.xres.hex()) == (one["autn"], one["xres"])
    assert (vector.ck.hex(), vector.ik.hex()) == (
        one["ck_prime" if prime else "ck"],
        one["ik_prime" if prime else "ik"],
    )


@pytest.mark.parametrize("bit", range(14 * 8))
def test_auts_with_a_flipped_bit_is_not_genuine(bit: int) -> None:
    octets = bytearray.fromhex(SETS[0]["derived"]["auts_for_same_sqn"])
    octets[bit // 8] ^= 0x80 >> bit % 8
    assert genuine_sqn_ms(functions(SETS[0]), bytes.fromhex(SETS[0]["rand"]), Auts.parse(bytes(octets))) is None


def test_vector_for_aka_prime_has_the_separation_bit() -> None:
    case = SETS[0]
    vector = quintuplet(functions(case), 32, bytes(16), 0x0001, EapMethod.AKA_PRIME, "WLAN")
    assert Autn.parse(vector.autn).amf == b"\x80\x01"
    plain = quintuplet(functions(case), 32, bytes(16), 0x8001, EapMethod.AKA)
    assert plain.autn == vector.autn
    assert plain.xres == vector.xres
    assert (plain.ck, plain.ik) != (vector.ck, vector.ik)


def test_vector_for_aka_prime_needs_a_network_name() -> None:
    with pytest.raises(ValueError, match="name of the access network"):
        quintuplet(functions(SETS[0]), 32, bytes(16), 0, EapMethod.AKA_PRIME)


def test_vector_shows_no_key() -> None:
    case = SETS[0]
    shown = repr(quintuplet(functions(case), int(case["sqn"], 16), bytes.fromhex(case["rand"]), 0, EapMethod.AKA))
    assert "<secret" in shown
    assert case["f3"] not in shown


@pytest.mark.parametrize("case", SETS, ids=lambda case: case["label"])
def test_vector_for_eps_has_kasme_of_the_published_keys(case: dict[str, Any]) -> None:
    sqn, rand, amf, plmn = int(case["sqn"], 16), bytes.fromhex(case["rand"]), int(case["amf"], 16), b"\x00\xf1\x10"
    vector = eps_vector(functions(case), sqn, rand, amf, plmn)
    token = Autn.parse(vector.autn)
    assert (vector.rand, vector.xres.hex()) == (rand, case["f2"])
    assert token.concealed_sqn.hex() == case["derived"]["autn"][:12]
    assert token.amf == (amf | 0x8000).to_bytes(2, "big")
    keys = bytes.fromhex(case["f3"]), bytes.fromhex(case["f4"])
    assert vector.kasme == derive_kasme(*keys, plmn, token.concealed_sqn)
    assert vector.kasme.hex() not in repr(vector)


def test_vector_for_utran_is_of_no_use_in_eps() -> None:
    vector = quintuplet(functions(SETS[0]), 32, bytes(16), 0x8001, None)
    assert Autn.parse(vector.autn).amf == b"\x00\x01"
    assert vector == quintuplet(functions(SETS[0]), 32, bytes(16), 0x0001, EapMethod.AKA)
