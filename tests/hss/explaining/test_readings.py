"""The readings of a subscriber's keys: each once, and none that the lengths of the keys rule out."""

import pytest

from hss.algorithms import AlgorithmSettings
from hss.explaining.readings import readings
from hss.failure_api import Hypothesis
from hss.models import Algorithm, Custody
from tests.hss.explaining.cards import OP, OPC, K, derive_opc, held
from wire.aka.milenage import Milenage
from wire.secret import Secret

RAND = bytes(16)


def results(**options: object) -> set[bytes]:
    return {bytes(one.functions.vector(RAND, bytes(6), bytes(2))[1]) for one in readings(held(**options))}  # type: ignore[arg-type]


def res(opc: Secret) -> bytes:
    return bytes(Milenage(K, opc).vector(RAND, bytes(6), bytes(2))[1])


def test_right_reading_is_not_among_them() -> None:
    assert res(OPC) not in results()
    assert res(derive_opc(K, OPC)) in results()


def test_operator_keys_add_readings() -> None:
    found = list(readings(held(derive_opc(K, OPC), OP)))
    assert [one.hypothesis for one in found].count(Hypothesis.OP_FOR_OPC) == 3
    assert res(OPC) in {bytes(one.functions.vector(RAND, bytes(6), bytes(2))[1]) for one in found}


def test_other_profile_with_other_constants_is_tried() -> None:
    rotated = AlgorithmSettings("rotated", Algorithm.MILENAGE, '{"r": [64, 0, 32, 64, 104]}')
    both = held()
    names = [one.cause for one in readings(type(both)(both.keys, both.settings, {"rotated": rotated, "x": rotated}))]
    assert sum("profile rotated" in name for name in names) == 1


@pytest.mark.parametrize("algorithm", [Algorithm.TUAK, Algorithm.TEST])
def test_keys_of_another_algorithm_are_read_as_far_as_they_fit(algorithm: Algorithm) -> None:
    settings = AlgorithmSettings("own", algorithm)
    opc = Secret(bytes(32)) if algorithm is Algorithm.TUAK else OPC
    found = {one.hypothesis for one in readings(held(opc, settings=settings))}
    wanted = {Hypothesis.ALGORITHM} if algorithm is Algorithm.TEST else {Hypothesis.ALGORITHM, Hypothesis.OP_FOR_OPC}
    assert found == wanted


def test_key_of_32_octets_is_none_of_milenage_or_the_test_algorithm() -> None:
    settings = AlgorithmSettings("own", Algorithm.TUAK, custody=Custody.SEALED)
    found = list(readings(held(Secret(bytes(32)), settings=settings, k=Secret(bytes(32)))))
    assert [one.hypothesis for one in found] == [Hypothesis.OP_FOR_OPC]
