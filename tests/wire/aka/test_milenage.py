"""TS 35.208 §4.3 and TS 35.207 test sets; the 2G conversions of TS 55.205 as a second look at RES, CK and IK."""

import json
from pathlib import Path
from typing import Any

import pytest

from wire.aka.milenage import Milenage, derive_opc
from wire.aka.sqn import conceal, reveal
from wire.aka.vector import Autn, Auts
from wire.errors import EncodeError
from wire.secret import Secret

FOLDER = Path(__file__).parents[2] / "vectors"
VECTORS = json.loads((FOLDER / "milenage.json").read_text())
EAP_AKA = json.loads((FOLDER / "eap_aka.json").read_text())
EAP_RUNS, EAP_KEYS = EAP_AKA["eap_aka_full_runs"], EAP_AKA["eap_aka_keys"]
SETS = [*VECTORS["milenage_35_208"], *VECTORS["milenage_35_207_extra"]]


def octets(case: dict[str, Any], name: str) -> bytes:
    return bytes.fromhex(case[name])


def milenage(case: dict[str, Any]) -> Milenage:
    return Milenage(Secret(octets(case, "k")), Secret(octets(case, "opc")))


def xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def c2(res: bytes) -> bytes:
    """SRES from RES (TS 33.102 §6.8.1.2)."""
    return xor(res[:4], res[4:])


def c3(ck: bytes, ik: bytes) -> bytes:
    """Kc from CK and IK (TS 33.102 §6.8.1.2)."""
    return xor(xor(ck[:8], ck[8:]), xor(ik[:8], ik[8:]))


@pytest.fixture(params=SETS, ids=lambda case: str(case["label"]))
def case(request: pytest.FixtureRequest) -> dict[str, Any]:
    value: dict[str, Any] = request.param
    return value


def test_every_published_set_was_read() -> None:
    assert len(SETS) == 11
    assert len(VECTORS["gsm_milenage_55_205"]) == 9


def test_opc_is_derived_from_op(case: dict[str, Any]) -> None:
    assert derive_opc(octets(case, "k"), octets(case, "op")) == octets(case, "opc")


def test_functions_give_the_published_outputs(case: dict[str, Any]) -> None:
    functions = milenage(case)
    rand, sqn, amf = octets(case, "rand"), octets(case, "sqn"), octets(case, "amf")
    assert functions.f1(rand, sqn, amf) == octets(case, "f1")
    assert functions.f1star(rand, sqn, amf) == octets(case, "f1star")
    assert functions.f2345(rand) == tuple(octets(case, name) for name in ("f2", "f3", "f4", "f5"))
    assert functions.f5star(rand) == octets(case, "f5star")


def test_vector_gives_the_same_outputs_at_once(case: dict[str, Any]) -> None:
    outputs = milenage(case).vector(octets(case, "rand"), octets(case, "sqn"), octets(case, "amf"))
    assert outputs == tuple(octets(case, name) for name in ("f1", "f2", "f3", "f4", "f5"))


def test_tokens_are_those_of_the_set(case: dict[str, Any]) -> None:
    functions = milenage(case)
    rand, sqn, amf = (bytes.fromhex(str(case[name])) for name in ("rand", "sqn", "amf"))
    mac_a, _, _, _, ak = functions.vector(rand, sqn, amf)
    assert (conceal(int.from_bytes(sqn, "big"), ak) + amf + mac_a).hex() == case["derived"]["autn"]
    auts = Auts(conceal(int.from_bytes(sqn, "big"), functions.f5star(rand)), functions.f1star(rand, sqn, b"\0\0"))
    assert auts.build().hex() == case["derived"]["auts_for_same_sqn"]


def test_conversions_to_2g_agree(case: dict[str, Any]) -> None:
    res, ck, ik, _ = milenage(case).f2345(bytes.fromhex(str(case["rand"])))
    assert c2(res).hex() == case["derived"]["sres_c2"]
    assert c3(ck, ik).hex() == case["derived"]["kc_c3"]


@pytest.mark.parametrize("sample", VECTORS["auts_samples"], ids=lambda sample: str(sample["sqn_ms"]))
def test_auts_of_a_foreign_card_is_opened(sample: dict[str, str]) -> None:
    # K and OPc of TS 35.208 Test Set 20 are those with which hostap fuzzes its EAP-AKA peer.
    functions = milenage(next(run for run in EAP_RUNS if "hostap" in run["source"]))
    rand, auts = octets(sample, "rand"), Auts.parse(octets(sample, "auts"))
    sqn = reveal(auts.concealed_sqn, functions.f5star(rand)).to_bytes(6, "big")
    assert sqn.hex() == sample["sqn_ms"]
    assert functions.f1star(rand, sqn, b"\0\0") == auts.mac_s


@pytest.mark.parametrize(
    "run", [run for run in [*EAP_RUNS, *EAP_KEYS] if "k" in run], ids=lambda run: str(run["identity_ascii"])
)
def test_vectors_of_foreign_conversations_are_made_again(run: dict[str, Any]) -> None:
    functions = milenage(run)
    res, ck, ik, ak = functions.f2345(octets(run, "rand"))
    assert (res.hex(), ck.hex(), ik.hex()) == (run.get("xres", run.get("res")), run["ck"], run["ik"])
    autn = Autn.parse(octets(run, "autn"))
    sqn = reveal(autn.concealed_sqn, ak).to_bytes(6, "big")
    assert functions.f1(octets(run, "rand"), sqn, autn.amf) == autn.mac_a
    assert sqn.hex() == run.get("sqn", sqn.hex())


@pytest.mark.parametrize("case_2g", VECTORS["gsm_milenage_55_205"], ids=lambda one: str(one["label"]))
def test_gsm_milenage_is_derived_from_it(case_2g: dict[str, str]) -> None:
    functions = Milenage(Secret(octets(case_2g, "ki")), Secret(octets(case_2g, "opc")))
    res, ck, ik, _ = functions.f2345(octets(case_2g, "rand"))
    assert (c2(res), res[:4], c3(ck, ik)) == tuple(octets(case_2g, name) for name in ("sres1", "sres2", "kc"))


def test_keys_stay_hidden() -> None:
    functions = milenage(SETS[0])
    rand = octets(SETS[0], "rand")
    assert SETS[0]["f3"] not in repr(functions.f2345(rand)) + repr(functions.vector(rand, bytes(6), bytes(2)))
    assert "secret" in repr(derive_opc(bytes(16), bytes(16)))


def test_wrong_key_lengths_are_refused() -> None:
    with pytest.raises(EncodeError):
        Milenage(Secret(bytes(15)), Secret(bytes(16)))
    with pytest.raises(EncodeError):
        derive_opc(bytes(16), bytes(17))
