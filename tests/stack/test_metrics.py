"""Metrics of daemons that run: sums over workers, what outlives a worker, and labels that no stranger can make."""

import asyncio
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from akadia.laboratory import Laboratory, create
from akadia.template import METRICS_PORT
from tests.lab import AKADIA, akadia
from tests.runtime.metrics.exposed import Scraped
from tests.stack.radius_load import Tally, make_ues
from tests.stack.test_any_worker import ROOT, UES, Node, serving, subscribe
from wire.radius.messages import access_request
from wire.radius.packet import Attribute
from wire.secret import Secret

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]


def text_of(host: str) -> str:
    connection = http.client.HTTPConnection(host, METRICS_PORT, timeout=10)
    connection.request("GET", "/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    assert answer.status == 200, text
    return text


async def scraped(laboratory: Laboratory) -> Scraped:
    """What the parent says; the parser refuses what is not OpenMetrics."""
    text = await asyncio.to_thread(text_of, str(laboratory.plan.block.aaa))
    assert not re.search(r"00101\d{10}", text), "an IMSI is in a label"
    return Scraped(text, openmetrics=True)


async def authenticate_all(laboratory: Laboratory, node: Node, times: int) -> Tally:
    """Every UE so many times, all at once."""
    subscribers = subscribe(laboratory, laboratory.folder / "akadia.sqlite")
    secret = laboratory.radius_secret.read_bytes().strip()
    tally = Tally()
    ues = make_ues(subscribers, [node.address], secret, tally)

    async def again(number: int) -> None:
        for _ in range(times):
            await ues[number].authenticate()

    await asyncio.gather(*(again(number) for number in range(len(ues))))
    for ue in ues:
        ue.nas.close()
    assert tally.failed == []
    return tally


async def test_sums_over_workers_are_right_and_outlive_a_worker_that_is_killed(tmp_path: Path) -> None:
    laboratory = create(tmp_path / "lab")
    with serving(laboratory.config, str(laboratory.plan.block.aaa), tmp_path / "aaa.log") as node:
        await node.until("workers ready")
        tally = await authenticate_all(laboratory, node, times=5)
        found = await scraped(laboratory)
        logins = tally.full + tally.fast
        assert logins == UES * 5
        assert found.value("akadia_aaa_logins_total") == found.value("akadia_aaa_login_seconds_count") == logins
        assert found.value("akadia_aaa_rounds_total", client="loopback", front="radius", answer="accept") == logins
        assert found.value("akadia_aaa_logins_total", identity="reauthentication", imsi="hidden") == tally.fast
        resynchronised = found.value("akadia_aaa_resynchronisations_total")
        assert found.value("akadia_hss_vectors_total") == tally.full + resynchronised
        assert found.value("akadia_aaa_hss_seconds_count", request="registration") == logins
        challenges = found.value("akadia_aaa_rounds_total", answer="challenge")
        assert found.value("akadia_aaa_eap_requests_total") == challenges
        assert found.value("akadia_aaa_eap_requests_total", step="reauthentication") == tally.fast
        requests = found.value("akadia_aaa_radius_access_requests_total", message_authenticator="yes")
        repeated = found.value("akadia_aaa_radius_duplicates_total")
        assert requests - repeated == challenges + logins
        assert found.value("akadia_workers_ended_total") == 0
        assert found.value("akadia_processes") == 2
        status = await asyncio.to_thread(akadia, "--config", str(laboratory.config), "aaa", "status", "--json")
        shown = json.loads(status.stdout)
        assert (shown["processes"], sum(shown["logins"].values()), shown["rejections"]) == (2, logins, {})
        assert 0 < shown["round, ms"]["p50"] <= shown["round, ms"]["p99"]
        for worker in node.serving():
            os.kill(worker, signal.SIGKILL)
        await node.until("worker replaced", 2)
        after = await scraped(laboratory)
        assert after.value("akadia_aaa_logins_total") == logins
        assert after.value("akadia_aaa_round_seconds_count") == challenges + logins
        assert after.value("akadia_workers_ended_total") == 2
        # gauges of workers are a second old
        while after.value("akadia_aaa_radius_in_progress"):
            after = await scraped(laboratory)


def strange(number: int, secret: Secret) -> bytes:
    """An Access-Request in which everything that a stranger can choose is new; `secret` may be a wrong one."""
    attributes = [
        Attribute.of("User-Name", f"0{number:015}@realm{number}.example"),
        Attribute.of("NAS-Identifier", f"nas-{number}"),
    ]
    return access_request(
        identifier=number % 256, authenticator=os.urandom(16), secret=secret, attributes=attributes, eap=os.urandom(8)
    )


async def test_nothing_that_strangers_send_makes_a_label(tmp_path: Path) -> None:
    laboratory = create(tmp_path / "lab")
    secret = Secret(laboratory.radius_secret.read_bytes().strip())
    with serving(laboratory.config, str(laboratory.plan.block.aaa), tmp_path / "aaa.log") as node:
        await node.until("workers ready")
        await authenticate_all(laboratory, node, times=1)
        before = await scraped(laboratory)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            for number in range(600):
                packet = (os.urandom(40), strange(number, Secret(b"wrong")), strange(number, secret))[number % 3]
                stranger.sendto(packet, node.address)
                if number % 20 == 0:
                    await asyncio.sleep(0.01)
        discarded = 0.0
        while discarded < 400:
            after = await scraped(laboratory)
            discarded = after.value("akadia_aaa_radius_discarded_total")
        assert after.value("akadia_aaa_rejections_total") + after.value("akadia_aaa_rounds_total", answer="ignore") > 0
        # some causes are new; nothing that was sent is in any of them
        assert len(after.samples) < len(before.samples) + 40
        labels = {value for sample in after.samples for value in sample.labels.values()}
        assert not [label for label in labels if "nas-" in label or "realm" in label]


def _once_deregistered(address: str) -> Scraped:
    for _ in range(100):
        found = Scraped(text_of(address), openmetrics=True)
        if found.value("akadia_diameter_client_requests_total", peer="hss", command="SAR") >= 2:
            break
        time.sleep(0.1)
    return found


def test_hss_and_aaa_server_over_swx_tell_the_same_story(tmp_path: Path) -> None:
    laboratory = create(tmp_path / "lab", hss="swx", aaa="radius")
    words = [*AKADIA, "--config", str(laboratory.config)]
    process = subprocess.Popen([*words, "up"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        subprocess.run([*words, "ue", "attach", "--pings", "1"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        aaa = _once_deregistered(str(laboratory.plan.block.aaa))
        hss = Scraped(text_of(str(laboratory.plan.block.hss)), openmetrics=True)
    finally:
        process.terminate()
        process.communicate(timeout=30)
    asked = {command: aaa.value("akadia_diameter_client_requests_total", peer="hss", command=command) for command in
             ("MAR", "SAR")}  # fmt: skip
    served = {command: hss.value("akadia_diameter_requests_total", peer="aaa", command=command, result="2001")
              for command in ("MAR", "SAR")}  # fmt: skip
    assert asked == served == {"MAR": 1, "SAR": 2}, "the user is registered, and deregistered when accounting has ended"
    assert aaa.value("akadia_diameter_connections", peer="hss") == hss.value("akadia_diameter_connections") == 1
    assert hss.value("akadia_hss_requests_total", request="vectors", result="ok") == 1
    assert hss.value("akadia_hss_store_transaction_seconds_count", lane="hss-writer") >= 2
    assert aaa.value("akadia_aaa_logins_total") == 1
