"""What happens to a mobile node, and what it wants done (RFC 6275 §11, RFC 5555 §4.4)."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv6Address

from wire.mip6.binding_error import BindingError
from wire.mip6.binding_update import BindingUpdate
from wire.mip6.revocation import RevocationAck
from wire.sansio import Tick

CareOf = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True, kw_only=True)
class TunnelUp:
    """IKE has assigned `home_address` and the SAs bound to it stand; `care_of` is where the UE is."""

    home_address: IPv6Address
    ha_address: IPv6Address
    care_of: CareOf


@dataclass(frozen=True, slots=True)
class TunnelLost:
    """The IKE SA, and with it the protection of every message, is gone; `cause` in one line."""

    cause: str


@dataclass(frozen=True, slots=True)
class CareOfChanged:
    """The UE has moved."""

    care_of: CareOf


@dataclass(frozen=True, slots=True)
class MobilityArrived:
    """A whole Mobility Header came out of the SA, from the home agent to the Home Address."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class ErrorArrived:
    """A Binding Error came from `source` to the Care-of Address itself, where nothing protects it (RFC 6275 §9.3.3)."""

    source: IPv6Address
    error: BindingError


@dataclass(frozen=True, slots=True)
class ProblemArrived:
    """An ICMPv6 Parameter Problem about a Mobility Header of ours; `pointer` counts octets into its packet."""

    code: int
    pointer: int


@dataclass(frozen=True, slots=True)
class PrefixLearned:
    """The Home Address's prefix is valid until then, on the machine's clock; None for ever (RFC 6275 §11.4.3)."""

    valid_until: float | None


@dataclass(frozen=True, slots=True)
class LeaveRequested:
    """The user wants no binding any more."""


NodeEvent = (
    TunnelUp
    | TunnelLost
    | CareOfChanged
    | MobilityArrived
    | ErrorArrived
    | ProblemArrived
    | PrefixLearned
    | LeaveRequested
    | Tick
)


@dataclass(frozen=True, slots=True)
class SendMobility:
    """Send a whole Mobility Header from Home Address to home agent, inside the SA; `message` is what it says."""

    octets: bytes
    message: BindingUpdate | RevocationAck


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """The home agent holds a binding, new or renewed; times are on the machine's clock, in seconds.

    `lifetime` was granted from the sending of the update on. `nat_detected` is None where the home agent did not say.
    `ipv4_home_address` is bound beside the other, with the length of its network's prefix, or None. `moves_ike`: the
    IKE SA follows the Care-of Address (RFC 6275 §11.7.3). `prefix_ends`: the home prefix may not live as long as the
    binding, and is to be asked for (status 1).
    """

    care_of: CareOf
    sequence: int
    lifetime: float
    expires_at: float
    refresh_at: float
    nat_detected: bool | None
    ipv4_home_address: IPv4Interface | None
    moves_ike: bool
    prefix_ends: bool = False


@dataclass(frozen=True, slots=True)
class BindingLost:
    """There is no binding, and none is asked for any more; `cause` in one line."""

    cause: str


@dataclass(frozen=True, slots=True)
class Left:
    """The binding was given up; not `confirmed` when the home agent did not answer."""

    confirmed: bool


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Three updates from an IPv6 Care-of Address had no answer; they go on (RFC 5555 §4.4.1)."""

    care_of: IPv6Address


@dataclass(frozen=True, slots=True)
class Dropped:
    """A message that was not used; `cause` in one line for the log."""

    cause: str


NodeEffect = SendMobility | Bound | BindingLost | Left | Unanswered | Dropped


@dataclass(frozen=True, slots=True, kw_only=True)
class MobilityPolicy:
    """What this UE asks for; times in seconds.

    `ipv4_home_address` 0.0.0.0 asks for any, None for none. `force_udp` is the F flag (RFC 5555 §3.1.3).
    """

    lifetime: int = 3600
    give_up_after: float = 60.0
    leave_within: float = 6.0
    force_udp: bool = False
    ipv4_home_address: IPv4Address | None = None
