"""radsecproxy takes eapol_test's and radclient's UDP and brings it to our AAA server over TLS (RFC 6614)."""

import json
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from akadia.template import RADSEC_PORT
from tests.interop.program import Program
from tests.interop.wpa_ctrl import EapolTest, run_eapol_test
from tests.lab import Lab, running_lab
from ue_sim.usim import SoftwareUsim
from wire.identity import EapMethod, permanent_nai

pytestmark = [pytest.mark.interop, pytest.mark.timeout(180)]

METHODS = {"AKA": EapMethod.AKA, "AKA'": EapMethod.AKA_PRIME}
SECRET = "between-nas-and-proxy"
CONFIG = """
ListenUDP {host}:{auth}
ListenUDP {host}:{acct}
LogLevel 2
tls default {{
    CACertificateFile {pki}/ca.pem
    CertificateFile {pki}/tester.pem
    CertificateKeyFile {pki}/tester.key
}}
client 127.0.0.0/8 {{
    type udp
    secret {secret}
}}
server akadia {{
    host {aaa}
    port {port}
    type tls
    secret radsec
    statusserver on
    certificateNameCheck on
}}
realm * {{
    server akadia
    accountingServer akadia
}}
"""


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with running_lab(tmp_path_factory.mktemp("radsec"), log_level="debug") as running:
        yield running


@pytest.fixture(scope="module")
def ports() -> tuple[int, int]:
    return free_port(), free_port()


@pytest.fixture(scope="module")
def proxy(lab: Lab, ports: tuple[int, int], foreign_peer: Callable[[str], str]) -> Iterator[Program]:
    """radsecproxy, connected to us."""
    text = CONFIG.format(
        host="127.0.0.1", auth=ports[0], acct=ports[1], secret=SECRET,
        pki=lab.folder / "pki", aaa=lab.laboratory.plan.block.aaa, port=RADSEC_PORT,
    )  # fmt: skip
    path = lab.folder / "radsecproxy.conf"
    path.write_text(text, encoding="utf-8")
    program = Program(foreign_peer("radsecproxy"), "-f", "-c", str(path), "-i", str(lab.folder / "radsecproxy.pid"))
    yield program
    program.end()


@pytest.mark.parametrize("name", METHODS)
async def test_client_behind_the_proxy_authenticates(
    lab: Lab, proxy: Program, ports: tuple[int, int], foreign_peer: Callable[[str], str], name: str
) -> None:
    k, opc = lab.keys
    identity = permanent_nai(lab.imsi, lab.laboratory.plan.plmn, METHODS[name])
    test = EapolTest(foreign_peer("eapol_test"), identity, SECRET, method=name, timeout=20)
    report = await run_eapol_test(test, "127.0.0.1", ports[0], SoftwareUsim(k, opc))
    assert report.succeeded, report.output[-3000:]
    assert report.keys_agreed == 1
    assert any(line.details.get("client") == "tester" for line in lab.new_lines("aaa"))


def test_accounting_behind_the_proxy_is_kept(
    lab: Lab, proxy: Program, ports: tuple[int, int], foreign_peer: Callable[[str], str]
) -> None:
    attributes = 'Acct-Status-Type = Start\nAcct-Session-Id = "tls"\nNAS-Identifier = "ap1"\nUser-Name = "u@example"\n'
    words = (foreign_peer("radclient"), "-x", "-r", "3", "-t", "3", f"127.0.0.1:{ports[1]}", "acct", SECRET)
    done = subprocess.run(words, input=attributes, capture_output=True, text=True, check=False, timeout=30)
    assert "Received Accounting-Response" in done.stdout, done.stdout + done.stderr
    (session,) = json.loads(lab.akadia("aaa", "sessions", "--json", "--client", "tester").stdout)
    assert (session["session_id"], session["nas"]) == ("tls", "ap1")
    refused = lab.akadia("aaa", "disconnect", str(session["number"]))
    # it asks over the proxy's own connection, and radsecproxy knows no Disconnect (RFC 5176)
    assert "no answer to 1 requests" in refused.stderr


def test_certificate_of_nobody_is_turned_away(lab: Lab, foreign_peer: Callable[[str], str]) -> None:
    pki: Path = lab.folder / "pki"
    where = f"{lab.laboratory.plan.block.aaa}:{RADSEC_PORT}"
    words = (
        foreign_peer("openssl"), "s_client", "-connect", where, "-CAfile", str(pki / "ca.pem"),
        "-cert", str(pki / "hss.pem"), "-key", str(pki / "hss.key"), "-verify_return_error",
    )  # fmt: skip
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=30)
    assert "Verify return code: 0" in done.stdout
    lines = [line for line in lab.new_lines("aaa") if line.event == "connection turned away"]
    assert lines[-1].details["cause"] == "no client has such a certificate and address"
