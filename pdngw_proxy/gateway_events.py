"""What happens to the PDN GW as a whole, and what it wants done (TS 24.303 §5.1, TS 33.402 §9)."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from enum import Enum

from pdngw_proxy.aaa_link.port import RelayAnswer, RelayRequest
from pdngw_proxy.aaa_link.records import EndedBy, SessionRecord
from pdngw_proxy.home_link import AddressWanted, Intercept, LetGo, LinkPacketArrived, ListenFor, SendOnLink
from wire.frozen import dataclass
from wire.ikev2.nat import Endpoint
from wire.ikev2.redirect import GatewayIdentity
from wire.sansio import Failed, Tick


class Channel(Enum):
    """The gateway's two kinds of sockets."""

    IKE = "IKE and ESP in UDP"
    DSMIP = "DSMIPv6"


@dataclass(frozen=True, slots=True)
class DatagramArrived:
    """A datagram from `source` came to our own `destination`."""

    channel: Channel
    octets: bytes
    source: Endpoint
    destination: Endpoint


@dataclass(frozen=True, slots=True)
class HomePacketArrived:
    """The home network's device has an IP packet for a Home Address, or for the home agent."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class TrainArrived:
    """Datagrams of Channel.IKE, which came from `source` to our own `destination` one after the other."""

    datagrams: Sequence[bytes]
    source: Endpoint
    destination: Endpoint


@dataclass(frozen=True, slots=True)
class HomeTrainArrived:
    """The home network's device has packets, as HomePacketArrived says it of one."""

    packets: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class AaaAnswered:
    """The AAA server's answer to the AskAaa of `sa`."""

    sa: bytes
    answer: RelayAnswer


@dataclass(frozen=True, slots=True)
class DrainRequested:
    """Close every session, because the gateway stops; `cause` is one line. With `at_once` no UE is waited for.

    UEs that can be are sent `to` another gateway first, which has `seconds` to leave (RFC 5685 §5).
    """

    cause: str
    at_once: bool = False
    to: GatewayIdentity | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class LiveDrainRequested:
    """Go on, but send UEs `to` another gateway, so many in a second; each has `seconds` to leave. Take no new ones.

    UEs that know no REDIRECT stay.
    """

    to: GatewayIdentity
    per_second: float
    seconds: float


@dataclass(frozen=True, slots=True)
class LiveDrainCancelled:
    """Send nobody away any more, and take new UEs."""


@dataclass(frozen=True, slots=True)
class SessionAborted:
    """The AAA server ends a session, by the name that RelayRequest gave it; `cause` is one line."""

    session: str
    cause: str


@dataclass(frozen=True, slots=True)
class SessionLimited:
    """The AAA server lets a session go on for so many seconds from now, more or less than before."""

    session: str
    seconds: float


@dataclass(frozen=True, slots=True)
class ReauthenticationWanted:
    """The AAA server wants the UE of a session to authenticate anew (RFC 6733 §8.3.1)."""

    session: str


@dataclass(frozen=True, slots=True)
class UsageWanted:
    """Tell what each session has carried that was told last `interval` seconds ago (Interim-Update, RFC 2869 §2.1)."""

    interval: float


GatewayEvent = (
    DatagramArrived | TrainArrived | HomePacketArrived | HomeTrainArrived | AaaAnswered | DrainRequested
    | LiveDrainRequested | LiveDrainCancelled | SessionAborted | SessionLimited | ReauthenticationWanted | UsageWanted
    | AddressWanted | LinkPacketArrived | Tick
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Send:
    """Send a datagram from our own `source`."""

    channel: Channel
    octets: bytes
    source: Endpoint
    to: Endpoint


@dataclass(frozen=True, slots=True)
class DeliverHome:
    """Put an IP packet on the home network's device."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class SendTrain:
    """Send datagrams of Channel.IKE from our own `source`, one after the other."""

    datagrams: Sequence[bytes]
    source: Endpoint
    to: Endpoint


@dataclass(frozen=True, slots=True)
class DeliverTrain:
    """Put IP packets on the home network's device, one after the other."""

    packets: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class AskAaa:
    """Relay one EAP round; answered by AaaAnswered with the same `sa`."""

    sa: bytes
    request: RelayRequest


@dataclass(frozen=True, slots=True)
class EndAaaSession:
    """Tell the AAA server that an accepted session is over; `ended_by` is None where nobody waited for it."""

    session: str
    user_name: str | None
    ended_by: EndedBy | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """Tell the AAA server of a session's begin, usage or end."""

    record: SessionRecord


class Level(Enum):
    """How much an operator wants to know of it."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Report:
    """One line for the log: a short phrase and its details; a refusal's details hold its `cause`.

    `by_stranger`: somebody outside caused it, and could cause any number of them. `clause` is the rule that a message
    on Mobile IPv6 was dropped or refused by, one of few words, which is counted.
    """

    level: Level
    phrase: str
    details: Mapping[str, str] = field(default_factory=dict)
    by_stranger: bool = False
    clause: str = ""


GatewayEffect = (
    Send | SendTrain | DeliverHome | DeliverTrain | AskAaa | EndAaaSession | Account | Report | Failed
    | SendOnLink | ListenFor | Intercept | LetGo
)  # fmt: skip
