"""States of an IKEv2 responder, and the table of where each event leads (RFC 7296 §1.2, §2.16)."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from typing import ClassVar

from pdngw_proxy.aaa_link.port import RelayAccept
from pdngw_proxy.ike.credentials import Credential
from pdngw_proxy.ike.events import (
    AaaAnswered,
    AddressLeased,
    AddressRefused,
    CloseRequested,
    DatagramArrived,
    RedirectRequested,
    Tick,
    TimeLimited,
)
from wire.frozen import dataclass
from wire.ikev2.algorithms import IkeSuite
from wire.ikev2.constants import NotifyType
from wire.ikev2.exchanges import Exchanges, Request
from wire.ikev2.keys import IkeKeys
from wire.ikev2.message import Message
from wire.ikev2.nat import Endpoint
from wire.ikev2.payloads.identification import IdInitiator, IdResponder
from wire.ikev2.upkeep.sa import Upkeep
from wire.ikev2.upkeep.states import IkeSa
from wire.sansio import Transitions


@dataclass(slots=True)
class Path:
    """Where the last genuine message of the UE came from and to, and whether it had the non-ESP marker."""

    peer: Endpoint
    local: Endpoint
    marked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sa:
    """An IKE SA with keys; `hashes` is what the UE verifies signatures with (RFC 7427 §4).

    With `mobike` both ends can do so (RFC 4555 §3.1).
    """

    exchanges: Exchanges
    began: float
    suite: IkeSuite
    keys: IkeKeys
    ni: bytes
    nr: bytes
    init_request: bytes
    init_reply: bytes
    hashes: frozenset[int] | None
    path: Path
    mobike: bool = False

    @property
    def can_be_redirected(self) -> bool:
        """Whether IKE_SA_INIT said so (RFC 5685 §3)."""
        opening = Message.parse(self.init_request)
        return any(opening.notify(kind) for kind in (NotifyType.REDIRECT_SUPPORTED, NotifyType.REDIRECTED_FROM))

    def renewed(self, fresh: IkeSa) -> "Sa":
        """The same after a rekeying."""
        return replace(self, exchanges=fresh.exchanges, suite=fresh.suite, keys=fresh.keys)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What the first IKE_AUTH says: who the UE is, which APN it wants, and the rest of it in `message`.

    The gateway proves itself by `credential`; `eap_only`: the gateway proves itself by the MSK alone (RFC 5998).
    """

    identity: str
    idi: IdInitiator
    idr: IdResponder
    apn: str | None
    message: Message
    credential: Credential
    eap_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """An authenticated user with a Home Address; `until` is when its time is up, and `over` why it ends then.

    `ipv4_home_address` is what CFG_REPLY gave beside it, if it did.
    """

    identity: str
    home_address: IPv6Address
    until: float | None
    over: str = "the time that it was granted is over"
    ipv4_home_address: IPv4Address | None = None


@dataclass(frozen=True, slots=True)
class Fresh:
    """Nothing came yet."""

    waiting_for: ClassVar[str] = "IKE_SA_INIT"


@dataclass(frozen=True, slots=True)
class AwaitingIdentity:
    """IKE_SA_INIT is answered."""

    sa: Sa
    waiting_for: ClassVar[str] = "the UE's first IKE_AUTH"


@dataclass(frozen=True, slots=True)
class AwaitingAaa:
    """The AAA server has an EAP message to answer; `first` in the round that begins with IDi."""

    sa: Sa
    claim: Claim
    request: Request
    first: bool
    since: float
    waiting_for: ClassVar[str] = "the AAA server"


@dataclass(frozen=True, slots=True)
class AwaitingEap:
    """An EAP request is sent; `relay_state` goes back to the AAA server with the answer.

    `asked`: the request is our own, for the identity, and the AAA server does not know of the UE yet.
    """

    sa: Sa
    claim: Claim
    relay_state: bytes | None
    asked: bool = False
    waiting_for: ClassVar[str] = "the UE's EAP response"


@dataclass(frozen=True, slots=True)
class AwaitingProof:
    """EAP-Success is sent; AUTH by the MSK is due."""

    sa: Sa
    claim: Claim
    accept: RelayAccept
    waiting_for: ClassVar[str] = "the UE's AUTH by the MSK"


@dataclass(frozen=True, slots=True)
class AwaitingAddress:
    """The UE is authenticated; a Home Address is being leased."""

    sa: Sa
    claim: Claim
    accept: RelayAccept
    request: Request
    waiting_for: ClassVar[str] = "a Home Address"


@dataclass(frozen=True, slots=True)
class Connected:
    """The IKE SA is up, and `upkeep` keeps it."""

    sa: Sa
    session: Session
    upkeep: Upkeep
    waiting_for: ClassVar[str] = "nothing"


@dataclass(frozen=True, slots=True)
class Lingering:
    """It is over, and duplicates of the last request get their answer until `until`."""

    sa: Sa
    until: float
    upkeep: Upkeep | None = None
    waiting_for: ClassVar[str] = "nothing"


@dataclass(frozen=True, slots=True)
class Ended:
    """Nothing is left to be said."""

    waiting_for: ClassVar[str] = "nothing"


HalfOpen = AwaitingIdentity | AwaitingAaa | AwaitingEap | AwaitingProof | AwaitingAddress
Protected = HalfOpen | Connected | Lingering
State = Fresh | Protected | Ended

TRANSITIONS: Transitions = {
    (Fresh, DatagramArrived): frozenset({AwaitingIdentity, Ended}),
    (AwaitingIdentity, DatagramArrived): frozenset({AwaitingAaa, AwaitingEap, Lingering}),
    (AwaitingIdentity, Tick): frozenset({Ended}),
    (AwaitingIdentity, CloseRequested): frozenset({Ended}),
    (AwaitingAaa, AaaAnswered): frozenset({AwaitingEap, AwaitingProof, Lingering}),
    (AwaitingAaa, Tick): frozenset({Lingering}),
    (AwaitingAaa, CloseRequested): frozenset({Ended}),
    (AwaitingEap, DatagramArrived): frozenset({AwaitingAaa, Lingering}),
    (AwaitingEap, Tick): frozenset({Ended}),
    (AwaitingEap, CloseRequested): frozenset({Ended}),
    (AwaitingProof, DatagramArrived): frozenset({AwaitingAddress, Lingering}),
    (AwaitingProof, Tick): frozenset({Ended}),
    (AwaitingProof, CloseRequested): frozenset({Ended}),
    (AwaitingAddress, AddressLeased): frozenset({Connected}),
    (AwaitingAddress, AddressRefused): frozenset({Lingering}),
    (AwaitingAddress, Tick): frozenset({Lingering}),
    (AwaitingAddress, CloseRequested): frozenset({Ended}),
    (Connected, DatagramArrived): frozenset({Connected, Lingering}),
    (Connected, Tick): frozenset({Connected, Ended}),
    (Connected, CloseRequested): frozenset({Ended}),
    (Connected, TimeLimited): frozenset({Connected}),
    (Connected, RedirectRequested): frozenset({Connected}),
    (Lingering, Tick): frozenset({Ended}),
    (Lingering, CloseRequested): frozenset({Ended}),
}
