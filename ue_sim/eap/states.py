"""Events, effects and states of the EAP peer, and the table of its transitions (RFC 4187, RFC 9048)."""

from dataclasses import dataclass, field

from ue_sim.eap.temporary import Kept, Once
from wire.eap.aka_keys import Keys
from wire.identity import EapMethod
from wire.sansio import Tick, Transitions
from wire.secret import Secret


@dataclass(frozen=True, slots=True)
class EapArrived:
    """The lower layer delivered one EAP packet."""

    packet: bytes


Event = EapArrived | Tick


@dataclass(frozen=True, slots=True)
class SendEap:
    """Send this EAP response."""

    packet: bytes


@dataclass(frozen=True, slots=True)
class KeysDerived:
    """EAP succeeded. `msk` and `emsk` 64 octets each; `session_id` the EAP Session-Id (RFC 5247 §1.4)."""

    msk: Secret
    emsk: Secret
    session_id: bytes
    method: EapMethod


@dataclass(frozen=True, slots=True)
class PeerFailed:
    """EAP failed; `cause` is one line for whoever runs the UE."""

    cause: str


Effect = SendEap | KeysDerived | PeerFailed


@dataclass(frozen=True, slots=True)
class AwaitingMethod:
    """No method has begun; `identity` is what the network has heard, or will hear, of the user.

    `once` goes with it when it is a fast re-authentication identity; keys are derived from `keyed`.
    """

    identity: bytes
    keyed: bytes
    once: Once | None = None


@dataclass(frozen=True, slots=True)
class AwaitingChallenge:
    """A method has begun and its challenge is due.

    `rounds` holds the packets of the AKA-Identity rounds for AT_CHECKCODE, `asked` the rank of the last identity
    request, `offered` the AT_KDF list when this peer asked for another than its first, `failures` how often SQN was
    not fresh, `once` what goes with a fast re-authentication identity that was shown.
    """

    method: EapMethod
    identity: bytes
    rounds: tuple[bytes, ...] = ()
    asked: int = -1
    offered: tuple[int, ...] = ()
    failures: int = 0
    once: Once | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """The challenge was genuine and is answered; with `result_agreed` a protected success is due (RFC 4187 §6.2).

    `kept` is what the UE will have for the next time, `counter` the AT_COUNTER of a fast re-authentication.
    """

    method: EapMethod
    keys: Keys
    session_id: bytes
    result_agreed: bool
    kept: Kept = field(default_factory=Kept)
    counter: int | None = None


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The protected success has come and EAP-Success is due."""

    keys: Keys
    session_id: bytes
    kept: Kept = field(default_factory=Kept)


@dataclass(frozen=True, slots=True)
class Refused:
    """One side has refused and EAP-Failure is due."""

    cause: str


@dataclass(frozen=True, slots=True)
class Done:
    """Succeeded or failed; nothing is due."""


State = AwaitingMethod | AwaitingChallenge | Answered | Confirmed | Refused | Done

TRANSITIONS: Transitions = {
    (AwaitingMethod, EapArrived): frozenset({AwaitingMethod, AwaitingChallenge, Answered, Refused, Done}),
    (AwaitingMethod, Tick): frozenset({Done}),
    (AwaitingChallenge, EapArrived): frozenset({AwaitingChallenge, Answered, Refused, Done}),
    (AwaitingChallenge, Tick): frozenset({Done}),
    (Answered, EapArrived): frozenset({Answered, Confirmed, Refused, Done}),
    (Answered, Tick): frozenset({Done}),
    (Confirmed, EapArrived): frozenset({Confirmed, Refused, Done}),
    (Confirmed, Tick): frozenset({Done}),
    (Refused, EapArrived): frozenset({Refused, Done}),
    (Refused, Tick): frozenset({Done}),
    (Done, EapArrived): frozenset({Done}),
}
