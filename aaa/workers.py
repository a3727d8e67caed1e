"""The AAA server as several processes on one set of ports: started, replaced, exchanged and stopped by a parent."""

import asyncio
import signal
import socket
import sys
import time
from collections.abc import Coroutine
from pathlib import Path

from aaa.config import AaaSettings, addresses, read_settings
from runtime.config import ConfigError, SocketAddress, read_config
from runtime.crew import Crew
from runtime.listening import naming
from runtime.logs import get_logger
from runtime.metrics.server import MetricsServer
from runtime.metrics.tally import Tally
from runtime.process import notify_ready, run
from runtime.recruit import WorkerFailed
from runtime.worker import Worker

log = get_logger("aaa.workers")


def oversee(settings: AaaSettings, path: Path, workers: int | None) -> int:
    """Keep `workers` processes serving until told to stop, by default as many as the configuration says; the exit code.

    OSError when an address is taken, which processes that share ports would not notice. When a worker does not begin,
    it has said why, and its exit code is ours.
    """
    for _, kind, address in addresses(settings):
        require_free(kind, address)
    try:
        return run(lambda stop: _oversee(settings, path, workers, stop), hangup_stops=False)
    except WorkerFailed as failed:
        if failed.code is not None and failed.code > 0:
            return failed.code
        log.error("aaa not started", cause=str(failed))
        return 1


async def _oversee(settings: AaaSettings, path: Path, workers: int | None, stop: asyncio.Event) -> None:
    reload = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload.set)
    # -P keeps a folder that happens to hold a package of the same name from being taken for ours.
    command = (sys.executable, "-P", "-m", "akadia", "--config", str(path), "aaa", "serve")
    tally = Tally()
    crew = Crew(command, since=int(time.time()), tally=tally)
    metrics = None if settings.metrics is None else MetricsServer(settings.metrics, "aaa.metrics", tally)
    try:
        if metrics is not None:
            await metrics.open()
        if await _unless(stop, crew.change(*_wanted(path, workers))):
            log.info("workers ready", workers=len(crew.process_ids))
            notify_ready()
        while not stop.is_set():
            await _either(stop, reload)
            if reload.is_set() and not stop.is_set():
                reload.clear()
                await _unless(stop, _reload(crew, path, workers))
    finally:
        if metrics is not None:
            await metrics.close()
        await crew.stop()


async def _reload(crew: Crew, path: Path, workers: int | None) -> None:
    """New workers with the file as it is now; the old ones go on when it is not usable."""
    try:
        await crew.change(*_wanted(path, workers))
    except (ConfigError, WorkerFailed, OSError) as error:
        log.error("configuration not read again", cause=str(error))
    else:
        log.info("configuration read again", workers=len(crew.process_ids))


def _wanted(path: Path, workers: int | None) -> tuple[int, bytes]:
    """How many processes, and the file that they read, once it is known to be usable."""
    raw = read_config(path)
    settings = read_settings(raw)
    return workers or settings.aaa.workers, raw.octets


async def _either(*events: asyncio.Event) -> None:
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()


async def _unless(stop: asyncio.Event, work: Coroutine[object, object, None]) -> bool:
    """Whether `work` was done; it is cancelled when `stop` is set before."""
    task, stopped = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait((task, stopped), return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if task.done():
        await task
        return True
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return False


def require_free(kind: socket.SocketKind, address: SocketAddress) -> None:
    """OSError when somebody else has `address`, or it is not of this machine."""
    with naming(address):
        family, _, _, _, where = socket.getaddrinfo(*address, type=kind, flags=socket.AI_PASSIVE)[0]
    with socket.socket(family, kind) as tried, naming(address):
        if kind is socket.SOCK_STREAM:
            # what is left of connections that have ended is no listener
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tried.bind(where)


def not_reloaded_by(number: signal.Signals, worker: Worker | None) -> None:
    """Only a parent of workers exchanges them; a process alone says so and goes on."""
    hint = (
        "its parent takes it" if worker is not None else "one process serves; [aaa] workers = 2 has a parent that can"
    )
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(number, lambda: log.warning("configuration not read again", cause=hint))
