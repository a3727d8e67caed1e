"""`akadia ue storm` on a laboratory: all attach, what it says of those who do not, and that nobody is left behind."""

import json
from pathlib import Path

import pytest

from tests.lab import running_lab

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]

FIELDS = ["attached", "failed", "p50_ms", "p99_ms", "per_s", "by_cause"]


def test_storm_attaches_every_ue_and_leaves_no_subscriber(tmp_path: Path) -> None:
    with running_lab(tmp_path) as lab:
        done = lab.akadia("ue", "storm", "--count", "60", "--rate", "20", "--hold", "1", "--json")
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        assert list(told) == FIELDS
        assert (told["attached"], told["failed"], told["by_cause"]) == (60, 0, {})
        assert 0 < told["p50_ms"] <= told["p99_ms"]
        assert lab.akadia("subscriber", "list").stdout.count("enabled") == 1


def test_storm_says_why_ues_failed(tmp_path: Path) -> None:
    cards = tmp_path / "cards.csv"
    cards.write_text(f"IMSI,KI,OPC\n00101999999999,{bytes(16).hex()},{bytes(16).hex()}\n")
    with running_lab(tmp_path) as lab:
        done = lab.akadia("ue", "storm", "--cards", str(cards), "--hold", "0", "--json")
        told = json.loads(done.stdout)
        assert (done.returncode, told["attached"], told["failed"]) == (1, 0, 1)
        (cause,) = told["by_cause"]
        assert cause.startswith("step 3: ")
        lab.new_lines("aaa")
