"""States, events and effects of the peer state machine, named as RFC 6733 §5.6 names them.

A connection is known to the machine by the side that opened it: we are its initiator or its responder.
"""

from enum import Enum

from wire.diameter.capabilities import Capabilities, IpAddress
from wire.diameter.enumerations import DisconnectCause
from wire.diameter.message import Message
from wire.diameter.peering import PeerCommand
from wire.frozen import dataclass
from wire.sansio import Tick


class Side(Enum):
    """The prefixes I- and R- of RFC 6733 §5.6."""

    # members are compared by identity; Enum's own hash is a Python function, and connections are kept by side
    __hash__ = object.__hash__

    INITIATOR = "I"
    RESPONDER = "R"


# --- states -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Closed:
    """No connection; `retry_at` is when we try again, None when we do not."""

    retry_at: float | None = None


@dataclass(frozen=True, slots=True)
class WaitConnAck:
    """Our connection is being made."""

    until: float


@dataclass(frozen=True, slots=True)
class WaitICea:
    """Our CER is out."""

    until: float


@dataclass(frozen=True, slots=True)
class Incoming:
    """The peer's own CER, good and not answered yet, with the address at which it reached us."""

    cer: Message
    capabilities: Capabilities
    address: IpAddress


@dataclass(frozen=True, slots=True)
class WaitConnAckElect:
    """Our connection is being made, and the peer's CER waits for the election."""

    until: float
    incoming: Incoming


@dataclass(frozen=True, slots=True)
class WaitReturns:
    """We lost the election: our CER is out, the peer's connection will be closed by the CEA to ours."""

    until: float
    incoming: Incoming


@dataclass(frozen=True, slots=True)
class ROpen:
    """Open over the connection that the peer made."""

    capabilities: Capabilities


@dataclass(frozen=True, slots=True)
class IOpen:
    """Open over the connection that we made."""

    capabilities: Capabilities


@dataclass(frozen=True, slots=True)
class Closing:
    """A DPR was sent or received; `retry_after` seconds after the end we connect again, None as after any loss."""

    side: Side
    until: float
    retry_after: float | None = None


State = Closed | WaitConnAck | WaitICea | WaitConnAckElect | WaitReturns | ROpen | IOpen | Closing

# --- events -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Started:
    """Start: a connection is wanted."""


@dataclass(frozen=True, slots=True)
class ConnectionMade:
    """I-Rcv-Conn-Ack; `address` is our end of it."""

    address: IpAddress


@dataclass(frozen=True, slots=True)
class ConnectionRefused:
    """I-Rcv-Conn-Nack."""

    cause: str


@dataclass(frozen=True, slots=True)
class CerArrived:
    """R-Conn-CER: a connection that the peer made, with its CER; `connection` is the shell's name for it."""

    connection: int
    cer: Message
    address: IpAddress


@dataclass(frozen=True, slots=True)
class CeaArrived:
    """Rcv-CEA."""

    side: Side
    message: Message


@dataclass(frozen=True, slots=True)
class DwrArrived:
    """Rcv-DWR."""

    side: Side
    message: Message


@dataclass(frozen=True, slots=True)
class DwaArrived:
    """Rcv-DWA."""

    side: Side
    message: Message


@dataclass(frozen=True, slots=True)
class DprArrived:
    """Rcv-DPR."""

    side: Side
    message: Message


@dataclass(frozen=True, slots=True)
class DpaArrived:
    """Rcv-DPA."""

    side: Side
    message: Message


@dataclass(frozen=True, slots=True)
class MessageArrived:
    """Rcv-Message: anything else."""

    side: Side
    message: Message


@dataclass(frozen=True, slots=True)
class ConnectionLost:
    """Peer-Disc."""

    side: Side
    cause: str


@dataclass(frozen=True, slots=True)
class StopRequested:
    """Stop."""

    cause: DisconnectCause = DisconnectCause.REBOOTING


@dataclass(frozen=True, slots=True)
class Needed:
    """No other peer is there for what this one is asked: its connection is used, if there is one."""


Event = (
    Started
    | ConnectionMade
    | ConnectionRefused
    | CerArrived
    | CeaArrived
    | DwrArrived
    | DwaArrived
    | DprArrived
    | DpaArrived
    | MessageArrived
    | ConnectionLost
    | StopRequested
    | Needed
    | Tick
)

_REQUESTS: dict[int, type[DwrArrived | DprArrived]] = {
    PeerCommand.DEVICE_WATCHDOG: DwrArrived,
    PeerCommand.DISCONNECT_PEER: DprArrived,
}
_ANSWERS: dict[int, type[CeaArrived | DwaArrived | DpaArrived]] = {
    PeerCommand.CAPABILITIES_EXCHANGE: CeaArrived,
    PeerCommand.DEVICE_WATCHDOG: DwaArrived,
    PeerCommand.DISCONNECT_PEER: DpaArrived,
}


def arrived(side: Side, message: Message) -> Event:
    """The event that `message` is, on a connection whose CER is behind it."""
    kind = (_REQUESTS if message.is_request else _ANSWERS).get(message.command)
    return MessageArrived(side, message) if kind is None or message.application else kind(side, message)


# --- effects ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Connect:
    """I-Snd-Conn-Req; answer with ConnectionMade or ConnectionRefused."""


@dataclass(frozen=True, slots=True)
class Accept:
    """R-Accept: this connection is the responder's from now on."""

    connection: int


@dataclass(frozen=True, slots=True)
class Reject:
    """R-Reject: close that connection, and no other; after the `answer` to its CER, where there is one."""

    connection: int
    cause: str
    answer: Message | None = None


@dataclass(frozen=True, slots=True)
class Send:
    """Send `message` as it is."""

    side: Side
    message: Message


@dataclass(frozen=True, slots=True)
class Disconnect:
    """I-Disc or R-Disc; no ConnectionLost is wanted for it."""

    side: Side
    cause: str


@dataclass(frozen=True, slots=True)
class Opened:
    """The peer may be talked to over this side."""

    side: Side
    capabilities: Capabilities


@dataclass(frozen=True, slots=True)
class Deliver:
    """Process: a request to serve, or an answer to one of ours."""

    side: Side
    message: Message


@dataclass(frozen=True, slots=True)
class Suspended:
    """Failover (RFC 3539 §3.4): send nothing new; what waits may be sent elsewhere."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """Failback."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The peer was open, or being opened, and is not any more; `orderly` when one of the two wanted that."""

    cause: str
    orderly: bool = False


Effect = Connect | Accept | Reject | Send | Disconnect | Opened | Deliver | Suspended | Resumed | Ended
