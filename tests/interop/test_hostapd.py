"""Debian's hostapd as EAP server with our authentication centre behind its socket, and eapol_test as its client."""

import os
import re
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hss.keys.vault import open_vault, write_master_key
from hss.models import Subscriber
from hss.store.engines import transaction
from hss.store.schema import upgrade
from tests.hss.conftest import Known, Registry
from tests.interop.program import Program
from tests.interop.wpa_ctrl import EapolTest, Reply, Report, run_eapol_test
from ue_sim.usim import Outcome, SoftwareUsim, Usim
from wire.aka.gsm import kc, sres
from wire.aka.milenage import Milenage
from wire.secret import Secret

pytestmark = [pytest.mark.interop, pytest.mark.timeout(120)]

IMSI = "001010000000001"
SECRET = "a secret of RADIUS"
LIMIT = 20.0
CONFIG = """
[hss]
origin_host = "hss.example"
origin_realm = "example"
swx = "127.0.0.1:0"
"""
HOSTAPD = """
driver=none
interface=radius0
eap_server=1
eap_user_file={folder}/users
eap_sim_db=unix:{folder}/auc.sock
radius_server_clients={folder}/clients
radius_server_auth_port={port}
"""
USERS = """
"0"*  AKA
"6"*  AKA'
"1"*  SIM
"""
IDENTITIES = {"AKA": "0", "AKA'": "6", "SIM": "1"}


@dataclass
class Site:
    """hostapd with our socket behind it; `usims` are asked for whatever the network sends."""

    port: int
    eapol_test: str
    known: Known
    database: Path
    socket: Program

    def card(self, *, k: Secret | None = None, seq: int = 0) -> "Watched":
        """The subscriber's card, or one with another K, that has accepted `seq` in every IND."""
        return Watched(SoftwareUsim(k or self.known.keys.k, self.known.keys.opc, (seq,) * 32))

    async def run(self, method: str, usim: "Usim | Reply", imsi: str = IMSI) -> Report:
        identity = f"{IDENTITIES[method]}{imsi}@wlan.mnc001.mcc001.3gppnetwork.org"
        test = EapolTest(self.eapol_test, identity, SECRET, method=method, timeout=LIMIT)
        return await run_eapol_test(test, "127.0.0.1", self.port, usim)

    @property
    def seq(self) -> int:
        with transaction(self.database, read_only=True) as connection:
            return int(connection.execute(Subscriber.__table__.select()).one().seq)


@dataclass
class Watched:
    """A card that remembers what it said."""

    usim: Usim
    said: list[str] = field(default_factory=list)

    def authenticate(self, rand: bytes, autn: bytes) -> Outcome:
        outcome = self.usim.authenticate(rand, autn)
        self.said.append(type(outcome).__name__)
        return outcome


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hostapd") / "akadia.sqlite"
    upgrade(path)
    return path


@pytest.fixture
def site(tmp_path: Path, empty: Path, foreign_peer: Callable[[str], str]) -> Iterator[Site]:
    eapol_test, hostapd = foreign_peer("eapol_test"), foreign_peer("hostapd")
    shutil.copyfile(empty, tmp_path / "akadia.sqlite")
    (tmp_path / "akadia.toml").write_text(CONFIG)
    write_master_key(tmp_path / "master.key", os.urandom)
    registry = Registry(tmp_path / "akadia.sqlite", open_vault(tmp_path / "master.key", os.urandom))
    # the AMF separation bit, without which no client takes EAP-AKA'
    known = registry.add(IMSI, amf=0x8000)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (tmp_path / "users").write_text(USERS)
    (tmp_path / "clients").write_text(f"127.0.0.0/8 {SECRET}\n")
    (tmp_path / "hostapd.conf").write_text(HOSTAPD.format(folder=tmp_path, port=port))
    configuration = str(tmp_path / "akadia.toml")
    ours = Program(sys.executable, "-P", "-m", "akadia", "--config", configuration, "hss", "auc-socket")
    theirs = None
    try:
        ours.wait_for("auc socket ready")
        theirs = Program(hostapd, str(tmp_path / "hostapd.conf"))
        theirs.wait_for("AP-ENABLED")
        yield Site(port, eapol_test, known, tmp_path / "akadia.sqlite", ours)
    finally:
        if theirs is not None:
            theirs.end()
        ours.end()


@pytest.mark.parametrize("method", ["AKA", "AKA'"])
async def test_client_authenticates_and_is_resynchronised(site: Site, method: str) -> None:
    usim = site.card()
    report = await site.run(method, usim)
    assert report.succeeded, report.output[-3000:]
    assert (report.keys_agreed, usim.said) == (1, ["Answer"])
    ahead = site.card(seq=site.seq + 70_000)
    report = await site.run(method, ahead)
    assert report.succeeded, report.output[-3000:]
    assert ahead.said == ["OutOfSync", "Answer"]
    assert site.seq > 70_000
    assert "warning" not in site.socket.end()


async def test_card_with_another_key_is_refused(site: Site) -> None:
    usim = site.card(k=Secret(bytes(16)))
    assert not (await site.run("AKA", usim)).succeeded
    assert usim.said == ["Forged"]


async def test_unknown_subscriber_is_refused_with_one_line(site: Site) -> None:
    usim = site.card()
    assert not (await site.run("AKA", usim, imsi="001010000000099")).succeeded
    assert usim.said == []
    (line,) = [line for line in site.socket.end().splitlines() if "warning" in line]
    assert "vectors refused" in line
    assert "no subscriber 001010000000099" in line


def gsm_card(known: Known) -> Reply:
    """A USIM in a GSM context, where it knows no AUTN (TS 33.102 §6.8.1.2)."""
    functions = Milenage(known.keys.k, known.keys.opc)

    def triplet(rand: str) -> str:
        res, ck, ik, _ = functions.f2345(bytes.fromhex(rand))
        return f"{kc(ck, ik).hex()}:{sres(res).hex()}"

    def reply(line: str) -> str | None:
        found = re.search(r"CTRL-REQ-SIM-(\d+):GSM-AUTH:([0-9a-f:]+)", line)
        if found is None:
            return None
        return f"CTRL-RSP-SIM-{found[1]}:GSM-AUTH:" + ":".join(triplet(rand) for rand in found[2].split(":") if rand)

    return reply


async def test_client_with_a_sim_authenticates_by_triplets(site: Site) -> None:
    report = await site.run("SIM", gsm_card(site.known))
    assert report.succeeded, report.output[-3000:]
    assert report.keys_agreed == 1
