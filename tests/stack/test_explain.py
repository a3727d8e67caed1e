"""`akadia explain` of a UE that a PDN GW asks for over Diameter: by IMSI and Session-Id, with both ways to the HSS."""

import json
from pathlib import Path

import pytest

from tests.lab import running_lab

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]


@pytest.mark.parametrize("hss", ["local", "swx"])
def test_attach_with_a_wrong_card_is_told_by_session(tmp_path: Path, hss: str) -> None:
    with running_lab(tmp_path, hss="swx" if hss == "swx" else "local") as lab:
        k, opc = lab.keys
        card = lab.laboratory.usim
        card.write_text(card.read_text(encoding="utf-8").replace(k.hex(), "00" * 16), encoding="utf-8")
        assert lab.akadia("ue", "attach").returncode == 1
        (one,) = json.loads(lab.akadia("explain", str(lab.imsi), "--json").stdout)
        again = lab.akadia("explain", one["session"])
    assert one["verdict"]["hypothesis"] == "the card has other keys"
    assert one["client"] == "diameter/pgw"
    assert (one["apn"], one["cause"]) == ("internet", "the UE rejects the network's AUTN")
    assert one["session"].startswith("pgw.")
    assert f"session {one['session']}" in again.stdout
    assert one["reference"] in again.stdout
    assert "EAP-Request/AKA-Challenge" in again.stdout
    assert opc.hex() not in again.stdout + json.dumps(one)
