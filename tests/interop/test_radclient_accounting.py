"""FreeRADIUS's radclient accounts to a whole AAA server of `akadia up`, and the ledger knows whose session it is."""

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from akadia.template import RADIUS_ACCT_PORT
from tests.interop.wpa_ctrl import EapolTest, run_eapol_test
from tests.lab import Lab, running_lab
from ue_sim.usim import SoftwareUsim
from wire.identity import EapMethod, permanent_nai

pytestmark = [pytest.mark.interop, pytest.mark.timeout(180)]

START = 'Acct-Status-Type = Start\nAcct-Session-Id = "{session}"\nNAS-Identifier = "ap1"\nUser-Name = "anonymous"\n'
STOP = START.replace("Start", "Stop") + (
    "Acct-Session-Time = 61\nAcct-Input-Octets = 5\nAcct-Input-Gigawords = 2\nAcct-Output-Octets = 7\n"
    "Acct-Terminate-Cause = User-Request\nAcct-Delay-Time = 3\n"
)


@dataclass
class Accountant:
    """radclient beside a laboratory."""

    lab: Lab
    program: str

    def send(self, attributes: str, command: str = "acct") -> str:
        """What radclient says after one request."""
        host, _ = self.lab.radius
        words = (
            self.program,
            "-x",
            "-r",
            "1",
            "-t",
            "3",
            f"{host}:{RADIUS_ACCT_PORT}",
            command,
            self.lab.radius_secret,
        )
        done = subprocess.run(words, input=attributes, capture_output=True, text=True, check=False, timeout=20)
        return done.stdout + done.stderr

    def sessions(self, *words: str) -> list[dict[str, object]]:
        """What `akadia aaa sessions` knows."""
        done = self.lab.akadia("aaa", "sessions", "--json", *words)
        assert done.returncode == 0, done.stderr
        found: list[dict[str, object]] = json.loads(done.stdout)
        return found


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One laboratory; its captures go to tshark."""
    with running_lab(tmp_path_factory.mktemp("accounting"), capture=True, log_level="debug") as running:
        yield running


@pytest.fixture
def accountant(lab: Lab, foreign_peer: Callable[[str], str]) -> Accountant:
    return Accountant(lab, foreign_peer("radclient"))


def test_session_is_accounted_for_from_start_to_stop(accountant: Accountant) -> None:
    for attributes in (START, STOP, STOP, START):
        assert "Received Accounting-Response" in accountant.send(attributes.format(session="whole"))
    (session,) = [one for one in accountant.sessions("--ended") if one["session_id"] == "whole"]
    usage = session["usage"]
    assert isinstance(usage, dict)
    assert (usage["seconds"], usage["octets_in"], usage["octets_out"]) == (61, (2 << 32) + 5, 7)
    assert (session["end_cause"], session["nas"], session["client"]) == ("user-request", "ap1", "loopback")


def test_accounting_on_ends_what_the_nas_had(accountant: Accountant) -> None:
    accountant.send(START.format(session="lost").replace("ap1", "ap9"))
    assert "Accounting-Response" in accountant.send('Acct-Status-Type = Accounting-On\nNAS-Identifier = "ap9"\n')
    (session,) = [one for one in accountant.sessions("--ended") if one["nas"] == "ap9"]
    assert session["end_cause"] == "nas-restarted"


def test_accounting_port_says_that_it_lives(accountant: Accountant) -> None:
    # RFC 5997 §4.2
    assert "Received Accounting-Response" in accountant.send("Message-Authenticator = 0x00\n", "status")


async def test_session_has_the_imsi_of_the_authentication_that_its_class_names(
    accountant: Accountant, foreign_peer: Callable[[str], str]
) -> None:
    lab = accountant.lab
    k, opc = lab.keys
    identity = permanent_nai(lab.imsi, lab.laboratory.plan.plmn, EapMethod.AKA)
    test = EapolTest(foreign_peer("eapol_test"), identity, lab.radius_secret, method="AKA", timeout=20)
    report = await run_eapol_test(test, *lab.radius, SoftwareUsim(k, opc))
    assert report.succeeded, report.output[-2000:]
    given = re.search(r"Attribute 25 \(Class\) length=\d+\s+Value: ([0-9a-f]+)", report.output)
    assert given is not None
    accountant.send(START.format(session="known") + f"Class = 0x{given[1]}\n")
    (session,) = accountant.sessions("--imsi", str(lab.imsi))
    assert (session["session_id"], session["radius_class"], session["ended"]) == ("known", given[1], None)
    deadline = time.monotonic() + 10
    while "loopback             ready" not in (told := lab.akadia("aaa", "clients").stdout):
        assert time.monotonic() < deadline, told


def test_tshark_finds_nothing_malformed(accountant: Accountant, foreign_peer: Callable[[str], str]) -> None:
    accountant.send(START.format(session="seen"))
    capture: Path = accountant.lab.folder / "capture" / "aaa.pcapng"
    words = (
        foreign_peer("tshark"), "-r", str(capture), "-o", f"radius.shared_secret:{accountant.lab.radius_secret}",
        "-o", "radius.validate_authenticator:TRUE", "-d", f"udp.port=={RADIUS_ACCT_PORT},radius",
        "-T", "fields", "-e", "radius.code", "-e", "_ws.expert.message", "-e", "radius.authenticator.invalid",
    )  # fmt: skip
    told = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout
    lines = told.splitlines()
    assert any(line.startswith("5") for line in lines)
    assert [line for line in lines if "alformed" in line or line.endswith(("1", "True"))] == []
