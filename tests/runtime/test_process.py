"""The life of a daemon, in real processes."""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from runtime.process import READY, SUPERVISOR_FD, TURN, WAIT_FOR_TURN

pytestmark = pytest.mark.stack

ROOT = Path(__file__).resolve().parents[2]

DAEMON = """
import asyncio, sys
from runtime.logs import configure
from runtime.process import notify_ready, run
configure("info", "text", sys.stdout)
async def main(stop):
    notify_ready()
    print("listening", flush=True)
    await stop.wait()
    print("leaving", flush=True)
    {after}
sys.exit(run(main, hangup_stops={hangup_stops}))
"""


def start(
    after: str = "pass", supervisor: socket.socket | None = None, *, wait: bool = False, hangup_stops: bool = True
) -> subprocess.Popen[str]:
    descriptors = () if supervisor is None else (supervisor.fileno(),)
    return subprocess.Popen(
        [sys.executable, "-c", DAEMON.format(after=after, hangup_stops=hangup_stops)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        pass_fds=descriptors,
        env={}
        if supervisor is None
        else {SUPERVISOR_FD: str(supervisor.fileno()), **({WAIT_FOR_TURN: "1"} if wait else {})},
    )


def wait_for(process: subprocess.Popen[str], said: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if said in line:
            return
    pytest.fail(f"the daemon ended without saying {said!r}")


def wait_until_it_handles(process: subprocess.Popen[str], number: signal.Signals) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        status = Path(f"/proc/{process.pid}/status").read_text()
        caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
        if int(caught.split()[1], 16) >> (number - 1) & 1:
            return
        time.sleep(0.01)
    pytest.fail(f"the daemon does not handle {number.name}")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_daemon_leaves_politely_on_a_signal(number: signal.Signals) -> None:
    with start() as process:
        wait_for(process, "listening")
        process.send_signal(number)
        wait_for(process, f"stopping cause={number.name}")
        wait_for(process, "leaving")
        assert process.wait(5) == 0


def test_hangup_is_told_and_a_daemon_goes_on() -> None:
    with start(hangup_stops=False) as process:
        wait_for(process, "listening")
        for _ in range(2):
            process.send_signal(signal.SIGHUP)
            wait_for(process, "configuration not read again")
        process.send_signal(signal.SIGTERM)
        wait_for(process, "stopping cause=SIGTERM")
        assert process.wait(5) == 0


def test_second_hangup_of_a_terminal_changes_nothing() -> None:
    with start(after="await asyncio.sleep(0.5)") as process:
        wait_for(process, "listening")
        process.send_signal(signal.SIGHUP)
        wait_for(process, "leaving")
        process.send_signal(signal.SIGHUP)
        assert process.wait(5) == 0


def test_hangup_that_is_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        process = start()
    finally:
        signal.signal(signal.SIGHUP, before)
    with process:
        wait_for(process, "listening")
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGTERM)
        wait_for(process, "stopping cause=SIGTERM")
        assert process.wait(5) == 0


def test_second_signal_ends_a_daemon_that_lingers() -> None:
    with start(after="await asyncio.sleep(60)") as process:
        wait_for(process, "listening")
        process.send_signal(signal.SIGTERM)
        wait_for(process, "leaving")
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == -signal.SIGTERM


def test_daemon_tells_its_supervisor_and_outlives_it_by_little() -> None:
    ours, its = socket.socketpair()
    with start(supervisor=its) as process:
        its.close()
        ours.settimeout(10)
        assert ours.recv(64) == READY
        wait_for(process, "listening")
        ours.close()
        wait_for(process, "supervisor is gone")
        assert process.wait(5) == 0


def test_daemon_waits_for_its_turn() -> None:
    ours, its = socket.socketpair()
    with start(supervisor=its, wait=True) as process, ours:
        its.close()
        ours.settimeout(0.5)
        with pytest.raises(TimeoutError):
            ours.recv(64)
        ours.settimeout(10)
        ours.send(TURN)
        assert ours.recv(64) == READY
        wait_for(process, "listening")
        process.terminate()
        assert process.wait(5) == 0


@pytest.mark.parametrize("by_signal", [True, False])
def test_daemon_that_never_gets_its_turn_stops_too(*, by_signal: bool) -> None:
    ours, its = socket.socketpair()
    with start(supervisor=its, wait=True) as process, ours:
        its.close()
        if by_signal:
            wait_until_it_handles(process, signal.SIGTERM)
            process.terminate()
        else:
            ours.close()
        wait_for(process, "stopping")
        assert process.wait(5) == 0
        assert process.stdout is not None
        assert "listening" not in process.stdout.read()


def test_daemon_leaves_a_descriptor_alone_that_is_no_socket(tmp_path: Path) -> None:
    with (tmp_path / "file").open("w+") as file:
        process = subprocess.Popen(
            [sys.executable, "-c", DAEMON.format(after="pass", hangup_stops=True)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            pass_fds=(file.fileno(),),
            env={SUPERVISOR_FD: str(file.fileno())},
        )
        with process:
            wait_for(process, "listening")
            process.terminate()
            assert process.wait(5) == 0
    assert (tmp_path / "file").read_text() == ""


def test_fault_in_a_callback_is_logged_with_its_cause() -> None:
    with start(after="asyncio.get_running_loop().call_soon(lambda: 1 / 0); await asyncio.sleep(0.01)") as process:
        wait_for(process, "listening")
        process.terminate()
        wait_for(process, "error runtime.process unhandled error in the event loop cause=")
        wait_for(process, "ZeroDivisionError")
        assert process.wait(5) == 0
