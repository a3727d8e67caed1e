"""What the EAP machines are told, and what they want done (RFC 3748, RFC 4187)."""

from aaa.authorization import Authorized
from aaa.messages import RejectCause
from hss.api import Resynchronisation
from wire.aka.vector import AuthVector
from wire.frozen import dataclass
from wire.identity import EapMethod, IdentityKind, Imsi
from wire.sansio import Tick
from wire.secret import Secret


@dataclass(frozen=True, slots=True)
class EapArrived:
    """The peer's packet, whole; empty for EAP-Start (RFC 3579 §2.1)."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class MethodChosen:
    """The method may send its first request."""


@dataclass(frozen=True, slots=True)
class VectorArrived:
    """The HSS gave `vector`, for EAP-AKA' with CK' and IK', and as many `more` as were asked for."""

    vector: AuthVector
    more: tuple[AuthVector, ...] = ()


@dataclass(frozen=True, slots=True)
class VectorRefused:
    """The HSS gave none."""

    cause: RejectCause
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ProfileArrived:
    """The user is registered and may have what was asked for: `grant`."""

    grant: Authorized


@dataclass(frozen=True, slots=True)
class ProfileRefused:
    """The user is who he says he is, but may not have what was asked for."""

    cause: RejectCause
    detail: str = ""


Event = EapArrived | MethodChosen | VectorArrived | VectorRefused | ProfileArrived | ProfileRefused | Tick


@dataclass(frozen=True, slots=True)
class SendEap:
    """Send this request and wait for its answer."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class FetchVector:
    """Ask the HSS for `count` vectors; answer with VectorArrived or VectorRefused.

    `network_name` is for EAP-AKA' alone; EAP-SIM takes vectors of EAP-AKA.
    """

    imsi: Imsi
    method: EapMethod
    network_name: str | None = None
    resynchronisation: Resynchronisation | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class FetchProfile:
    """Register the user and see what he may have; answer with ProfileArrived or ProfileRefused."""

    imsi: Imsi


@dataclass(frozen=True, slots=True)
class Succeeded:
    """It is over: `eap` is EAP-Success, `msk` 64 octets, `identity` what the keys were derived from.

    `kind` and `imsi_shown` are those of the exchange, `counter` that of a fast re-authentication.
    """

    eap: bytes
    msk: Secret
    session_id: bytes
    imsi: Imsi
    identity: bytes
    method: EapMethod
    grant: Authorized
    kind: IdentityKind = IdentityKind.PERMANENT
    imsi_shown: bool = True
    counter: int | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """It is over: `eap` is EAP-Failure, `detail` one line for the log; `imsi` where it is known."""

    eap: bytes
    cause: RejectCause
    detail: str = ""
    imsi: Imsi | None = None
    method: EapMethod | None = None


@dataclass(frozen=True, slots=True)
class Discard:
    """Answer nothing: the packet is one to discard silently (RFC 3748 §4.1); `reason` is for the log."""

    reason: str


Effect = SendEap | FetchVector | FetchProfile | Succeeded | Failed | Discard
