"""An AAA server that is killed while gateways account: whatever was answered is in the ledger, once."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import func, select

from hss.models import AccessSession, AccountingEntry
from hss.store.engines import transaction
from hss.store.location import Location, describe
from runtime.udp import UdpEndpoint
from tests.house.source_tree import ROOT
from wire.radius.accounting import AcctStatusType
from wire.radius.messages import signed_request
from wire.radius.packet import Attribute, Code, is_genuine_response

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]

SECRET = b"testing123"
SESSIONS = int(os.environ.get("ACCOUNTING_PROOF", "400"))
CONFIG = """
[hss]
database = "{database}"
origin_host = "hss.example"
origin_realm = "example"
swx = "127.0.0.1:0"
[aaa]
origin_host = "aaa.example"
origin_realm = "example"
hss = "swx"
[aaa.swx]
hss = "127.0.0.1:1"
hss_origin_host = "hss.example"
hss_realm = "example"
[aaa.radius]
auth = "127.0.0.1:0"
acct = "127.0.0.1:{port}"
[[aaa.radius.client]]
name = "lab"
network = "127.0.0.0/8"
secret_file = "radius.secret"
"""


def request(number: int, status: AcctStatusType) -> bytes:
    """One record of session `number`."""
    attributes = [
        Attribute.of("Acct-Status-Type", status),
        Attribute.of("Acct-Session-Id", f"s{number}"),
        Attribute.of("NAS-Identifier", "ap1"),
        Attribute.of("Acct-Input-Octets", 0 if status == AcctStatusType.START else 1000 + number),
    ]
    return signed_request(Code.ACCOUNTING_REQUEST, identifier=number % 256, secret=SECRET, attributes=attributes)


class Gateway:
    """Sends each record again until it is answered; at most 64 wait at once."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.answered: set[tuple[int, AcctStatusType]] = set()
        self.sent = 0

    async def account(self, number: int, gate: asyncio.Semaphore) -> None:
        """Start, Interim-Update and Stop of one session, from a socket of its own."""
        async with gate:
            heard: asyncio.Queue[bytes] = asyncio.Queue()
            endpoint = UdpEndpoint.bind(("127.0.0.1", 0), lambda octets, _: heard.put_nowait(octets))
            for status in (AcctStatusType.START, AcctStatusType.INTERIM_UPDATE, AcctStatusType.STOP):
                octets = request(number, status)
                while (number, status) not in self.answered:
                    self.sent += 1
                    endpoint.send(octets, ("127.0.0.1", self.port))
                    try:
                        answer = await asyncio.wait_for(heard.get(), 0.5)
                    except TimeoutError:
                        continue
                    if is_genuine_response(answer, octets[4:20], SECRET):
                        self.answered.add((number, status))
            endpoint.close()


def serve(folder: Path) -> subprocess.Popen[str]:
    """The AAA server, once it listens."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "akadia", "--config", str(folder / "akadia.toml"), "aaa", "serve"],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "accounting ready" in line:
            return process
    raise AssertionError("it never listened")


def counted(location: Location) -> tuple[int, int, int]:
    """Records, sessions, and sessions that have ended."""
    with transaction(location, read_only=True) as connection:
        records = connection.scalar(select(func.count()).select_from(AccountingEntry)) or 0
        sessions = connection.scalar(select(func.count()).select_from(AccessSession)) or 0
        ended = connection.scalar(select(func.count(AccessSession.ended))) or 0
    return records, sessions, ended


@pytest.mark.parametrize("location", ["sqlite", pytest.param("postgresql", marks=pytest.mark.interop)], indirect=True)
async def test_what_was_answered_is_kept_once(location: Location, tmp_path: Path) -> None:
    chance = Random(7)
    with_socket = str(location) if isinstance(location, Path) else describe(location)
    probe = UdpEndpoint.bind(("127.0.0.1", 0), lambda _octets, _source: None)
    port = probe.local[1]
    probe.close()
    (tmp_path / "akadia.toml").write_text(CONFIG.format(database=with_socket, port=port), encoding="utf-8")
    (tmp_path / "radius.secret").write_bytes(SECRET)
    (tmp_path / "radius.secret").chmod(0o600)
    process = await asyncio.to_thread(serve, tmp_path)
    gateway, gate = Gateway(port), asyncio.Semaphore(64)
    began = time.monotonic()
    work = asyncio.gather(*(gateway.account(number, gate) for number in range(SESSIONS)))
    for _ in range(3):
        await asyncio.sleep(chance.uniform(0.05, 0.3))
        process.send_signal(signal.SIGKILL)
        await asyncio.to_thread(process.communicate)
        killed_with = len(gateway.answered)
        assert counted(location)[0] >= killed_with
        process = await asyncio.to_thread(serve, tmp_path)
    await work
    took = time.monotonic() - began
    process.terminate()
    await asyncio.to_thread(process.communicate)
    assert counted(location) == (3 * SESSIONS, SESSIONS, SESSIONS)
    with transaction(location, read_only=True) as connection:
        octets = connection.scalar(select(func.sum(AccessSession.octets_in)))
    assert octets == sum(1000 + number for number in range(SESSIONS))
    print(f"\n{3 * SESSIONS} records, {gateway.sent} sent, three kills, {took:.1f} s, all kept once")
