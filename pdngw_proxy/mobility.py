"""What happens to the home agent, and what it wants done (RFC 6275 §10, RFC 5555 §4.5)."""

from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from pdngw_proxy.home_agents import KnownAgent
from pdngw_proxy.home_link import AddressFree, AddressTaken
from wire.frozen import dataclass
from wire.mip6.binding_update import BindingFlag
from wire.mip6.revocation import RevocationTrigger
from wire.sansio import Tick

IpAddress = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address outside the tunnel, with the UDP port where there is one, else 0."""

    address: IpAddress
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """One entry of the binding cache (RFC 6275 §9.1); its key is the Home Address.

    `care_of` is what the mobile node says of itself, `endpoint` where its last update came from: they differ behind a
    NAT. `lifetime` in seconds as granted, `expires_at` on the machine's clock. `ipv4_home_address` is bound beside the
    key, or None (RFC 5555 §4.5).
    """

    home_address: IPv6Address
    care_of: IpAddress
    endpoint: Endpoint
    sequence: int
    flags: BindingFlag
    lifetime: int
    expires_at: float
    nat_detected: bool
    ipv4_home_address: IPv4Address | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MobilityArrived:
    """A whole Mobility Header came out of an SA.

    `sa_home_address` is the Home Address that IKE bound to that SA. `source` and `destination` are the packet's, with
    a Home Address option or type 2 routing header put in their place. `outer` is where the datagram came from.
    """

    octets: bytes
    sa_home_address: IPv6Address
    source: IPv6Address
    destination: IPv6Address
    outer: Endpoint


@dataclass(frozen=True, slots=True)
class HomeAddressUsed:
    """A packet came from `care_of` with a Home Address option before something else than ESP (RFC 6275 §9.3.1)."""

    home_address: IPv6Address
    care_of: IPv6Address


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """The SAs of a Home Address are gone; nobody may keep a binding for it."""

    home_address: IPv6Address


@dataclass(frozen=True, slots=True)
class RevokeRequested:
    """The binding of a Home Address is to end, by our decision; `cause` in one line (RFC 5846 §7)."""

    home_address: IPv6Address
    trigger: RevocationTrigger
    cause: str


AgentEvent = MobilityArrived | HomeAddressUsed | SessionEnded | RevokeRequested | AddressFree | AddressTaken | Tick


@dataclass(frozen=True, slots=True)
class LookForDuplicate:
    """See whether somebody on the home link has `home_address`, and with L its link-local one (RFC 6275 §10.3.1).

    Answered by AddressFree, from which on it is defended, or by AddressTaken.
    """

    home_address: IPv6Address
    with_link_local: bool


@dataclass(frozen=True, slots=True)
class LookNoMore:
    """The answer to LookForDuplicate is no longer wanted, nor is the address."""

    home_address: IPv6Address


@dataclass(frozen=True, slots=True, kw_only=True)
class SendMobility:
    """Send a whole Mobility Header from the home agent to `home_address`, inside its SA, to `endpoint`."""

    octets: bytes
    home_address: IPv6Address
    endpoint: Endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class SendPacket:
    """Send a whole IPv6 packet to `home_address` inside its tunnel, to `endpoint`."""

    octets: bytes
    home_address: IPv6Address
    endpoint: Endpoint


@dataclass(frozen=True, slots=True)
class BindingAdded:
    """A mobile node has registered."""

    binding: Binding


@dataclass(frozen=True, slots=True)
class BindingChanged:
    """A mobile node has renewed its binding or moved; with `flags` K the IKE SA moves along (RFC 6275 §10.3.1)."""

    binding: Binding
    before: Binding


@dataclass(frozen=True, slots=True)
class BindingRemoved:
    """A binding is gone: de-registered, expired, revoked, or its session ended; `cause` says which."""

    binding: Binding
    cause: str


class Clause(Enum):
    """Which rule it was that a message was dropped for."""

    NOT_AUTHENTIC = "RFC 6275 §5.1 not authentic"
    FOREIGN_HOME_ADDRESS = "RFC 6275 §5.1 foreign Home Address"
    CHECKSUM = "RFC 6275 §9.2 checksum"
    FORMAT = "RFC 6275 §9.2 format"
    UNKNOWN_TYPE = "RFC 6275 §9.2 unknown type"
    UNKNOWN_BINDING = "RFC 6275 §9.3.1 unknown binding"
    UNEXPECTED_TYPE = "RFC 6275 §9.5 unexpected type"
    NOT_ROUTABLE = "RFC 6275 §9.5.1 Home Address not routable"
    ROUTE_OPTIMISATION = "RFC 6275 §9.5.1 no home registration"
    NONCE_INDICES = "RFC 6275 §9.5.1 Nonce Indices"
    OTHER_HOME_AGENT = "RFC 6275 §10.3.1 other home agent"
    NOT_REVOKED = "RFC 5846 §7 not revoked"


@dataclass(frozen=True, slots=True)
class SendBare:
    """Send a whole IPv6 packet to a Care-of Address itself, without protection (RFC 6275 §9.3.3)."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """An update was answered with a refusal; `cause` in one line for the log."""

    home_address: IPv6Address
    status: int
    cause: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """A message was not used; `cause` in one line for the log."""

    clause: Clause
    cause: str


AgentEffect = (
    SendMobility | SendPacket | SendBare | LookForDuplicate | LookNoMore
    | BindingAdded | BindingChanged | BindingRemoved | Refused | Dropped
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeAgentPolicy:
    """What this home agent grants; times in seconds.

    `ipv4_home_prefix` is where IPv4 Home Addresses come from, None where there are none.
    `prefix_lifetime` is the home prefix's, past which no binding goes (RFC 6275 §10.3.1). `refresh_advice` is when the
    next update is wanted, 0 to leave it to the mobile node (RFC 6275 §6.2.4); one that has not come when `asking_share`
    of the lifetime is left is asked for. `nat_refresh` is told to a mobile node behind a NAT (RFC 5555 §6: 110).
    `force_udp`: the tunnel over IPv4 is always in UDP. `moves_ike`: the gateway moves the IKE SA with the Care-of
    Address, which K promises. `has_link`: others share the home prefix, and a duplicate is looked for before a binding
    is new (RFC 6275 §10.3.1). `advertisement_interval`: mobile nodes are told of their prefix unasked so often at
    least, 0 for never (RFC 6275 §13, MaxMobPfxAdvInterval). `others` are the other home agents of the prefix,
    `preference` is its own among them.
    """

    ha_address: IPv6Address
    home_prefix: IPv6Network
    ipv4_home_prefix: IPv4Network | None = None
    most_lifetime: int = 3600
    most_bindings: int = 65536
    prefix_lifetime: int = 2_592_000
    refresh_advice: int = 0
    asking_share: float = 0.1
    nat_refresh: int = 110
    force_udp: bool = True
    moves_ike: bool = True
    has_link: bool = False
    advertisement_interval: int = 86_400
    preference: int = 0
    others: tuple[KnownAgent, ...] = ()
