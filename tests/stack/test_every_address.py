"""A PDN GW at 0.0.0.0 on a machine with several addresses: a UE is answered from the one that it asks."""

import json
import re
from pathlib import Path

import pytest

from akadia.laboratory import create
from akadia.template import AaaChoice
from tests.namespaces import AKADIA, Namespace, NewNamespace, apart, network_up, process, until

pytestmark = pytest.mark.stack

ASKED = "192.0.2.4"
UNASKED = "192.0.2.2"
"""What the gateway's kernel chooses where nobody says otherwise."""


def _deaf_to(ue: Namespace, address: str) -> None:
    """Drop what comes from `address`, as a NAT and every UE with a connected socket would."""
    ue.ip(f"route add unreachable {address}/32")
    done = ue.run("sh", "-c", "echo 1 >/proc/sys/net/ipv4/conf/all/rp_filter")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("aaa", ["diameter", "radius"])
def test_ue_attaches_at_one_of_several_addresses(namespace: NewNamespace, tmp_path: Path, aaa: AaaChoice) -> None:
    laboratory, ue, gateway = create(tmp_path / "lab", aaa=aaa), namespace(), namespace()
    apart(laboratory, ue, gateway)
    _deaf_to(ue, UNASKED)
    text = laboratory.config.read_text(encoding="utf-8")
    text, found = re.subn(r"(?m)(?<=^\[pdngw\])(.*\n)address = .*\n", r'\1address = "0.0.0.0"\n', text)
    assert found == 1
    text = text.replace("\napns = []", f'\npdngw = "{ASKED}"\napns = []')
    laboratory.config.write_text(text, encoding="utf-8")
    words = ("--config", str(laboratory.config), "ue", "attach", "--stay", "--json", "--pings", "3")
    with network_up(gateway, laboratory), process(ue.command(*AKADIA, *words)) as attaching:
        steps = [json.loads(until(attaching, f'{{"n": {number},')) for number in range(1, 9)]
        evidence = [step["evidence"] for step in steps]
        assert evidence[0]["PDN GW"] == ASKED
        assert (evidence[6]["status"], evidence[6]["NAT"]) == ("0 accepted", "none")
        assert evidence[7]["pings"] == "3 of 3"
        assert evidence[7]["IPv4 ping"].endswith("1 of 1")
