"""Algorithm profiles, as an operator types them."""

import json
from pathlib import Path

from hss.provisioning.cli_profile import profile_app
from tests.hss.provisioning.conftest import IMSI, KEYS, Run


def test_profiles_come_and_go(run: Run, laboratory: Path) -> None:
    assert run("profile", "add", "busy", "--reserve", "32")[0] == 0
    run("subscriber", "add", IMSI, "--keys", "-", "--profile", "busy", stdin=KEYS)
    rows = json.loads(run("profile", "list", "--json")[1])
    assert [(row["name"], row["reserve"], row["subscribers"]) for row in rows] == [("busy", 32, 1), ("milenage", 1, 0)]
    shown = json.loads(run("profile", "show", "busy", "--json")[1])
    assert (shown["algorithm"], shown["scheme"], shown["subscribers"]) == ("milenage", "counter", 1)
    assert "stays: 1 subscribers use it" in run("profile", "remove", "busy")[2]
    run("subscriber", "update", IMSI, "--profile", "milenage")
    assert json.loads(run("profile", "remove", "busy", "--json")[1]) == {"profile": "busy", "removed": True}
    assert run("profile", "list")[2] == "1 profile\n"
    assert "--scheme time" in profile_app(lambda: laboratory).help


def test_mistake_says_the_form(run: Run) -> None:
    code, _, err = run("profile", "add", "x", "--parameters", "c=1")
    assert code == 1
    assert "parameters are not a JSON object; write them as {" in err
    assert "there is no algorithm profile none" in run("profile", "show", "none")[2]
