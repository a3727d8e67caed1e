"""Whether keys are those in the store."""

from random import Random

import pytest

from hss.keys.custody import Custodian
from hss.keys.vault import Vault
from hss.keys.verification import Verdict
from hss.provisioning.change import NotThere
from hss.provisioning.comparing import compare, in_words
from hss.provisioning.keys_input import KeysInput
from hss.store.engines import transaction
from hss.store.location import Location
from tests.hss.provisioning.desk import IMSI, KEYS, OTHER, put
from wire.identity import Imsi
from wire.secret import Secret


def verdict(location: Location, vault: Vault, read: KeysInput, imsi: Imsi = IMSI) -> Verdict:
    custodian = Custodian(vault)
    with transaction(location, read_only=True) as connection:
        custodian.keyring.load(connection)
        return compare(connection, custodian, imsi, read, Random(1).randbytes)


def test_stored_keys_match_and_others_do_not(location: Location, vault: Vault) -> None:
    put(location, vault)
    right = verdict(location, vault, KeysInput(KEYS.k, opc=KEYS.opc, amf=0x8000))
    assert in_words(right) == {
        "matches": True,
        "k": "it is the stored K",
        "opc": "it is the stored OPc",
        "amf": "it is the stored AMF",
    }
    wrong = in_words(verdict(location, vault, KeysInput(Secret(bytes(16)), opc=KEYS.opc)))
    assert (wrong["matches"], wrong["k"], wrong["amf"]) == (False, "it is another one", "not given")


def test_unknown_subscriber_is_told(location: Location, vault: Vault) -> None:
    with pytest.raises(NotThere, match=f"there is no subscriber {OTHER}"):
        verdict(location, vault, KeysInput(KEYS.k, opc=KEYS.opc), OTHER)
