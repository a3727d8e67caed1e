"""The IKEv2 responder of the PDN GW, one for each IKE SA (RFC 7296, RFC 4877, RFC 5026)."""

from typing import assert_never

from pdngw_proxy.ike import attachment, ending, establishing, opening, upkeep
from pdngw_proxy.ike.events import (
    AaaAnswered,
    AddressLeased,
    AddressRefused,
    Closed,
    CloseRequested,
    DatagramArrived,
    Discarded,
    PathSeen,
    RedirectRequested,
    RekeyRequested,
    ResponderEffect,
    ResponderEvent,
    TellRequested,
    TimeLimited,
    Transmit,
)
from pdngw_proxy.ike.policy import ResponderPolicy
from pdngw_proxy.ike.sending import answer_to, apart, follow, send, unmarked
from pdngw_proxy.ike.states import (
    TRANSITIONS,
    AwaitingAaa,
    AwaitingAddress,
    AwaitingEap,
    AwaitingIdentity,
    AwaitingProof,
    Connected,
    Ended,
    Fresh,
    HalfOpen,
    Lingering,
    State,
)
from wire.ikev2.constants import ExchangeType, NotifyType, ProtocolId
from wire.ikev2.exchanges import Duplicate, Exchanges, GaveUp, Ignored, Reply, Request, Waiting
from wire.ikev2.message import UnsupportedCriticalPayload
from wire.ikev2.payloads.delete import Delete
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.spis import EspSpis
from wire.sansio import RandomBytes, Tick, check_transition

Step = tuple[State, list[ResponderEffect]]


class IkeResponder:
    """One IKE SA with one UE; ResponderTable makes it for an IKE_SA_INIT request and gives it each datagram of its own.

    `spi_i` is the UE's SPI and `spi_r` ours, 8 octets each; `spis` gives inbound ESP SPIs that no other SA of this
    node has. Events and effects are those of pdngw_proxy.ike.events.
    """

    def __init__(
        self, *, policy: ResponderPolicy, random: RandomBytes, spis: EspSpis, spi_i: bytes, spi_r: bytes
    ) -> None:
        self._policy = policy
        self._random = random
        self._spis = spis
        self._spi_r = spi_r
        self._exchanges = Exchanges(spi_i=spi_i, initiator=False, retransmission=policy.retransmission)
        self._was_connected = False
        self.state: State = Fresh()

    @property
    def is_half_open(self) -> bool:
        """Whether the UE never got as far as to be authenticated, and something is kept for it nonetheless."""
        return not self._was_connected and not self.is_ended

    @property
    def is_answering(self) -> bool:
        """Whether the UE, not authenticated yet, has shown by a genuine message that it computed the keys."""
        return isinstance(self.state, AwaitingAaa | AwaitingEap | AwaitingProof | AwaitingAddress)

    @property
    def is_ended(self) -> bool:
        """Whether nothing is left to be said, not even again."""
        return isinstance(self.state, Ended)

    @property
    def own_spis(self) -> frozenset[bytes]:
        """Our SPIs by which the UE may speak to it, of 8 octets each; a rekeying brings new ones (RFC 7296 §2.8)."""
        state = self.state
        kept = state.upkeep if isinstance(state, Connected | Lingering) else None
        return kept.own_spis if kept is not None else frozenset({self._exchanges.own_spi})

    @property
    def deadline(self) -> float | None:
        """When it next wants a Tick, in the seconds of `now`."""
        state = self.state
        if isinstance(state, Fresh | Ended):
            return None
        if isinstance(state, Connected):
            return upkeep.deadline(state)
        limits = [self._exchanges.deadline, self._limit(state)]
        return min((limit for limit in limits if limit is not None), default=None)

    def handle(self, event: ResponderEvent, now: float) -> list[ResponderEffect]:
        """Take one event; an event that says nothing in the present state has no effect."""
        following, effects = self._step(event, now)
        if following is not self.state:
            check_transition(TRANSITIONS, self.state, event, following)
            self.state = following
            self._was_connected |= isinstance(following, Connected)
            if isinstance(following, Connected | Lingering):
                self._exchanges = following.sa.exchanges
        return [one for effect in effects for one in (apart(effect) if isinstance(effect, Transmit) else [effect])]

    def _step(self, event: ResponderEvent, now: float) -> Step:
        state, policy = self.state, self._policy
        match event:
            case DatagramArrived():
                return self._datagram(state, event, now)
            case AaaAnswered():
                if isinstance(state, AwaitingAaa):
                    return attachment.answered(policy, state, event, now)
                return state, []
            case AddressLeased():
                if isinstance(state, AwaitingAddress):
                    return establishing.establish(policy, self._random, self._spis, state, event, now)
                return state, []
            case AddressRefused(cause):
                if isinstance(state, AwaitingAddress):
                    error = NotifyType.INTERNAL_ADDRESS_FAILURE
                    return establishing.leave(policy, state, error, f"no Home Address: {cause}", now)
                return state, []
            case CloseRequested(cause, silent):
                if silent and isinstance(state, Connected):
                    return Ended(), [Closed(cause)]
                return self._close(state, cause, now)
            case RekeyRequested() | TimeLimited() | TellRequested() | RedirectRequested() | PathSeen():
                # Whoever is not connected yet authenticates this very moment.
                return upkeep.order(policy, state, event, now) if isinstance(state, Connected) else (state, [])
            case Tick():
                return self._tick(state, now)
            case _:
                assert_never(event)

    def _datagram(self, state: State, arrived: DatagramArrived, now: float) -> Step:
        if isinstance(state, Fresh):
            return opening.answer(self._policy, self._random, self._exchanges, self._spi_r, arrived, now)
        if isinstance(state, Ended):
            return state, []
        if isinstance(state, Connected):
            return upkeep.receive(self._policy, state, arrived, now)
        if isinstance(state, Lingering) and state.upkeep is not None:
            return state, upkeep.receive_late(state.upkeep, arrived, now)
        received = self._exchanges.receive(unmarked(arrived.octets)[0])
        match received:
            case Ignored(cause):
                return state, [Discarded(cause, arrived.source)]
            case Waiting():
                return state, []
            case Duplicate(transmit):
                return state, [answer_to(arrived, transmit)] if transmit else []
            case Request():
                follow(state.sa, arrived)
                return self._request(state, received, now)
            case Reply():
                follow(state.sa, arrived)
                return state, []
            case _:
                assert_never(received)

    def _request(self, state: HalfOpen | Lingering, request: Request, now: float) -> Step:
        if request.fault is not None:
            return self._malformed(state, request, now)
        kind = request.message.exchange
        if isinstance(state, Lingering) or kind == ExchangeType.INFORMATIONAL:
            return self._inform(state, request, now)
        if kind == ExchangeType.IKE_AUTH:
            return self._authenticate(state, request, now)
        cause = f"exchange {kind} before the UE is authenticated"
        return ending.refuse(self._policy, state.sa, request, NotifyType.INVALID_SYNTAX, cause, now)

    def _authenticate(self, state: HalfOpen, request: Request, now: float) -> Step:
        match state:
            case AwaitingIdentity(sa):
                return attachment.identify(self._policy, sa, request, now)
            case AwaitingEap():
                return attachment.relay(self._policy, state, request, now)
            case AwaitingProof():
                return attachment.verify(self._policy, state, request, now)
            case AwaitingAaa() | AwaitingAddress():
                # The window is 1 and its request is not answered yet, so that no other one can be here.
                return state, []
            case _:
                assert_never(state)

    def _inform(self, state: HalfOpen | Lingering, request: Request, now: float) -> Step:
        transmit = send(state.sa, state.sa.exchanges.reply(request, ()))
        message = request.message
        deleted = any(delete.protocol_id == ProtocolId.IKE for delete in message.every(Delete))
        if isinstance(state, Lingering) or not (deleted or message.fatal):
            return state, [transmit]
        cause = f"the UE says {message.fatal.name}" if message.fatal else "the UE deleted the IKE SA"
        return Lingering(state.sa, now + self._policy.linger), [transmit, *ending.gone(state, cause)]

    def _malformed(self, state: HalfOpen | Lingering, request: Request, now: float) -> Step:
        fault = request.fault
        if isinstance(fault, UnsupportedCriticalPayload):
            notify = Notify(NotifyType.UNSUPPORTED_CRITICAL_PAYLOAD, bytes((fault.payload_type,)))
        else:
            notify = Notify(NotifyType.INVALID_SYNTAX)
        if isinstance(state, Lingering):
            return state, [send(state.sa, state.sa.exchanges.reply(request, (notify,)))]
        return ending.refuse(self._policy, state.sa, request, notify, f"malformed request: {fault}", now)

    def _close(self, state: State, cause: str, now: float) -> Step:
        if isinstance(state, Connected):
            return upkeep.close(self._policy, state, cause, now)
        if isinstance(state, HalfOpen):
            return ending.end(state, cause)
        return (Ended(), []) if isinstance(state, Lingering) else (state, [])

    def _tick(self, state: State, now: float) -> Step:
        if isinstance(state, Fresh | Ended):
            return state, []
        if isinstance(state, Connected):
            return upkeep.tick(self._policy, state, now)
        limit = self._limit(state)
        if limit is not None and now >= limit:
            return self._out_of_time(state, now)
        again = self._exchanges.tick(now)
        if isinstance(again, GaveUp):
            return ending.end(state, again.waiting_for)
        return state, [send(state.sa, again)] if again else []

    def _out_of_time(self, state: HalfOpen | Lingering, now: float) -> Step:
        cause = f"waited in vain for {state.waiting_for}"
        if isinstance(state, AwaitingAaa | AwaitingAddress):
            error = NotifyType.AUTHENTICATION_FAILED
            return ending.refuse(self._policy, state.sa, state.request, error, cause, now)
        return ending.end(state, cause)

    def _limit(self, state: HalfOpen | Lingering) -> float | None:
        policy = self._policy
        match state:
            case AwaitingAaa(sa, since=since):
                return min(since + policy.aaa_limit, sa.began + policy.setup_limit)
            case AwaitingIdentity(sa) | AwaitingEap(sa) | AwaitingProof(sa) | AwaitingAddress(sa):
                return sa.began + policy.setup_limit
            case Lingering(until=until):
                return until
            case _:
                assert_never(state)
