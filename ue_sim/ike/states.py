"""States of the IKEv2 initiator, and the table of where each event leads (RFC 7296 §1.2, §2.16)."""

from dataclasses import dataclass, replace
from typing import ClassVar

from ue_sim.ike.events import (
    CloseRequested,
    Connect,
    DatagramArrived,
    EapReply,
    KeysDerived,
    Tick,
)
from wire.ikev2.algorithms import IkeSuite
from wire.ikev2.exchanges import Exchanges
from wire.ikev2.groups import Group, PrivateKey
from wire.ikev2.keys import IkeKeys
from wire.ikev2.nat import NatStatus
from wire.ikev2.upkeep.sa import Upkeep
from wire.ikev2.upkeep.states import IkeSa
from wire.sansio import Transitions
from wire.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What IKE_SA_INIT keeps between its request and its reply; `began` is when Connect came."""

    connect: Connect
    began: float
    exchanges: Exchanges
    ni: bytes
    group: Group
    private: PrivateKey
    request: bytes
    cookie: bytes | None = None
    restarts: int = 0
    complaint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sa:
    """An IKE SA with keys; `child_spi` is the inbound SPI that IKE_AUTH offers for the first Child SA."""

    connect: Connect
    began: float
    exchanges: Exchanges
    suite: IkeSuite
    keys: IkeKeys
    ni: bytes
    nr: bytes
    init_request: bytes
    init_reply: bytes
    nat: NatStatus
    child_spi: bytes
    gateway: str = ""
    gateway_octets: bytes = b""
    mobike: bool = False

    def renewed(self, fresh: IkeSa) -> "Sa":
        """The same after a rekeying."""
        return replace(self, exchanges=fresh.exchanges, suite=fresh.suite, keys=fresh.keys)


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing was sent yet."""

    waiting_for: ClassVar[str] = "Connect"


@dataclass(frozen=True, slots=True)
class AwaitingInit:
    """IKE_SA_INIT is sent."""

    opening: Opening
    waiting_for: ClassVar[str] = "the gateway's IKE_SA_INIT"


@dataclass(frozen=True, slots=True)
class AwaitingGateway:
    """The first IKE_AUTH is sent; the gateway has to prove itself."""

    sa: Sa
    waiting_for: ClassVar[str] = "the gateway's certificate and AUTH"


@dataclass(frozen=True, slots=True)
class AwaitingMethod:
    """The EAP method has a request to answer, since `since`."""

    sa: Sa
    msk: Secret | None
    since: float
    waiting_for: ClassVar[str] = "the EAP method's answer"


@dataclass(frozen=True, slots=True)
class AwaitingEap:
    """The EAP method's answer is sent."""

    sa: Sa
    msk: Secret | None
    waiting_for: ClassVar[str] = "the next EAP message"


@dataclass(frozen=True, slots=True)
class AwaitingKeys:
    """EAP succeeded, but the method has not told its MSK."""

    sa: Sa
    since: float
    waiting_for: ClassVar[str] = "the EAP method's MSK"


@dataclass(frozen=True, slots=True)
class AwaitingProof:
    """AUTH by the MSK is sent; the gateway's own is due."""

    sa: Sa
    msk: Secret
    waiting_for: ClassVar[str] = "the gateway's AUTH by the MSK"


@dataclass(frozen=True, slots=True)
class Connected:
    """The IKE SA is up, and `upkeep` keeps it."""

    sa: Sa
    upkeep: Upkeep
    waiting_for: ClassVar[str] = "nothing"


@dataclass(frozen=True, slots=True)
class Ended:
    """It is over."""

    waiting_for: ClassVar[str] = "nothing"


Early = AwaitingGateway | AwaitingMethod | AwaitingEap | AwaitingKeys | AwaitingProof
Protected = Early | Connected
State = Idle | AwaitingInit | Protected | Ended

TRANSITIONS: Transitions = {
    (Idle, Connect): frozenset({AwaitingInit}),
    (AwaitingInit, DatagramArrived): frozenset({AwaitingInit, AwaitingGateway, Ended}),
    (AwaitingInit, Tick): frozenset({Ended}),
    (AwaitingInit, CloseRequested): frozenset({Ended}),
    (AwaitingGateway, DatagramArrived): frozenset({AwaitingMethod, Ended}),
    (AwaitingGateway, Tick): frozenset({Ended}),
    (AwaitingGateway, CloseRequested): frozenset({Ended}),
    (AwaitingMethod, EapReply): frozenset({AwaitingEap}),
    (AwaitingMethod, KeysDerived): frozenset({AwaitingMethod}),
    (AwaitingMethod, DatagramArrived): frozenset({Ended}),
    (AwaitingMethod, Tick): frozenset({Ended}),
    (AwaitingMethod, CloseRequested): frozenset({Ended}),
    (AwaitingEap, KeysDerived): frozenset({AwaitingEap}),
    (AwaitingEap, DatagramArrived): frozenset({AwaitingMethod, AwaitingKeys, AwaitingProof, Ended}),
    (AwaitingEap, Tick): frozenset({Ended}),
    (AwaitingEap, CloseRequested): frozenset({Ended}),
    (AwaitingKeys, KeysDerived): frozenset({AwaitingProof}),
    (AwaitingKeys, DatagramArrived): frozenset({Ended}),
    (AwaitingKeys, Tick): frozenset({Ended}),
    (AwaitingKeys, CloseRequested): frozenset({Ended}),
    (AwaitingProof, DatagramArrived): frozenset({Connected, Ended}),
    (AwaitingProof, Tick): frozenset({Ended}),
    (AwaitingProof, CloseRequested): frozenset({Ended}),
    (Connected, DatagramArrived): frozenset({Ended, Connected}),
    (Connected, Tick): frozenset({Ended}),
}
