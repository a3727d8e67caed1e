"""What the servers of both ports do alike: sockets, a task for each packet, and lines for what is discarded."""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from functools import partial

from aaa.radius.clients import RadiusClient
from aaa.radius.decisions import Discard, Forward
from aaa.radius.listening import DiscardLog, More, Ports, Reply
from aaa.radius.proxy.carrying import Front, carry
from aaa.radius.proxy.relay import Relay
from aaa.radius.suspecting import Suspicion
from runtime.taps import Address, DatagramTap
from runtime.timed_tasks import TimedTasks

_FEWEST = 256
"""So many tasks are kept before it is looked for those that have ended."""


class PortServer(ABC):
    """`relay` asks the servers of other realms, `suspicion` says of unproven packets what is wrong."""

    def __init__(
        self,
        *,
        relay: Relay | None = None,
        suspicion: Suspicion | None = None,
        request_limit: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._relay = relay
        self._suspicion = suspicion
        self._request_limit = request_limit
        self._clock = clock
        self._lines = DiscardLog(clock)
        self._in_time = TimedTasks[object](request_limit)
        self._tasks: set[asyncio.Task[None]] = set()
        self._room = _FEWEST
        self._ports = Ports(self.take)

    @abstractmethod
    def take(self, octets: bytes, source: Address, reply: Reply, client: RadiusClient | None = None) -> None:
        """Serve one packet."""

    def listen(self, local: Address, *, capture: DatagramTap | None = None, reuse_port: bool = False) -> Address:
        """Bind `local` inside the running loop and return what was bound; OSError when it is taken."""
        return self._ports.listen(local, capture=capture, reuse_port=reuse_port)

    @property
    def busy(self) -> "list[asyncio.Task[None]]":
        """What is in progress."""
        return [task for task in (*self._tasks, *self._in_time) if not task.done()]

    async def drain(self, within: float) -> None:
        """Take nothing new, and finish what is in progress, for at most `within` seconds."""
        self._ports.withdraw()
        if self.busy:
            await asyncio.wait(self.busy, timeout=within)

    async def _end(self) -> None:
        """Stop listening, and end what is in progress."""
        self._ports.close()
        tasks = (*self._tasks, *self._in_time)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        tasks = self._tasks
        if len(tasks) >= self._room:
            # now and then for all that have ended: a callback for each would take a turn of the loop
            tasks.intersection_update(self.busy)
            self._room = max(_FEWEST, 2 * len(tasks))
        tasks.add(asyncio.get_running_loop().create_task(work))

    def _forward(self, front: Front, forwarding: Forward, reply: Reply) -> None:
        self._begin(carry(self._relay, front, forwarding, reply, self._request_limit, self._lines))

    def _discarded(
        self, octets: bytes, source: Address, client: RadiusClient | None, discard: Discard, why: More | None = None
    ) -> None:
        if discard.is_unproven and self._suspicion is not None:
            why = partial(self._suspicion.of, octets, source[0], client, discard.cause)
        self._lines.discarded(source, discard, why)
