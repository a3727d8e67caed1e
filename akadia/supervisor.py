"""Runs the daemons of one configuration as separate processes: all are ready, or none is left."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Collection, Coroutine, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from akadia.template import SECTIONS
from runtime.config import ConfigError, RawConfig, read_config
from runtime.log_setup import set_up
from runtime.logs import get_logger
from runtime.process import READY, SUPERVISOR_FD, TURN, WAIT_FOR_TURN, run
from runtime.recruit import ending

log = get_logger("akadia.supervisor")

READY_LIMIT = 20.0
"""Seconds until a daemon must say that it is ready."""

STOP_LIMIT = 5.0
"""Seconds that a daemon has to leave politely."""

WAVES = {"dns": 0, "hss": 0, "aaa": 1, "pdngw": 2}
"""When each daemon opens its sockets: after those that it asks."""

_CAUSE_LENGTH = 300
_TAIL = 65536


class DaemonFailed(Exception):
    """A daemon did not begin, or ended by itself; the message is one line with its last words."""


@dataclass(frozen=True, slots=True)
class Daemon:
    """One process: `wave` says when it may open its sockets, which is when all of the earlier waves are ready."""

    name: str
    command: tuple[str, ...]
    wave: int = 0


@dataclass(frozen=True, slots=True)
class _Running:
    daemon: Daemon
    process: asyncio.subprocess.Process
    line: socket.socket
    log: IO[bytes] | None
    """Open as the daemon has it, whatever becomes of its name: logrotate may have put it aside."""
    log_start: int


class Supervisor:
    """Starts on entering, stops everything on leaving, in reverse order.

    Each daemon writes to `logs`/NAME.log, or to our standard error when `logs` is None.
    """

    def __init__(
        self,
        daemons: Sequence[Daemon],
        *,
        logs: Path | None,
        ready_limit: float = READY_LIMIT,
        stop_limit: float = STOP_LIMIT,
    ) -> None:
        self._daemons = daemons
        self._logs = logs
        self._ready_limit = ready_limit
        self._stop_limit = stop_limit
        self._running: list[_Running] = []

    async def __aenter__(self) -> Self:
        try:
            # All begin to load at once, because loading is what takes time; each waits for its turn.
            for daemon in self._daemons:
                self._running.append(await self._start(daemon))
            for wave in self._waves():
                for running in wave:
                    await _give_turn(running)
                await _all_or_first_failure([self._ready(running) for running in wave])
        except BaseException:
            await self._stop_all()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stop_all()

    async def watch(self) -> None:
        """Wait until a daemon ends by itself, and say which and why: DaemonFailed. Cancel it to stop watching."""
        await _all_or_first_failure([self._outlive(running) for running in self._running])

    def process_id(self, name: str) -> int:
        """The process id of daemon `name`."""
        return next(running.process.pid for running in self._running if running.daemon.name == name)

    def _waves(self) -> list[list[_Running]]:
        waves = sorted({running.daemon.wave for running in self._running})
        return [[running for running in self._running if running.daemon.wave == wave] for wave in waves]

    async def _start(self, daemon: Daemon) -> _Running:
        ours, its = socket.socketpair()
        ours.setblocking(False)
        output = self._open_log(daemon)
        # Taken now: the daemon will share the file's position, and move it.
        position = output.tell() if output else 0
        try:
            process = await asyncio.create_subprocess_exec(
                *daemon.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output or sys.stderr,
                stderr=output or sys.stderr,
                pass_fds=(its.fileno(),),
                env={**os.environ, SUPERVISOR_FD: str(its.fileno()), WAIT_FOR_TURN: "1"},
                # A terminal's interrupt is for us alone; we stop the daemons in their order.
                start_new_session=True,
            )
        except BaseException as error:
            ours.close()
            if output:
                output.close()
            if isinstance(error, OSError):
                raise DaemonFailed(f"{daemon.name} cannot be started: {error.strerror}") from None
            raise
        finally:
            its.close()
        return _Running(daemon, process, ours, output, position)

    def _open_log(self, daemon: Daemon) -> IO[bytes] | None:
        if self._logs is None:
            return None
        path = self._log_path(daemon)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        file = path.open("a+b")
        file.seek(0, os.SEEK_END)
        return file

    def _log_path(self, daemon: Daemon) -> Path:
        return (self._logs or Path()) / f"{daemon.name}.log"

    async def _ready(self, running: _Running) -> None:
        loop = asyncio.get_running_loop()
        name = running.daemon.name
        try:
            async with asyncio.timeout(self._ready_limit):
                said = b""
                with suppress(ConnectionError):
                    said = await loop.sock_recv(running.line, len(READY))
                if said == READY:
                    log.info("daemon ready", daemon=name, process=running.process.pid)
                    return
                code = await running.process.wait()
        except TimeoutError:
            raise DaemonFailed(
                f"{name} was not ready within {self._ready_limit:.0f} s{self._last_words(running)}"
            ) from None
        raise DaemonFailed(f"{name} did not begin: {ending(code)}{self._last_words(running)}")

    async def _outlive(self, running: _Running) -> None:
        code = await running.process.wait()
        raise DaemonFailed(f"{running.daemon.name} ended by itself: {ending(code)}{self._last_words(running)}")

    def _last_words(self, running: _Running) -> str:
        """The last line that the daemon wrote since it began, which names the cause if the daemon knew it."""
        if running.log is None:
            return ""
        with suppress(OSError):
            size = os.fstat(running.log.fileno()).st_size
            # shorter than it was: logrotate has cut it off, and all of it is the daemon's
            start = running.log_start if running.log_start <= size else 0
            octets = os.pread(running.log.fileno(), _TAIL, max(start, size - _TAIL))
            lines = [line for line in octets.decode(errors="replace").splitlines() if line.strip()]
            if lines:
                return f": {lines[-1].removeprefix('error: ')[:_CAUSE_LENGTH]}"
        return f"; {self._log_path(running.daemon)} is empty"

    async def _stop_all(self) -> None:
        """To the end, whoever cancels it: what led here is to be told, and no daemon left behind."""
        stopping = asyncio.ensure_future(self._stop_each())
        while not stopping.done():
            with suppress(asyncio.CancelledError):
                await asyncio.shield(stopping)

    async def _stop_each(self) -> None:
        for wave in reversed(self._waves()):
            await asyncio.gather(*(self._stop(running) for running in wave))
        for running in self._running:
            running.line.close()
            if running.log is not None:
                running.log.close()
        self._running.clear()

    async def _stop(self, running: _Running) -> None:
        process = running.process
        if process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(self._stop_limit):
                await process.wait()
        except TimeoutError:
            log.warning("daemon killed", daemon=running.daemon.name, cause=f"no end within {self._stop_limit:.0f} s")
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        log.info("daemon stopped", daemon=running.daemon.name)


async def _give_turn(running: _Running) -> None:
    with suppress(OSError):
        # One that has ended already is found out when it is waited for.
        await asyncio.get_running_loop().sock_sendall(running.line, TURN)


async def _all_or_first_failure(waits: Iterable[Coroutine[object, object, None]]) -> None:
    tasks = [asyncio.create_task(wait) for wait in waits]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def daemons_of(config: RawConfig, only: Collection[str] = ()) -> tuple[Daemon, ...]:
    """The daemons whose sections the file has, or those of them that `only` names. ConfigError when there is none."""
    present = [name for name in WAVES if config.tables.get(name) is not None]
    unknown = sorted(set(only) - set(present))
    if unknown:
        raise ConfigError(f"{config.path}: section [{unknown[0]}] is missing; there are {', '.join(present) or 'none'}")
    if not present:
        raise ConfigError(f"{config.path}: no daemon is configured; write a section {', '.join(WAVES)}")
    # -P keeps a folder that happens to hold a package of the same name from being taken for ours.
    akadia = (sys.executable, "-P", "-m", "akadia", "--config", str(config.path))
    return tuple(Daemon(name, (*akadia, name, "serve"), WAVES[name]) for name in present if not only or name in only)


def main(path: Path, *, only: Collection[str] = (), to_files: bool = True) -> int:
    """Run the daemons until a signal, saying `ready` on standard output when all listen; the exit code.

    Their logs go to `logs` beside the configuration, or to standard error. Raises ConfigError and DaemonFailed.
    """
    config = read_config(path)
    config.require_known(SECTIONS)
    set_up(config)
    daemons = daemons_of(config, only)
    logs = config.path.parent / "logs" if to_files else None

    async def supervise(stop: asyncio.Event) -> None:
        stopped = asyncio.create_task(stop.wait())
        life = asyncio.create_task(_live(Supervisor(daemons, logs=logs)))
        await asyncio.wait((stopped, life), return_when=asyncio.FIRST_COMPLETED)
        for task in (stopped, life):
            task.cancel()
        with suppress(asyncio.CancelledError):
            await life

    return run(supervise)


async def _live(supervisor: Supervisor) -> None:
    async with supervisor:
        print("ready", flush=True)
        await supervisor.watch()
