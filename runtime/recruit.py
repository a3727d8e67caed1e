"""One worker process as its parent sees it: it loads, waits for its turn, says that it is ready, and ends some day."""

import asyncio
import os
import signal
import socket
from collections.abc import Sequence
from contextlib import suppress

from runtime.config import CONFIG_FD
from runtime.metrics.tally import METRICS_FD
from runtime.process import READY, SUPERVISOR_FD, TURN, WAIT_FOR_TURN
from runtime.worker import WORKER, Worker


class WorkerFailed(Exception):
    """A worker did not begin; one line. `code` is its exit code, None when it has none."""

    def __init__(self, reason: str, code: int | None = None) -> None:
        super().__init__(reason)
        self.code = code


class Recruit:
    """Made by `start`. It writes where its parent writes, and ends when its parent does."""

    def __init__(
        self, worker: Worker, process: asyncio.subprocess.Process, line: socket.socket, metrics: int | None
    ) -> None:
        self.worker = worker
        self.metrics = metrics
        """The memory in which it counts, for a `runtime.metrics.tally.Tally`."""
        self._process = process
        self._line = line

    @classmethod
    async def start(
        cls, command: Sequence[str], worker: Worker, metrics: int | None = None, config: int | None = None
    ) -> "Recruit":
        """A new process that loads, counts in `metrics` and is configured by `config`, a file that is open.

        OSError when there can be none.
        """
        ours, its = socket.socketpair()
        ours.setblocking(False)
        environment = {SUPERVISOR_FD: str(its.fileno()), WAIT_FOR_TURN: "1", WORKER: str(worker)}
        inherited = [its.fileno()]
        if metrics is not None:
            environment[METRICS_FD] = str(metrics)
            inherited.append(metrics)
        if config is not None:
            environment[CONFIG_FD] = str(config)
            inherited.append(config)
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=inherited,
                env={**os.environ, **environment},
                # A terminal's interrupt is for the parent alone.
                start_new_session=True,
            )
        except BaseException:
            ours.close()
            raise
        finally:
            its.close()
        return cls(worker, process, ours, metrics)

    @property
    def process_id(self) -> int:
        """Of the process."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.returncode is None

    async def begin(self, within: float) -> None:
        """Let it open its sockets and return when it serves; WorkerFailed when it does not."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(within):
                said = b""
                with suppress(OSError):
                    await loop.sock_sendall(self._line, TURN)
                    said = await loop.sock_recv(self._line, len(READY))
                if said == READY:
                    return
                code = await self._process.wait()
        except TimeoutError:
            raise WorkerFailed(f"a worker was not ready within {within:.0f} s") from None
        raise WorkerFailed(f"a worker did not begin: {ending(code)}", code)

    async def ended(self) -> int:
        """Its exit code, when it has ended."""
        return await self._process.wait()

    def signal(self, number: signal.Signals) -> None:
        """Send it `number`, if it is still there."""
        if self.is_alive:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    def close(self) -> None:
        """Give back the line to it."""
        self._line.close()


def ending(code: int) -> str:
    """What an exit code says."""
    if code >= 0:
        return f"exit code {code}"
    # real-time signals have numbers alone
    known = -code in signal.Signals.__members__.values()
    return f"killed by {signal.Signals(-code).name if known else f'signal {-code}'}"
