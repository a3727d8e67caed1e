"""One Diameter connection of the load generator: CER, a fixed number of requests outstanding, DPR."""

import socket
import time
from collections import Counter
from collections.abc import Callable
from ipaddress import ip_address

from tests.bench.asking import REALM
from tests.bench.processes import BenchFailed
from wire.diameter.applications import Application
from wire.diameter.capabilities import LocalNode, advertise
from wire.diameter.enumerations import DisconnectCause
from wire.diameter.framing import Framer
from wire.diameter.message import FLAG_REQUEST, Message
from wire.diameter.peer_messages import PeerMessages
from wire.diameter.results import describe_result
from wire.diameter.transactions import Identifiers

SUCCESS = bytes.fromhex("0000010c4000000c000007d1")
"""Result-Code 2001, the whole AVP."""
SAMPLE = 97
"""Of so many answers one is kept, to be verified."""

_LONGEST = 1 << 18
_LIMIT = 10.0


class LoadConnection:
    """Keeps `outstanding` requests of `make` in flight; `seconds` are the times of what succeeded while `counting`."""

    def __init__(self, host: str, address: tuple[str, int], make: Callable[[], tuple[int, bytes]]) -> None:
        self.counting = False
        self.seconds: list[float] = []
        self.refused: Counter[str] = Counter()
        self.sample: list[bytes] = []
        self.socket = socket.create_connection(address, timeout=_LIMIT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._framer = Framer()
        self._make = make
        self._sent: dict[int, float] = {}
        local = LocalNode(host, REALM, (Application.SWX, Application.S6A))
        self._messages = PeerMessages(local, Identifiers(bytes))
        cer = advertise(local, (ip_address(self.socket.getsockname()[0]),)).message()
        self._exchange(cer)

    def start(self, outstanding: int) -> None:
        """Send the first requests."""
        self.socket.sendall(b"".join([self._next(time.perf_counter()) for _ in range(outstanding)]))

    def readable(self, *, more: bool) -> None:
        """Take what has arrived; send as many requests again when `more` is wanted."""
        data = self.socket.recv(_LONGEST)
        if not data:
            raise BenchFailed("the HSS closed a connection")
        now = time.perf_counter()
        out = []
        for octets in self._framer.feed(data):
            if octets[4] & FLAG_REQUEST:
                out.append(self._messages.answer(Message.parse(octets)).build())
                continue
            self._arrived(octets, now)
            if more:
                out.append(self._next(now))
        if out:
            self.socket.sendall(b"".join(out))

    @property
    def idle(self) -> bool:
        """Whether nothing is outstanding."""
        return not self._sent

    def close(self) -> None:
        """Take leave, as a peer does that comes back."""
        self._exchange(self._messages.disconnect_request(DisconnectCause.REBOOTING))
        self.socket.close()

    def _arrived(self, octets: bytes, now: float) -> None:
        sent = self._sent.pop(int.from_bytes(octets[12:16], "big"))
        if SUCCESS not in octets:
            self.refused[_result(Message.parse(octets))] += 1
        elif self.counting:
            self.seconds.append(now - sent)
            if len(self.seconds) % SAMPLE == 0:
                self.sample.append(octets)

    def _next(self, now: float) -> bytes:
        number, octets = self._make()
        self._sent[number] = now
        return octets

    def _exchange(self, request: Message) -> None:
        self.socket.sendall(request.build())
        while True:
            data = self.socket.recv(_LONGEST)
            if not data:
                raise BenchFailed("the HSS wants no connection: is the peer in its configuration?")
            for octets in self._framer.feed(data):
                answer = Message.parse(octets)
                if answer.command == request.command and not answer.is_request:
                    if answer.result_code != 2001:
                        raise BenchFailed(f"the HSS answers {describe_result(answer.result_code, None)}")
                    return


def _result(answer: Message) -> str:
    if answer.first("Experimental-Result") is not None:
        return "an experimental result"
    return describe_result(answer.result_code, None)
