"""Keys are verified without being shown, and a vector is shown for the laboratory alone."""

import json

import pytest

from tests.hss.provisioning.conftest import IMSI, KEYS, OP, K, Run
from wire.aka.milenage import Milenage, derive_opc
from wire.aka.vector import Autn
from wire.secret import Secret

OPC = derive_opc(K, OP)


@pytest.fixture
def added(run: Run) -> None:
    assert run("subscriber", "add", IMSI, "--keys", "-", stdin=KEYS)[0] == 0


@pytest.mark.usefixtures("added")
@pytest.mark.parametrize(
    ("keys", "code", "said"),
    [
        (KEYS, 0, "it is OP: the stored OPc is derived from it"),
        (f"k={K.hex()}\nopc={OPC.hex()}", 0, "it is the stored OPc"),
        (f"k={K.hex()}\nopc={OP.hex()}", 1, "the stored OPc is derived from it as if it were OP"),
        (f"k={'00' * 16}\nopc={OPC.hex()}", 1, "it is another one"),
        (f"k={K.hex()}\nopc={OPC.hex()}\namf=39b9", 1, "AMF differs in the separation bit alone"),
    ],
)
def test_keys_are_verified(run: Run, keys: str, code: int, said: str) -> None:
    found, out, err = run("subscriber", "verify", IMSI, "--keys", "-", stdin=keys)
    assert (found, err) == (code, "")
    assert said in out
    assert K.hex() not in out
    assert OPC.hex() not in out


def test_nobody_is_verified(run: Run) -> None:
    assert "there is no subscriber" in run("subscriber", "verify", IMSI, "--keys", "-", stdin=KEYS)[2]


@pytest.mark.usefixtures("added")
def test_vector_is_what_the_card_computes(run: Run) -> None:
    found = json.loads(run("subscriber", "vector", IMSI, "--json")[1])
    res, ck, ik, _ = Milenage(Secret(K), OPC).f2345(bytes.fromhex(found["rand"]))
    assert (found["xres"], found["ck"], found["ik"]) == (res.hex(), ck.hex(), ik.hex())
    assert Autn.parse(bytes.fromhex(found["autn"])).amf == bytes.fromhex("b9b9")
    actions = [row["action"] for row in json.loads(run("audit", "list", "--json")[1])]
    assert actions == ["subscriber.add", "subscriber.vector"]


def test_vector_of_others_is_not_shown(run: Run) -> None:
    code, out, err = run("subscriber", "vector", "262010000000001")
    assert (code, out) == (1, "")
    assert "is not of the laboratory" in err
    assert "no subscriber" in run("subscriber", "vector", IMSI)[2]
