"""One RADIUS request until it is answered or given up: retransmission and the proof of answers.

RFC 5080 §2.2.1 (timers), RFC 2865 §3 and RFC 3579 §3.2 (authenticators), RFC 5176 §2.3 (CoA and Disconnect).
"""

from collections.abc import Mapping
from dataclasses import field

from wire.errors import DecodeError
from wire.frozen import dataclass
from wire.radius.codec import parse_packet
from wire.radius.eap import authenticity
from wire.radius.packet import ACCESS_ANSWERS, Code, RadiusPacket, is_genuine_response
from wire.sansio import RandomBytes, Tick, Transitions, check_transition


@dataclass(frozen=True, slots=True)
class Timers:
    """RFC 5080 §2.2.1, in seconds: initial and maximal retransmission time, count and duration."""

    irt: float = 2.0
    mrt: float = 16.0
    mrc: int = 5
    mrd: float = 30.0


@dataclass(frozen=True, slots=True)
class Begun:
    """The request is to be sent now."""


@dataclass(frozen=True, slots=True)
class DatagramArrived:
    """The server sent something with the Identifier of this request."""

    octets: bytes


Event = Begun | DatagramArrived | Tick


@dataclass(frozen=True, slots=True)
class Transmit:
    """Send the request, the same octets each time."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class Deliver:
    """The answer, genuine and authentic; `octets` as it came."""

    packet: RadiusPacket
    octets: bytes = field(default=b"", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Nobody answered; `cause` says how often and how long it was tried."""

    cause: str


@dataclass(frozen=True, slots=True)
class Drop:
    """The datagram is not the answer; `cause` is for the log."""

    cause: str


ANSWERS: Mapping[int, frozenset[Code]] = {
    Code.ACCESS_REQUEST: ACCESS_ANSWERS,
    Code.ACCOUNTING_REQUEST: frozenset({Code.ACCOUNTING_RESPONSE}),
    Code.STATUS_SERVER: frozenset({Code.ACCESS_ACCEPT, Code.ACCOUNTING_RESPONSE}),
    Code.DISCONNECT_REQUEST: frozenset({Code.DISCONNECT_ACK, Code.DISCONNECT_NAK}),
    Code.COA_REQUEST: frozenset({Code.COA_ACK, Code.COA_NAK}),
}
"""What may answer a request, by its code."""

Effect = Transmit | Deliver | GiveUp | Drop


@dataclass(frozen=True, slots=True)
class Unsent:
    """Nothing was sent yet."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Sent `count` times; sent again at `resend_at`, `rt` seconds after the last time; given up at `end_at`."""

    count: int
    rt: float
    began_at: float
    resend_at: float
    end_at: float


@dataclass(frozen=True, slots=True)
class Done:
    """Answered or given up."""


State = Unsent | Waiting | Done

TRANSITIONS: Transitions = {
    (Unsent, Begun): frozenset({Waiting}),
    (Waiting, DatagramArrived): frozenset({Waiting, Done}),
    (Waiting, Tick): frozenset({Waiting, Done}),
    (Done, DatagramArrived): frozenset({Done}),
    (Done, Tick): frozenset({Done}),
}


class RadiusExchange:
    """`request` is sealed, `secret` what is shared with the server, `random` jitters the timers.

    An answer without Message-Authenticator is believed only where the code of the request is not Access-Request.
    """

    def __init__(self, request: bytes, secret: bytes, *, random: RandomBytes, timers: Timers | None = None) -> None:
        self._request = request
        self._answers = ANSWERS.get(request[0], frozenset())
        self._secret = secret
        self._random = random
        self._timers = timers or Timers()
        self.state: State = Unsent()

    @property
    def deadline(self) -> float | None:
        """The next retransmission, or the end of all waiting."""
        match self.state:
            case Waiting(resend_at=resend_at, end_at=end_at):
                return min(resend_at, end_at)
            case _:
                return None

    def handle(self, event: Event, now: float) -> list[Effect]:
        """Take one event; what arrives after the answer changes nothing (RFC 5080 §2.2.2)."""
        following, effects = self._react(event, now)
        check_transition(TRANSITIONS, self.state, event, following)
        self.state = following
        return effects

    def _react(self, event: Event, now: float) -> tuple[State, list[Effect]]:
        match self.state, event:
            case Unsent(), Begun():
                rt = self._timers.irt * (1 + self._jitter())
                waiting = Waiting(1, rt, now, now + rt, now + self._timers.mrd)
                return waiting, [Transmit(self._request)]
            case Waiting() as state, DatagramArrived(octets):
                return self._examine(state, octets)
            case Waiting() as state, Tick():
                return self._wake(state, now)
            case state, _:
                return state, []

    def _wake(self, state: Waiting, now: float) -> tuple[State, list[Effect]]:
        if now < min(state.resend_at, state.end_at):
            return state, []
        if now >= state.end_at or 0 < self._timers.mrc <= state.count:
            return Done(), [GiveUp(f"no answer to {state.count} requests within {now - state.began_at:.1f} s")]
        rt = state.rt * (2 + self._jitter())
        if 0 < self._timers.mrt < rt:
            rt = self._timers.mrt * (1 + self._jitter())
        return Waiting(state.count + 1, rt, state.began_at, now + rt, state.end_at), [Transmit(self._request)]

    def _examine(self, state: Waiting, octets: bytes) -> tuple[State, list[Effect]]:
        try:
            packet = parse_packet(octets)
            refusal = self._refusal(packet, octets)
        except DecodeError as error:
            return state, [Drop(f"malformed answer {error}")]
        return (state, [Drop(refusal)]) if refusal else (Done(), [Deliver(packet, octets)])

    def _refusal(self, packet: RadiusPacket, octets: bytes) -> str | None:
        identifier, authenticator = self._request[1], self._request[4:20]
        if packet.code not in self._answers or packet.identifier != identifier:
            return f"code {packet.code} answers no request of ours"
        if not is_genuine_response(octets, authenticator, self._secret):
            return "Response Authenticator is wrong; does the server have another secret?"
        # CVE-2024-3596: a Response Authenticator alone can be forged where the request's own is known.
        may_lack = self._request[0] != Code.ACCESS_REQUEST and packet.seal_at is None
        if not may_lack and not authenticity(packet, self._secret, authenticator):
            return "Message-Authenticator is missing or wrong"
        return None

    def _jitter(self) -> float:
        """RAND, between -0.1 and +0.1."""
        return int.from_bytes(self._random(4), "big") / 0xFFFFFFFF * 0.2 - 0.1
