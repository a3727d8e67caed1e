"""`akadia load` against Debian's hostapd as EAP server: the load is no echo of our own server."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hss.store.schema import upgrade
from tests.interop.hostapd import IMSI, SECRET, Site, running_hostapd
from tests.interop.program import ROOT

pytestmark = [pytest.mark.interop, pytest.mark.timeout(120)]

REALM = "wlan.mnc001.mcc001.3gppnetwork.org"


@pytest.fixture
def site(tmp_path: Path, foreign_peer: Callable[[str], str]) -> Iterator[Site]:
    empty = tmp_path / "empty.sqlite"
    upgrade(empty)
    with running_hostapd(tmp_path, empty, foreign_peer) as running:
        yield running


def load(site: Site, folder: Path, *words: str, k: str = "") -> "subprocess.CompletedProcess[str]":
    secret, keys = folder / "ue_sim.load.secret", folder / "ue_sim.load.keys"
    for path in (secret, keys):
        path.touch(mode=0o600)
    secret.write_text(SECRET)
    keys.write_text(f"k={k or site.known.keys.k.hex()}\nopc={site.known.keys.opc.hex()}\n")
    where = ("--server", f"127.0.0.1:{site.port}", "--secret-file", str(secret), "--realm", REALM)
    card = ("--first-imsi", IMSI, "--keys", str(keys), "--json")
    command = (sys.executable, "-P", "-m", "akadia", "load", "radius")
    return subprocess.run([*command, *where, *card, *words], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("method", ["aka", "aka-prime"])
def test_hostapd_lets_every_ue_in_whichever_way(site: Site, tmp_path: Path, method: str) -> None:
    done = load(site, tmp_path, "--method", method, "--count", "9", "--fast", "2", "--pseudonyms")
    said = json.loads(done.stdout)
    assert (said["full"]["authentications"], said["fast"]["authentications"]) == (3, 6), done.stdout
    assert said["failed"] == said["discarded"] == said["resynchronisations"] == 0
    assert done.returncode == 0


def test_card_with_another_key_is_refused_by_the_load(site: Site, tmp_path: Path) -> None:
    done = load(site, tmp_path, "--count", "1", k="11" * 16)
    assert (done.returncode, json.loads(done.stdout)["failures"]) == (1, {"AUTN is not genuine": 1})
