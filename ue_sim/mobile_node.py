"""The mobile node: keeps one binding at the home agent (RFC 6275 §11.7, RFC 5555 §4.4, TS 24.303 §A.2)."""

from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv6Address
from typing import assert_never

from ue_sim.binding_states import (
    TRANSITIONS,
    Attempt,
    Awaiting,
    Idle,
    Leaving,
    Refreshing,
    Registered,
    Registering,
    Session,
    State,
)
from ue_sim.grants import bound_by
from ue_sim.mobility import (
    BindingLost,
    CareOf,
    CareOfChanged,
    Dropped,
    ErrorArrived,
    LeaveRequested,
    Left,
    MobilityArrived,
    MobilityPolicy,
    NodeEffect,
    NodeEvent,
    PrefixLearned,
    ProblemArrived,
    SendMobility,
    TunnelLost,
    TunnelUp,
    Unanswered,
)
from wire.errors import DecodeError
from wire.ip.icmpv6 import PROBLEM_NEXT_HEADER
from wire.mip6.binding_ack import BindingAck
from wire.mip6.binding_error import BindingError
from wire.mip6.binding_update import BindingFlag, BindingUpdate
from wire.mip6.header import checksum_holds
from wire.mip6.ipv4_options import Ipv4CareOf, Ipv4HomeAddress
from wire.mip6.ipv6_options import LIFETIME_UNIT, AlternateCareOf
from wire.mip6.messages import MobilityMessage, UnknownMessage, build_message, parse_message
from wire.mip6.options import MobilityOption
from wire.mip6.refresh_request import RefreshRequest
from wire.mip6.revocation import (
    RevocationAck,
    RevocationFlag,
    RevocationIndication,
    RevocationStatus,
    name_of_revocation,
    name_of_trigger,
)
from wire.mip6.sequence import following, is_newer
from wire.mip6.statuses import BindingErrorStatus, BindingStatus, is_accepted, name_of
from wire.sansio import Tick, check_transition

INITIAL_BINDACK_TIMEOUT = 1.0
INITIAL_BINDACK_TIMEOUT_FIRST_REG = 1.5
MAX_BINDACK_TIMEOUT = 32.0
MAX_UPDATE_RATE = 3
"""Seconds and updates per second (RFC 6275 §12, RFC 6275 §13)."""

_MOST_OUTSTANDING = 16
_MOST_JUMPS = 4
_ATTEMPTS_BY_IPV6 = 3
_GENERAL_FLAGS = BindingFlag.ACKNOWLEDGE | BindingFlag.HOME_REGISTRATION | BindingFlag.KEY_MANAGEMENT


@dataclass(slots=True)
class MobileNode:
    """Keeps the binding; `sequence` is the last number used, any value to begin with (RFC 6275 §11.7.1)."""

    policy: MobilityPolicy
    sequence: int = 0
    state: State = field(default_factory=Idle)
    _sent_at: tuple[float, ...] = ()
    _force_udp: bool = False
    _ipv4_home_address: IPv4Address | None = None
    _valid_until: float | None = None

    @property
    def deadline(self) -> float | None:
        """When it next wants a Tick."""
        match self.state:
            case Idle():
                return None
            case Registered() as state:
                return state.refresh_at
            case Registering() | Refreshing() | Leaving() as state:
                return min(state.attempt.next_at, self._gives_up_at(state))
        assert_never(self.state)

    def handle(self, event: NodeEvent, now: float) -> list[NodeEffect]:
        """Take one event and return its effects."""
        before = self.state
        effects = self._dispatch(event, now)
        check_transition(TRANSITIONS, before, event, self.state)
        return effects

    def _dispatch(self, event: NodeEvent, now: float) -> list[NodeEffect]:
        match event:
            case TunnelUp():
                self._force_udp = self.policy.force_udp
                self._ipv4_home_address, self._valid_until = self.policy.ipv4_home_address, None
                session = Session(event.home_address, event.ha_address, event.care_of)
                return self._register(session, now)
            case TunnelLost(cause):
                return self._lose(cause)
            case CareOfChanged(care_of):
                return self._move(care_of, now)
            case MobilityArrived(octets):
                return self._receive(octets, now)
            case ErrorArrived():
                return self._erred_unprotected(event, now)
            case ProblemArrived():
                return self._misunderstood(event)
            case PrefixLearned(valid_until):
                return self._learn(valid_until, now)
            case LeaveRequested():
                return self._leave(now)
            case Tick():
                return self._tick(now)
        assert_never(event)

    # The beginnings of an attempt

    def _register(self, session: Session, now: float) -> list[NodeEffect]:
        attempt = Attempt(now, now, INITIAL_BINDACK_TIMEOUT_FIRST_REG)
        return self._transmit(Registering(session, attempt), now)

    def _refresh(self, session: Session, expires_at: float, now: float) -> list[NodeEffect]:
        attempt = Attempt(now, now, INITIAL_BINDACK_TIMEOUT)
        return self._transmit(Refreshing(session, attempt, expires_at), now)

    def _leave(self, now: float) -> list[NodeEffect]:
        match self.state:
            case Idle():
                return [Left(confirmed=True)]
            case Leaving():
                return []
            case Registering() | Registered() | Refreshing() as state:
                return self._deregister(state.session, now)
        assert_never(self.state)

    def _deregister(self, session: Session, now: float) -> list[NodeEffect]:
        return self._transmit(Leaving(session, Attempt(now, now, INITIAL_BINDACK_TIMEOUT)), now)

    def _move(self, care_of: CareOf, now: float) -> list[NodeEffect]:
        match self.state:
            case Idle():
                return []
            case Registering() as state:
                return self._register(replace(state.session, care_of=care_of), now)
            case Registered() | Refreshing() as state:
                return self._refresh(replace(state.session, care_of=care_of), state.expires_at, now)
            case Leaving() as state:
                return self._deregister(replace(state.session, care_of=care_of), now)
        assert_never(self.state)

    def _lose(self, cause: str) -> list[NodeEffect]:
        before, self.state = self.state, Idle()
        match before:
            case Idle():
                return []
            case Leaving():
                return [Left(confirmed=False)]
            case Registering() | Registered() | Refreshing():
                return [BindingLost(cause)]
        assert_never(before)

    # Time

    def _gives_up_at(self, state: Awaiting) -> float:
        match state:
            case Registering(_, attempt):
                return attempt.began + self.policy.give_up_after
            case Refreshing(_, _, expires_at):
                return expires_at
            case Leaving(_, attempt):
                return attempt.began + self.policy.leave_within
        assert_never(state)

    def _tick(self, now: float) -> list[NodeEffect]:
        match self.state:
            case Idle():
                return []
            case Registered() as state:
                return self._refresh(state.session, state.expires_at, now) if now >= state.refresh_at else []
            case Registering() | Refreshing() | Leaving() as state:
                if now >= self._gives_up_at(state):
                    waited = f"{now - state.attempt.began:.1f} s after {state.attempt.count} Binding Updates"
                    return self._lose(f"no Binding Acknowledgement from {state.session.ha_address}: {waited}")
                return self._repeat(state, now) if now >= state.attempt.next_at else []
        assert_never(self.state)

    def _repeat(self, state: Awaiting, now: float) -> list[NodeEffect]:
        care_of = state.session.care_of
        tried = state.attempt.count == _ATTEMPTS_BY_IPV6 and not isinstance(state, Leaving)
        silent: list[NodeEffect] = [Unanswered(care_of)] if tried and isinstance(care_of, IPv6Address) else []
        return silent + self._transmit(state, now)

    # Sending

    def _transmit(self, state: Awaiting, now: float) -> list[NodeEffect]:
        """Send the attempt's next update, with a new sequence number each time (RFC 6275 §11.8)."""
        attempt = state.attempt
        if len(self._sent_at) == MAX_UPDATE_RATE and now < self._sent_at[0] + 1.0:
            self.state = replace(state, attempt=replace(attempt, next_at=self._sent_at[0] + 1.0))
            return []
        self.sequence = following(self.sequence)
        self._sent_at = (*self._sent_at, now)[-MAX_UPDATE_RATE:]
        following_attempt = replace(
            attempt,
            next_at=now + attempt.timeout,
            timeout=min(attempt.timeout * 2, MAX_BINDACK_TIMEOUT),
            sent=(*attempt.sent, (self.sequence, now))[-_MOST_OUTSTANDING:],
            count=attempt.count + 1,
        )
        self.state = replace(state, attempt=following_attempt)
        return [_send(state.session, self._update(state, now))]

    def _update(self, state: Awaiting, now: float) -> BindingUpdate:
        leaving = isinstance(state, Leaving)
        flags = _GENERAL_FLAGS
        if not leaving:
            flags |= BindingFlag.MOBILE_ROUTER
        if self._force_udp and not leaving:
            flags |= BindingFlag.FORCE_UDP
        return BindingUpdate(
            sequence=self.sequence,
            flags=flags,
            lifetime=0 if leaving else self._wanted_units(now),
            options=self._options(state.session.care_of),
        )

    def _wanted_units(self, now: float) -> int:
        """No longer than the Home Address is valid, in units of 4 s (RFC 6275 §11.7.1)."""
        left = self.policy.lifetime if self._valid_until is None else min(self.policy.lifetime, self._valid_until - now)
        return max(int(left) // LIFETIME_UNIT, 1)

    def _options(self, care_of: CareOf) -> tuple[MobilityOption, ...]:
        """The Care-of Address goes where ESP protects it (RFC 6275 §11.7.1, RFC 5555 §4.4.2)."""
        wanted = self._ipv4_home_address
        home: tuple[MobilityOption, ...] = (Ipv4HomeAddress(wanted),) if wanted is not None else ()
        if isinstance(care_of, IPv4Address):
            return (*home, Ipv4CareOf(care_of))
        return (*home, AlternateCareOf(care_of))

    # Receiving

    def _receive(self, octets: bytes, now: float) -> list[NodeEffect]:
        state = self.state
        if isinstance(state, Idle):
            return [Dropped("a Mobility Header without a tunnel")]
        if not checksum_holds(octets, state.session.ha_address, state.session.home_address):
            return [Dropped("the Mobility Header's checksum is wrong")]
        try:
            message = parse_message(octets)
        except DecodeError as error:
            return [Dropped(f"a malformed Mobility Header: {error}")]
        return self._read(state, message, now)

    def _read(self, state: Registered | Awaiting, message: MobilityMessage, now: float) -> list[NodeEffect]:
        match message:
            case BindingAck():
                if isinstance(state, Registered):
                    return [Dropped(f"a Binding Acknowledgement of update {message.sequence}, none is outstanding")]
                return self._acknowledged(state, message, now)
            case BindingError(status):
                return self._erred(state, status, now)
            case RefreshRequest():
                if isinstance(state, Registered):
                    return self._refresh(state.session, state.expires_at, now)
                return []
            case RevocationIndication():
                return self._revoked(state, message)
            case BindingUpdate() | RevocationAck() | UnknownMessage():
                return [Dropped(f"MH type {message.mh_type} from a home agent")]
        assert_never(message)

    def _acknowledged(self, state: Awaiting, ack: BindingAck, now: float) -> list[NodeEffect]:
        if ack.status == BindingStatus.SEQUENCE_OUT_OF_WINDOW:
            return self._jump(state, ack, now)
        sent = dict(state.attempt.sent)
        if ack.sequence not in sent:
            return [Dropped(f"a Binding Acknowledgement of update {ack.sequence}, which is not outstanding")]
        if isinstance(state, Leaving):
            self.state = Idle()
            gone = is_accepted(ack.status) or ack.status == BindingStatus.NOT_HOME_AGENT_FOR_THIS_NODE
            return [Left(confirmed=gone)]
        if is_accepted(ack.status) and ack.lifetime:
            return self._bound(state.session, ack, sent[ack.sequence], now)
        if ack.status == BindingStatus.CANNOT_FORCE_UDP_ENCAPSULATION and self._force_udp:
            self._force_udp = False
            return self._transmit(state, now)
        return self._lose(f"the home agent {state.session.ha_address} refused: status {name_of(ack.status)}")

    def _jump(self, state: Awaiting, ack: BindingAck, now: float) -> list[NodeEffect]:
        """Go on behind the last accepted number (RFC 6275 §11.7.3); an answer older than our counter says nothing."""
        if ack.sequence != self.sequence and not is_newer(ack.sequence, self.sequence):
            return [Dropped(f"status 135 with sequence number {ack.sequence}, behind our own {self.sequence}")]
        self.sequence = ack.sequence
        if state.attempt.jumps >= _MOST_JUMPS:
            return [Dropped(f"status 135 for the {state.attempt.jumps + 1}th time")]
        return self._transmit(replace(state, attempt=replace(state.attempt, jumps=state.attempt.jumps + 1)), now)

    def _erred(self, state: Registered | Awaiting, status: int, now: float) -> list[NodeEffect]:
        """RFC 6275 §11.3.6: an unknown binding is made again, an unknown update is given up."""
        if status == BindingErrorStatus.UNKNOWN_BINDING and isinstance(state, Registered):
            return self._refresh(state.session, state.expires_at, now)
        if status == BindingErrorStatus.UNRECOGNISED_MH_TYPE and not isinstance(state, Registered):
            return self._lose(f"the home agent {state.session.ha_address} does not know Binding Updates")
        return [Dropped(f"a Binding Error with status {status}")]

    def _erred_unprotected(self, arrived: ErrorArrived, now: float) -> list[NodeEffect]:
        """Anybody can have sent it: a binding is made sure of, at the rate of updates, and none is given up."""
        state, error = self.state, arrived.error
        expected = isinstance(state, Registered) and (arrived.source, error.home_address) == (
            state.session.ha_address,
            state.session.home_address,
        )
        if isinstance(state, Registered) and expected and error.status == BindingErrorStatus.UNKNOWN_BINDING:
            return self._refresh(state.session, state.expires_at, now)
        return [Dropped(f"an unprotected Binding Error with status {error.status} from {arrived.source}")]

    def _misunderstood(self, problem: ProblemArrived) -> list[NodeEffect]:
        """RFC 6275 §11.3.5: whoever knows no Mobility Headers is sent no more of them; anything else is told."""
        if problem.code == PROBLEM_NEXT_HEADER and isinstance(self.state, Registering | Refreshing | Leaving):
            return self._lose(f"{self.state.session.ha_address} does not know Mobility Headers")
        return [Dropped(f"a Parameter Problem about a Mobility Header: code {problem.code}, octet {problem.pointer}")]

    def _learn(self, valid_until: float | None, now: float) -> list[NodeEffect]:
        self._valid_until = valid_until
        if valid_until is None or now < valid_until or isinstance(self.state, Idle):
            return []
        return self._lose(f"the prefix of {self.state.session.home_address} is no longer valid")

    def _revoked(self, state: Registered | Awaiting, indication: RevocationIndication) -> list[NodeEffect]:
        """RFC 5846 §8.1: confirm it, and have no binding from then on; only one's own single binding can be revoked."""
        status = RevocationStatus.SUCCESS
        if indication.flags & RevocationFlag.GLOBAL:
            status = RevocationStatus.GLOBAL_REVOCATION_NOT_AUTHORIZED
        elif indication.flags & RevocationFlag.PROXY:
            status = RevocationStatus.PROXY_BINDING_REVOCATION_NOT_SUPPORTED
        answer = _send(
            state.session, RevocationAck(status=status, sequence=indication.sequence, flags=indication.flags)
        )
        if not is_accepted(status):
            return [answer, Dropped(f"a Binding Revocation Indication that was refused: {name_of_revocation(status)}")]
        if isinstance(state, Leaving):
            self.state = Idle()
            return [answer, Left(confirmed=True)]
        reason = name_of_trigger(indication.trigger)
        return [answer, *self._lose(f"the home agent {state.session.ha_address} revoked the binding: {reason}")]

    def _bound(self, session: Session, ack: BindingAck, sent_at: float, now: float) -> list[NodeEffect]:
        wanted = self._ipv4_home_address is not None
        bound = bound_by(
            ack, care_of=session.care_of, sent_at=sent_at, now=now, asked=self.policy.lifetime, wants_ipv4=wanted
        )
        if wanted:
            # one that is not confirmed is not asked for again by its name, which would be refused (RFC 5555 §4.5)
            ipv4 = bound.ipv4_home_address
            self._ipv4_home_address = ipv4.ip if ipv4 is not None else self.policy.ipv4_home_address
        self.state = Registered(session, bound.expires_at, bound.refresh_at)
        return [bound]


def _send(session: Session, message: BindingUpdate | RevocationAck) -> SendMobility:
    return SendMobility(build_message(message, session.home_address, session.ha_address), message)
