"""Fault scripts on a laboratory: what is lost is sent again, and what is wrong is told by its cause."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.lab import Lab, running_lab

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]

SURVIVED = {
    "messages": [
        {"channel": "dns", "number": 1, "do": "duplicate"},
        {"channel": "ike", "number": 2, "do": "drop"},
        {"channel": "ike", "way": "in", "number": 3, "do": "alter"},
        {"channel": "ike", "number": 4, "do": "delay", "seconds": 0.2},
        {"channel": "mip", "number": 1, "do": "drop"},
    ],
    "auts": 1,
}


def attach(lab: Lab, script: dict[str, object]) -> list[Any]:
    """Each step of an attach, and its last word."""
    path = lab.folder / "faults.json"
    path.write_text(json.dumps(script))
    done = lab.akadia("ue", "attach", "--faults", str(path), "--pings", "1", "--json")
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_scripted_faults_are_survived_or_told(tmp_path: Path) -> None:
    with running_lab(tmp_path) as lab:
        *steps, last = attach(lab, SURVIVED)
        assert last == {"ok": True, "outcome": "detached"}
        update, answer = (step["evidence"]["sequence"] for step in steps if step["n"] in {6, 7})
        assert answer != update, "the first Binding Update was lost, and a retransmission has a number of its own"
        lab.new_lines("aaa")
        short = attach(lab, {"res_octets": 4})[-1]
        assert short["ok"] is False
        assert any("RES" in str(line.details) for line in lab.new_lines("aaa")), "the AAA server did not name the cause"
        stranger = "0001019999999999@nai.epc.mnc001.mcc001.3gppnetwork.org"
        assert attach(lab, {"identity": stranger})[-1]["ok"] is False
        assert any("unknown" in str(line.details) for line in lab.new_lines("aaa"))
        forged = attach(lab, {"reject": True})[-1]
        assert "MAC of AUTN is wrong" in str(forged["outcome"])
