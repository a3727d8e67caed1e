"""What happens to a UE as a whole, what it wants done, and its states (TS 24.303 §5.1, TR 33.922 §7.3.5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from ipaddress import IPv4Interface, IPv6Address

from ue_sim.discovery import Discovered
from ue_sim.ike.events import GatewayAnswered, IkeKeysReady, PathChanged, ProbeRequested, RekeyRequested
from ue_sim.mobility import Unanswered
from ue_sim.pinger import EchoMissed, EchoTimed, PingFinished, PingRequested
from wire.ikev2.child import ChildSa
from wire.ikev2.nat import Endpoint
from wire.ikev2.redirect import GatewayIdentity
from wire.sansio import Failed, Tick, Transitions


class Channel(Enum):
    """The UE's sockets."""

    DNS = "DNS"
    IKE = "IKE and ESP in UDP"
    DSMIP = "DSMIPv6"


class Step(Enum):
    """The eight steps of TR 33.922 §7.3.5 figure 7, by number."""

    DISCOVERY = 1
    IKE_SA_INIT = 2
    EAP = 3
    HOME_ADDRESS = 4
    IPSEC_SA = 5
    BINDING_UPDATE = 6
    BINDING_ACK = 7
    TUNNEL = 8


STEP_NAMES: Mapping[Step, str] = {
    Step.DISCOVERY: "PDN GW discovered",
    Step.IKE_SA_INIT: "IKE_SA_INIT",
    Step.EAP: "IKE_AUTH with EAP-AKA",
    Step.HOME_ADDRESS: "Home Address in CFG_REPLY",
    Step.IPSEC_SA: "IPsec SA bound to the Home Address",
    Step.BINDING_UPDATE: "Binding Update",
    Step.BINDING_ACK: "Binding Acknowledgement",
    Step.TUNNEL: "DS-MIPv6 tunnel",
}


@dataclass(frozen=True, slots=True)
class AttachRequested:
    """Find the PDN GW and attach; `at` is the wall clock, with a time zone, for the gateway's certificate."""

    at: datetime


@dataclass(frozen=True, slots=True)
class DatagramArrived:
    """A datagram came to one of the UE's sockets."""

    channel: Channel
    octets: bytes


@dataclass(frozen=True, slots=True)
class PacketToSend:
    """An application of this machine has put an IPv6 packet on the TUN device."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class TrainArrived:
    """Datagrams of Channel.IKE that came from the gateway one after the other."""

    datagrams: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class PacketsToSend:
    """Applications of this machine have put packets on the TUN device one after the other."""

    packets: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class DetachRequested:
    """Give up the binding and the security associations; `cause` for the gateway's log and ours."""

    cause: str = "detached"


@dataclass(frozen=True, slots=True)
class IkeRequested:
    """Do something with the IKE SA of a UE that is attached: rekey, ask for a sign of life, move."""

    wish: RekeyRequested | ProbeRequested | PathChanged


@dataclass(frozen=True, slots=True)
class ReauthenticationRequested:
    """Prove anew who the UE is, by an IKE SA in the place of the one that there is (RFC 7296 §2.8.3).

    With `make_before_break` the old one stands until the new one does; None is as the UE's settings say.
    """

    make_before_break: bool | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """The UE is in another network: its own socket for IKE and ESP in UDP is `local` from now on."""

    local: Endpoint


UeEvent = (
    AttachRequested
    | DatagramArrived
    | PacketToSend
    | PingRequested
    | IkeRequested
    | ReauthenticationRequested
    | Moved
    | DetachRequested
    | Tick
)

TrainedEvent = UeEvent | TrainArrived | PacketsToSend
"""What ue_sim.trains takes for a UE."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send a datagram from the socket of `channel`."""

    channel: Channel
    octets: bytes
    to: Endpoint


@dataclass(frozen=True, slots=True)
class DeliverPacket:
    """Put an IPv6 packet for the Home Address on the TUN device."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class SendTrain:
    """Send datagrams from the socket of Channel.IKE, one after the other."""

    datagrams: tuple[bytes, ...]
    to: Endpoint


def one_by_one(effect: Send | SendTrain) -> tuple[Send, ...]:
    """Every datagram by itself."""
    return (
        (effect,) if isinstance(effect, Send) else tuple(Send(Channel.IKE, one, effect.to) for one in effect.datagrams)
    )


@dataclass(frozen=True, slots=True)
class DeliverTrain:
    """Put packets for the Home Address on the TUN device, one after the other."""

    packets: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class StepTaken:
    """One of the eight steps held; `evidence` says by what, as names and values for an operator, never a key."""

    step: Step
    evidence: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Attached:
    """The binding stands and the tunnel may be used; `prefix_length` is that of the home network.

    `ipv4_home_address` comes with the length of its own network's prefix, or there is none.
    """

    home_address: IPv6Address
    ha_address: IPv6Address
    prefix_length: int = 128
    ipv4_home_address: IPv4Interface | None = None


@dataclass(frozen=True, slots=True)
class NotReauthenticated:
    """The UE goes on with the IKE SA that it has; `cause` is one line. Where it did, Attached comes once more."""

    cause: str


@dataclass(frozen=True, slots=True)
class AttachFailed:
    """The UE gave up at `step`; `cause` is one line."""

    step: Step
    cause: str


@dataclass(frozen=True, slots=True)
class Detached:
    """Everything is given up; `cause` says why. It also follows every AttachFailed."""

    cause: str


@dataclass(frozen=True, slots=True)
class EspKeysReady:
    """A Child SA is in use between `local` and `gateway`; only a capture that was asked for may write its keys down."""

    child: ChildSa
    home_address: IPv6Address


@dataclass(frozen=True, slots=True)
class Note:
    """Something was dropped or refused, for the log at debug level."""

    cause: str


UeEffect = (
    Send
    | SendTrain
    | DeliverPacket
    | DeliverTrain
    | StepTaken
    | Attached
    | NotReauthenticated
    | AttachFailed
    | Detached
    | GatewayAnswered
    | EchoTimed
    | EchoMissed
    | PingFinished
    | IkeKeysReady
    | EspKeysReady
    | Unanswered
    | Note
    | Failed
)


@dataclass(frozen=True, slots=True)
class Off:
    """Not attached, and not on the way."""


@dataclass(frozen=True, slots=True)
class Discovering:
    """DNS is asked for the PDN GW (step 1)."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Connecting:
    """IKEv2 is on its way (steps 2 to 5), since the wall clock said `at`; `reached` is the last step that held."""

    gateway: Discovered
    at: datetime
    reached: Step = Step.DISCOVERY
    home_address: IPv6Address | None = None


@dataclass(frozen=True, slots=True)
class Registering:
    """The Binding Update is out (steps 6 and 7)."""

    gateway: Discovered
    home_address: IPv6Address
    reached: Step


@dataclass(frozen=True, slots=True)
class OnTheNetwork:
    """Attached (step 8)."""

    gateway: Discovered
    home_address: IPv6Address


@dataclass(frozen=True, slots=True)
class Renewing:
    """The IKE SA is being deleted for `cause`, and the next one begun at `gateway` as soon as it is.

    `redirected_from` is the one that sent the UE there.
    """

    cause: str
    gateway: Discovered
    redirected_from: GatewayIdentity | None = None


@dataclass(frozen=True, slots=True)
class Leaving:
    """The binding is being given up, then the IKE SA; `cause` says why."""

    cause: str


UeState = Off | Discovering | Connecting | Registering | OnTheNetwork | Renewing | Leaving

TRANSITIONS: Transitions = {
    (Off, AttachRequested): frozenset({Discovering, Connecting, Off}),
    (Discovering, DatagramArrived): frozenset({Discovering, Connecting, Off}),
    (Discovering, Tick): frozenset({Discovering, Off}),
    (Discovering, DetachRequested): frozenset({Off}),
    (Connecting, DatagramArrived): frozenset({Connecting, Registering, OnTheNetwork, Leaving, Off}),
    (Connecting, Tick): frozenset({Connecting, Off}),
    (Connecting, DetachRequested): frozenset({Leaving, Off}),
    (Registering, DatagramArrived): frozenset({Registering, OnTheNetwork, Leaving, Off}),
    (Registering, Tick): frozenset({Registering, Leaving, Off}),
    (Registering, DetachRequested): frozenset({Leaving}),
    (OnTheNetwork, DatagramArrived): frozenset({OnTheNetwork, Registering, Renewing, Leaving, Off}),
    (OnTheNetwork, PacketToSend): frozenset({OnTheNetwork, Leaving}),
    (OnTheNetwork, PingRequested): frozenset({OnTheNetwork, Leaving}),
    (OnTheNetwork, IkeRequested): frozenset({OnTheNetwork}),
    (OnTheNetwork, Moved): frozenset({OnTheNetwork, Leaving}),
    (OnTheNetwork, Tick): frozenset({OnTheNetwork, Renewing, Leaving, Off}),
    (OnTheNetwork, ReauthenticationRequested): frozenset({OnTheNetwork, Renewing}),
    (OnTheNetwork, DetachRequested): frozenset({Leaving, Off}),
    (Renewing, DatagramArrived): frozenset({Renewing, Connecting, Off}),
    (Renewing, Tick): frozenset({Renewing, Connecting, Off}),
    (Renewing, DetachRequested): frozenset({Leaving}),
    (Leaving, DatagramArrived): frozenset({Leaving, Off}),
    (Leaving, Tick): frozenset({Leaving, Off}),
}
