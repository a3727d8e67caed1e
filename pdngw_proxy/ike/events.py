"""What happens to an IKEv2 responder, and what it asks for (RFC 7296)."""

from enum import Enum
from ipaddress import IPv4Address, IPv6Address

from pdngw_proxy.aaa_link.port import RelayAnswer
from wire.frozen import dataclass
from wire.ikev2.algorithms import IkeSuite
from wire.ikev2.child import ChildSa
from wire.ikev2.keys import IkeKeys
from wire.ikev2.nat import Endpoint
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.redirect import GatewayIdentity
from wire.sansio import Tick

__all__ = [
    "AaaAnswered",
    "AddressLeased",
    "AddressRefused",
    "AskAaa",
    "ChildInstalled",
    "ChildRemoved",
    "ChildRetired",
    "CloseRequested",
    "Closed",
    "DatagramArrived",
    "Discarded",
    "Established",
    "IkeKeysReady",
    "Ipv4Wish",
    "LeaseAddress",
    "PathSeen",
    "PeerMoved",
    "RedirectRequested",
    "Refused",
    "RekeyRequested",
    "ResponderEffect",
    "ResponderEvent",
    "TellRequested",
    "Tick",
    "TimeLimited",
    "Transmit",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class DatagramArrived:
    """One datagram that is no ESP, with or without the non-ESP marker, from a UE at one of our own endpoints."""

    octets: bytes
    source: Endpoint
    destination: Endpoint


@dataclass(frozen=True, slots=True)
class AaaAnswered:
    """The answer to the last AskAaa."""

    answer: RelayAnswer


@dataclass(frozen=True, slots=True)
class AddressLeased:
    """The Home Address for the last LeaseAddress, and an IPv4 one beside it; they stay leased until Closed."""

    home_address: IPv6Address
    prefix_length: int
    ipv4_home_address: IPv4Address | None = None


@dataclass(frozen=True, slots=True)
class AddressRefused:
    """There is no Home Address for the last LeaseAddress."""

    cause: str


@dataclass(frozen=True, slots=True)
class CloseRequested:
    """Delete the IKE SA and all that came of it; `silent` when the UE is known to have forgotten it."""

    cause: str
    silent: bool = False


@dataclass(frozen=True, slots=True)
class RekeyRequested:
    """Replace the Child SA with the inbound SPI `spi_in`, or the IKE SA where that is None (RFC 7296 §2.8)."""

    spi_in: int | None = None


@dataclass(frozen=True, slots=True)
class TimeLimited:
    """The UE has to authenticate anew within so many seconds from now, else it is closed for `cause` (RFC 4478)."""

    seconds: float
    cause: str


@dataclass(frozen=True, slots=True)
class TellRequested:
    """Say `notify` to a UE that is connected (RFC 7296 §1.4)."""

    notify: Notify


@dataclass(frozen=True, slots=True)
class RedirectRequested:
    """Send the UE to the gateway `to` (RFC 5685 §5), and close it after `seconds`; at once where it knows no REDIRECT.

    `cause` is one line.
    """

    to: GatewayIdentity
    seconds: float
    cause: str


@dataclass(frozen=True, slots=True)
class PathSeen:
    """A Binding Update with K or authentic ESP shows the UE at `peer`, which `local` reaches; a port 0 stays as it is.

    (RFC 4877 §7.4, RFC 7296 §2.23)
    """

    peer: Endpoint
    local: Endpoint


ResponderEvent = (
    DatagramArrived | AaaAnswered | AddressLeased | AddressRefused | CloseRequested | RekeyRequested | TimeLimited
    | TellRequested | RedirectRequested | PathSeen | Tick
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Transmit:
    """Send the datagram `octets`, non-ESP marker included where the UE uses one, from `source` to `to`.

    `more` are the other fragments of a message, until IkeResponder gives each out by itself.
    """

    octets: bytes
    source: Endpoint
    to: Endpoint
    more: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class AskAaa:
    """Relay one EAP round; answered by AaaAnswered. `eap` is at first the EAP-Response/Identity made from IDi.

    `apn` is IDr unless that is the gateway's own name; `state` what the last challenge gave; `care_of` the UE's place.
    """

    eap: bytes
    identity: str
    apn: str | None
    state: bytes | None
    care_of: Endpoint


class Ipv4Wish(Enum):
    """Whether the UE wants an IPv4 address too (RFC 7296 §3.15.1)."""

    NONE = "none"
    BESIDE = "beside the IPv6 one"
    ALONE = "alone"


@dataclass(frozen=True, slots=True)
class LeaseAddress:
    """Answered by AddressLeased or AddressRefused; `wanted` is the UE's wish, `static` the subscription's order.

    `initial_contact`: this is the UE's only IKE SA, so that any other one of the subscriber is dead (RFC 7296 §2.4).
    """

    wanted: IPv6Address | None
    static: IPv6Address | None
    initial_contact: bool = False
    ipv4: Ipv4Wish = Ipv4Wish.NONE


@dataclass(frozen=True, slots=True)
class ChildInstalled:
    """A Child SA is ready in both directions; nothing may pass it but for `home_address`."""

    child: ChildSa
    home_address: IPv6Address


@dataclass(frozen=True, slots=True)
class ChildRetired:
    """Nothing may be sent any more through the Child SA whose inbound SPI is `spi_in`; it is being deleted."""

    spi_in: int


@dataclass(frozen=True, slots=True)
class ChildRemoved:
    """The Child SA whose inbound SPI is `spi_in` is gone."""

    spi_in: int


@dataclass(frozen=True, slots=True)
class IkeKeysReady:
    """The IKE SA has keys, also after a rekeying; only a capture that was asked for may write them down."""

    spi_i: bytes
    spi_r: bytes
    suite: IkeSuite
    keys: IkeKeys


@dataclass(frozen=True, slots=True)
class Established:
    """Both ends are authenticated; `user_name` is what the AAA server calls the user, else `identity`.

    `until` is when the time is over in which the UE has to authenticate anew, None where there is no end to it.
    """

    suite: str
    identity: str
    user_name: str
    apn: str | None
    home_address: IPv6Address
    peer: Endpoint
    until: float | None = None


@dataclass(frozen=True, slots=True)
class PeerMoved:
    """The UE is at a new place, as an authenticated message shows; ESP goes there, from `local` (RFC 7296 §2.23)."""

    peer: Endpoint
    local: Endpoint


@dataclass(frozen=True, slots=True)
class Refused:
    """A UE got an error instead of what it asked for; the IKE SA may live on. `cause` is one line for the log."""

    cause: str


@dataclass(frozen=True, slots=True)
class Discarded:
    """A datagram was answered with silence."""

    cause: str
    source: Endpoint


@dataclass(frozen=True, slots=True)
class Closed:
    """The session is over: lease, Child SAs and AAA session go with it. Came once at most."""

    cause: str


ResponderEffect = (
    Transmit | AskAaa | LeaseAddress | ChildInstalled | ChildRetired | ChildRemoved | IkeKeysReady | Established
    | PeerMoved | Refused | Discarded | Closed
)  # fmt: skip
