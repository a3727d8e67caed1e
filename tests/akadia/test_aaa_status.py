"""`akadia aaa status` as an operator types it, and what it shows."""

from pathlib import Path

import pytest

from akadia.aaa_status import figures
from akadia.cli import FAILED, main
from runtime.metrics.reading import Readings

TEXT = """\
akadia_processes 2
akadia_aaa_logins_total{method="AKA",identity="pseudonym",imsi="hidden"} 3
akadia_aaa_logins_total{method="AKA",identity="permanent",imsi="shown"} 1
akadia_aaa_rejections_total{front="radius",client="ap",method="AKA",cause="user_unknown"} 2
akadia_aaa_rounds_total{front="radius",client="ap",answer="challenge"} 9
akadia_aaa_rounds_total{front="radius",client="ap",answer="accept"} 4
akadia_aaa_rounds_total{front="diameter",client="pgw",answer="reject"} 1
akadia_aaa_radius_access_requests_total{client="ap",message_authenticator="no"} 5
akadia_aaa_round_seconds_bucket{front="radius",le="0.001"} 0
akadia_aaa_round_seconds_bucket{front="radius",le="0.0025"} 14
akadia_aaa_round_seconds_bucket{front="radius",le="+Inf"} 14
"""


def test_figures_are_sums() -> None:
    found = figures(Readings(TEXT))
    assert found["processes"] == 2
    assert found["logins"] == {"AKA": 4}
    assert found["logins that showed an IMSI, %"] == 25.0
    assert found["rejections"] == {"user_unknown": 2}
    assert found["round, ms"] == {"p50": 1.8, "p99": 2.5}
    assert found["HSS, ms"] == {}
    assert found["requests by client"] == {
        "ap": {"accept": 4, "reject": 0, "challenge": 9, "without Message-Authenticator": 5},
        "pgw": {"accept": 0, "reject": 1, "challenge": 0, "without Message-Authenticator": 0},
    }


def test_nothing_yet_is_no_fault() -> None:
    assert figures(Readings(""))["logins that showed an IMSI, %"] is None


def test_metrics_that_are_not_shown_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "akadia.toml"
    path.write_text("")
    assert main(["--config", str(path), "aaa", "status"]) == FAILED
    assert "there is no [aaa.metrics]; add it, and start the AAA server anew" in capsys.readouterr().err
