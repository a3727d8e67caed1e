"""The peer state machine (RFC 6733 §5.6) with election (§5.6.4) and the watchdog of RFC 3539 §3.4."""

from math import inf
from typing import assert_never

from wire.diameter import watchdog as dog
from wire.diameter.avp import AvpFault
from wire.diameter.capabilities import Capabilities, LocalNode, PeerPolicy, accept, judge_answer, judge_request, refuse
from wire.diameter.enumerations import DisconnectCause
from wire.diameter.message import Message
from wire.diameter.peer_events import (
    Accept,
    CeaArrived,
    CerArrived,
    Closed,
    Closing,
    Connect,
    ConnectionLost,
    ConnectionMade,
    ConnectionRefused,
    Deliver,
    Disconnect,
    DpaArrived,
    DprArrived,
    DwaArrived,
    DwrArrived,
    Effect,
    Ended,
    Event,
    Incoming,
    IOpen,
    MessageArrived,
    Needed,
    Opened,
    Reject,
    Resumed,
    ROpen,
    Send,
    Side,
    State,
    StopRequested,
    Suspended,
    WaitConnAck,
    WaitConnAckElect,
    WaitICea,
    WaitReturns,
)
from wire.diameter.peer_messages import PeerMessages
from wire.diameter.peer_table import TRANSITIONS
from wire.diameter.transactions import Identifiers
from wire.frozen import dataclass
from wire.sansio import RandomBytes, Tick, check_transition


@dataclass(frozen=True, slots=True)
class Timing:
    """Limits in seconds; `retry_most` is Tc of RFC 6733 §2.1, reached by doubling `retry_first`."""

    connect: float = 10.0
    capabilities: float = 10.0
    closing: float = 3.0
    retry_first: float = 0.5
    retry_most: float = 30.0
    twinit: float = dog.DEFAULT_TWINIT


_Step = tuple[State, list[Effect]]
_OPEN = (ROpen, IOpen)


class Peer:
    """One peer, over the connection that we make (`initiator`), the one that it makes, or whichever wins."""

    def __init__(
        self,
        *,
        local: LocalNode,
        policy: PeerPolicy,
        identifiers: Identifiers,
        random: RandomBytes,
        timing: Timing | None = None,
        initiator: bool = False,
        alternate: bool = False,
    ) -> None:
        self.state: State = Closed()
        self._local = local
        self._policy = policy
        self._timing = timing or Timing()
        self._messages = PeerMessages(local, identifiers)
        self._watchdog = dog.Watchdog(random=random, twinit=self._timing.twinit, alternate=alternate)
        self._initiator = initiator
        self._random = random
        self._failures = 0
        self._open_since = inf
        self._stopped = False

    @property
    def deadline(self) -> float | None:
        """When the state, or the watchdog in an open one, wants a Tick."""
        match self.state:
            case Closed(retry_at):
                return retry_at
            case ROpen() | IOpen():
                return self._watchdog.deadline
            case WaitConnAck(until) | WaitICea(until) | WaitConnAckElect(until) | WaitReturns(until):
                return until
            case Closing(_, until):
                return until
            case _:
                assert_never(self.state)

    @property
    def capabilities(self) -> Capabilities | None:
        """What both support while the connection is open, else None."""
        return self.state.capabilities if isinstance(self.state, ROpen | IOpen) else None

    @property
    def usable(self) -> bool:
        """Whether the peer may be asked now: open, and not under suspicion (RFC 3539 §3.4.1 [3])."""
        return self.capabilities is not None and self._watchdog.usable

    def heard(self, now: float) -> bool:
        """Note a message of an application, which is to be served or to end a wait: on an open connection that is all.

        False where it is an event that decides more, as under suspicion, and is to be handled.
        """
        return isinstance(self.state, _OPEN) and self._watchdog.heard(now)

    def handle(self, event: Event, now: float) -> list[Effect]:
        """Take one event; one that the state does not list, or a Tick before its time, changes nothing."""
        if (type(self.state), type(event)) not in TRANSITIONS or self._too_early(event, now):
            return []
        following, effects = self._following(event, now)
        check_transition(TRANSITIONS, self.state, event, following)
        self.state = following
        return effects

    def _too_early(self, event: Event, now: float) -> bool:
        return isinstance(event, Tick) and (self.deadline is None or now < self.deadline)

    def _following(self, event: Event, now: float) -> _Step:
        match self.state:
            case Closed():
                return self._from_closed(event, now)
            case WaitConnAck() as state:
                return self._from_wait_conn_ack(state, event, now)
            case WaitICea() as state:
                return self._from_wait_i_cea(state, event, now)
            case WaitConnAckElect() as state:
                return self._from_wait_conn_ack_elect(state, event, now)
            case WaitReturns() as state:
                return self._from_wait_returns(state, event, now)
            case ROpen() as state:
                return self._from_open(state, Side.RESPONDER, event, now)
            case IOpen() as state:
                return self._from_open(state, Side.INITIATOR, event, now)
            case Closing() as state:
                return self._from_closing(state, event, now)
            case _:
                assert_never(self.state)

    def _from_closed(self, event: Event, now: float) -> _Step:
        if isinstance(event, CerArrived):
            try:
                incoming = self._judged(event)
            except AvpFault as fault:
                return self.state, self._refused(event, fault)
            return self._r_open(incoming, now, [Accept(event.connection)])
        if isinstance(event, StopRequested):
            self._stopped = True
            return Closed(), []
        return WaitConnAck(now + self._timing.connect), [Connect()]

    def _from_wait_conn_ack(self, state: WaitConnAck, event: Event, now: float) -> _Step:
        match event:
            case ConnectionMade(address):
                return self._cer_sent(now), [Send(Side.INITIATOR, self._messages.capabilities_request(address))]
            case CerArrived():
                try:
                    incoming = self._judged(event)
                except AvpFault as fault:
                    return state, self._refused(event, fault)
                return WaitConnAckElect(state.until, incoming), [Accept(event.connection)]
            case ConnectionRefused(cause):
                return self._closed(now, cause, [])
            case _:
                return self._given_up(event, now, "no connection within its time", Side.INITIATOR)

    def _from_wait_i_cea(self, state: WaitICea, event: Event, now: float) -> _Step:
        match event:
            case CeaArrived(_, message) if self._messages.expected(message):
                try:
                    return self._i_open(judge_answer(message, self._local, self._policy), now, [])
                except AvpFault as fault:
                    return self._closed(now, fault.reason, [Disconnect(Side.INITIATOR, fault.reason)])
            case CerArrived():
                try:
                    incoming = self._judged(event)
                except AvpFault as fault:
                    return state, self._refused(event, fault)
                return self._elected(incoming, now, [Accept(event.connection)])
            case ConnectionLost(_, cause):
                return self._closed(now, cause, [])
            case Tick():
                return self._given_up(event, now, "no CEA within its time", Side.INITIATOR)
            case _:
                return self._given_up(event, now, "another message than the CEA", Side.INITIATOR)

    def _from_wait_conn_ack_elect(self, state: WaitConnAckElect, event: Event, now: float) -> _Step:
        match event:
            case ConnectionMade(address):
                request = self._messages.capabilities_request(address)
                return self._elected(state.incoming, now, [Send(Side.INITIATOR, request)])
            case ConnectionRefused():
                return self._r_open(state.incoming, now, [])
            case CerArrived(connection):
                return state, [Reject(connection, "another connection of this peer is being opened")]
            case ConnectionLost():
                return WaitConnAck(state.until), []
            case _:
                return self._given_up(event, now, "no connection within its time", Side.INITIATOR, Side.RESPONDER)

    def _from_wait_returns(self, state: WaitReturns, event: Event, now: float) -> _Step:
        match event:
            case CeaArrived(_, message) if not self._messages.expected(message):
                return state, []
            case CeaArrived(_, message):
                try:
                    capabilities = judge_answer(message, self._local, self._policy)
                except AvpFault as fault:
                    return self._r_open(state.incoming, now, [Disconnect(Side.INITIATOR, fault.reason)])
                return self._i_open(capabilities, now, [Disconnect(Side.RESPONDER, "the election was lost")])
            case CerArrived(connection):
                return state, [Reject(connection, "another connection of this peer is being opened")]
            case ConnectionLost(Side.INITIATOR):
                return self._r_open(state.incoming, now, [])
            case ConnectionLost():
                return WaitICea(state.until), []
            case _:
                return self._given_up(event, now, "no CEA within its time", Side.INITIATOR, Side.RESPONDER)

    def _from_open(self, state: ROpen | IOpen, side: Side, event: Event, now: float) -> _Step:
        match event:
            case CerArrived(connection):
                return state, [Reject(connection, "this peer is connected already")]
            case ConnectionLost(_, cause):
                self._watchdog.handle(dog.ConnectionFailed(), now)
                return self._closed(now, cause, [])
            case StopRequested(cause):
                return self._disconnecting(side, cause, now)
            case Tick():
                return self._watched(state, side, event, now)
            case Needed():
                return self._watched(state, side, dog.Needed(), now)
            case DwaArrived(_, message) if self._messages.expected(message):
                return self._watched(state, side, dog.WatchdogAnswered(), now)
            case DprArrived(_, message):
                return self._dismissed(side, message, now)
            case _:
                following, effects = self._watched(state, side, dog.TrafficArrived(), now)
                return following, effects + self._processed(event)

    def _processed(self, event: Event) -> list[Effect]:
        match event:
            case DwrArrived(side, message):
                return [Send(side, self._messages.answer(message))]
            case MessageArrived(side, message):
                return [Deliver(side, message)]
            case _:
                return []

    def _from_closing(self, state: Closing, event: Event, now: float) -> _Step:
        match event:
            case MessageArrived(side, message):
                return state, [] if message.is_request else [Deliver(side, message)]
            case CerArrived(connection):
                return state, [Reject(connection, "the connection of this peer is being closed")]
            case DprArrived(side, message):
                return state, [Send(side, self._messages.answer(message))]
            case DpaArrived(side, message):
                if not self._messages.expected(message):
                    return state, []
                return self._finished(state, now, [Disconnect(side, "DPA received")])
            case StopRequested():
                self._stopped = True
                return state, []
            case ConnectionLost():
                return self._finished(state, now, [])
            case _:
                return self._finished(state, now, [Disconnect(state.side, "no end of the connection in time")])

    # --- steps --------------------------------------------------------------------------------------------------------

    def _judged(self, event: CerArrived) -> Incoming:
        return Incoming(event.cer, judge_request(event.cer, self._local, self._policy), event.address)

    def _refused(self, event: CerArrived, fault: AvpFault) -> list[Effect]:
        answer = refuse(self._local, (event.address,), event.cer, fault)
        return [Reject(event.connection, f"CER refused: {fault.reason}", answer)]

    def _cer_sent(self, now: float) -> State:
        return WaitICea(now + self._timing.capabilities)

    def _elected(self, incoming: Incoming, now: float, effects: list[Effect]) -> _Step:
        """RFC 6733 §5.6.4: whose Origin-Host comes last keeps the connection that it answered."""
        if self._local.origin_host.lower() > incoming.capabilities.origin_host.lower():
            return self._r_open(incoming, now, [*effects, Disconnect(Side.INITIATOR, "the election was won")])
        return WaitReturns(now + self._timing.capabilities, incoming), effects

    def _r_open(self, incoming: Incoming, now: float, effects: list[Effect]) -> _Step:
        answer = accept(self._local, (incoming.address,), incoming.cer)
        opened = self._opened(Side.RESPONDER, incoming.capabilities, now)
        return ROpen(incoming.capabilities), [*effects, Send(Side.RESPONDER, answer), *opened]

    def _i_open(self, capabilities: Capabilities, now: float, effects: list[Effect]) -> _Step:
        return IOpen(capabilities), [*effects, *self._opened(Side.INITIATOR, capabilities, now)]

    def _opened(self, side: Side, capabilities: Capabilities, now: float) -> list[Effect]:
        self._open_since = now
        opened: list[Effect] = [Opened(side, capabilities)]
        return opened + self._watchdog_effects(side, self._watchdog.handle(dog.ConnectionOpened(), now))

    def _watched(self, state: ROpen | IOpen, side: Side, event: dog.Event, now: float) -> _Step:
        asked = self._watchdog.handle(event, now)
        effects = self._watchdog_effects(side, asked)
        if dog.CloseConnection() in asked:
            cause = "no answer to the watchdog"
            return self._closed(now, cause, [*effects, Disconnect(side, cause)])
        return state, effects

    def _watchdog_effects(self, side: Side, asked: list[dog.Effect]) -> list[Effect]:
        effects: list[Effect] = []
        for effect in asked:
            match effect:
                case dog.SendWatchdog():
                    effects.append(Send(side, self._messages.watchdog_request()))
                case dog.FailOver():
                    effects.append(Suspended())
                case dog.FailBack():
                    effects.append(Resumed())
                case dog.CloseConnection():
                    pass
                case _:
                    assert_never(effect)
        return effects

    def _disconnecting(self, side: Side, cause: DisconnectCause, now: float) -> _Step:
        self._stopped = True
        request = self._messages.disconnect_request(cause)
        return Closing(side, now + self._timing.closing), [Send(side, request)]

    def _dismissed(self, side: Side, request: Message, now: float) -> _Step:
        """A DPR; RFC 6733 §5.4.3 lets us come back at once only to a peer that reboots."""
        cause = request.first("Disconnect-Cause")
        quick = cause is not None and cause.data == DisconnectCause.REBOOTING.to_bytes(4, "big")
        wait = None if quick else self._timing.retry_most
        return Closing(side, now + self._timing.closing, wait), [Send(side, self._messages.answer(request))]

    def _finished(self, state: Closing, now: float, effects: list[Effect]) -> _Step:
        following, effects = self._closed(now, "the connection was ended by DPR", effects, orderly=True)
        if state.retry_after is not None and self._initiator and not self._stopped:
            following = Closed(now + state.retry_after)
        return following, effects

    def _given_up(self, event: Event, now: float, cause: str, *sides: Side) -> _Step:
        stopping = isinstance(event, StopRequested)
        if stopping:
            self._stopped, cause = True, "stopped"
        return self._closed(now, cause, [Disconnect(side, cause) for side in sides], orderly=stopping)

    def _closed(self, now: float, cause: str, effects: list[Effect], *, orderly: bool = False) -> _Step:
        self._messages.forget()
        self._watchdog.handle(dog.ConnectionFailed(), now)
        if now - self._open_since >= self._timing.retry_most:
            # who lets us in and loses us at once, again and again, is no better than who is not there
            self._failures = 0
        self._open_since = inf
        retry_at = now + self._retry_delay() if self._initiator and not self._stopped else None
        return Closed(retry_at), [*effects, Ended(cause, orderly)]

    def _retry_delay(self) -> float:
        """Doubles from `retry_first` to `retry_most`, less a random quarter, so that clients do not come in step."""
        delay = min(self._timing.retry_first * float(1 << self._failures), self._timing.retry_most)
        self._failures = min(self._failures + 1, 16)
        return delay * (1.0 - 0.25 * self._random(1)[0] / 0xFF)
