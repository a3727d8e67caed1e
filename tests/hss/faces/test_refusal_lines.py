"""What is refused is said, and a flood of it is counted."""

import pytest
from structlog.testing import capture_logs

from hss.api import Refusal, ServiceRefused
from hss.faces import refusal_lines
from hss.faces.refusal_lines import RefusalLines


def test_flood_of_one_kind_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusal_lines, "debugging", lambda: False)
    clock = [100.0]
    lines = RefusalLines("hss.swx", lambda: clock[0])
    unknown, barred = ServiceRefused(Refusal.USER_UNKNOWN, "x"), ServiceRefused(Refusal.SUBSCRIBER_BARRED)
    with capture_logs() as said:
        for _ in range(1000):
            lines.say("vectors refused", unknown, imsi="1", peer="aaa")
        lines.say("vectors refused", barred, imsi="2", peer="aaa")
        lines.say("assignment refused", unknown, type="REGISTRATION", imsi="3", peer="aaa")
        clock[0] += 2.0
        lines.say("vectors refused", unknown, imsi="4", peer="aaa")
    assert [line["imsi"] for line in said] == ["1"] * 10 + ["2", "3", "4"]
    assert (said[0]["cause"], said[0]["log_level"]) == ("user unknown: x", "warning")
    assert [line.get("withheld") for line in said[9:]] == [None, None, None, 990]


def test_debug_says_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusal_lines, "debugging", lambda: True)
    lines = RefusalLines("hss.s6a", lambda: 0.0)
    with capture_logs() as said:
        for _ in range(20):
            lines.say("vectors refused", ServiceRefused(Refusal.TOO_BUSY), imsi="1", peer="mme")
    assert len(said) == 20
