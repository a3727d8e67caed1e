"""What the stored keys say of themselves, and what their neighbours say of them."""

from dataclasses import replace

import pytest
from sqlalchemy import select, update

from hss.algorithms import AlgorithmSettings
from hss.explaining import stored
from hss.explaining.stored import judge_stored, neighbours_sharing_opc
from hss.failure_api import Certainty, Hypothesis
from hss.models import Algorithm, Subscriber
from hss.store.engines import transaction
from hss.store.location import Location
from tests.hss.conftest import Registry
from tests.hss.explaining.cards import OP, OPC, K, derive_opc, held
from wire.secret import Secret


@pytest.mark.parametrize(
    ("opc", "says"), [(OP, "it was given as OPc"), (derive_opc(K, OPC), "OPc was given as OP")], ids=["op", "twice"]
)
def test_op_of_the_operator_proves_the_confusion(opc: Secret, says: str) -> None:
    found = judge_stored(held(opc, OP), 0)
    assert found is not None
    assert (found.hypothesis, found.certainty) == (Hypothesis.OP_FOR_OPC, Certainty.PROVEN)
    assert says in found.cause


def test_opc_of_no_op_of_the_operator_is_told() -> None:
    found = judge_stored(held(Secret(bytes(16)), OP), 0)
    assert found is not None
    assert (found.hypothesis, found.certainty) == (Hypothesis.KEYS_DIFFER, Certainty.INDICATED)


def test_good_keys_are_not_accused() -> None:
    assert judge_stored(held(OPC, OP), 0) is None
    assert judge_stored(held(OPC), 0) is None
    assert judge_stored(held(OPC, Secret(bytes(32))), 0) is None
    assert judge_stored(replace(held(OP, OP), settings=AlgorithmSettings("t", Algorithm.TEST)), 3) is None


def test_shared_opc_is_told_with_how_many_share_it() -> None:
    found = judge_stored(held(), 3)
    assert found is not None
    assert found.certainty is Certainty.INDICATED
    assert found.cause.startswith("3 neighbours")


def test_neighbours_with_the_same_opc_and_another_k_are_counted(
    location: Location, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "NEIGHBOURS", 2)
    rows = [(b"kkk", b"ooo"), (b"k11", b"ooo"), (b"k22", b"ooo"), (b"k33", b"ooo"), (b"k44", b"xxx")]
    for number, (k_check, opc_check) in enumerate(rows):
        imsi = f"00101000000000{number}"
        registry.add(imsi, apns=())
        with transaction(location) as connection:
            values = {"k_check": k_check, "opc_check": opc_check}
            connection.execute(update(Subscriber).where(Subscriber.imsi == imsi).values(**values))
    with transaction(location) as connection:
        wanted = [neighbours_sharing_opc(connection, imsi) for imsi in connection.scalars(select(Subscriber.imsi))]
        assert sorted(wanted) == [0, 2, 2, 3, 3]
        assert neighbours_sharing_opc(connection, "001019999999999") == 0


def test_rows_of_the_first_release_have_no_check_values(location: Location, registry: Registry) -> None:
    for number in range(3):
        registry.add(f"00101000000000{number}", apns=())
    with transaction(location) as connection:
        assert neighbours_sharing_opc(connection, "001010000000001") == 0
