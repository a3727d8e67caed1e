"""A UE that stays attached in a laboratory, and is told what to do by the commands of a tester."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.house.source_tree import ROOT
from tests.lab import AKADIA, LIMIT, Lab, running_lab

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]


@contextmanager
def staying(lab: Lab) -> Iterator["subprocess.Popen[str]"]:
    """`akadia ue attach --stay`, attached."""
    words = ["--config", str(lab.laboratory.config), "ue", "attach", "--stay", "--pings", "1", "--json"]
    process = subprocess.Popen([*AKADIA, *words], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        while json.loads(process.stdout.readline())["n"] != 8:
            pass
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=LIMIT)


class Told(NamedTuple):
    """An answer that says that it went well."""

    outcome: str
    facts: dict[str, str]


def asked(lab: Lab, *words: str) -> Told:
    return _told(lab, "ue", *words)


def gateway(lab: Lab, *words: str) -> Told:
    return _told(lab, "pdngw", *words)


def _told(lab: Lab, *words: str) -> Told:
    done = lab.akadia(*words, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    answer = json.loads(done.stdout)
    assert answer["ok"]
    return Told(answer["outcome"], answer["facts"])


def test_tester_has_a_live_ue_do_all_that_it_can(tmp_path: Path) -> None:
    with running_lab(tmp_path) as lab, staying(lab) as ue:
        here = str(lab.laboratory.plan.block.ue)
        there = f"{here}7"
        control = lab.folder / "ue.sock"
        assert control.stat().st_mode & 0o777 == 0o600
        first = asked(lab, "status").facts
        assert first["care_of_address"] == here
        assert int(asked(lab, "ping", "--count", "2").facts["received"]) == 2
        assert int(asked(lab, "move", there).facts["received"]) > 0
        bound = [line for line in lab.new_lines("pdngw") if there in line.details.values() or there in str(line)]
        assert bound, "the gateway has not seen the new Care-of Address"
        (session,) = json.loads(lab.akadia("pdngw", "sessions", "--json").stdout)["rows"]
        assert (session["home_address"], session["care_of"]) == (first["home_address"].split("/")[0], there)
        assert int(session["packets_in"]) >= 2
        for what in ("child", "ike"):
            asked(lab, "rekey", what)
        assert float(asked(lab, "probe").facts["milliseconds"]) > 0
        for way in ("make-before-break", "break-before-make"):
            assert asked(lab, "reauthenticate", way).facts["home_address"] == first["home_address"]
        asked(lab, "ping", "--count", "1")
        again = asked(lab, "reattach").facts
        assert again["care_of_address"] == there
        asked(lab, "ping", "--count", "1")
        second = lab.akadia("ue", "attach", "--stay")
        assert (second.returncode, "another program answers there" in second.stderr) == (1, True)
        assert asked(lab, "detach").outcome == "detached"
        assert ue.wait(LIMIT) == 0
        assert gateway(lab, "status") == Told("serving", {"sessions": "0"})
        drained = gateway(lab, "drain", "--to", "pgw2.example")
        assert drained == Told("draining", {"sessions": "0", "to": "pgw2.example", "redirected": "0", "unable": "0"})
        assert gateway(lab, "undrain") == Told("serving", {"sessions": "0"})
        assert not control.exists()
        assert "no UE answers there" in lab.akadia("ue", "status").stderr
