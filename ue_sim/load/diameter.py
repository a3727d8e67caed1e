"""The client of a Diameter load: its connections, and which request each answer is to (RFC 6733 §6.2.1, §5.5.4)."""

import os
import select
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count

from ue_sim.load.attributes import UeRefuses
from ue_sim.load.diameter_connection import Address, ConnectionLost, DiameterConnection
from ue_sim.load.diameter_packets import DiameterAnswer, DiameterPackets, Node, answer
from ue_sim.load.subscribers import LoadRefused
from ue_sim.load.tally import Tally
from ue_sim.load.turns import Ue
from wire.diameter.capabilities import LocalNode
from wire.diameter.message import FLAG_RETRANSMITTED
from wire.diameter.results import ResultCode

Ended = Callable[[Ue, float, str], None]
"""Hears of an authentication that is over: when it had begun, and why it failed, or ""."""

_CYCLE = 1 << 32
_EVERY = 1.0
"""Seconds between two tries to connect again."""


@dataclass(slots=True, eq=False)
class _Exchange:
    """One UE's DER that is out, or waits for a connection."""

    ue: Ue
    began: float
    session_id: bytes
    user_name: bytes
    packets: DiameterPackets
    states: bytes = b""
    octets: bytes = b""
    end_at: float = 0.0


class _Line:
    """A place for one connection, which may be lost and made again.

    `out` are the DERs that it carries, `ending` the numbers of its STRs.
    """

    __slots__ = ("address", "again_at", "connection", "ending", "local", "name", "out", "packets")

    def __init__(self, node: Node, address: Address) -> None:
        self.local = LocalNode(node.origin_host, node.origin_realm, (node.application,))
        self.name = node.origin_host
        self.address = address
        self.packets = DiameterPackets(node)
        self.out: dict[int, _Exchange] = {}
        self.ending: set[int] = set()
        self.again_at = 0.0
        self.connection: DiameterConnection | None = None

    def connect(self) -> None:
        """Make the connection; LoadRefused when that cannot be."""
        self.connection = DiameterConnection(self.local, self.address, os.urandom)


class DiameterClient:
    """Carries the EAP of many UEs to one server, over a connection for each of `nodes`.

    What a lost connection carried goes to another one with T and the same End-to-End Identifier; `limit` is how many
    seconds an answer has. With `ends` every session that has begun is ended by STR, which nobody waits for.
    """

    def __init__(
        self, server: Address, nodes: Sequence[Node], tally: Tally, ended: Ended, *, limit: float, ends: bool = False
    ) -> None:
        self._tally = tally
        self._ended = ended
        self._limit = limit
        self._ends = ends
        self._epoll = select.epoll()
        self._numbers = count(int.from_bytes(os.urandom(4), "big"))
        self._sessions = count()
        self._epoch = int.from_bytes(os.urandom(4), "big")
        self._by_descriptor: dict[int, _Line] = {}
        self._orphans: list[_Exchange] = []
        self._lines = [_Line(node, server) for node in nodes]
        try:
            for line in self._lines:
                self._connect(line)
        except LoadRefused:
            self.close()
            raise

    def begin(self, ue: Ue, now: float) -> None:
        """Send its EAP-Response/Identity."""
        line = self._line()
        session_id = f"{line.name};{self._epoch};{next(self._sessions)}".encode()
        exchange = _Exchange(ue, now, session_id, ue.peer.identity, line.packets)
        self._send(line, exchange, ue.peer.begin(), now)

    def wait(self, seconds: float, clock: Callable[[], float]) -> None:
        """Send what was put, and take what arrives, for so long at most."""
        for line in self._lines:
            self._flush(line)
        for descriptor, _ in self._epoll.poll(seconds):
            line = self._by_descriptor[descriptor]
            if line.connection is None:
                continue
            try:
                arrived = line.connection.take()
            except ConnectionLost:
                self._lost(line)
                continue
            now = clock()
            for octets in arrived:
                self._arrived(line, octets, now)

    def overdue(self, now: float) -> None:
        """Connect again, send again what was on a lost connection, and give up what has waited in vain."""
        for line in self._lines:
            if line.connection is None and now >= line.again_at:
                self._reconnect(line, now)
            for number, exchange in list(line.out.items()):
                if now >= exchange.end_at:
                    del line.out[number]
                    self._ended(exchange.ue, exchange.began, "no answer")
        orphans, self._orphans = self._orphans, []
        for exchange in orphans:
            if now >= exchange.end_at:
                self._ended(exchange.ue, exchange.began, "no connection")
            elif self._is_connected:
                self._again(exchange)
            else:
                self._orphans.append(exchange)

    def close(self) -> None:
        """Take leave of the server."""
        for line in self._lines:
            if line.connection is not None:
                line.connection.close()
        self._epoll.close()

    @property
    def _is_connected(self) -> bool:
        return any(line.connection is not None for line in self._lines)

    def _line(self) -> _Line:
        """The one with the fewest requests, of those that are connected."""
        connected = [line for line in self._lines if line.connection is not None]
        return min(connected or self._lines, key=lambda line: len(line.out))

    def _connect(self, line: _Line) -> None:
        line.connect()
        if line.connection is not None:
            descriptor = line.connection.socket.fileno()
            self._by_descriptor[descriptor] = line
            self._epoll.register(descriptor, select.EPOLLIN)

    def _reconnect(self, line: _Line, now: float) -> None:
        try:
            self._connect(line)
        except LoadRefused:
            line.again_at = now + _EVERY

    def _flush(self, line: _Line) -> None:
        if line.connection is not None:
            try:
                line.connection.flush()
            except ConnectionLost:
                self._lost(line)

    def _lost(self, line: _Line) -> None:
        if line.connection is not None:
            self._epoll.unregister(line.connection.socket)
            line.connection.socket.close()
            line.connection = None
        orphans, line.out = list(line.out.values()), {}
        line.ending.clear()
        self._orphans += orphans

    def _send(self, line: _Line, exchange: _Exchange, eap: bytes, now: float) -> None:
        number = next(self._numbers) % _CYCLE
        exchange.octets = exchange.packets.request(
            number, number, exchange.session_id, exchange.user_name, eap, exchange.states
        )
        exchange.end_at = now + self._limit
        self._put(line, number, exchange)

    def _again(self, exchange: _Exchange) -> None:
        number, octets = next(self._numbers) % _CYCLE, exchange.octets
        flags = bytes((octets[4] | FLAG_RETRANSMITTED,))
        exchange.octets = b"".join((octets[:4], flags, octets[5:12], number.to_bytes(4, "big"), octets[16:]))
        self._tally.retransmissions += 1
        self._put(self._line(), number, exchange)

    def _put(self, line: _Line, number: int, exchange: _Exchange) -> None:
        if line.connection is None:
            self._orphans.append(exchange)
            return
        line.out[number] = exchange
        line.connection.put(exchange.octets)

    def _end(self, line: _Line, exchange: _Exchange) -> None:
        number = next(self._numbers) % _CYCLE
        if line.connection is not None:
            line.ending.add(number)
            line.connection.put(exchange.packets.end(number, number, exchange.session_id, exchange.user_name))

    def _over(self, line: _Line, number: int, octets: bytes) -> None:
        """A session is over, or its server thinks otherwise."""
        line.ending.discard(number)
        try:
            sta = answer(octets)
        except UeRefuses as refusal:
            self._tally.failed(f"STR: {refusal.cause}")
            return
        if sta.result != ResultCode.SUCCESS:
            self._tally.failed(f"STR: {sta.cause}")

    def _arrived(self, line: _Line, octets: bytes, now: float) -> None:
        number = int.from_bytes(octets[12:16], "big")
        if number in line.ending:
            self._over(line, number, octets)
            return
        exchange = line.out.pop(number, None)
        # RFC 6733 §3: an answer has the End-to-End Identifier of its request
        if exchange is None or exchange.octets[16:20] != octets[16:20]:
            self._tally.discarded += 1
            if exchange is not None:
                self._ended(exchange.ue, exchange.began, "an answer with another End-to-End Identifier")
            return
        self._tally.rounds += 1
        try:
            self._step(line, exchange, answer(octets), now)
        except UeRefuses as refusal:
            self._ended(exchange.ue, exchange.began, refusal.cause)

    def _step(self, line: _Line, exchange: _Exchange, dea: DiameterAnswer, now: float) -> None:
        peer = exchange.ue.peer
        if dea.session_id != exchange.session_id:
            raise UeRefuses("an answer with another Session-Id")
        if dea.result == ResultCode.MULTI_ROUND_AUTH and dea.eap:
            exchange.states = dea.states
            self._send(line, exchange, peer.answer(dea.eap), now)
        elif dea.result != ResultCode.SUCCESS:
            raise UeRefuses(dea.cause)
        elif not dea.eap or peer.answer(dea.eap) or not peer.succeeded:
            raise UeRefuses("2001 without EAP-Success")
        elif peer.msk != dea.msk:
            raise UeRefuses("EAP-Master-Session-Key is not the MSK" if dea.msk else "no EAP-Master-Session-Key")
        else:
            self._ended(exchange.ue, exchange.began, "")
            if self._ends:
                self._end(line, exchange)
