"""The words that records keep, and what never shows itself."""

from hss.failure_api import Certainty, Evidence, Hypothesis, Verdict
from wire.identity import EapMethod, Imsi
from wire.secret import Secret


def test_words_fit_their_columns_and_are_different() -> None:
    assert len({one.value for one in Hypothesis}) == len(Hypothesis)
    assert all(len(one.value) <= 48 for one in Hypothesis)


def test_evidence_shows_neither_res_nor_packet_nor_identities() -> None:
    res, packet = Secret(b"\xaa" * 8), b"\xbb" * 20
    evidence = Evidence(
        Imsi("001010000000001"), EapMethod.AKA, bytes(16), bytes(16), res=res, packet=packet, identities=(b"0001",)
    )
    assert "\\xaa" not in repr(evidence)
    assert "\\xbb" not in repr(evidence)
    assert "identities" not in repr(evidence)


def test_proven_verdict_needs_no_more_asking() -> None:
    assert Verdict(Hypothesis.SQN, Certainty.PROVEN, "").is_proven
    assert not Verdict(Hypothesis.SQN, Certainty.INDICATED, "").is_proven
