"""What is true between two rounds of EAP, as plain data (RFC 4187 §3, RFC 3748 §4)."""

from dataclasses import field
from enum import Enum

from aaa.authorization import Authorized
from aaa.eap.temporary import Resumable
from aaa.messages import RejectCause
from wire.eap.aka_keys import Keys
from wire.frozen import dataclass
from wire.identity import EapMethod, IdentityKind, Imsi
from wire.secret import Secret


class IdRequest(Enum):
    """Which identity an AKA-Identity request asks for (RFC 4187 §9.1)."""

    ANY = "AT_ANY_ID_REQ"
    FULLAUTH = "AT_FULLAUTH_ID_REQ"
    PERMANENT = "AT_PERMANENT_ID_REQ"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One method's conversation up to now.

    `identity` is the octets that keys are derived from: those of EAP-Response/Identity until an AT_IDENTITY replaces
    them (RFC 4187 §7); of an encrypted one it is the inside. `identifier` is that of the outstanding request, and
    before there is one of the response that the first request will follow. `kind` is by which kind of identity the user
    is known, `imsi_shown` whether any identity of this exchange held the IMSI in clear.
    """

    method: EapMethod
    identity: bytes
    identifier: int
    kind: IdentityKind = IdentityKind.OTHER
    imsi_shown: bool = False


@dataclass(frozen=True, slots=True)
class Chosen:
    """The method is chosen and has sent nothing."""

    exchange: Exchange


@dataclass(frozen=True, slots=True)
class AwaitingIdentity:
    """An AKA-Identity request is out; `rounds` are the packets of all of them, request and response in turn.

    In EAP-SIM it is SIM-Start, which may ask for no identity but for NONCE_MT, when `known` is known already.
    """

    exchange: Exchange
    asked: IdRequest | None
    rounds: tuple[bytes, ...]
    known: Imsi | None = None


@dataclass(frozen=True, slots=True)
class AwaitingVector:
    """The HSS has until `until` to give a vector; `resynchronised` when it is for a USIM that was out of step.

    `checkcode` is what AT_CHECKCODE will carry (RFC 4187 §10.13), `kdfs` what AT_KDF will, none in EAP-AKA
    (RFC 9048 §3.2), `nonce_mt` the UE's own of 16 octets in EAP-SIM.
    """

    exchange: Exchange
    imsi: Imsi
    checkcode: bytes
    until: float
    kdfs: tuple[int, ...] = ()
    resynchronised: bool = False
    nonce_mt: bytes = b""


@dataclass(frozen=True, slots=True)
class Challenged:
    """A challenge is out. `kdfs` are the AT_KDF values as sent, none in EAP-AKA (RFC 9048 §3.2).

    `seed` is CK|IK of 32 octets, in EAP-AKA' CK'|IK': `keys` follow from it.
    """

    exchange: Exchange
    imsi: Imsi
    rand: bytes
    autn: bytes
    xres: Secret
    keys: Keys
    checkcode: bytes
    kdfs: tuple[int, ...] = ()
    resynchronised: bool = False
    seed: Secret = field(default_factory=Secret)


@dataclass(frozen=True, slots=True)
class SimChallenged:
    """A challenge of EAP-SIM is out: `rands` 16 octets for each triplet, `sres` 4."""

    exchange: Exchange
    imsi: Imsi
    rands: bytes
    sres: Secret
    keys: Keys
    nonce_mt: bytes


@dataclass(frozen=True, slots=True)
class Reauthenticating:
    """An AKA-Reauthentication request is out with NONCE_S of 16 octets; success will give `msk` and `session_id`."""

    exchange: Exchange
    resumable: Resumable
    nonce_s: bytes
    msk: Secret
    session_id: bytes
    checkcode: bytes


@dataclass(frozen=True, slots=True)
class Proven:
    """What a UE that has proved itself shares with the server: MSK of 64 octets, and `keys` for what is said next.

    `counter` is the AT_COUNTER of a fast re-authentication, None after a full one, whose `keys` follow from `seed`:
    CK|IK of 32 octets, in EAP-AKA' CK'|IK', in EAP-SIM MK of 20.
    """

    imsi: Imsi
    keys: Keys
    msk: Secret
    session_id: bytes
    counter: int | None = None
    seed: Secret = field(default_factory=Secret)


@dataclass(frozen=True, slots=True)
class AwaitingProfile:
    """The UE has proved itself; until `until` the HSS is asked what it may have.

    `result_ind` when both sides want protected success, `notified` when the UE has been told of it already.
    """

    exchange: Exchange
    proven: Proven
    until: float
    result_ind: bool = False
    notified: bool = False


@dataclass(frozen=True, slots=True)
class SuccessNotified:
    """AT_NOTIFICATION 32768 is out; whatever answers it is followed by EAP-Success (RFC 4187 §6.2).

    `grant` is None where it was too long to be kept: then the HSS is asked once more.
    """

    exchange: Exchange
    proven: Proven
    grant: Authorized | None


@dataclass(frozen=True, slots=True)
class FailureNotified:
    """An AT_NOTIFICATION of failure is out; whatever answers it is followed by EAP-Failure (RFC 4187 §6.3.3)."""

    exchange: Exchange
    cause: RejectCause
    detail: str
    imsi: Imsi | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """The method has ended; nothing moves it any more."""


AkaState = (
    Chosen
    | AwaitingIdentity
    | AwaitingVector
    | Challenged
    | SimChallenged
    | Reauthenticating
    | AwaitingProfile
    | SuccessNotified
    | FailureNotified
    | Done
)


@dataclass(frozen=True, slots=True)
class Silent:
    """Nothing has been exchanged yet."""


@dataclass(frozen=True, slots=True)
class IdentityRequested:
    """EAP-Request/Identity with `identifier` is out (RFC 3748 §5.1)."""

    identifier: int


@dataclass(frozen=True, slots=True)
class MethodProposed:
    """The first request of a method is out or in the making, so that a Nak may answer it (RFC 3748 §5.3.1).

    `identity` is what EAP-Response/Identity said, `refused` the methods that the peer has declined already.
    """

    identity: bytes
    aka: AkaState
    refused: tuple[EapMethod, ...] = ()


@dataclass(frozen=True, slots=True)
class MethodRunning:
    """The peer has answered within the method, so that it is settled (RFC 3748 §2.1)."""

    aka: AkaState


@dataclass(frozen=True, slots=True)
class Closed:
    """EAP-Success or EAP-Failure has been given."""


EapState = Silent | IdentityRequested | MethodProposed | MethodRunning | Closed


def imsi_of(state: EapState) -> Imsi | None:
    """Whose conversation it is, as far as that is known already."""
    if not isinstance(state, MethodProposed | MethodRunning):
        return None
    match state.aka:
        case AwaitingVector(imsi=imsi) | Challenged(imsi=imsi) | SimChallenged(imsi=imsi) | FailureNotified(imsi=imsi):
            return imsi
        case AwaitingIdentity(known=imsi):
            return imsi
        case AwaitingProfile(proven=proven) | SuccessNotified(proven=proven):
            return proven.imsi
        case Reauthenticating(resumable=resumable):
            return resumable.imsi
        case _:
            return None
