"""Whether keys are the stored ones is said, and nothing else is."""

import json
from pathlib import Path

import pytest

from hss.algorithms import AlgorithmSettings, derive_opc
from hss.auc import SubscriberKeys
from hss.keys.verification import Given, OpcVerdict, verify
from hss.models import Algorithm
from wire.secret import Secret

SET = json.loads((Path(__file__).parents[2] / "vectors" / "milenage.json").read_text())["milenage_35_208"][0]
K, OP, OPC = (Secret.fromhex(SET[name]) for name in ("k", "op", "opc"))
STORED = SubscriberKeys(K, OPC)
USUAL = AlgorithmSettings("milenage")
OTHER = Secret(bytes(16))


@pytest.mark.parametrize(
    ("given", "opc", "matches"),
    [
        (Given(K, opc=OPC), OpcVerdict.SAME, True),
        (Given(K, op=OP), OpcVerdict.OP, True),
        (Given(K, op=OPC), OpcVerdict.SAME, True),
        (Given(K, opc=OP), OpcVerdict.OPC_AS_OP, False),
        (Given(K, opc=OTHER), OpcVerdict.DIFFERENT, False),
        (Given(OTHER, opc=OPC), OpcVerdict.SAME, False),
        (Given(OTHER, op=OP), OpcVerdict.OP, False),
        (Given(K, op=Secret(bytes(32))), OpcVerdict.DIFFERENT, False),
    ],
)
def test_verdict_says_what_was_given(given: Given, opc: OpcVerdict, matches: bool) -> None:
    found = verify(given, STORED, 0x8000, USUAL)
    assert (found.opc, found.matches, found.k) == (opc, matches, given.k == K)


def test_opc_that_was_stored_as_op_is_told() -> None:
    # OPc was entered where OP belongs, so what is stored is derived once too often
    twice = SubscriberKeys(K, derive_opc(USUAL, K, OPC))
    assert verify(Given(K, opc=OPC), twice, 0, USUAL).opc is OpcVerdict.OPC_AS_OP


@pytest.mark.parametrize(
    ("amf", "hint"),
    [
        (None, None),
        (0x8000, None),
        (0x0000, "AMF differs in the separation bit alone (TS 33.102 Annex H)"),
        (0x1234, "AMF differs"),
    ],
)
def test_amf_is_judged_where_it_is_given(amf: int | None, hint: str | None) -> None:
    found = verify(Given(K, opc=OPC, amf=amf), STORED, 0x8000, USUAL)
    assert (found.amf_hint, found.matches) == (hint, hint is None)


def test_topc_is_told_as_well() -> None:
    tuak, top = AlgorithmSettings("tuak", Algorithm.TUAK), Secret(bytes(range(32)))
    stored = SubscriberKeys(K, derive_opc(tuak, K, top))
    assert verify(Given(K, op=top), stored, 0, tuak).opc is OpcVerdict.OP


def test_verdict_shows_no_key() -> None:
    shown = repr(verify(Given(K, opc=OP), STORED, 0, USUAL)) + repr(Given(K, opc=OP))
    assert all(key.hex() not in shown for key in (K, OP, OPC))
