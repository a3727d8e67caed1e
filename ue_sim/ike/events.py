"""What happens to the IKEv2 initiator, and what it asks for (RFC 7296)."""

from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv6Address

from wire.ikev2.algorithms import IkeSuite
from wire.ikev2.child import ChildSa, Mode
from wire.ikev2.exchanges import Transmit
from wire.ikev2.keys import IkeKeys
from wire.ikev2.nat import Endpoint, NatStatus
from wire.ikev2.redirect import GatewayIdentity
from wire.ikev2.selectors import TrafficSelector
from wire.sansio import Tick
from wire.secret import Secret

__all__ = [
    "EVERY_CHILD",
    "AddressAssigned", "ChildInstalled", "ChildRefused", "ChildRemoved", "ChildRequested", "ChildRetired",
    "CloseRequested", "Closed", "Connect", "DatagramArrived", "EapReply", "EapRequested", "Established", "Floated",
    "GatewayAnswered", "IkeKeysReady", "InitiatorEffect", "InitiatorEvent", "KeysDerived", "LifetimeTold",
    "MoveConfirmed", "PathChanged", "ProbeRequested", "Redirected", "RekeyRequested", "Remarked", "SentElsewhere",
    "Tick", "Transmit",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Connect:
    """Begin, from `local` to the PDN GW at `gateway`; `at` is the wall clock, with a time zone, for certificates.

    `redirected_from` is the PDN GW that sent us to this one (RFC 5685 §3).
    """

    local: Endpoint
    gateway: Endpoint
    at: datetime
    redirected_from: GatewayIdentity | None = None


@dataclass(frozen=True, slots=True)
class DatagramArrived:
    """One datagram from the gateway that is no ESP, with or without the non-ESP marker."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class EapReply:
    """What the EAP method answers to the last EapRequested: one whole EAP packet."""

    packet: bytes


@dataclass(frozen=True, slots=True)
class KeysDerived:
    """The EAP method has its MSK of 64 octets; before or after its success was reported."""

    msk: Secret


@dataclass(frozen=True, slots=True)
class ChildRequested:
    """A further Child SA is wanted, `local` the selectors of this end; answered by ChildInstalled or ChildRefused."""

    mode: Mode
    local: tuple[TrafficSelector, ...]
    remote: tuple[TrafficSelector, ...]


@dataclass(frozen=True, slots=True)
class CloseRequested:
    """Delete the IKE SA and all that came of it."""

    cause: str = "closed by the UE"


EVERY_CHILD = 0
"""No Child SA has this SPI (RFC 4303 §2.1)."""


@dataclass(frozen=True, slots=True)
class RekeyRequested:
    """Replace the Child SA with the inbound SPI `spi_in`, or EVERY_CHILD; the IKE SA where it is None."""

    spi_in: int | None = None


@dataclass(frozen=True, slots=True)
class PathChanged:
    """The UE is at `local` now, the gateway at `gateway` or where it was; both ends follow (RFC 4555 §3.5).

    Where the gateway has no MOBIKE it is asked for a sign of life from there, by which it may see us (RFC 7296 §2.23).
    """

    local: Endpoint
    gateway: Endpoint | None = None


@dataclass(frozen=True, slots=True)
class ProbeRequested:
    """See whether the gateway is there (RFC 7296 §2.4)."""


InitiatorEvent = (
    Connect | DatagramArrived | EapReply | KeysDerived | ChildRequested | RekeyRequested | ProbeRequested
    | PathChanged | CloseRequested | Tick
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class EapRequested:
    """Give the EAP packet to the method; a request wants an EapReply, success and failure want none."""

    packet: bytes


@dataclass(frozen=True, slots=True)
class AddressAssigned:
    """The Home Address that the gateway gave (RFC 5026 §5.3.1), with the length of its prefix."""

    home_address: IPv6Address
    prefix_length: int


@dataclass(frozen=True, slots=True)
class ChildInstalled:
    """A Child SA is ready in both directions."""

    child: ChildSa


@dataclass(frozen=True, slots=True)
class ChildRetired:
    """Nothing may be sent any more through the Child SA whose inbound SPI is `spi_in`; it is being deleted."""

    spi_in: int


@dataclass(frozen=True, slots=True)
class ChildRemoved:
    """The Child SA whose inbound SPI is `spi_in` is gone."""

    spi_in: int


@dataclass(frozen=True, slots=True)
class ChildRefused:
    """The gateway makes no Child SA for the last ChildRequested."""

    cause: str


@dataclass(frozen=True, slots=True)
class MoveConfirmed:
    """The gateway has followed the UE to `local`, where it is `behind_nat` or not."""

    local: Endpoint
    behind_nat: bool = False


@dataclass(frozen=True, slots=True)
class Floated:
    """From now on everything goes to `gateway`, behind the non-ESP marker (RFC 7296 §2.23)."""

    gateway: Endpoint


@dataclass(frozen=True, slots=True)
class GatewayAnswered:
    """The gateway is there: it has answered what was asked of an IKE SA that is up, be it only a sign of life."""


@dataclass(frozen=True, slots=True)
class LifetimeTold:
    """The gateway wants the UE to authenticate anew within so many seconds from now (RFC 4478 §3)."""

    seconds: int


@dataclass(frozen=True, slots=True)
class SentElsewhere:
    """The gateway wants the UE to leave for another one; the IKE SA stands until it does (RFC 5685 §5)."""

    gateway: GatewayIdentity


@dataclass(frozen=True, slots=True)
class Remarked:
    """Something that an operator may want to know and that changes nothing; `cause` is one line."""

    cause: str


@dataclass(frozen=True, slots=True)
class IkeKeysReady:
    """The IKE SA has keys, also after a rekeying; only a capture that was asked for may write them down."""

    spi_i: bytes
    spi_r: bytes
    suite: IkeSuite
    keys: IkeKeys


@dataclass(frozen=True, slots=True)
class Established:
    """Both ends are authenticated; `suite` names the IKE SA's algorithms for an operator."""

    suite: str
    identity: str
    gateway: str
    nat: NatStatus


@dataclass(frozen=True, slots=True)
class Redirected:
    """It is over, and the gateway sends us to another one (RFC 5685); Closed does not follow."""

    gateway: GatewayIdentity


@dataclass(frozen=True, slots=True)
class Closed:
    """It is over; `cause` is one line, and names what was waited for where a limit passed."""

    cause: str


InitiatorEffect = (
    Transmit | EapRequested | AddressAssigned | ChildInstalled | ChildRetired | ChildRemoved | ChildRefused
    | MoveConfirmed | Floated | GatewayAnswered | LifetimeTold | SentElsewhere | Remarked | IkeKeysReady | Established
    | Redirected | Closed
)  # fmt: skip
