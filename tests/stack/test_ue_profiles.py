"""Every UE profile that comes with Akadia attaches to a laboratory, and is seen to be what it says."""

import json
from pathlib import Path

import pytest

from tests.lab import Lab, running_lab
from ue_sim import profile

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]


def steps(lab: Lab, name: str) -> dict[int, dict[str, str]]:
    """The evidence of each step."""
    done = lab.akadia("ue", "attach", "--profile", name, "--pings", "1", "--json")
    assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"
    told = [json.loads(line) for line in done.stdout.splitlines()]
    return {step["n"]: step["evidence"] for step in told if "n" in step}


def test_every_profile_attaches(tmp_path: Path) -> None:
    with running_lab(tmp_path) as lab:
        seen = {name: steps(lab, name) for name in profile.names()}
        assert all(8 in evidence for evidence in seen.values())
        assert seen["apple-att-us"][2]["proposal"] == "AES_CBC_128 HMAC_SHA2_256_128 PRF_HMAC_SHA2_256 MODP_2048"
        assert seen["samsung-orange-fr"][2]["proposal"] == "AES_CBC_256 HMAC_SHA2_256_128 PRF_HMAC_SHA2_256 MODP_2048"
        assert seen["aka-prime-first"][3]["method"] == "EAP-AKA'"
        assert seen["impatient"][6]["lifetime asked"] == "60 s"
        assert {evidence[3]["method"] for name, evidence in seen.items() if name != "aka-prime-first"} == {"EAP-AKA"}
        lab.new_lines("aaa")
