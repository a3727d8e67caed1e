"""Every assumption about a card is found when the card errs that way, and none when it does not."""

import json
import re

import pytest

from hss.explaining.judging import Known, judge, same_res
from hss.failure_api import Certainty, Evidence, Hypothesis, Verdict
from tests.hss.conftest import VECTORS
from tests.hss.explaining.cards import (
    IMSI,
    OP,
    OPC,
    K,
    answered,
    challenge,
    derive_opc,
    held,
    known,
    out_of_step,
    rejected,
)
from wire.aka.functions import AkaFunctions
from wire.aka.milenage import Milenage
from wire.aka.tuak import Tuak, derive_topc
from wire.aka.xor import TestAlgorithm
from wire.identity import EapMethod
from wire.secret import Secret

CARD = Milenage(K, OPC)
TOP = Secret(bytes(range(32)))


def verdict(evidence: Evidence, has: Known) -> Verdict:
    found = judge(evidence, has)
    assert found is not None
    return found


def proven(evidence: Evidence, has: Known, hypothesis: Hypothesis) -> str:
    found = verdict(evidence, has)
    assert (found.hypothesis, found.certainty) == (hypothesis, Certainty.PROVEN), found
    return found.cause


# RES and AUTS of a card with other keys

OTHER_CARDS = [
    ("OP is stored as OPc", known(OP), Milenage(K, OPC), Hypothesis.OP_FOR_OPC, "op= instead of opc="),
    ("OPc is on the card as OP", known(OPC), Milenage(K, derive_opc(K, OPC)), Hypothesis.OP_FOR_OPC, "given OPc as OP"),
    ("OP is on the card", known(OPC, OP), Milenage(K, OP), Hypothesis.OP_FOR_OPC, "write OPc on the card"),
    ("OPc is stored as OP", known(derive_opc(K, OPC), OP), CARD, Hypothesis.OP_FOR_OPC, "opc= instead of op="),
    ("test algorithm", known(OPC), TestAlgorithm(K), Hypothesis.ALGORITHM, "TS 34.108"),
    ("TUAK", known(OPC, TOP), Tuak(K, derive_topc(K, TOP)), Hypothesis.ALGORITHM, "tuak"),
]


@pytest.mark.parametrize(("has", "card", "hypothesis", "says"), [row[1:] for row in OTHER_CARDS],
                         ids=[row[0] for row in OTHER_CARDS])  # fmt: skip
def test_card_with_other_keys_is_known_by_auts_and_by_res(
    has: Known, card: AkaFunctions, hypothesis: Hypothesis, says: str
) -> None:
    vector = challenge(has.functions)
    assert says in proven(out_of_step(vector, card, 9), has, hypothesis)
    cause = proven(answered(vector, card), has, hypothesis)
    assert says in cause
    assert "does not check AUTN" in cause


def test_card_with_another_k_is_not_taken_for_anything_else() -> None:
    stranger = Milenage(Secret(bytes(16)), OPC)
    vector = challenge(CARD)
    for evidence in (out_of_step(vector, stranger, 9), answered(vector, stranger)):
        found = verdict(evidence, known(OPC, OP))
        assert (found.hypothesis, found.certainty) == (Hypothesis.KEYS_DIFFER, Certainty.INDICATED)
        assert "another K" in found.cause


def test_published_test_sets_are_never_confused() -> None:
    """TS 35.208: of each set the card with OPc where OP is stored, by RES as published."""
    for one in json.loads((VECTORS / "milenage.json").read_text())["milenage_35_208"]:
        k, op, opc, rand, res = (Secret.fromhex(one[name]) for name in ("k", "op", "opc", "rand", "f2"))
        has = Known(Milenage(k, op), 5, 1 << 28, held(op, k=k))
        evidence = Evidence(IMSI, EapMethod.AKA, bytes(rand), bytes(16), res=res)
        assert verdict(evidence, has).hypothesis is Hypothesis.OP_FOR_OPC
        assert same_res(Milenage(k, opc).vector(rand, bytes(6), bytes(2))[1], res)


# a card that only refuses


def test_refusal_without_evidence_indicates_other_keys() -> None:
    found = verdict(rejected(challenge(CARD)), known())
    assert (found.hypothesis, found.certainty) == (Hypothesis.KEYS_DIFFER, Certainty.INDICATED)
    assert "subscriber verify" in found.cause


def test_what_the_store_says_goes_before_that() -> None:
    stored = Verdict(Hypothesis.OP_FOR_OPC, Certainty.PROVEN, "OP is stored")
    assert judge(rejected(challenge(CARD)), known(), stored) == stored
    assert judge(out_of_step(challenge(CARD), Milenage(Secret(bytes(16)), OPC), 1), known(), stored) == stored


# SQN


@pytest.mark.parametrize(
    ("seq", "seq_ms", "says"),
    [(5, 9, "5 steps behind"), (5, 5, "1 steps behind"), (1 << 29, 9, "steps ahead of the card, and Δ"),
     (12, 9, "refuses SEQ 12, which is 3 steps ahead")],
)  # fmt: skip
def test_genuine_auts_says_how_far_sqn_is_out_of_step(seq: int, seq_ms: int, says: str) -> None:
    assert says in proven(out_of_step(challenge(CARD, seq), CARD, seq_ms), known(), Hypothesis.SQN)


@pytest.mark.parametrize(
    ("amf", "f5", "says"),
    [(b"\x80\0", False, "AMF\\* is 0000"), (b"\0\0", True, "f5\\* is due"), (b"\x80\0", True, "f5\\* is due.*AMF\\*")],
)
def test_auts_made_otherwise_is_recognised(amf: bytes, f5: bool, says: str) -> None:
    vector = challenge(CARD)
    ak = CARD.vector(vector.rand, bytes(6), bytes(2))[4] if f5 else b""
    cause = proven(out_of_step(vector, CARD, 9, amf, ak), known(), Hypothesis.AUTS_FORM)
    assert re.search(says, cause)


# CK' and IK'


def test_keys_from_ck_and_ik_are_recognised() -> None:
    cause = proven(answered(challenge(CARD), CARD, name=None), known(), Hypothesis.DERIVATION)
    assert "CK and IK where CK' and IK' are due" in cause


def test_keys_for_another_network_name_are_recognised() -> None:
    cause = proven(answered(challenge(CARD), CARD, name="HRPD"), known(), Hypothesis.NETWORK_NAME)
    assert "'HRPD'" in cause
    assert "'WLAN'" in cause


def test_right_answer_says_nothing_against_the_keys() -> None:
    assert judge(answered(challenge(CARD), CARD, name="unheard of"), known()) is None


def test_keys_in_a_token_are_asked_only_for_what_they_compute() -> None:
    in_token = Known(CARD, 5, 1 << 28)
    vector = challenge(CARD)
    assert "steps behind" in proven(out_of_step(vector, CARD, 9), in_token, Hypothesis.SQN)
    found = verdict(out_of_step(vector, Milenage(K, derive_opc(K, OPC)), 9), in_token)
    assert found.hypothesis is Hypothesis.KEYS_DIFFER


def test_res_counts_from_four_octets_on() -> None:
    assert same_res(bytes(8), bytes(4))
    assert not same_res(bytes(8), bytes(3))
    assert not same_res(bytes(8), bytes(9))
