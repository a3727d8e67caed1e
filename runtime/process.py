"""The life of a daemon: stop on a signal, tell the supervisor when ready, stop when the supervisor is gone."""

import asyncio
import gc
import os
import signal
import stat
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from runtime.log_setup import keep_looking
from runtime.logs import get_logger

log = get_logger("runtime.process")

SUPERVISOR_FD = "AKADIA_SUPERVISOR_FD"
"""The environment variable that names an inherited stream socket to the supervisor."""

WAIT_FOR_TURN = "AKADIA_WAIT_FOR_TURN"
"""The environment variable that says that the supervisor will send TURN when `main` may begin."""

READY = b"ready\n"
TURN = b"turn\n"

_YOUNG_OBJECTS = 20_000
"""How many new objects there may be before the collector looks at them: a busy daemon makes some hundred a request."""

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def run(main: Callable[[asyncio.Event], Awaitable[None]], *, hangup_stops: bool = True) -> int:
    """Run `main(stop)` to its end and give the exit code 0; `stop` is set by SIGTERM, SIGINT or the supervisor's end.

    `main` waits for `stop` and then leaves politely; a second signal interrupts it. What `main` raises is raised.
    SIGHUP is what a terminal sends that is closed, and whoever wants a daemon to read its configuration again: with
    `hangup_stops` it stops as well, and else a line says that nothing was read, unless `main` takes it itself.
    """
    try:
        asyncio.run(_run(main, hangup_stops=hangup_stops))
    except KeyboardInterrupt:
        return 130
    return 0


def notify_ready() -> None:
    """Tell the supervisor, if there is one, that every socket of this daemon listens. Once is enough."""
    # what is there now stays: without this the collector looks through all of it again and again, 0.1 s each time
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, 20, 20)
    descriptor = _supervisor_fd()
    if descriptor is not None:
        with suppress(OSError):
            os.write(descriptor, READY)


async def _run(main: Callable[[asyncio.Event], Awaitable[None]], *, hangup_stops: bool) -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_log_unhandled)
    stop, turn = asyncio.Event(), asyncio.Event()
    for number in _STOP_SIGNALS:
        loop.add_signal_handler(number, _on_signal, loop, stop, turn, number)
    if not hangup_stops:
        loop.add_signal_handler(signal.SIGHUP, _not_reloaded)
    elif signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as nohup has it
        # a terminal sends it and so does its shell: the second one is no wish for haste
        loop.add_signal_handler(signal.SIGHUP, _stop, stop, turn, signal.SIGHUP)
    descriptor = _supervisor_fd()
    if descriptor is not None:
        loop.add_reader(descriptor, _on_supervisor, loop, descriptor, stop, turn)
    if descriptor is None or not os.environ.get(WAIT_FOR_TURN):
        turn.set()
    looking = asyncio.create_task(keep_looking())
    try:
        await turn.wait()
        if not stop.is_set():
            await main(stop)
    finally:
        looking.cancel()
        if descriptor is not None:
            loop.remove_reader(descriptor)


def _on_signal(
    loop: asyncio.AbstractEventLoop, stop: asyncio.Event, turn: asyncio.Event, number: signal.Signals
) -> None:
    _stop(stop, turn, number)
    for each in _STOP_SIGNALS:
        # The next signal finds the default action: who asks twice does not want to wait.
        loop.remove_signal_handler(each)


def _stop(stop: asyncio.Event, turn: asyncio.Event, number: signal.Signals) -> None:
    if not stop.is_set():
        log.info("stopping", cause=number.name)
    stop.set()
    turn.set()


def _not_reloaded() -> None:
    log.warning("configuration not read again", cause="this daemon reads it when it starts; restart it")


def _on_supervisor(loop: asyncio.AbstractEventLoop, descriptor: int, stop: asyncio.Event, turn: asyncio.Event) -> None:
    try:
        said = os.read(descriptor, 64)
    except BlockingIOError:
        return
    except OSError:
        said = b""
    if not said:
        log.warning("stopping", cause="the supervisor is gone")
        loop.remove_reader(descriptor)
        stop.set()
    turn.set()


def _supervisor_fd() -> int | None:
    text = os.environ.get(SUPERVISOR_FD, "")
    if not text.isdecimal():
        return None
    try:
        # A descriptor that is no socket is somebody else's: it is left alone.
        return int(text) if stat.S_ISSOCK(os.fstat(int(text)).st_mode) else None
    except OSError:
        return None


def _log_unhandled(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    error = context.get("exception")
    log.error("unhandled error in the event loop", cause=context.get("message", ""), exc_info=error or False)
