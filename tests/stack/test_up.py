"""`akadia up`, as an operator runs it: one process that starts the others and takes them with it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import dns.message
import dns.query
import dns.rdatatype
import pytest

from akadia.laboratory import Laboratory, create

pytestmark = pytest.mark.stack

AKADIA = (sys.executable, "-m", "akadia")
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def laboratory(tmp_path: Path) -> Laboratory:
    return create(tmp_path / "lab")


@pytest.fixture
def running() -> Iterator[list[subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def up(laboratory: Laboratory, running: list[subprocess.Popen[str]], *options: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [*AKADIA, "--config", str(laboratory.config), "up", *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    running.append(process)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line == "ready\n", process.communicate()
    return process


def children(process: int) -> list[int]:
    path = Path(f"/proc/{process}/task/{process}/children")
    return [int(child) for child in path.read_text().split()]


def gone(processes: list[int]) -> bool:
    """Whether all of them end within some seconds."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if not any(is_running(process) for process in processes):
            return True
        time.sleep(0.02)
    return False


def is_running(process: int) -> bool:
    """Whether it lives: who is dead and only waits for a parent to notice does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def finds_the_gateway(laboratory: Laboratory) -> bool:
    name = f"{laboratory.plan.apn}.ha-apn.mnc001.mcc001.pub.3gppnetwork.org"
    query = dns.message.make_query(name, dns.rdatatype.AAAA)
    response = dns.query.udp(query, str(laboratory.plan.block.dns), port=5300, timeout=5)
    return str(laboratory.plan.block.home_agent) in response.to_text()


def listens(host: object, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(5)
        return probe.connect_ex((str(host), port)) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_up_serves_until_it_is_told_to_stop(
    laboratory: Laboratory, running: list[subprocess.Popen[str]], number: signal.Signals
) -> None:
    process = up(laboratory, running, "--only", "dns")
    assert finds_the_gateway(laboratory)
    daemons = children(process.pid)
    assert len(daemons) == 1
    process.send_signal(number)
    assert process.wait(10) == 0
    assert gone(daemons)
    assert "listening" in (laboratory.folder / "logs" / "dns.log").read_text()


def test_death_of_a_daemon_ends_all_and_is_named(laboratory: Laboratory, running: list[subprocess.Popen[str]]) -> None:
    process = up(laboratory, running, "--only", "dns")
    (daemon,) = children(process.pid)
    os.kill(daemon, signal.SIGKILL)
    assert process.wait(10) == 1
    complaint = [line for line in process.communicate()[1].splitlines() if line.startswith("error: ")]
    assert len(complaint) == 1
    assert complaint[0].startswith("error: dns ended by itself: killed by SIGKILL")


def test_death_of_the_supervisor_leaves_no_daemon(laboratory: Laboratory, running: list[subprocess.Popen[str]]) -> None:
    process = up(laboratory, running, "--only", "dns")
    daemons = children(process.pid)
    process.kill()
    process.wait(10)
    assert gone(daemons)


def test_port_that_is_taken_is_named(laboratory: Laboratory) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((str(laboratory.plan.block.dns), 5300))
        command = [*AKADIA, "--config", str(laboratory.config), "up", "--only", "dns"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 1
    assert "error: dns did not begin: exit code 1" in done.stderr
    assert "Address already in use" in done.stderr


def test_every_daemon_listens_when_up_says_ready(laboratory: Laboratory, running: list[subprocess.Popen[str]]) -> None:
    process = up(laboratory, running)
    assert len(children(process.pid)) == 4
    block = laboratory.plan.block
    assert finds_the_gateway(laboratory)
    assert listens(block.hss, 3868)
    assert listens(block.aaa, 3868)
    assert listens(block.aaa, 5658)
    daemons = children(process.pid)
    process.terminate()
    assert process.wait(30) == 0
    assert gone(daemons)
