"""strongSwan as the UE of our PDN GW: its AKA card is built from Debian's source, for no package has it."""

import fcntl
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from akadia.laboratory import Laboratory, create
from tests.house.source_tree import ROOT
from tests.interop.strongswan import Charon, running_charon
from tests.lab import Lab, LogLine, card_keys
from tests.namespaces import Namespace, NewNamespace, apart, network_up

PEERS = ROOT / ".venv" / "peers"
CARD = "libstrongswan-eap-aka-3gpp.so"

UE, GATEWAY, OTHER = "192.0.2.10", "192.0.2.4", "192.0.2.5"


@pytest.fixture(scope="session")
def aka_card(foreign_peer: Callable[[str], str]) -> Path:
    """The plugin that is the USIM, built once; without it the test is skipped, and fails where CI is set."""
    for tool in ("apt-get", "charon-systemd", "swanctl"):
        foreign_peer(tool)
    PEERS.mkdir(exist_ok=True)
    with (PEERS / f"{CARD}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (PEERS / CARD).exists():
            script = ROOT / "tests" / "interop" / "eap_aka_3gpp.sh"
            done = subprocess.run([script, PEERS], capture_output=True, text=True, check=False, timeout=300)
            if done.returncode:
                refuse = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
                refuse(f"foreign peer not installed: {CARD}: {done.stderr.splitlines()[-1]}")
    return PEERS / CARD


@dataclass(frozen=True)
class Attachment:
    """Our laboratory in one namespace, a charon that is the UE in another."""

    lab: Lab
    gateway: Namespace
    charon: Charon
    nai: str

    def connect(self, **changes: str) -> "subprocess.CompletedProcess[str]":
        """Load the connection and initiate its Child SA; the exit code says whether it is there."""
        self.charon.load(self.swanctl_conf(**changes))
        return self.charon.swanctl("--initiate", "--child", "net", "--timeout", "30")

    def swanctl_conf(
        self,
        *,
        vips: str = "::",
        idr: str = "internet",
        own: str = "",
        remote: str = "auth = pubkey",
        proposals: str = "default",
        esp: str = "default",
        child: str = "",
        remote_ts: str = "::/0",
        more: str = "",
        key: str = "",
        local: str = UE,
        eap_id: str = "",
    ) -> str:
        """One connection `pgw` with one Child SA `net`, and the card's K and OPc, or `key` in their place."""
        k, opc = card_keys(self.lab.laboratory.usim)
        return f"""
connections {{
    pgw {{
        version = 2
        local_addrs = {local}
        remote_addrs = {GATEWAY}
        vips = {vips}
        proposals = {proposals}
        {more}
        local {{
            auth = eap-aka
            id = {own or self.nai}
            {f"eap_id = {eap_id}" if eap_id else ""}
        }}
        remote {{
            {remote}
            id = {idr}
        }}
        children {{
            net {{
                remote_ts = {remote_ts}
                esp_proposals = {esp}
                {child}
            }}
        }}
    }}
}}
secrets {{
    eap-card {{
        id = {self.nai}
        {f"id-own = {own}" if own else ""}
        secret = 0x{key or k.hex() + opc.hex()}
    }}
}}
"""

    def gateway_lines(self) -> list[LogLine]:
        """What the gateway logged since this was asked last."""
        return self.lab.new_lines("pdngw")

    def sas(self) -> str:
        """What swanctl says of the IKE SA and its Child SAs."""
        return self.charon.swanctl("--list-sas").stdout

    def said(self, pattern: str) -> None:
        """Wait until the charon has said a line with `pattern`."""
        self.charon.program.wait_for(pattern)


@contextmanager
def attachment(
    folder: Path,
    foreign_peer: Callable[[str], str],
    card: Path,
    new: NewNamespace,
    *,
    changes: Mapping[str, str] | None = None,
    credentials: Mapping[str, Path] | None = None,
    prepare: Callable[[Laboratory], Mapping[str, Path]] | None = None,
    card_settings: str = "seq_check = no",
    more: str = "",
) -> Iterator[Attachment]:
    """A laboratory whose configuration has `changes`, and a charon beside it, which is not connected yet.

    The gateway is on the ports of the field, 500 and 4500. `prepare` changes the laboratory before it
    runs, and returns whom the UE trusts. `card_settings` are the card's, `more` is charon's.
    """
    laboratory = create(folder / "lab")
    ue, gateway = new(), new()
    apart(laboratory, ue, gateway)
    text = laboratory.config.read_text(encoding="utf-8").replace('tun = "home0"', 'tun = ""')
    for old, replacement in {
        "ike_port = 5500": "ike_port = 500",
        'imsi = "short"': 'imsi = "full"',
        **(changes or {}),
    }.items():
        assert old in text, old
        text = text.replace(old, replacement)
    laboratory.config.write_text(text, encoding="utf-8")
    trusted = {"x509ca/ca.pem": laboratory.ca} if credentials is None else credentials
    if prepare is not None:
        trusted = prepare(laboratory)
    with (
        network_up(gateway, laboratory),
        running_charon(
            folder / "ue",
            foreign_peer,
            ue,
            "",
            credentials=trusted,
            settings=f"eap-aka-3gpp {{\n{card_settings}\n}}",
            more=more,
            plugins="revocation eap-aka-3gpp",
            preload=card,
        ) as charon,
    ):
        nai = f"0{laboratory.imsi}@nai.epc.mnc001.mcc001.3gppnetwork.org"
        yield Attachment(Lab(laboratory, folder / "up.txt"), gateway, charon, nai)
