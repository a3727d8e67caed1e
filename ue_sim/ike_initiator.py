"""The IKEv2 initiator of the UE: to its Home Address and back (RFC 7296, RFC 4877, TS 24.303 §5.1.2)."""

from typing import assert_never

from ue_sim.ike import attachment, opening, upkeep
from ue_sim.ike.events import (
    ChildRequested,
    Closed,
    CloseRequested,
    Connect,
    DatagramArrived,
    EapReply,
    Floated,
    InitiatorEffect,
    InitiatorEvent,
    KeysDerived,
    PathChanged,
    ProbeRequested,
    RekeyRequested,
)
from ue_sim.ike.policy import InitiatorPolicy
from ue_sim.ike.states import (
    TRANSITIONS,
    AwaitingEap,
    AwaitingGateway,
    AwaitingInit,
    AwaitingKeys,
    AwaitingMethod,
    AwaitingProof,
    Connected,
    Early,
    Ended,
    Idle,
    State,
)
from wire.esp.encapsulation import NON_ESP_MARKER, build_ike
from wire.ikev2.exchanges import Duplicate, GaveUp, Ignored, Reply, Request, Transmit, Waiting
from wire.ikev2.upkeep import states as kept
from wire.sansio import RandomBytes, Tick, check_transition

Step = tuple[State, list[InitiatorEffect]]


class IkeInitiator:
    """One IKE SA of the UE with its PDN GW; once Closed it stays so, and another attempt takes another machine.

    Events and effects are those of ue_sim.ike.events; every Transmit goes from Connect's `local` to its `gateway`, or
    where Floated says, and already has the non-ESP marker where the port wants one.
    """

    def __init__(self, *, policy: InitiatorPolicy, random: RandomBytes) -> None:
        self._policy = policy
        self._random = random
        self.state: State = Idle()
        self.is_marked = policy.floats_to is None

    @property
    def deadline(self) -> float | None:
        """When it next wants a Tick, in the seconds of `now`; None before Connect and after Closed."""
        state = self.state
        if isinstance(state, Idle | Ended):
            return None
        if isinstance(state, Connected):
            return state.upkeep.deadline
        exchanges = state.opening.exchanges if isinstance(state, AwaitingInit) else state.sa.exchanges
        limits = [exchanges.deadline, self._limit(state)]
        return min((limit for limit in limits if limit is not None), default=None)

    def owns(self, octets: bytes) -> bool:
        """Whether a datagram that is no ESP names an SPI of this machine's."""
        message, state = octets.removeprefix(NON_ESP_MARKER), self.state
        match state:
            case Idle() | Ended():
                return False
            case Connected():
                return not state.upkeep.own_spis.isdisjoint((message[:8], message[8:16]))
            case AwaitingInit():
                return message[:8] == state.opening.exchanges.spi_i
            case _:
                return message[:8] == state.sa.exchanges.spi_i

    def handle(self, event: InitiatorEvent, now: float) -> list[InitiatorEffect]:
        """Take one event; an event that says nothing in the present state has no effect."""
        following, effects = self._step(event, now)
        if following is not self.state:
            check_transition(TRANSITIONS, self.state, event, following)
            self.state = following
        return [one for effect in effects for one in self._marked(effect)]

    def _step(self, event: InitiatorEvent, now: float) -> Step:
        state = self.state
        match event:
            case Connect():
                if isinstance(state, Idle):
                    return opening.begin(self._policy, self._random, event, now)
                return state, []
            case DatagramArrived(octets):
                return self._datagram(state, octets.removeprefix(NON_ESP_MARKER), now)
            case EapReply(packet):
                if isinstance(state, AwaitingMethod):
                    return attachment.answer_eap(state.sa, state.msk, packet, now)
                return state, []
            case KeysDerived():
                return self._keys_derived(state, event, now)
            case ChildRequested() | RekeyRequested() | PathChanged() | ProbeRequested():
                return upkeep.order(state, event, now) if isinstance(state, Connected) else (state, [])
            case CloseRequested():
                return self._close(state, event, now)
            case Tick():
                return self._tick(state, now)
            case _:
                assert_never(event)

    def _datagram(self, state: State, octets: bytes, now: float) -> Step:
        if isinstance(state, Idle | Ended):
            return state, []
        if isinstance(state, Connected):
            return upkeep.step(state, kept.MessageArrived(octets), now)
        exchanges = state.opening.exchanges if isinstance(state, AwaitingInit) else state.sa.exchanges
        received = exchanges.receive(octets)
        match received:
            case Ignored() | Waiting():
                return state, []
            case Duplicate(transmit):
                return state, [transmit] if transmit else []
            case Request():
                return (state, []) if isinstance(state, AwaitingInit) else upkeep.serve_early(state, received)
            case Reply():
                return self._reply(state, received, now)
            case _:
                assert_never(received)

    def _reply(self, state: AwaitingInit | Early, reply: Reply, now: float) -> Step:
        policy, message = self._policy, reply.message
        if isinstance(state, AwaitingInit):
            return opening.process(policy, self._random, state.opening, reply, now)
        if reply.fault is not None:
            return Ended(), [Closed(f"the gateway's answer is malformed {reply.fault}")]
        match state:
            case AwaitingGateway(sa):
                return attachment.meet_gateway(policy, sa, message, now)
            case AwaitingEap(sa, msk):
                return attachment.go_on(policy, sa, msk, message, now)
            case AwaitingProof(sa, msk):
                return attachment.conclude(policy, self._random, sa, msk, message, now)
            case AwaitingMethod() | AwaitingKeys():
                return state, []
            case _:
                assert_never(state)

    def _keys_derived(self, state: State, event: KeysDerived, now: float) -> Step:
        match state:
            case AwaitingMethod(sa, _, since):
                return AwaitingMethod(sa, event.msk, since), []
            case AwaitingEap(sa, _):
                return AwaitingEap(sa, event.msk), []
            case AwaitingKeys(sa, _):
                return attachment.prove(self._policy, sa, event.msk, now)
            case _:
                return state, []

    def _close(self, state: State, event: CloseRequested, now: float) -> Step:
        if isinstance(state, Connected):
            return upkeep.step(state, kept.Leave(event.cause), now)
        if isinstance(state, Idle | Ended):
            return state, []
        return Ended(), [Closed(event.cause)]

    def _tick(self, state: State, now: float) -> Step:
        if isinstance(state, Idle | Ended):
            return state, []
        if isinstance(state, Connected):
            return upkeep.step(state, Tick(), now)
        exchanges = state.opening.exchanges if isinstance(state, AwaitingInit) else state.sa.exchanges
        limit = self._limit(state)
        if limit is not None and now >= limit:
            return self._give_up(state, f"waited in vain for {state.waiting_for}")
        again = exchanges.tick(now)
        if isinstance(again, GaveUp):
            return self._give_up(state, f"waited {again.seconds:.0f} s in vain for {again.waiting_for}")
        if isinstance(state, AwaitingInit) and again is not None and state.opening.complaint:
            return self._give_up(state, state.opening.complaint)
        return state, [again] if again else []

    def _give_up(self, state: AwaitingInit | Early, cause: str) -> Step:
        complaint = state.opening.complaint if isinstance(state, AwaitingInit) else None
        return Ended(), [Closed(complaint or cause)]

    def _limit(self, state: AwaitingInit | Early) -> float | None:
        policy = self._policy
        match state:
            case AwaitingInit(begun):
                return begun.began + policy.setup_limit
            case AwaitingMethod(sa, _, since) | AwaitingKeys(sa, since):
                return min(since + policy.method_limit, sa.began + policy.setup_limit)
            case AwaitingGateway(sa) | AwaitingEap(sa) | AwaitingProof(sa):
                return sa.began + policy.setup_limit
            case _:
                assert_never(state)

    def _marked(self, effect: InitiatorEffect) -> list[InitiatorEffect]:
        """Each datagram of a message by itself, as the port wants it."""
        if isinstance(effect, Floated):
            self.is_marked = True
        if not isinstance(effect, Transmit):
            return [effect]
        return [Transmit(build_ike(one) if self.is_marked else one) for one in effect.datagrams]
