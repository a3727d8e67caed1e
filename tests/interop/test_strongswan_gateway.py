"""strongSwan as the gateway: its eap-radius asks our AAA server for our UE, accounts to it, and obeys it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.interop.strongswan import Site, gateway_site
from tests.namespaces import NewNamespace, process

pytestmark = [pytest.mark.interop, pytest.mark.timeout(120)]


def attach(site: Site) -> dict[str, dict[str, str]]:
    """What the UE says of each step of an attach to their gateway, by the step's name."""
    with process(site.command("ue", "attach", "--json", "--pings", "0")) as ue:
        told = [json.loads(line) for line in ue.stdout or ()]
    return {step["name"]: step["evidence"] for step in told if "name" in step}


def test_ue_authenticates_and_is_accounted_for(
    namespace: NewNamespace, tmp_path: Path, foreign_peer: Callable[[str], str]
) -> None:
    with gateway_site(tmp_path, foreign_peer, namespace) as site:
        steps = attach(site)
        assert steps["IKE_AUTH with EAP-AKA"]["method"] == "EAP-AKA"
        assert steps["Home Address in CFG_REPLY"]["Home Address"] == "2001:db8:77::1/64"
        site.gateway.program.wait_for("went offline")
        (session,) = json.loads(site.akadia("aaa", "sessions", "--ended", "--json").stdout)
        assert session["imsi"] == site.laboratory.imsi
        said = site.gateway.program.end()
    assert said.count("received RADIUS Accounting-Response") == 2
    assert "with EAP successful" in said
