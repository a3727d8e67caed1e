"""The supervisor, with little daemons that behave and misbehave."""

import asyncio
import os
import signal
import stat
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from akadia.supervisor import WAVES, Daemon, DaemonFailed, Supervisor, daemons_of
from runtime.config import ConfigError, RawConfig
from runtime.process import SUPERVISOR_FD

PATH = Path("/lab/akadia.toml")

BEGIN = f"""
import os, signal, sys, time
line = int(os.environ[{SUPERVISOR_FD!r}])
def ready(): os.write(line, b"ready\\n")
def say(text): print(text, flush=True)
def turn(): say(os.read(line, 64).decode().strip())
def wait(): signal.sigwait({{signal.SIGTERM}})
"""

BLOCK = "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM}); "
GOOD = BLOCK + "say('hello'); ready(); wait(); say('bye')"
DIES_EARLY = "sys.stderr.write('working\\nerror: the database is locked\\n'); sys.exit(3)"
DIES_LATE = "say('RuntimeError: out of luck'); os.kill(os.getpid(), signal.SIGKILL)"
SILENT = "time.sleep(60)"
STUBBORN = "signal.signal(signal.SIGTERM, signal.SIG_IGN); ready(); time.sleep(60)"


def daemon(name: str, behaviour: str, wave: int = 0) -> Daemon:
    return Daemon(name, (sys.executable, "-c", BEGIN + behaviour), wave)


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def begun(log: Path) -> bool:
    return log.exists() and log.read_text() != ""


def config(*sections: str) -> RawConfig:
    return RawConfig(PATH, {name: {} for name in sections})


def test_daemons_are_those_that_are_configured() -> None:
    assert [daemon.name for daemon in daemons_of(config("network", "hss", "aaa"))] == ["hss", "aaa"]
    (only,) = daemons_of(config("dns", "hss"), only=("dns",))
    assert only.command[1:] == ("-P", "-m", "akadia", "--config", "/lab/akadia.toml", "dns", "serve")


def test_each_daemon_starts_after_those_that_it_asks() -> None:
    assert WAVES["hss"] < WAVES["aaa"] < WAVES["pdngw"]


def test_daemon_that_is_not_configured_is_an_error() -> None:
    with pytest.raises(ConfigError, match=r"section \[pdngw\] is missing; there are dns, hss"):
        daemons_of(config("dns", "hss"), only=("pdngw",))
    with pytest.raises(ConfigError, match="no daemon is configured"):
        daemons_of(config("network"))


@pytest.mark.stack
async def test_supervisor_starts_all_and_stops_in_reverse(tmp_path: Path) -> None:
    supervisor = Supervisor([daemon("one", GOOD), daemon("two", GOOD, wave=1)], logs=tmp_path / "logs")
    with capture_logs() as entries:
        async with supervisor:
            processes = [supervisor.process_id(name) for name in ("one", "two")]
            assert all(is_alive(process) for process in processes)
    assert not any(is_alive(process) for process in processes)
    assert [(entry["event"], entry["daemon"]) for entry in entries] == [
        ("daemon ready", "one"),
        ("daemon ready", "two"),
        ("daemon stopped", "two"),
        ("daemon stopped", "one"),
    ]
    log = tmp_path / "logs" / "one.log"
    assert log.read_text() == "hello\nbye\n"
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


@pytest.mark.stack
async def test_daemon_gets_its_turn_when_those_before_it_are_ready(tmp_path: Path) -> None:
    slow = BLOCK + "turn(); time.sleep(0.3); say(time.monotonic()); ready(); wait()"
    late = BLOCK + "say('loaded'); turn(); say(time.monotonic()); ready(); wait()"
    async with Supervisor([daemon("slow", slow), daemon("late", late, wave=1)], logs=tmp_path):
        pass
    first = (tmp_path / "slow.log").read_text().split()
    second = (tmp_path / "late.log").read_text().split()
    assert (first[0], second[0], second[1]) == ("turn", "loaded", "turn")
    assert float(second[2]) > float(first[1])


@pytest.mark.stack
async def test_daemon_that_does_not_begin_stops_the_others(tmp_path: Path) -> None:
    supervisor = Supervisor([daemon("good", GOOD), daemon("bad", DIES_EARLY, wave=1)], logs=tmp_path)
    with pytest.raises(DaemonFailed, match=r"^bad did not begin: exit code 3: the database is locked$"):
        async with supervisor:
            pytest.fail("it began")
    assert (tmp_path / "good.log").read_text() == "hello\nbye\n"


@pytest.mark.stack
async def test_last_words_are_of_this_life(tmp_path: Path) -> None:
    (tmp_path / "bad.log").write_text("error: of yesterday\n")
    with pytest.raises(DaemonFailed, match=r"did not begin: exit code 0; .*bad\.log is empty$"):
        async with Supervisor([daemon("bad", "pass")], logs=tmp_path):
            pytest.fail("it began")
    assert (tmp_path / "bad.log").read_text() == "error: of yesterday\n"


@pytest.mark.stack
async def test_daemon_that_is_never_ready_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(DaemonFailed, match=r"^slow was not ready within 0 s; .*slow\.log is empty$"):
        async with Supervisor([daemon("slow", SILENT)], logs=tmp_path, ready_limit=0.2):
            pytest.fail("it began")


@pytest.mark.stack
async def test_daemon_that_dies_is_named_with_its_last_words(tmp_path: Path) -> None:
    """Also where logrotate has cut its log off, and put it aside."""
    log = tmp_path / "mortal.log"
    log.write_text("of yesterday\n" * 9)
    rotated = f"ready(); time.sleep(0.1); os.truncate({str(log)!r}, 0); os.rename({str(log)!r}, {str(log)!r} + '.1'); "
    supervisor = Supervisor([daemon("good", GOOD), daemon("mortal", rotated + DIES_LATE)], logs=tmp_path)
    async with supervisor:
        good = supervisor.process_id("good")
        with pytest.raises(
            DaemonFailed, match=r"^mortal ended by itself: killed by SIGKILL: RuntimeError: out of luck"
        ):
            await asyncio.wait_for(supervisor.watch(), 10)
    assert not is_alive(good)


async def test_a_failure_is_told_also_where_a_signal_comes_while_the_others_stop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    supervisor, stopped = Supervisor([], logs=None), asyncio.Event()
    monkeypatch.setattr(supervisor, "_stop_each", stopped.wait)

    async def live() -> None:
        async with supervisor:
            raise DaemonFailed("aaa ended by itself")

    life = asyncio.create_task(live())
    await asyncio.sleep(0)
    for _ in range(2):
        life.cancel()
        await asyncio.sleep(0)
    stopped.set()
    with pytest.raises(DaemonFailed, match="aaa ended by itself"):
        await life


@pytest.mark.stack
async def test_daemon_that_does_not_stop_is_killed(tmp_path: Path) -> None:
    supervisor = Supervisor([daemon("stubborn", STUBBORN)], logs=tmp_path, stop_limit=0.2)
    with capture_logs() as entries:
        async with supervisor:
            process = supervisor.process_id("stubborn")
    assert not is_alive(process)
    assert ("daemon killed", "no end within 0 s") in [(entry["event"], entry.get("cause")) for entry in entries]


@pytest.mark.stack
async def test_starting_may_be_interrupted(tmp_path: Path) -> None:
    supervisor = Supervisor([daemon("slow", "say('here'); " + SILENT)], logs=tmp_path)
    begin = asyncio.create_task(supervisor.__aenter__())
    while not begun(tmp_path / "slow.log"):  # noqa: ASYNC110 - what is awaited is another process
        await asyncio.sleep(0.01)
    process = supervisor.process_id("slow")
    begin.cancel()
    with pytest.raises(asyncio.CancelledError):
        await begin
    assert not is_alive(process)


@pytest.mark.stack
async def test_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DaemonFailed, match="none cannot be started: No such file or directory"):
        async with Supervisor([Daemon("none", ("/nowhere/akadia",))], logs=tmp_path):
            pytest.fail("it began")


@pytest.mark.stack
async def test_logs_may_go_to_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    async with Supervisor([daemon("one", GOOD)], logs=None):
        pass
    assert capfd.readouterr().err == "hello\nbye\n"


@pytest.mark.stack
async def test_interrupt_at_the_terminal_reaches_no_daemon_directly(tmp_path: Path) -> None:
    async with Supervisor([daemon("one", GOOD)], logs=tmp_path) as supervisor:
        assert os.getpgid(supervisor.process_id("one")) != os.getpgid(0)
        assert signal.getsignal(signal.SIGINT) is not None
