"""Keys come out as functions where they were put in, and nowhere else."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from hss.algorithms import AlgorithmSettings
from hss.auc import SubscriberKeys
from hss.keys.custody import Custodian, SealedKeys, key_check
from hss.keys.vault import Misplaced, Vault
from hss.store.engines import transaction
from tests.hss.conftest import FIRST_SET
from wire.secret import Secret

KEYS = SubscriberKeys(Secret.fromhex(FIRST_SET["k"]), Secret.fromhex(FIRST_SET["opc"]))
USUAL = AlgorithmSettings("milenage")
IMSI = "001010000000001"


@pytest.fixture
def custodian(database_path: Path, vault: Vault) -> Custodian:
    one = Custodian(vault)
    with transaction(database_path) as connection:
        one.keyring.prepare(connection)
    return one


def sealed(custodian: Custodian, imsi: str = IMSI) -> SealedKeys:
    row = custodian.columns(IMSI, KEYS, USUAL)
    k, opc, key = row["k"], row["opc"], row["data_key_id"]
    assert isinstance(k, bytes)
    assert isinstance(opc, bytes)
    assert isinstance(key, int)
    return SealedKeys(imsi, k, opc, key, 0x8000, "milenage")


def test_keys_come_out_as_functions(custodian: Custodian) -> None:
    functions = custodian.functions(sealed(custodian), USUAL)
    assert functions.f5star(bytes.fromhex(FIRST_SET["rand"])).hex() == FIRST_SET["f5star"]
    assert custodian.open(sealed(custodian)) == KEYS


def test_keys_of_another_row_stay_shut(custodian: Custodian) -> None:
    with pytest.raises(Misplaced):
        custodian.functions(sealed(custodian, "001010000000002"), USUAL)


def test_row_of_the_first_release_still_opens(custodian: Custodian, vault: Vault) -> None:
    octets = [vault.seal(key, table="subscriber", column=c, imsi=IMSI) for c, key in (("k", KEYS.k), ("opc", KEYS.opc))]
    assert custodian.open(SealedKeys(IMSI, octets[0], octets[1], None, 0, "milenage")) == KEYS


@pytest.mark.parametrize("length", [16, 32])
def test_check_value_is_a_block_of_zeros_under_the_key(length: int) -> None:
    key = bytes(range(length))
    # the same block by another mode: CBC of zeros with IV zero
    block = Cipher(AES(key), CBC(bytes(16))).encryptor().update(bytes(16))
    assert key_check(key) == block[:3]
