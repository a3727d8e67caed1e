"""TS 35.208 §4.3 and TS 35.207 test sets; changed constants against the formulas, line by line."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from hypothesis import given
from hypothesis import strategies as st

from wire.aka.milenage import Milenage, MilenageConstants, derive_opc
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


@pytest.fixture(params=SETS, ids=lambda case: str(case["label"]))
def case(request: pytest.FixtureRequest) -> dict[str, Any]:
    value: dict[str, Any] = request.param
    return value


def test_every_published_set_was_read() -> None:
    assert len(SETS) == 11


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


def aes(k: bytes, block: bytes) -> bytes:
    return Cipher(AES(k), ECB()).encryptor().update(block)  # noqa: S305 - Milenage is defined on it


def rot(block: bytes, bits: int) -> bytes:
    written = "".join(f"{octet:08b}" for octet in block)
    return int(written[bits:] + written[:bits], 2).to_bytes(16, "big")


def outs(k: bytes, opc: bytes, rand: bytes, in1: bytes, constants: MilenageConstants) -> list[bytes]:
    """OUT1 to OUT5, line by line from the formulas of TS 35.206 §4.1."""
    c = [each.to_bytes(16, "big") for each in constants.c]
    temp = aes(k, xor(rand, opc))
    out1 = xor(aes(k, xor(xor(temp, rot(xor(in1, opc), constants.r[0])), c[0])), opc)
    others = [xor(aes(k, xor(rot(xor(temp, opc), constants.r[n]), c[n])), opc) for n in range(1, 5)]
    return [out1, *others]


OCTETS_16 = st.binary(min_size=16, max_size=16)
PAIRS = st.lists(
    st.tuples(st.integers(0, 2**128 - 1), st.integers(0, 127)), min_size=5, max_size=5, unique_by=lambda pair: pair
)


@given(k=OCTETS_16, opc=OCTETS_16, rand=OCTETS_16, last=st.binary(min_size=8, max_size=8), pairs=PAIRS)
def test_changed_constants_follow_the_formulas(
    k: bytes, opc: bytes, rand: bytes, last: bytes, pairs: list[tuple[int, int]]
) -> None:
    constants = MilenageConstants(c=tuple(c for c, _ in pairs), r=tuple(r for _, r in pairs))  # type: ignore[arg-type]
    functions, sqn, amf = Milenage(Secret(k), Secret(opc), constants), last[:6], last[6:]
    out1, out2, out3, out4, out5 = outs(k, opc, rand, last * 2, constants)
    assert functions.vector(rand, sqn, amf) == (out1[:8], out2[8:], out3, out4, out2[:6])
    assert (functions.f1(rand, sqn, amf), functions.f1star(rand, sqn, amf)) == (out1[:8], out1[8:])
    assert (functions.f2345(rand), functions.f5star(rand)) == ((out2[8:], out3, out4, out2[:6]), out5[:6])


def test_slow_reference_is_milenage(case: dict[str, Any]) -> None:
    k, opc, rand = (octets(case, name) for name in ("k", "opc", "rand"))
    out = outs(k, opc, rand, (octets(case, "sqn") + octets(case, "amf")) * 2, MilenageConstants())
    assert (out[0].hex(), out[1][8:].hex()) == (case["f1"] + case["f1star"], case["f2"])
    assert (out[2].hex(), out[3].hex(), out[4][:6].hex()) == (case["f3"], case["f4"], case["f5star"])


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"c": (0, 1, 2, 4, 1 << 128)}, "five constants of 16 octets"),
        ({"c": (0, 1, 2, 4)}, "five constants of 16 octets"),
        ({"r": (64, 0, 32, 64, 128)}, "0 to 127 bits"),
        ({"r": (64, 0, 32, -1, 96)}, "0 to 127 bits"),
        ({"c": (0, 1, 2, 4, 2), "r": (64, 0, 32, 64, 32)}, "c5 and r5 are c3 and r3 again"),
    ],
)
def test_constants_that_make_two_functions_one_are_refused(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(EncodeError, match=said):
        MilenageConstants(**changed)
