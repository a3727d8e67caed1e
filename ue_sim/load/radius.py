"""The client of a RADIUS load: its sockets, its Identifiers, its retransmissions (RFC 5080 §2.2.1)."""

import os
import select
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle
from random import Random

from ue_sim.load.attributes import UeRefuses
from ue_sim.load.radius_packets import AnswerRefused, RadiusAnswer, RadiusPackets
from ue_sim.load.subscribers import LoadRefused
from ue_sim.load.tally import Tally
from ue_sim.load.turns import Ue
from wire.radius.exchange import Timers
from wire.radius.packet import Code

Address = tuple[str, int]
Ended = Callable[[Ue, float, str], None]
"""Hears of an authentication that is over: when it had begun, and why it failed, or ""."""

_LONGEST = 4096
_IDENTIFIERS = 256


@dataclass(slots=True, eq=False)
class _Exchange:
    """One UE's request that is out, sent `count` times; `doubt` is what was wrong with an answer that came to it."""

    ue: Ue
    port: "_Port"
    began: float
    user_name: bytes
    state: bytes = b""
    request: bytes = b""
    authenticator: bytes = b""
    count: int = 0
    rt: float = 0.0
    resend_at: float = 0.0
    end_at: float = 0.0
    doubt: str = ""


class _Port:
    """One socket, whose Identifiers are dealt out in turn."""

    __slots__ = ("_next", "out", "socket")

    def __init__(self, server: Address) -> None:
        family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.socket.connect(server)
        self.out: dict[int, _Exchange] = {}
        self._next = 0

    def identifier(self) -> int:
        """One that no request of this socket has."""
        while True:
            self._next = (self._next + 1) % _IDENTIFIERS
            if self._next not in self.out:
                return self._next


class RadiusClient:
    """Carries the EAP of many UEs to one server.

    `ports` sockets at least, and so many that none is short of Identifiers; several, so that the kernel can deal them
    out to the workers of the server.
    """

    def __init__(
        self, server: Address, packets: RadiusPackets, tally: Tally, ended: Ended, *, at_once: int, ports: int,
        timers: Timers,
    ) -> None:  # fmt: skip
        self._packets = packets
        self._server = server
        self._tally = tally
        self._ended = ended
        self._timers = timers
        self._random = Random(os.urandom(8))  # noqa: S311 - jitter
        self._epoll = select.epoll()
        self._ports = [_Port(server) for _ in range(max(min(ports, at_once), -(-at_once // (_IDENTIFIERS // 2)), 1))]
        self._by_descriptor = {port.socket.fileno(): port for port in self._ports}
        for descriptor in self._by_descriptor:
            self._epoll.register(descriptor, select.EPOLLIN)
        self._in_turn = cycle(self._ports)
        self._answered = False

    def begin(self, ue: Ue, now: float) -> None:
        """Send its EAP-Response/Identity."""
        # RFC 3579 §2.1: User-Name is that of EAP-Response/Identity all the way
        exchange = _Exchange(ue, self._port(), now, ue.peer.identity)
        self._send(exchange, ue.peer.begin(), now)

    def wait(self, seconds: float, clock: Callable[[], float]) -> None:
        """Take what arrives, for so long at most."""
        for descriptor, _ in self._epoll.poll(seconds):
            port = self._by_descriptor[descriptor]
            try:
                octets = port.socket.recv(_LONGEST)
            except ConnectionRefusedError:
                self._refused()
                continue
            except BlockingIOError:
                continue
            exchange = port.out.get(octets[1]) if len(octets) > 1 else None
            if exchange is None:
                self._tally.discarded += 1
            else:
                self._arrived(exchange, octets, clock())

    def overdue(self, now: float) -> None:
        """Send again what has waited its time; give up what has waited in vain."""
        for port in self._ports:
            for exchange in [each for each in port.out.values() if each.resend_at <= now]:
                if now >= exchange.end_at or 0 < self._timers.mrc <= exchange.count:
                    self._end(exchange, f"no answer{exchange.doubt}")
                else:
                    self._again(exchange, now)

    def close(self) -> None:
        """Give the sockets back."""
        self._epoll.close()
        for port in self._ports:
            port.socket.close()

    def _port(self) -> _Port:
        """The next in turn that has an Identifier left."""
        return next(port for port in self._in_turn if len(port.out) < _IDENTIFIERS)

    def _send(self, exchange: _Exchange, eap: bytes, now: float) -> None:
        port, timers = exchange.port, self._timers
        identifier, exchange.authenticator = port.identifier(), os.urandom(16)
        exchange.request = self._packets.request(
            identifier, exchange.authenticator, exchange.user_name, eap, exchange.state
        )
        exchange.count, exchange.rt = 1, timers.irt * self._random.uniform(0.9, 1.1)
        exchange.resend_at, exchange.end_at = now + exchange.rt, now + timers.mrd
        port.out[identifier] = exchange
        self._transmit(exchange)

    def _again(self, exchange: _Exchange, now: float) -> None:
        jitter = self._random.uniform(-0.1, 0.1)
        exchange.rt *= 2 + jitter
        if 0 < self._timers.mrt < exchange.rt:
            exchange.rt = self._timers.mrt * (1 + jitter)
        exchange.count += 1
        exchange.resend_at = min(now + exchange.rt, exchange.end_at)
        self._tally.retransmissions += 1
        self._transmit(exchange)

    def _transmit(self, exchange: _Exchange) -> None:
        with suppress(BlockingIOError):
            try:
                exchange.port.socket.send(exchange.request)
            except ConnectionRefusedError:
                self._refused()

    def _refused(self) -> None:
        """A server that was there comes back; one that never was is the wrong address."""
        if not self._answered:
            host, port = self._server
            raise LoadRefused(f"nobody listens at {host} port {port}; start the server, or name another with --server")

    def _arrived(self, exchange: _Exchange, octets: bytes, now: float) -> None:
        try:
            answer = self._packets.answer(octets, exchange.authenticator)
        except AnswerRefused as error:
            # RFC 2865 §3: silently discarded; if nothing better comes, it is the cause of the failure
            self._tally.discarded += 1
            exchange.doubt = f", but {error}"
            return
        self._answered = True
        self._tally.rounds += 1
        del exchange.port.out[octets[1]]
        try:
            self._step(exchange, answer, now)
        except UeRefuses as refusal:
            self._ended(exchange.ue, exchange.began, refusal.cause)

    def _step(self, exchange: _Exchange, answer: RadiusAnswer, now: float) -> None:
        peer = exchange.ue.peer
        response = peer.answer(answer.eap) if answer.eap else b""
        if answer.code == Code.ACCESS_CHALLENGE and response:
            exchange.state = answer.state
            self._send(exchange, response, now)
        elif answer.code != Code.ACCESS_ACCEPT:
            raise UeRefuses("Access-Reject" if answer.code == Code.ACCESS_REJECT else "Access-Challenge without EAP")
        elif not peer.succeeded:
            raise UeRefuses("Access-Accept without EAP-Success")
        elif peer.msk != answer.msk:
            raise UeRefuses("the MPPE keys are not the MSK" if answer.msk else "no MPPE keys")
        else:
            self._ended(exchange.ue, exchange.began, "")

    def _end(self, exchange: _Exchange, cause: str) -> None:
        del exchange.port.out[exchange.request[1]]
        self._ended(exchange.ue, exchange.began, cause)
