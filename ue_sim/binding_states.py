"""The states of a mobile node's binding and the ways between them (RFC 6275 §11.7)."""

from dataclasses import dataclass
from ipaddress import IPv6Address

from ue_sim.mobility import (
    CareOf,
    CareOfChanged,
    ErrorArrived,
    LeaveRequested,
    MobilityArrived,
    PrefixLearned,
    ProblemArrived,
    TunnelLost,
    TunnelUp,
)
from wire.sansio import Tick, Transitions


@dataclass(frozen=True, slots=True)
class Session:
    """One Home Address at one home agent, and where the UE is."""

    home_address: IPv6Address
    ha_address: IPv6Address
    care_of: CareOf


@dataclass(frozen=True, slots=True)
class Attempt:
    """Updates without an answer yet: the outstanding ones as (sequence, sent at), and when the next one is due.

    `jumps` counts the corrections of the sequence number, `count` all updates of the attempt.
    """

    began: float
    next_at: float
    timeout: float
    sent: tuple[tuple[int, float], ...] = ()
    count: int = 0
    jumps: int = 0


@dataclass(frozen=True, slots=True)
class Idle:
    """No tunnel, or no binding wanted."""


@dataclass(frozen=True, slots=True)
class Registering:
    """The first update of a binding is out."""

    session: Session
    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Registered:
    """The binding stands."""

    session: Session
    expires_at: float
    refresh_at: float


@dataclass(frozen=True, slots=True)
class Refreshing:
    """The binding stands until `expires_at`, and an update of it is out."""

    session: Session
    attempt: Attempt
    expires_at: float


@dataclass(frozen=True, slots=True)
class Leaving:
    """A de-registration is out."""

    session: Session
    attempt: Attempt


Awaiting = Registering | Refreshing | Leaving
State = Idle | Registered | Awaiting

TRANSITIONS: Transitions = {
    (Idle, TunnelUp): frozenset({Registering}),
    (Idle, TunnelLost): frozenset({Idle}),
    (Idle, CareOfChanged): frozenset({Idle}),
    (Idle, MobilityArrived): frozenset({Idle}),
    (Idle, ErrorArrived): frozenset({Idle}),
    (Idle, ProblemArrived): frozenset({Idle}),
    (Idle, PrefixLearned): frozenset({Idle}),
    (Idle, LeaveRequested): frozenset({Idle}),
    (Idle, Tick): frozenset({Idle}),
    (Registering, TunnelUp): frozenset({Registering}),
    (Registering, TunnelLost): frozenset({Idle}),
    (Registering, CareOfChanged): frozenset({Registering}),
    (Registering, MobilityArrived): frozenset({Registering, Registered, Idle}),
    (Registering, ErrorArrived): frozenset({Registering}),
    (Registering, ProblemArrived): frozenset({Registering, Idle}),
    (Registering, PrefixLearned): frozenset({Registering, Idle}),
    (Registering, LeaveRequested): frozenset({Leaving}),
    (Registering, Tick): frozenset({Registering, Idle}),
    (Registered, TunnelUp): frozenset({Registering}),
    (Registered, TunnelLost): frozenset({Idle}),
    (Registered, CareOfChanged): frozenset({Refreshing}),
    (Registered, MobilityArrived): frozenset({Registered, Refreshing, Idle}),
    (Registered, ErrorArrived): frozenset({Registered, Refreshing}),
    (Registered, ProblemArrived): frozenset({Registered}),
    (Registered, PrefixLearned): frozenset({Registered, Idle}),
    (Registered, LeaveRequested): frozenset({Leaving}),
    (Registered, Tick): frozenset({Registered, Refreshing}),
    (Refreshing, TunnelUp): frozenset({Registering}),
    (Refreshing, TunnelLost): frozenset({Idle}),
    (Refreshing, CareOfChanged): frozenset({Refreshing}),
    (Refreshing, MobilityArrived): frozenset({Refreshing, Registered, Idle}),
    (Refreshing, ErrorArrived): frozenset({Refreshing}),
    (Refreshing, ProblemArrived): frozenset({Refreshing, Idle}),
    (Refreshing, PrefixLearned): frozenset({Refreshing, Idle}),
    (Refreshing, LeaveRequested): frozenset({Leaving}),
    (Refreshing, Tick): frozenset({Refreshing, Idle}),
    (Leaving, TunnelUp): frozenset({Registering}),
    (Leaving, TunnelLost): frozenset({Idle}),
    (Leaving, CareOfChanged): frozenset({Leaving}),
    (Leaving, MobilityArrived): frozenset({Leaving, Idle}),
    (Leaving, ErrorArrived): frozenset({Leaving}),
    (Leaving, ProblemArrived): frozenset({Leaving, Idle}),
    (Leaving, PrefixLearned): frozenset({Leaving, Idle}),
    (Leaving, LeaveRequested): frozenset({Leaving}),
    (Leaving, Tick): frozenset({Leaving, Idle}),
}
