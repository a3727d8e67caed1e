"""APNs of a subscriber, as an operator types them."""

import json
from pathlib import Path

import pytest

from hss.provisioning.cli_apn import apn_app
from tests.hss.provisioning.conftest import IMSI, KEYS, Run


def test_apns_come_and_go(run: Run, laboratory: Path) -> None:
    assert run("subscriber", "add", IMSI, "--keys", "-", stdin=KEYS)[0] == 0
    words = ("apn", "add", IMSI, "ims", "--pdn-type", "ipv4v6", "--home-address", "2001:db8::9", "--default")
    assert run(*words)[0] == 0
    code, out, err = run("apn", "list", IMSI)
    assert (code, err) == (0, "2 APNs\n")
    assert [line.split()[:4] for line in out.splitlines()] == [
        ["internet", "1", "False", "ipv6"],
        ["ims", "2", "True", "ipv4v6"],
    ]
    changed = json.loads(run("apn", "update", IMSI, "ims", "--ambr-up", "5", "--ambr-down", "6", "--json")[1])
    assert (changed["apns"][1]["ambr_up"], changed["apns"][1]["home_address"]) == (5, None)
    assert "is the default; first: akadia apn set-default" in run("apn", "remove", IMSI, "ims")[2]
    assert run("apn", "set-default", IMSI, "internet")[0] == 0
    assert [apn["name"] for apn in json.loads(run("apn", "remove", IMSI, "ims", "--json")[1])["apns"]] == ["internet"]
    assert "set-default" in apn_app(lambda: laboratory).help


@pytest.mark.parametrize(("name", "said"), [("a_b", "is no APN"), ("internet", "has APN internet already")])
def test_mistake_is_one_line(run: Run, name: str, said: str) -> None:
    run("subscriber", "add", IMSI, "--keys", "-", stdin=KEYS)
    code, out, err = run("apn", "add", IMSI, name)
    assert (code, out, said in err, err.count("\n")) == (1, "", True, 1)
