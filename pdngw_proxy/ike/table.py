"""All IKE SAs of the gateway: admission of strangers, dispatch by SPI, one clock (RFC 7296 §2.6, §2.11)."""

import hashlib
import heapq

from pdngw_proxy.ike.cookies import Cookies
from pdngw_proxy.ike.events import (
    CloseRequested,
    DatagramArrived,
    Discarded,
    ResponderEffect,
    ResponderEvent,
    Transmit,
)
from pdngw_proxy.ike.half_open import HalfOpenBook
from pdngw_proxy.ike.policy import Admission, ResponderPolicy
from pdngw_proxy.ike.sending import answer_to, unmarked
from pdngw_proxy.ike.states import Connected
from pdngw_proxy.ike_responder import IkeResponder
from pdngw_proxy.rate import RateLimit
from wire.errors import DecodeError
from wire.frozen import dataclass
from wire.ikev2 import exchanges
from wire.ikev2.constants import ExchangeType, NotifyType
from wire.ikev2.header import NO_SPI, UnsupportedMajorVersion
from wire.ikev2.message import Message, UnsupportedCriticalPayload
from wire.ikev2.nat import Endpoint
from wire.ikev2.payloads.nonce import Nonce
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.redirect import redirect
from wire.ikev2.spis import EspSpis, ike_spi
from wire.sansio import RandomBytes, Tick

_INITIATOR = 0x08
_ANSWERS_A_SECOND = 10
"""Of INVALID_IKE_SPI, so that nobody makes us shout at a third party (RFC 7296 §2.21.4)."""

_SLACK = 64
"""Deadlines that no longer count, beside one for each IKE SA, before they are cleared away."""


@dataclass(frozen=True, slots=True)
class SaEvent:
    """An event for the IKE SA whose first own SPI is `sa`, 8 octets: an answer to one of its effects, or an order."""

    sa: bytes
    event: ResponderEvent


@dataclass(frozen=True, slots=True)
class SaEffect:
    """An effect of the IKE SA whose first own SPI is `sa`; Transmit and Discarded come without this wrapping."""

    sa: bytes
    effect: ResponderEffect


TableEvent = DatagramArrived | SaEvent | Tick
TableEffect = SaEffect | Transmit | Discarded


@dataclass(slots=True)
class _Entry:
    responder: IkeResponder
    request: tuple[bytes, Endpoint]
    half_open: bool = True
    spis: frozenset[bytes] = frozenset()
    due: float | None = None


class ResponderTable:
    """Every IkeResponder of one gateway, behind one `handle` and one `deadline`."""

    def __init__(self, *, policy: ResponderPolicy, random: RandomBytes, admission: Admission | None = None) -> None:
        self._policy = policy
        self._random = random
        self.admission = admission or Admission()
        self._cookies = Cookies(random)
        self._spis = EspSpis(random)
        self._entries: dict[bytes, _Entry] = {}
        self._by_request: dict[tuple[bytes, Endpoint], bytes] = {}
        self._by_spi: dict[bytes, bytes] = {}
        self._strangers = RateLimit(most=_ANSWERS_A_SECOND)
        self._half_open = HalfOpenBook()
        self._due: list[tuple[float, bytes]] = []

    @property
    def deadline(self) -> float | None:
        """When it next wants a Tick, in the seconds of `now`."""
        while self._due and not self._is_due(*self._due[0]):
            heapq.heappop(self._due)
        return self._due[0][0] if self._due else None

    @property
    def sessions(self) -> int:
        """IKE SAs that there are, half-open ones included."""
        return len(self._entries)

    def can_be_redirected(self, sa: bytes) -> bool:
        """Whether the UE of an IKE SA that stands knows REDIRECT (RFC 5685 §3)."""
        state = self._entries[sa].responder.state if sa in self._entries else None
        return isinstance(state, Connected) and state.sa.can_be_redirected

    @property
    def half_open(self) -> int:
        """IKE SAs whose UE is not authenticated yet."""
        return len(self._half_open)

    def handle(self, event: TableEvent, now: float) -> list[TableEffect]:
        """Take one event; an event for an IKE SA that is gone has no effect."""
        match event:
            case DatagramArrived():
                return self._datagram(event, now)
            case SaEvent(sa, inner):
                return self._pass(sa, inner, now) if sa in self._entries else []
            case Tick():
                return self._tick(now)

    def _tick(self, now: float) -> list[TableEffect]:
        effects: list[TableEffect] = []
        while self._due and self._due[0][0] <= now:
            due, sa = heapq.heappop(self._due)
            if self._is_due(due, sa):
                self._entries[sa].due = None
                effects += self._pass(sa, Tick(), now)
        return effects

    def _is_due(self, due: float, sa: bytes) -> bool:
        entry = self._entries.get(sa)
        return entry is not None and entry.due == due

    def _pass(self, sa: bytes, event: ResponderEvent, now: float) -> list[TableEffect]:
        entry = self._entries[sa]
        effects = entry.responder.handle(event, now)
        if entry.half_open and not entry.responder.is_half_open:
            entry.half_open = False
            self._half_open.remove(entry.request[1].address, sa)
        if entry.responder.own_spis != entry.spis:
            self._rename(sa, entry, entry.responder.own_spis)
        if entry.responder.is_ended:
            self._remove(sa, entry)
        elif entry.responder.deadline != entry.due:
            entry.due = entry.responder.deadline
            self._wait(sa, entry)
        return [effect if isinstance(effect, Transmit | Discarded) else SaEffect(sa, effect) for effect in effects]

    def _wait(self, sa: bytes, entry: _Entry) -> None:
        if entry.due is not None:
            heapq.heappush(self._due, (entry.due, sa))
        if len(self._due) > 2 * len(self._entries) + _SLACK:
            # each word of a UE puts off when it is asked whether it is there: one that talks must not make it grow
            self._due = [(other.due, name) for name, other in self._entries.items() if other.due is not None]
            heapq.heapify(self._due)

    def _datagram(self, arrived: DatagramArrived, now: float) -> list[TableEffect]:
        octets, _ = unmarked(arrived.octets)
        try:
            message = Message.parse(octets)
        except DecodeError as error:
            return self._unreadable(arrived, octets, error)
        if message.spi_r != NO_SPI:
            # Whoever began an IKE SA has its SPI in the first place; a rekeying of ours makes that our own.
            sa = self._by_spi.get(message.spi_r if message.initiator else message.spi_i)
            if sa is not None:
                return self._pass(sa, arrived, now)
            silence = Discarded("no IKE SA has this SPI", arrived.source)
            return [*self._unknown(arrived, message, octets, now), silence]
        # A repeated IKE_SA_INIT is known by the whole of it: another with the same SPI is another UE's (RFC 7296 §2.1).
        request = hashlib.sha256(octets).digest(), arrived.source
        known = self._by_request.get(request)
        if known is not None:
            return self._pass(known, arrived, now)
        return self._stranger(arrived, message, request, now)

    def _unknown(self, arrived: DatagramArrived, message: Message, octets: bytes, now: float) -> list[TableEffect]:
        """Tell who asks on an IKE SA that is not there, now and then (RFC 7296 §1.5, §2.21.4)."""
        asks = not message.response and message.exchange != ExchangeType.IKE_SA_INIT
        if not asks or not self._strangers.allow(now):
            return []
        return [_bare_answer(arrived, octets, Notify(NotifyType.INVALID_IKE_SPI), spi_r=message.spi_r)]

    def _unreadable(self, arrived: DatagramArrived, octets: bytes, error: DecodeError) -> list[TableEffect]:
        silence = Discarded(f"not an IKE message: {error}", arrived.source)
        if isinstance(error, UnsupportedMajorVersion) and len(octets) >= 20 and octets[17] >> 4 > 2:
            return [_bare_answer(arrived, octets, Notify(NotifyType.INVALID_MAJOR_VERSION)), silence]
        if isinstance(error, UnsupportedCriticalPayload) and octets[8:16] == NO_SPI:
            notify = Notify(NotifyType.UNSUPPORTED_CRITICAL_PAYLOAD, bytes((error.payload_type,)))
            return [_bare_answer(arrived, octets, notify), silence]
        return [silence]

    def _stranger(
        self, arrived: DatagramArrived, message: Message, request: tuple[bytes, Endpoint], now: float
    ) -> list[TableEffect]:
        if not _begins(message):
            return [Discarded("it begins no IKE SA and belongs to none", arrived.source)]
        cookie = self._missing_cookie(arrived, message, now)
        if cookie is not None:
            return [cookie]
        elsewhere = self._elsewhere(arrived, message)
        if elsewhere is not None:
            return [elsewhere]
        cause = self._no_room()
        if cause is not None:
            return [Discarded(cause, arrived.source)]
        gone = self._make_room(arrived, now)
        spi_r = ike_spi(self._random)
        responder = IkeResponder(
            policy=self._policy, random=self._random, spis=self._spis, spi_i=message.spi_i, spi_r=spi_r
        )
        self._entries[spi_r] = _Entry(responder, request)
        self._by_request[request] = spi_r
        self._half_open.add(arrived.source.address, spi_r)
        return [*gone, *self._pass(spi_r, arrived, now)]

    def _make_room(self, arrived: DatagramArrived, now: float) -> list[TableEffect]:
        """At a limit of half-open IKE SAs the oldest gives way, for a flood shall not keep the next UE out."""
        limits, address, known = self.admission, arrived.source.address, self._half_open
        if known.of(address) >= limits.source_limit:
            victim = known.victim(self._has_proven_itself, address=address)
            cause = f"{limits.source_limit} IKE SAs of {address} are half-open, and this was one of the oldest"
        elif len(known) >= limits.half_open_limit:
            victim = known.victim(self._has_proven_itself)
            cause = f"{limits.half_open_limit} IKE SAs are half-open, and this was one of the oldest"
        else:
            return []
        return [] if victim is None else self._pass(victim, CloseRequested(cause), now)

    def _has_proven_itself(self, sa: bytes) -> bool:
        return self._entries[sa].responder.is_answering

    def _no_room(self) -> str | None:
        limits = self.admission
        if limits.closed:
            return "the gateway is drained, and the UE knows no REDIRECT"
        if len(self._entries) >= limits.session_limit:
            return f"{limits.session_limit} IKE SAs are all there may be"
        return None

    def _missing_cookie(self, arrived: DatagramArrived, message: Message, now: float) -> Transmit | None:
        nonce = message.find(Nonce)
        if len(self._half_open) < self.admission.cookie_threshold or nonce is None:
            return None
        source, spi_i, ni = arrived.source, message.spi_i, nonce.data
        given = message.notify(NotifyType.COOKIE)
        if given and self._cookies.accepts(given.data, ni=ni, spi_i=spi_i, source=source, now=now):
            return None
        cookie = self._cookies.make(ni=ni, spi_i=spi_i, source=source, now=now)
        return _bare_answer(arrived, unmarked(arrived.octets)[0], Notify(NotifyType.COOKIE, cookie))

    def _elsewhere(self, arrived: DatagramArrived, message: Message) -> Transmit | None:
        """REDIRECT for a UE that can be sent to another gateway, where that is the policy (RFC 5685 §3)."""
        limits, nonce = self.admission, message.find(Nonce)
        can = message.notify(NotifyType.REDIRECT_SUPPORTED) or message.notify(NotifyType.REDIRECTED_FROM)
        if limits.redirect_to is None or nonce is None or not can or len(self._entries) < limits.redirect_from:
            return None
        return _bare_answer(arrived, unmarked(arrived.octets)[0], redirect(limits.redirect_to, nonce.data))

    def _rename(self, sa: bytes, entry: _Entry, spis: frozenset[bytes]) -> None:
        for spi in entry.spis - spis:
            del self._by_spi[spi]
        self._by_spi |= dict.fromkeys(spis - entry.spis, sa)
        entry.spis = spis

    def _remove(self, sa: bytes, entry: _Entry) -> None:
        self._rename(sa, entry, frozenset())
        del self._entries[sa]
        del self._by_request[entry.request]


def _begins(message: Message) -> bool:
    """Whether it is the first message of an IKE SA (RFC 7296 §3.1)."""
    asks = message.exchange == ExchangeType.IKE_SA_INIT and message.initiator and not message.response
    return asks and not message.message_id and message.spi_i != NO_SPI


def _bare_answer(arrived: DatagramArrived, octets: bytes, notify: Notify, spi_r: bytes = NO_SPI) -> Transmit:
    """One notification in the clear, which leaves no state behind (RFC 7296 §2.6, §2.21.1)."""
    message = Message(
        spi_i=octets[:8],
        spi_r=spi_r,
        exchange=octets[18],
        initiator=not octets[19] & _INITIATOR,
        response=True,
        message_id=int.from_bytes(octets[20:24], "big"),
        payloads=(notify,),
    )
    return answer_to(arrived, exchanges.Transmit(message.build()))
