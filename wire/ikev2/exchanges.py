"""Requests and replies of one IKE SA: message IDs, retransmission, duplicates, a window of 1 (RFC 7296 §2.1, §2.3)."""

import hashlib
from collections.abc import Sequence

from wire.ciphers import IntegrityFailed
from wire.errors import DecodeError
from wire.frozen import dataclass
from wire.ikev2.constants import ExchangeType, name_of
from wire.ikev2.header import NO_SPI
from wire.ikev2.message import Message, Payload
from wire.ikev2.payloads.fragment import EncryptedFragment
from wire.ikev2.protection import Protection
from wire.ikev2.reassembly import Reassembly, assembled

FRAGMENT_OCTETS = 1228
"""An IKE message that, with its marker in UDP, fills an IPv6 packet of 1,280 octets (RFC 7383 §2.5.1)."""


@dataclass(frozen=True, slots=True)
class Retransmission:
    """How a request is repeated: first after `first` seconds, then each time `factor` as long.

    After `tries` sendings in all and one wait more it is given up: after 20.6 seconds as it stands.
    """

    first: float = 0.5
    factor: float = 1.8
    tries: int = 6


@dataclass(frozen=True, slots=True)
class Transmit:
    """Send `octets`, one IKE message without a non-ESP marker; or the first fragment of one, and `more` the others."""

    octets: bytes
    more: tuple[bytes, ...] = ()

    @property
    def datagrams(self) -> tuple[bytes, ...]:
        """All of it, in order."""
        return (self.octets, *self.more)


@dataclass(frozen=True, slots=True)
class GaveUp:
    """The request that was `waiting_for` an answer got none in `seconds`; the IKE SA is dead (RFC 7296 §2.4)."""

    waiting_for: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Request:
    """A fresh request of the peer, to be answered once.

    `fault` is set where it was genuine but malformed: then its payloads are missing and the answer is the error.
    """

    message: Message
    octets: bytes
    fault: DecodeError | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to our outstanding request; `fault` as in Request."""

    message: Message
    octets: bytes
    fault: DecodeError | None = None


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A request that came again: `transmit` is the answer that was given, None while there is none yet."""

    transmit: Transmit | None


@dataclass(frozen=True, slots=True)
class Ignored:
    """Not for us, not genuine or too late; `cause` says which."""

    cause: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A fragment of a message of which others are still to come."""


Received = Request | Reply | Duplicate | Ignored | Waiting


@dataclass(frozen=True, slots=True)
class _Opened:
    """What was inside; `first_octets` are those by which the message is known again."""

    message: Message
    first_octets: bytes
    fault: DecodeError | None = None


@dataclass(slots=True)
class _Outstanding:
    exchange: int
    message_id: int
    transmit: Transmit
    began: float
    sent: int
    interval: float
    due: float


class Exchanges:
    """The half of an IKE SA that has no role: both ends request and answer through it.

    `initiator` says whether this end began the IKE SA. The two SPIs are 8 octets; `spi_r` is 0 at the initiator until
    `protect` names it. Before `protect`, messages go and come in the clear. Where both ends can (RFC 7383),
    `fragment_octets` is how long a message may be before it is sent in fragments.
    """

    def __init__(
        self, *, spi_i: bytes, spi_r: bytes = NO_SPI, initiator: bool, retransmission: Retransmission | None = None
    ) -> None:
        self.spi_i = spi_i
        self.spi_r = spi_r
        self.initiator = initiator
        self._retransmission = retransmission or Retransmission()
        self._protection: Protection | None = None
        self._outstanding: _Outstanding | None = None
        self._next_request = 0
        self._expected = 0
        self._answering: int | None = None
        self._last_request = b""
        self._last_reply: Transmit | None = None
        self._incoming: dict[bool, Reassembly] = {}
        self.fragment_octets: int | None = None

    @property
    def deadline(self) -> float | None:
        """When `tick` has something to do."""
        return self._outstanding.due if self._outstanding else None

    @property
    def busy(self) -> bool:
        """Whether a request of ours is outstanding; the window has room for no other."""
        return self._outstanding is not None

    @property
    def own_spi(self) -> bytes:
        """The SPI that this end chose."""
        return self.spi_i if self.initiator else self.spi_r

    def is_named_in(self, octets: bytes) -> bool:
        """Whether a message, by its header alone, is of this IKE SA."""
        return octets[:8] == self.spi_i and octets[8:16] == self.spi_r

    def successor(self, *, spi_i: bytes, initiator: bool) -> "Exchanges":
        """Those of the IKE SA that replaces this one: message IDs begin at 0 (RFC 7296 §2.8)."""
        exchanges = Exchanges(spi_i=spi_i, initiator=initiator, retransmission=self._retransmission)
        exchanges.fragment_octets = self.fragment_octets
        return exchanges

    def protect(self, protection: Protection, *, spi_r: bytes) -> None:
        """From now on everything is sealed, and the responder's SPI is `spi_r`; IKE_SA_INIT is over."""
        self._protection = protection
        self.spi_r = spi_r
        self.settle()

    def settle(self) -> None:
        """The outstanding request has had its answer; only an unprotected one needs to be told (RFC 7296 §2.21.1)."""
        self._outstanding = None

    def restart(self) -> None:
        """Begin again with message ID 0, as a repeated IKE_SA_INIT does (RFC 7296 §2.6)."""
        self.settle()
        self._next_request = 0

    def request(self, kind: ExchangeType, payloads: Sequence[Payload], now: float) -> Transmit:
        """A new request, repeated by `tick` until its reply comes; ValueError while another one is outstanding."""
        if self._outstanding is not None:
            raise ValueError("a request is outstanding, and the window is 1")
        transmit = self._transmit(kind, self._next_request, payloads, response=False)
        interval = self._retransmission.first
        self._outstanding = _Outstanding(kind, self._next_request, transmit, now, 1, interval, now + interval)
        self._next_request += 1
        return transmit

    def receive(self, octets: bytes) -> Received:
        """Take one datagram, already without its non-ESP marker.

        A protected Reply settles the outstanding request. A reply in the clear does not, for anybody may have made it:
        `settle`, `restart` or `protect` follows once it is believed.
        """
        try:
            message = Message.parse(octets)
        except DecodeError as error:
            return Ignored(f"not an IKE message: {error}")
        stranger = self._stranger(message)
        if stranger is not None:
            return Ignored(stranger)
        return self._receive_reply(octets, message) if message.response else self._receive_request(octets, message)

    def reply(self, to: Request, payloads: Sequence[Payload]) -> Transmit:
        """The answer to `to`, kept for its duplicates."""
        transmit = self._transmit(to.message.exchange, to.message.message_id, payloads, response=True)
        self._last_reply = transmit
        self._answering = None
        return transmit

    def tick(self, now: float) -> Transmit | GaveUp | None:
        """The same octets again when their time has come, GaveUp when that was often enough (RFC 7296 §2.1)."""
        waiting = self._outstanding
        if waiting is None or now < waiting.due:
            return None
        if waiting.sent >= self._retransmission.tries:
            self._outstanding = None
            return GaveUp(f"the answer to {name_of(ExchangeType, waiting.exchange)}", now - waiting.began)
        waiting.sent += 1
        waiting.interval *= self._retransmission.factor
        waiting.due = now + waiting.interval
        return waiting.transmit

    def _stranger(self, message: Message) -> str | None:
        if message.spi_i != self.spi_i:
            return "the initiator's SPI is of another IKE SA"
        if message.initiator == self.initiator:
            return "the Initiator flag is our own"
        # A responder that keeps no state answers IKE_SA_INIT with an SPI of 0 (RFC 7296 §2.6).
        if self._protection is not None and message.spi_r != self.spi_r and not self._repeats_init(message):
            return "the responder's SPI is of another IKE SA"
        return None

    def _repeats_init(self, message: Message) -> bool:
        """Whether it can be IKE_SA_INIT once more: the initiator that missed our answer knows no SPI of ours yet."""
        return not self.initiator and not message.response and message.spi_r == NO_SPI and message.message_id == 0

    def _receive_reply(self, octets: bytes, message: Message) -> Reply | Ignored | Waiting:
        waiting = self._outstanding
        if waiting is None or (waiting.message_id, waiting.exchange) != (message.message_id, message.exchange):
            return Ignored(f"no request {message.message_id} is outstanding")
        opened = self._open(octets, message)
        if isinstance(opened, Ignored | Waiting):
            return opened
        if self._protection is not None:
            self._outstanding = None
        return Reply(opened.message, octets, opened.fault)

    def _receive_request(self, octets: bytes, message: Message) -> Request | Duplicate | Ignored | Waiting:
        digest = hashlib.sha256(octets).digest()
        if message.message_id == self._expected - 1 and self._is_repeated(octets, message, digest):
            return Duplicate(None if self._answering == message.message_id else self._last_reply)
        if message.message_id != self._expected or self._answering is not None:
            return Ignored(f"request {message.message_id} is outside the window")
        if self._protection is None and (self.initiator or message.exchange != ExchangeType.IKE_SA_INIT):
            return Ignored("a request in the clear")
        opened = self._open(octets, message)
        if isinstance(opened, Ignored | Waiting):
            return opened
        self._last_request, self._last_reply = hashlib.sha256(opened.first_octets).digest(), None
        self._answering = message.message_id
        self._expected += 1
        return Request(opened.message, octets, opened.fault)

    def _is_repeated(self, octets: bytes, message: Message, digest: bytes) -> bool:
        """Whether it is the last request once more: the same octets, of a message in fragments those of the first one.

        A peer that missed the answer may begin again with smaller fragments (RFC 7383 §2.5.2, §2.6.1).
        """
        if digest == self._last_request:
            return True
        fragment = message.find(EncryptedFragment)
        if self._protection is None or fragment is None or fragment.number != 1:
            return False
        try:
            self._protection.open_fragment(octets, fragment)
        except (IntegrityFailed, DecodeError):
            return False
        return self.fragment_octets is not None

    def _open(self, octets: bytes, message: Message) -> _Opened | Ignored | Waiting:
        if self._protection is None:
            return _Opened(message, octets)
        fragment = message.find(EncryptedFragment)
        try:
            if fragment is not None:
                return self._collect(self._protection, octets, message, fragment)
            return _Opened(self._protection.open(octets, message), octets)
        except IntegrityFailed:
            return Ignored("the message is not protected by this IKE SA's keys")
        except DecodeError as error:
            return _Opened(message, octets, error)

    def _collect(
        self, protection: Protection, octets: bytes, message: Message, fragment: EncryptedFragment
    ) -> _Opened | Ignored | Waiting:
        """One more fragment: the whole message when it was the last that was missing."""
        if self.fragment_octets is None:
            return Ignored("a fragment, which was not agreed on")
        whole = self._incoming.get(message.response)
        if whole is None or whole.message_id != message.message_id:
            whole = self._incoming[message.response] = Reassembly(message.message_id)
        cause = whole.add(protection, octets, message, fragment)
        if cause is not None:
            return Ignored(cause)
        if not whole.is_whole:
            return Waiting()
        del self._incoming[message.response]
        try:
            return _Opened(assembled(message, whole), whole.first_octets)
        except DecodeError as error:
            return _Opened(message, whole.first_octets, error)

    def _transmit(self, exchange: int, message_id: int, payloads: Sequence[Payload], *, response: bool) -> Transmit:
        message = Message(
            spi_i=self.spi_i,
            spi_r=self.spi_r,
            exchange=exchange,
            initiator=self.initiator,
            response=response,
            message_id=message_id,
            payloads=tuple(payloads),
        )
        if self._protection is None:
            return Transmit(message.build())
        octets = self._protection.seal(message)
        if self.fragment_octets is None or len(octets) <= self.fragment_octets:
            return Transmit(octets)
        first, *more = self._protection.seal_fragments(message, self.fragment_octets)
        return Transmit(first, tuple(more))
