"""The REST API as it is in production: a daemon, TLS, tokens, either engine; and whatever schemathesis thinks of.

SCHEMATHESIS_EXAMPLES=100 makes it that many requests in each phase for each operation (`make fuzz`).
"""

import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from akadia.template import API_PORT
from tests.hss_daemon import HssDaemon, running_hss

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]

EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "8")
IMSI = "001010000000007"
K, OPC = "465b5ce8b199b49faa5f0a2ee238a6bc", "cd63cb71954a9f4e48a5994e37a02baf"
SUBSCRIBER = {"keys": {"k": K, "opc": OPC}, "apns": [{"name": "internet"}]}
CARDS = f"IMSI,KI,OPC\n001010000000101,{K},{OPC}\n001010000000102,{K},{OPC}\nbad,1,2\n".encode()
SCHEMATHESIS = """\
# If-Match is a valid header and may not hold: 412 is what it is for
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "401", "403", "404", "409", "412"]

[parameters]
"path.imsi" = "001010000000007"
"path.number" = 1
"header.if-match" = "*"
"header.if-none-match" = '"0-0"'
"query.mapping" = "pysim"
"""


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.interop)])
def daemon(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HssDaemon]:
    """An HSS that limits nobody; the last test may leave anything in it."""
    limits: dict[str, Any] = {"requests_per_second": 100_000, "strangers_per_second": 10_000}
    location = None
    if request.param == "postgresql":
        location = request.getfixturevalue("postgres").new_database()
    with running_hss(tmp_path_factory.mktemp("hss"), location, **limits) as found:
        yield found


def imported(daemon: HssDaemon) -> None:
    with daemon.client() as api:
        number = api.ask("POST", "/v1/imports?name=cards.csv&mapping=pysim", CARDS, status=202)["number"]
        while api.ask("GET", f"/v1/imports/{number}")["active"]:
            time.sleep(0.05)
        assert api.ask("GET", f"/v1/imports/{number}")["state"] == "done"


def test_subscriber_is_provisioned_and_gets_vectors(daemon: HssDaemon) -> None:
    with daemon.client() as api:
        assert api.ask("PUT", f"/v1/subscribers/{IMSI}", SUBSCRIBER, status=201)["imsi"] == IMSI
        (vector,) = api.ask("POST", f"/v1/subscribers/{IMSI}/vectors", {"access": "eap-aka"})["vectors"]
        assert len(vector["autn"]) == 32
        api.ask("DELETE", f"/v1/subscribers/{IMSI}", status=204)
        api.ask("GET", f"/v1/subscribers/{IMSI}", status=404)
    assert "the audit trail is whole" in daemon.akadia("audit", "verify")


def test_token_of_the_command_line_is_good_until_it_is_revoked(daemon: HssDaemon) -> None:
    token = daemon.akadia("token", "add", "reading", "--role", "reader").strip()
    with daemon.client(token) as api:
        assert api.ask("GET", "/v1/subscriber-count") == {"subscribers": 1}
        api.ask("PUT", f"/v1/subscribers/{IMSI}", SUBSCRIBER, status=403)
        daemon.akadia("token", "revoke", "reading")
        api.ask("GET", "/v1/subscriber-count", status=401)


def test_nothing_is_said_without_tls_or_to_somebody_elses_certificate(daemon: HssDaemon) -> None:
    address = (str(daemon.laboratory.plan.block.hss), API_PORT)
    with socket.create_connection(address, timeout=20) as plain:
        plain.sendall(b"GET /v1/subscribers HTTP/1.1\r\nHost: a\r\n\r\n")
        with suppress(ConnectionResetError):
            assert plain.recv(100) == b""
    with socket.create_connection(address, timeout=20) as raw, pytest.raises(ssl.SSLCertVerificationError):
        ssl.create_default_context().wrap_socket(raw, server_hostname=address[0])


def test_schemathesis_finds_nothing(daemon: HssDaemon, tmp_path: Path) -> None:
    imported(daemon)
    with daemon.client() as api:
        api.ask("PUT", f"/v1/subscribers/{IMSI}", SUBSCRIBER, status=201)
        host, port, token = *api.address, api.token
    (tmp_path / "schemathesis.toml").write_text(SCHEMATHESIS)
    # who revokes its own token sees nothing any more
    options = ["--max-examples", EXAMPLES, "--no-color", "--seed", "1", "--exclude-path-regex", "tokens/"]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"https://{host}:{port}/openapi.json"),
            *("-H", f"Authorization: Bearer {token}", "--tls-verify", str(daemon.laboratory.ca), *options),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        timeout=350,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "Tested: 26" in done.stdout, done.stdout[-3000:]
    assert "the audit trail is whole" in daemon.akadia("audit", "verify")
    said = daemon.output.read_text()
    assert "Traceback" not in said
    assert " error " not in said


def test_idle_connections_keep_nobody_from_the_end(tmp_path: Path) -> None:
    # the daemon ends while both are there, and leaves with exit code 0
    with ExitStack() as held, running_hss(tmp_path) as daemon:
        api = held.enter_context(daemon.client())
        raw = held.enter_context(socket.create_connection(api.address, timeout=20))
        context = ssl.create_default_context(cafile=daemon.laboratory.ca)
        silent = held.enter_context(context.wrap_socket(raw, server_hostname=api.address[0]))
        silent.sendall(b"GET / HT")
        assert api.ask("GET", "/v1/subscriber-count") == {"subscribers": 1}
