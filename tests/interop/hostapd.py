"""Debian's hostapd as EAP server, with our authentication centre behind its socket."""

import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hss.keys.vault import open_vault, write_master_key
from hss.models import Subscriber
from hss.store.engines import transaction
from tests.hss.conftest import Known, Registry
from tests.interop.program import Program
from tests.interop.wpa_ctrl import EapolTest, Reply, Report, run_eapol_test
from ue_sim.usim import Outcome, SoftwareUsim, Usim
from wire.secret import Secret

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
"2"*  AKA
"4"*  AKA
"6"*  AKA'
"7"*  AKA'
"8"*  AKA'
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


@contextmanager
def running_hostapd(folder: Path, empty: Path, foreign_peer: Callable[[str], str], more: str = "") -> Iterator[Site]:
    """hostapd in an empty folder with `more` in its configuration; `empty` is a database without subscribers."""
    eapol_test, hostapd = foreign_peer("eapol_test"), foreign_peer("hostapd")
    shutil.copyfile(empty, folder / "akadia.sqlite")
    (folder / "akadia.toml").write_text(CONFIG)
    write_master_key(folder / "master.key", os.urandom)
    registry = Registry(folder / "akadia.sqlite", open_vault(folder / "master.key", os.urandom))
    # the AMF separation bit, without which no client takes EAP-AKA'
    known = registry.add(IMSI, amf=0x8000)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "users").write_text(USERS)
    (folder / "clients").write_text(f"127.0.0.0/8 {SECRET}\n")
    (folder / "hostapd.conf").write_text(HOSTAPD.format(folder=folder, port=port) + more)
    configuration = str(folder / "akadia.toml")
    ours = Program(sys.executable, "-P", "-m", "akadia", "--config", configuration, "hss", "auc-socket")
    theirs = None
    try:
        ours.wait_for("auc socket ready")
        theirs = Program(hostapd, str(folder / "hostapd.conf"))
        theirs.wait_for("AP-ENABLED")
        yield Site(port, eapol_test, known, folder / "akadia.sqlite", ours)
    finally:
        if theirs is not None:
            theirs.end()
        ours.end()
