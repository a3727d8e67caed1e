"""What every RADIUS client of a load has: sockets, Identifiers, and requests that are sent again (RFC 5080 §2.2.1)."""

import os
import select
import socket
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle
from random import Random
from typing import Protocol

from ue_sim.load.radius_packets import AnswerRefused
from ue_sim.load.subscribers import LoadRefused
from wire.radius.exchange import Timers

Address = tuple[str, int]
Clock = Callable[[], float]

IDENTIFIERS = 256
"""So many requests at most are out on one socket (RFC 2865 §3)."""
_LONGEST = 4096


class Counted(Protocol):
    """Where it is counted that a request was sent again, and that an answer was none."""

    retransmissions: int
    discarded: int


class Sockets:
    """The sockets of one process; whose they are hears when something has come."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._ready: dict[int, Callable[[Clock], None]] = {}

    def add(self, opened: socket.socket, ready: Callable[[Clock], None]) -> None:
        """Watch one more."""
        self._epoll.register(opened, select.EPOLLIN)
        self._ready[opened.fileno()] = ready

    def wait(self, seconds: float, clock: Clock) -> None:
        """For what arrives, for so long at most."""
        for descriptor, _ in self._epoll.poll(seconds):
            self._ready[descriptor](clock)

    def close(self) -> None:
        """Watch no more."""
        self._epoll.close()


class Port:
    """One socket, whose Identifiers are dealt out in turn; `out` are the exchanges that have them."""

    __slots__ = ("_next", "out", "socket")

    def __init__(self, server: Address) -> None:
        family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.socket.connect(server)
        self.out: dict[int, Exchange] = {}
        self._next = 0

    def identifier(self) -> int:
        """One that no request of this socket has."""
        while True:
            self._next = (self._next + 1) % IDENTIFIERS
            if self._next not in self.out:
                return self._next


@dataclass(slots=True, eq=False)
class Exchange(ABC):
    """A request that is out, sent `count` times; `doubt` is what was wrong with an answer that came to it."""

    port: Port
    request: bytes = field(default=b"", init=False)
    count: int = field(default=0, init=False)
    rt: float = field(default=0.0, init=False)
    resend_at: float = field(default=0.0, init=False)
    end_at: float = field(default=0.0, init=False)
    doubt: str = field(default="", init=False)

    @abstractmethod
    def take(self, octets: bytes, now: float) -> None:
        """Judge what has come to it; AnswerRefused unless that is an answer to believe."""

    @abstractmethod
    def renew(self, now: float) -> None:
        """Change the request before it is sent again, where it says how late it is."""

    @abstractmethod
    def give_up(self, cause: str) -> None:
        """No answer has come in time."""


class Exchanges:
    """The exchanges with one server, which `option` of the command names, over `ports` sockets at least.

    There are so many that none is short of Identifiers; several, so that the kernel can deal them out to the workers of
    the server.
    """

    def __init__(
        self, server: Address, option: str, counted: Counted, sockets: Sockets, *, at_once: int, ports: int,
        timers: Timers,
    ) -> None:  # fmt: skip
        self._server = server
        self._option = option
        self._counted = counted
        self._timers = timers
        self._random = Random(os.urandom(8))  # noqa: S311 - jitter
        self.ports = [Port(server) for _ in range(max(min(ports, at_once), -(-at_once // (IDENTIFIERS // 2)), 1))]
        for port in self.ports:
            sockets.add(port.socket, partial(self._ready, port))
        self._in_turn = cycle(self.ports)
        self._answered = False

    def port(self) -> Port:
        """The next in turn that has an Identifier left."""
        return next(port for port in self._in_turn if len(port.out) < IDENTIFIERS)

    def send(self, exchange: Exchange, now: float) -> None:
        """Send its request, which has an Identifier of its port, for the first time."""
        timers = self._timers
        exchange.count, exchange.rt = 1, timers.irt * self._random.uniform(0.9, 1.1)
        exchange.resend_at, exchange.end_at = now + exchange.rt, now + timers.mrd
        exchange.port.out[exchange.request[1]] = exchange
        self._transmit(exchange)

    def overdue(self, now: float) -> None:
        """Send again what has waited its time; give up what has waited in vain."""
        for port in self.ports:
            # one that has several Identifiers is there as often
            for exchange in {each: None for each in port.out.values() if each.resend_at <= now}:
                if now >= exchange.end_at or 0 < self._timers.mrc <= exchange.count:
                    exchange.give_up(f"no answer{exchange.doubt}")
                else:
                    self._again(exchange, now)

    def close(self) -> None:
        """Give the sockets back."""
        for port in self.ports:
            port.socket.close()

    def _again(self, exchange: Exchange, now: float) -> None:
        jitter = self._random.uniform(-0.1, 0.1)
        exchange.rt *= 2 + jitter
        if 0 < self._timers.mrt < exchange.rt:
            exchange.rt = self._timers.mrt * (1 + jitter)
        exchange.count += 1
        exchange.resend_at = min(now + exchange.rt, exchange.end_at)
        self._counted.retransmissions += 1
        exchange.renew(now)
        exchange.port.out[exchange.request[1]] = exchange
        self._transmit(exchange)

    def _transmit(self, exchange: Exchange) -> None:
        with suppress(BlockingIOError):
            try:
                exchange.port.socket.send(exchange.request)
            except ConnectionRefusedError:
                self._refused()

    def _ready(self, port: Port, clock: Clock) -> None:
        try:
            octets = port.socket.recv(_LONGEST)
        except ConnectionRefusedError:
            self._refused()
            return
        except BlockingIOError:
            return
        exchange = port.out.get(octets[1]) if len(octets) > 1 else None
        if exchange is None:
            self._counted.discarded += 1
            return
        try:
            exchange.take(octets, clock())
        except AnswerRefused as error:
            # RFC 2865 §3: silently discarded; if nothing better comes, it is the cause of the failure
            self._counted.discarded += 1
            exchange.doubt = f", but {error}"
        else:
            self._answered = True

    def _refused(self) -> None:
        """A server that was there comes back; one that never was is the wrong address."""
        if not self._answered:
            host, port = self._server
            said = f"nobody listens at {host} port {port}; start the server, or name another with {self._option}"
            raise LoadRefused(said)
