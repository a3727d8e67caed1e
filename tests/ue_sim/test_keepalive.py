"""When a UE behind a NAT speaks only to be heard (RFC 3948 §4)."""

from ue_sim.keepalive import Keepalives


def test_keepalive_is_due_after_silence_alone() -> None:
    keepalives = Keepalives(20.0, behind_nat=True)
    keepalives.sent(100.0)
    assert (keepalives.deadline, keepalives.is_due(119.0)) == (120.0, False)
    keepalives.sent(119.0)
    assert not keepalives.is_due(120.0)
    assert keepalives.is_due(139.0)
    assert keepalives.deadline == 159.0


def test_without_a_nat_or_an_interval_there_is_none() -> None:
    for keepalives in (Keepalives(20.0), Keepalives(0.0, behind_nat=True)):
        assert keepalives.deadline is None
        assert not keepalives.is_due(1000.0)
