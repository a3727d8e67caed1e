"""Profiles are read as they stand, and what no algorithm takes is refused."""

import json

import pytest
from sqlalchemy import insert

from hss.algorithms import (
    AlgorithmSettings,
    KeyLengths,
    ProfileRefused,
    check_settings,
    derive_opc,
    functions_for,
    key_lengths,
    read_settings,
)
from hss.models import Algorithm, AlgorithmProfile, Custody, Scheme
from hss.store.engines import transaction
from hss.store.location import Location
from tests.hss.conftest import FIRST_SET, VECTORS
from wire.aka.milenage import Milenage, MilenageConstants
from wire.aka.xor import TestAlgorithm
from wire.errors import EncodeError
from wire.secret import Secret

K, OPC = Secret.fromhex(FIRST_SET["k"]), Secret.fromhex(FIRST_SET["opc"])
TUAK_SETS = json.loads((VECTORS / "tuak.json").read_text())["sets"]
TUAK_SET = TUAK_SETS[0]
CHANGED = {
    "c": ["00" * 16, "00" * 15 + "01", "00" * 15 + "02", "00" * 15 + "04", "80" + "00" * 15],
    "r": [8, 0, 1, 2, 3],
}
MILENAGE, TUAK, TEST = Algorithm.MILENAGE, Algorithm.TUAK, Algorithm.TEST
RAND, SQN, AMF = bytes(range(16)), bytes(6), b"\x80\x00"


def test_profiles_are_read_as_they_stand(location: Location) -> None:
    with transaction(location) as connection:
        row = {"name": "clock", "algorithm": Algorithm.MILENAGE, "scheme": Scheme.TIME, "ind_bits": 6}
        connection.execute(insert(AlgorithmProfile).values(**row))
        assert read_settings(connection) == {
            "milenage": AlgorithmSettings("milenage"),
            "clock": AlgorithmSettings("clock", scheme=Scheme.TIME, ind_bits=6),
        }


def test_usual_profile_is_milenage() -> None:
    functions = functions_for(AlgorithmSettings("milenage"), K, OPC)
    assert functions.f5star(bytes.fromhex(FIRST_SET["rand"])).hex() == FIRST_SET["f5star"]


def changed(algorithm: Algorithm, **parameters: object) -> AlgorithmSettings:
    return AlgorithmSettings("mine", algorithm, json.dumps(parameters) if parameters else None)


def test_constants_of_milenage_are_those_of_the_profile() -> None:
    constants = MilenageConstants(c=(0, 1, 2, 4, 1 << 127), r=(8, 0, 1, 2, 3))
    functions = functions_for(changed(MILENAGE, **CHANGED), K, OPC)
    assert functions.vector(RAND, SQN, AMF) == Milenage(K, OPC, constants).vector(RAND, SQN, AMF)
    assert functions.vector(RAND, SQN, AMF) != Milenage(K, OPC).vector(RAND, SQN, AMF)
    only_r = functions_for(changed(MILENAGE, r=[8, 0, 1, 2, 3]), K, OPC)
    assert only_r.f5star(RAND) == Milenage(K, OPC, MilenageConstants(r=(8, 0, 1, 2, 3))).f5star(RAND)


def test_tuak_gives_the_published_outputs() -> None:
    settings = changed(TUAK, res=4)
    k, top = Secret.fromhex(TUAK_SET["k"]), Secret.fromhex(TUAK_SET["top"])
    topc = derive_opc(settings, k, top)
    assert topc.hex() == TUAK_SET["topc"]
    rand, sqn, amf = (bytes.fromhex(TUAK_SET[name]) for name in ("rand", "sqn", "amf"))
    outputs = functions_for(settings, k, topc).vector(rand, sqn, amf)
    assert [one.hex() for one in outputs] == [TUAK_SET[name] for name in ("f1", "f2", "f3", "f4", "f5")]


def test_iterations_count_for_topc_as_well() -> None:
    case = TUAK_SETS[-1]
    k, top = Secret.fromhex(case["k"]), Secret.fromhex(case["top"])
    assert derive_opc(changed(TUAK, iterations=2), k, top).hex() == case["topc"]


def test_test_algorithm_needs_no_opc() -> None:
    functions = functions_for(changed(TEST), K, derive_opc(changed(TEST), K, Secret(bytes(16))))
    assert functions.vector(RAND, SQN, AMF) == TestAlgorithm(K).vector(RAND, SQN, AMF)


def test_opc_is_the_published_one() -> None:
    assert derive_opc(changed(MILENAGE), K, Secret.fromhex(FIRST_SET["op"])) == OPC
    with pytest.raises(EncodeError):
        derive_opc(changed(MILENAGE), K, Secret(bytes(32)))


def test_keys_are_as_long_as_the_algorithm_says() -> None:
    assert key_lengths(changed(TUAK)) == KeyLengths(k=(16, 32), opc=32)
    assert key_lengths(changed(MILENAGE)) == key_lengths(changed(TEST)) == KeyLengths(k=(16,), opc=16)


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_keys_of_another_length_are_refused(algorithm: Algorithm) -> None:
    with pytest.raises(ProfileRefused, match=r"profile mine: .* octets.*; give the subscriber keys of its own"):
        functions_for(changed(algorithm), Secret(bytes(17)), Secret(bytes(17)))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (AlgorithmSettings("mine", MILENAGE, "{"), r'not a JSON object; write them as {"c": \['),
        (AlgorithmSettings("mine", MILENAGE, "[" * 2000), "not a JSON object"),
        (AlgorithmSettings("mine", TUAK, "[1]"), 'not a JSON object; write them as {"mac": 8'),
        (changed(MILENAGE, d=1), "nothing is called 'd'"),
        (changed(MILENAGE, c=1), "c and r are lists"),
        (changed(MILENAGE, c=["00" * 16] * 4), "c1 to c5 are five constants of 16 octets"),
        (changed(MILENAGE, c=["00"] * 5), "'00' is none of c1 to c5"),
        (changed(MILENAGE, c=["xy" * 16] * 5), "is none of c1 to c5"),
        (changed(MILENAGE, c=[0, 1, 2, 4, 8]), "0 is none of c1 to c5"),
        (changed(MILENAGE, r=[64, 0, 32, 64, 128]), "rotations by 0 to 127 bits"),
        (changed(MILENAGE, r=[64, 0, 32, 64, True]), "True is none of r1 to r5"),
        (changed(MILENAGE, c=["00" * 16] * 5), "c4 and r4 are c1 and r1 again"),
        (changed(TUAK, mac=16), "AKA has no room for mac of 16 octets; write 8"),
        (changed(TUAK, res=32), "AKA has no room for res of 32 octets; write 16"),
        (changed(TUAK, ck=32), "AKA has no room for ck of 32 octets; write 16"),
        (changed(TUAK, ik=32), "AKA has no room for ik of 32 octets; write 16"),
        (changed(TUAK, res=5), "res has 4 or 8 or 16 or 32 octets"),
        (changed(TUAK, iterations=0), "iterations is 1 or more"),
        (changed(TUAK, iterations=256), "iterations is at most 255"),
        (changed(TUAK, res="8"), "res is a number of octets or times"),
        (changed(TUAK, k=32), "nothing is called 'k'"),
        (changed(TEST, res=8), "takes no parameters; leave them out"),
        (AlgorithmSettings("mine", TUAK, custody=Custody.TOKEN), "a token computes no tuak; write custody sealed"),
    ],
)
def test_profile_that_cannot_be_is_refused_in_one_line(settings: AlgorithmSettings, said: str) -> None:
    with pytest.raises(ProfileRefused, match=said) as refused:
        check_settings(settings)
    assert str(refused.value).startswith("profile mine: ")
    assert "\n" not in str(refused.value)
    with pytest.raises(ProfileRefused, match=said):
        functions_for(settings, K, OPC)


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_usual_profiles_are_accepted(algorithm: Algorithm) -> None:
    check_settings(changed(algorithm))
