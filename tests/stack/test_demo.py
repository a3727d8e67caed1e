"""`akadia demo` as anybody runs it: real processes, real sockets, eight steps and five pings."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from akadia.template import AaaChoice
from tests.lab import akadia, running_lab
from ue_sim.ue_events import STEP_NAMES

pytestmark = pytest.mark.stack

WRONG_KEY = "failed at step 3: MAC of AUTN is wrong: the network does not hold the USIM's key"
ROUND_TRIPS = re.compile(r"(\d+\.\d ){5}ms")


@pytest.mark.parametrize("aaa", ["diameter", "radius"])
def test_demo_for_a_program_shows_eight_steps_and_five_pings(aaa: AaaChoice) -> None:
    done = akadia("demo", "--aaa", aaa, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    told: dict[str, Any] = json.loads(done.stdout)
    assert list(told) == ["ok", "aaa", "steps", "home_address", "ping"]
    assert (told["ok"], told["aaa"], told["ping"]) == (True, aaa, {"sent": 5, "received": 5})
    assert [(step["n"], step["name"], step["ok"]) for step in told["steps"]] == [
        (step.value, name, True) for step, name in STEP_NAMES.items()
    ]
    assert all(step["ms"] >= 0 for step in told["steps"])
    evidence = [step["evidence"] for step in told["steps"]]
    assert evidence[0]["home agent"].startswith("2001:db8:")
    assert evidence[1]["proposal"].startswith("AES_GCM_16_256 ")
    assert evidence[2]["method"] == "EAP-AKA"
    assert re.fullmatch("17[0-9a-f]{64}", evidence[2]["Session-Id"]), "Type, RAND and AUTN (RFC 5247 §1.4)"
    assert evidence[3]["Home Address"] == f"{told['home_address']}/64"
    assert len(re.findall("0x[0-9a-f]{8}", evidence[4]["Mobility Header"] + evidence[4]["tunnel"])) == 4
    assert evidence[6]["status"] == "0 accepted"
    assert evidence[6]["sequence"] == evidence[5]["sequence"]
    assert evidence[7]["pings"] == "5 of 5"
    assert ROUND_TRIPS.fullmatch(evidence[7]["round trips"])


def test_demo_for_a_person_shows_each_step_with_its_evidence() -> None:
    done = akadia("demo")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    heads = [line for line in lines if re.match(r"[1-8]  ", line)]
    assert [head[3:].rsplit(maxsplit=2)[0].strip() for head in heads] == list(STEP_NAMES.values())
    assert all(re.search(r" \d+\.\d ms$", head) for head in heads)
    assert lines[-1] == "all eight steps held"


def test_kept_demo_leaves_logs_and_a_capture_that_no_other_demo_overwrites(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    done = akadia("demo", "--aaa", "radius", "--json", "--keep", str(kept))
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (kept / "logs").iterdir()} == {"dns.log", "hss.log", "aaa.log", "pdngw.log"}
    assert (kept / "capture" / "all.pcapng").stat().st_mode & 0o777 == 0o600
    refused = akadia("demo", "--keep", str(kept))
    assert refused.returncode == 1
    assert "holds a laboratory already" in refused.stderr


def test_ue_with_a_wrong_key_fails_at_step_three(tmp_path: Path) -> None:
    with running_lab(tmp_path, hss="swx") as lab:
        card = lab.laboratory.usim
        k, _ = lab.keys
        card.write_text(card.read_text().replace(k.hex(), bytes(16).hex()))
        done = lab.akadia("ue", "attach")
        assert done.returncode == 1
        assert done.stderr == f"error: {WRONG_KEY}\n"
        assert [line[0] for line in done.stdout.splitlines() if line[:1].isdigit()] == ["1", "2"]
        told = lab.akadia("ue", "attach", "--json").stdout.splitlines()
        assert json.loads(told[-1]) == {"ok": False, "outcome": WRONG_KEY}
        rejected = [line for line in lab.new_lines("aaa") if line.is_failure]
        assert len(rejected) == 2, "one line for each of the two"
