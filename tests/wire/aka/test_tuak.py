"""TS 35.233 test sets, the last of them with two iterations of Keccak."""

import json
from pathlib import Path
from typing import Any

import pytest

from wire.aka.tuak import Tuak, TuakParameters, derive_topc
from wire.errors import EncodeError
from wire.secret import Secret

SETS = json.loads((Path(__file__).parents[2] / "vectors" / "tuak.json").read_text())["sets"]


def octets(case: dict[str, Any], name: str) -> bytes:
    return bytes.fromhex(case[name])


def parameters(case: dict[str, Any]) -> TuakParameters:
    lengths = {name: case[f"{name}_bits"] // 8 for name in ("mac", "res", "ck", "ik")}
    return TuakParameters(**lengths, iterations=case["keccak_iterations"])


def tuak(case: dict[str, Any]) -> Tuak:
    return Tuak(Secret(octets(case, "k")), Secret(octets(case, "topc")), parameters(case))


@pytest.fixture(params=SETS, ids=lambda case: str(case["spec_section"]))
def case(request: pytest.FixtureRequest) -> dict[str, Any]:
    value: dict[str, Any] = request.param
    return value


def test_sets_cover_every_length() -> None:
    seen = {name: {case[name] for case in SETS} for name in SETS[0]}
    assert seen["k_bits"] == seen["ck_bits"] == seen["ik_bits"] == {128, 256}
    assert (seen["mac_bits"], seen["res_bits"]) == ({64, 128, 256}, {32, 64, 128, 256})
    assert seen["keccak_iterations"] == {1, 2}


def test_topc_is_derived_from_top(case: dict[str, Any]) -> None:
    topc = derive_topc(octets(case, "k"), octets(case, "top"), case["keccak_iterations"])
    assert topc == octets(case, "topc")


def test_functions_give_the_published_outputs(case: dict[str, Any]) -> None:
    functions = tuak(case)
    rand, sqn, amf = octets(case, "rand"), octets(case, "sqn"), octets(case, "amf")
    assert functions.f1(rand, sqn, amf) == octets(case, "f1")
    assert functions.f1star(rand, sqn, amf) == octets(case, "f1star")
    assert functions.f2345(rand) == tuple(octets(case, name) for name in ("f2", "f3", "f4", "f5"))
    assert functions.f5star(rand) == octets(case, "f5star")


def test_vector_gives_the_same_outputs_at_once(case: dict[str, Any]) -> None:
    outputs = tuak(case).vector(octets(case, "rand"), octets(case, "sqn"), octets(case, "amf"))
    assert outputs == tuple(octets(case, name) for name in ("f1", "f2", "f3", "f4", "f5"))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"mac": 12}, "mac has 8 or 16 or 32 octets"),
        ({"res": 5}, "res has 4 or 8 or 16 or 32 octets"),
        ({"ck": 8}, "ck has 16 or 32 octets"),
        ({"ik": 24}, "ik has 16 or 32 octets"),
        ({"iterations": 0}, "iterations is 1 or more"),
    ],
)
def test_lengths_that_tuak_has_not_are_refused(wrong: dict[str, int], said: str) -> None:
    with pytest.raises(EncodeError, match=said):
        TuakParameters(**wrong)


@pytest.mark.parametrize(("k", "topc"), [(15, 32), (24, 32), (16, 16), (32, 31)])
def test_keys_of_another_length_are_refused(k: int, topc: int) -> None:
    with pytest.raises(EncodeError, match="K of 16 or 32 octets"):
        Tuak(Secret(bytes(k)), Secret(bytes(topc)))
    with pytest.raises(EncodeError, match="K of 16 or 32 octets"):
        derive_topc(bytes(k), bytes(topc))


def test_keys_stay_hidden() -> None:
    _, res, ck, ik, _ = tuak(SETS[0]).vector(bytes(16), bytes(6), bytes(2))
    assert all(isinstance(key, Secret) for key in (res, ck, ik))
