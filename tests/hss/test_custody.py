"""Keys come out as functions where they were put in, and nowhere else."""

import pytest

from hss.algorithms import AlgorithmSettings
from hss.auc import SubscriberKeys
from hss.custody import Custodian, SealedKeys
from hss.vault import Misplaced, Vault
from tests.hss.conftest import FIRST_SET
from wire.secret import Secret

KEYS = SubscriberKeys(Secret.fromhex(FIRST_SET["k"]), Secret.fromhex(FIRST_SET["opc"]))
USUAL = AlgorithmSettings("milenage")


def sealed(vault: Vault, imsi: str = "001010000000001") -> SealedKeys:
    row = Custodian(vault).columns("001010000000001", KEYS, USUAL)
    k, opc = row["k"], row["opc"]
    assert isinstance(k, bytes)
    assert isinstance(opc, bytes)
    return SealedKeys(imsi, k, opc, None, 0x8000, "milenage")


def test_keys_come_out_as_functions(vault: Vault) -> None:
    functions = Custodian(vault).functions(sealed(vault), USUAL)
    assert functions.f5star(bytes.fromhex(FIRST_SET["rand"])).hex() == FIRST_SET["f5star"]
    assert Custodian(vault).open(sealed(vault)) == KEYS


def test_keys_of_another_row_stay_shut(vault: Vault) -> None:
    with pytest.raises(Misplaced):
        Custodian(vault).functions(sealed(vault, "001010000000002"), USUAL)
