"""A UE's life in accounting, on real sockets: begin, octets and end; and a Disconnect that reaches the UE."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.lab import AKADIA, Lab, running_lab

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]


PING = 104
"""Octets of an echo request: headers of IPv6 and ICMPv6, 56 of data."""


def sessions(lab: Lab, *words: str) -> list[dict[str, Any]]:
    done = lab.akadia("aaa", "sessions", *words, "--json")
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def explained(lab: Lab) -> str:
    """What there is to say of the subscriber once his NAS has said it: records are kept behind the answers."""
    for _ in range(100):
        told = lab.akadia("explain", str(lab.imsi)).stdout
        if "his NAS could not begin the session" in told:
            return told
        time.sleep(0.1)
    return pytest.fail(f"nothing is explained: {told}")


OTHER_MSK = {"ike": [{"exchange": "IKE_AUTH", "number": 3, "payload": "AUTH"}]}
"""AUTH as of a UE that has another MSK than the gateway."""


def test_ue_that_has_another_msk_than_the_gateway_is_explained(tmp_path: Path) -> None:
    with running_lab(tmp_path, aaa="radius") as lab:
        faults = tmp_path / "faults.json"
        faults.write_text(json.dumps(OTHER_MSK))
        assert lab.akadia("ue", "attach", "--faults", str(faults), "--json").returncode != 0
        told = explained(lab)
        assert "may be of another MSK" in told
        (line,) = [line for line in lab.new_lines("aaa") if line.event == "authentication of no use"]
        assert line.details["client"] == "radius/loopback"
        assert [one["end_cause"] for one in sessions(lab, "--ended")] == ["service-unavailable"]
        assert sessions(lab) == []


def test_gateway_tells_octets_and_end_and_lets_itself_be_disconnected(tmp_path: Path) -> None:
    with running_lab(tmp_path, aaa="radius") as lab:
        assert lab.akadia("ue", "attach", "--pings", "3").returncode == 0
        assert sessions(lab) == []
        (ended,) = sessions(lab, "--ended")
        assert ended["imsi"] == str(lab.imsi)
        assert ended["end_cause"] == "user-request"
        usage = ended["usage"]
        # a ping by the IPv4 Home Address is among them
        assert usage["octets_in"] == usage["octets_out"] > 3 * PING
        assert usage["packets_in"] == usage["packets_out"] == 4
        words = [*AKADIA, "--config", str(lab.laboratory.config), "ue", "attach", "--pings", "1", "--stay", "--json"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as ue:
            assert ue.stdout is not None
            steps = [json.loads(ue.stdout.readline()) for _ in range(8)]
            assert all(step["ok"] for step in steps)
            (here,) = sessions(lab)
            assert lab.akadia("aaa", "disconnect", str(here["number"])).returncode == 0
            told = json.loads(ue.stdout.readline())
            assert "ended" in told["outcome"]
            assert ue.wait(20) == 0
        assert sessions(lab) == []
        assert "admin-reset" in {session["end_cause"] for session in sessions(lab, "--ended")}
