"""An IKE initiator and a gateway's table of responders, joined by a virtual network with a clock of its own.

EAP is a stub of two rounds whose MSK both ends know; loss, duplication and reordering are seeded.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from ipaddress import IPv4Address, IPv6Address
from itertools import count
from random import Random
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from akadia.pki import Authority
from pdngw_proxy.aaa_link.port import RelayAccept, RelayAnswer, RelayChallenge, RelayReject
from pdngw_proxy.ike import events as gateway_events
from pdngw_proxy.ike.policy import Admission, ResponderPolicy
from pdngw_proxy.ike.table import ResponderTable, SaEffect, SaEvent, TableEffect
from ue_sim.ike import events as ue_events
from ue_sim.ike.policy import InitiatorPolicy
from ue_sim.ike_initiator import IkeInitiator
from wire.esp.encapsulation import NON_ESP_MARKER
from wire.ikev2.child import ChildSa
from wire.ikev2.constants import ExchangeType
from wire.ikev2.exchanges import Transmit
from wire.ikev2.message import Message, Payload
from wire.ikev2.nat import Endpoint
from wire.ikev2.protection import Protection
from wire.ikev2.signatures import SigningKey
from wire.sansio import Tick
from wire.secret import Secret

NOW = datetime(2026, 11, 23, tzinfo=UTC)
NAI = "0001010000000001@nai.epc.mnc001.mcc001.3gppnetwork.org"
APN = "internet"
GATEWAY_NAME = "pgw.epc.mnc001.mcc001.3gppnetwork.org"
HA_ADDRESS = IPv6Address("2001:db8:7::1")
HOME_ADDRESS = IPv6Address("2001:db8:7::100")
UE = Endpoint(IPv4Address("127.1.1.10"), 40000)
GATEWAY = Endpoint(IPv4Address("127.1.1.4"), 4500)
MSK = Secret(bytes(range(64)))

EAP_CHALLENGES = (bytes.fromhex("0101000617aa"), bytes.fromhex("0102000617bb"))
EAP_SUCCESS, EAP_FAILURE = bytes.fromhex("03020004"), bytes.fromhex("04020004")

EffectT = TypeVar("EffectT")


@dataclass(frozen=True)
class Pki:
    """An authority and a gateway certificate under it."""

    anchor: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    key: SigningKey


@cache
def pki(*names: str) -> Pki:
    """One for each set of names; the gateway's own and the APN unless told otherwise."""
    authority = Authority("Akadia test authority", now=NOW)
    credential = authority.issue(names=names or (GATEWAY_NAME, APN))
    key = load_pem_private_key(credential.key, None)
    if not isinstance(key, SigningKey):
        raise TypeError(key)
    return Pki(
        anchor=x509.load_pem_x509_certificate(authority.credential.certificate),
        chain=(x509.load_pem_x509_certificate(credential.certificate),),
        key=key,
    )


def initiator_policy(**changes: object) -> InitiatorPolicy:
    """The UE's policy under the test authority."""
    settings: dict[str, object] = {
        "identity": NAI,
        "apn": APN,
        "gateway_names": (GATEWAY_NAME, APN),
        "anchors": (pki().anchor,),
    }
    return InitiatorPolicy(**(settings | changes))  # type: ignore[arg-type]


def responder_policy(**changes: object) -> ResponderPolicy:
    """The gateway's policy with the test certificate."""
    settings: dict[str, object] = {
        "name": GATEWAY_NAME,
        "chain": pki().chain,
        "key": pki().key,
        "ha_address": HA_ADDRESS,
    }
    return ResponderPolicy(**(settings | changes))  # type: ignore[arg-type]


def stub_method(packet: bytes) -> list[ue_events.EapReply | ue_events.KeysDerived]:
    """The UE's end of the stub EAP: answers a challenge by the same identifier, derives keys at the second."""
    if packet[0] != 1:
        return []
    reply = ue_events.EapReply(b"\x02" + packet[1:])
    return [reply, ue_events.KeysDerived(MSK)] if packet == EAP_CHALLENGES[1] else [reply]


def stub_aaa(ask: gateway_events.AskAaa) -> RelayAnswer:
    """The AAA server's end: two challenges, then the MSK; any other response is rejected."""
    if ask.state is None:
        return RelayChallenge(EAP_CHALLENGES[0], b"\x01")
    at = ask.state[0]
    if ask.eap != b"\x02" + EAP_CHALLENGES[at - 1][1:]:
        return RelayReject(EAP_FAILURE, "the UE's answer is wrong")
    if at < len(EAP_CHALLENGES):
        return RelayChallenge(EAP_CHALLENGES[at], bytes((at + 1,)))
    return RelayAccept(EAP_SUCCESS, MSK, user_name=NAI)


def lease(_: gateway_events.LeaseAddress) -> gateway_events.AddressLeased | gateway_events.AddressRefused:
    """Always the same Home Address."""
    return gateway_events.AddressLeased(HOME_ADDRESS, 64)


@dataclass
class IkeLink:
    """Both ends; `now` is the virtual clock in seconds, `ue_effects` and `gateway_effects` all that they asked for."""

    ue: IkeInitiator
    table: ResponderTable
    random: Random
    loss: float = 0.0
    double: float = 0.0
    jitter: float = 0.0
    delay: float = 0.005
    method: Callable[[bytes], list[ue_events.EapReply | ue_events.KeysDerived]] = stub_method
    aaa: Callable[[gateway_events.AskAaa], RelayAnswer | None] = stub_aaa
    lease: Callable[
        [gateway_events.LeaseAddress], gateway_events.AddressLeased | gateway_events.AddressRefused | None
    ] = lease
    at_gateway: Callable[[bytes], bytes | None] = lambda octets: octets
    at_ue: Callable[[bytes], bytes | None] = lambda octets: octets
    now: float = 0.0
    ue_effects: list[ue_events.InitiatorEffect] = field(default_factory=list)
    gateway_effects: list[gateway_events.ResponderEffect] = field(default_factory=list)
    to_gateway: list[bytes] = field(default_factory=list)
    to_ue: list[bytes] = field(default_factory=list)
    sa: bytes = b""
    source: Endpoint = UE
    _queue: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _order: "count[int]" = field(default_factory=count)

    def connect(self) -> "IkeLink":
        """Connect at once."""
        self.tell_ue(ue_events.Connect(UE, GATEWAY, NOW))
        return self

    def tell_ue(self, event: ue_events.InitiatorEvent) -> None:
        """Give the UE an event, and do all that it asks for."""
        for effect in self.ue.handle(event, self.now):
            self._from_ue(effect)

    def tell_gateway(self, event: gateway_events.DatagramArrived | SaEvent | Tick) -> None:
        """Give the gateway an event, and do all that it asks for."""
        for effect in self.table.handle(event, self.now):
            self._from_gateway(effect)

    def run(self, until: float) -> "IkeLink":
        """Let the clock run until `until`, or until nothing is left to happen before."""
        while True:
            due = min(
                (time for time in (self._next(), self.ue.deadline, self.table.deadline) if time is not None),
                default=None,
            )
            if due is None or due > until:
                self.now = until
                return self
            self.now = max(self.now, due)
            if self._queue and self._queue[0][0] <= self.now:
                heapq.heappop(self._queue)[2]()
            elif self.ue.deadline is not None and self.ue.deadline <= self.now:
                self.tell_ue(Tick())
            else:
                self.tell_gateway(Tick())

    def seen_by_ue(self, kind: type[EffectT]) -> list[EffectT]:
        """The UE's effects of one kind."""
        return [effect for effect in self.ue_effects if isinstance(effect, kind)]

    def seen_by_gateway(self, kind: type[EffectT]) -> list[EffectT]:
        """The gateway's effects of one kind."""
        return [effect for effect in self.gateway_effects if isinstance(effect, kind)]

    @property
    def ue_children(self) -> list[ChildSa]:
        """Every Child SA that the UE installed."""
        return [effect.child for effect in self.seen_by_ue(ue_events.ChildInstalled)]

    @property
    def gateway_children(self) -> list[ChildSa]:
        """Every Child SA that the gateway installed."""
        return [effect.child for effect in self.seen_by_gateway(gateway_events.ChildInstalled)]

    def until(self, condition: Callable[[], bool], limit: float = 100.0) -> "IkeLink":
        """Let the clock run until `condition` holds; TimeoutError when it does not in `limit` virtual seconds."""
        step = self.now
        while not condition():
            step += 0.001
            if step > limit:
                raise TimeoutError("it never happened")
            self.run(step)
        return self

    @property
    def closed(self) -> str | None:
        """Why the UE is done, or None."""
        return next((effect.cause for effect in self.seen_by_ue(ue_events.Closed)), None)

    @property
    def refused(self) -> list[str]:
        """Why the gateway refused something, each time."""
        return [effect.cause for effect in self.seen_by_gateway(gateway_events.Refused)]

    def forge(
        self, kind: ExchangeType, *payloads: Payload, message_id: int, by_ue: bool, response: bool = False
    ) -> bytes:
        """A message that is genuine by the keys of the last IKE SA, though no machine made it."""
        ready = self.seen_by_gateway(gateway_events.IkeKeysReady)[-1]
        message = Message(
            spi_i=ready.spi_i,
            spi_r=ready.spi_r,
            exchange=kind,
            initiator=by_ue,
            response=response,
            message_id=message_id,
            payloads=payloads,
        )
        return Protection(ready.suite, ready.keys, initiator=by_ue, random=Random(9).randbytes).seal(message)

    def gateway_says(self, kind: ExchangeType, *payloads: Payload, message_id: int = 0, response: bool = False) -> None:
        """Deliver to the UE what the gateway did not really send."""
        forged = self.forge(kind, *payloads, message_id=message_id, by_ue=False, response=response)
        self.tell_ue(ue_events.DatagramArrived(forged))

    def ue_says(self, kind: ExchangeType, *payloads: Payload, message_id: int, source: Endpoint = UE) -> None:
        """Deliver to the gateway what the UE did not really send."""
        forged = self.forge(kind, *payloads, message_id=message_id, by_ue=True)
        self.tell_gateway(gateway_events.DatagramArrived(forged, source, GATEWAY))

    def open_last(self, octets: bytes, *, by_ue: bool) -> Message:
        """What is inside a message of the last IKE SA."""
        ready = self.seen_by_gateway(gateway_events.IkeKeysReady)[-1]
        protection = Protection(ready.suite, ready.keys, initiator=not by_ue, random=Random(9).randbytes)
        bare = octets.removeprefix(NON_ESP_MARKER)
        return protection.open(bare, Message.parse(bare))

    def _next(self) -> float | None:
        return self._queue[0][0] if self._queue else None

    def _later(self, delay: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (self.now + delay, next(self._order), action))

    def _carry(self, octets: bytes, deliver: Callable[[bytes], None]) -> None:
        if self.random.random() < self.loss:
            return
        for _ in range(2 if self.random.random() < self.double else 1):
            self._later(self.delay + self.random.random() * self.jitter, lambda: deliver(octets))

    def _from_ue(self, effect: ue_events.InitiatorEffect) -> None:
        self.ue_effects.append(effect)
        if isinstance(effect, Transmit):
            self.to_gateway.append(effect.octets)
            self._carry(effect.octets, self._deliver_to_gateway)
        elif isinstance(effect, ue_events.EapRequested):
            for event in self.method(effect.packet):
                self.tell_ue(event)

    def _deliver_to_gateway(self, octets: bytes) -> None:
        changed = self.at_gateway(octets)
        if changed is not None:
            self.tell_gateway(gateway_events.DatagramArrived(changed, self.source, GATEWAY))

    def _deliver_to_ue(self, octets: bytes) -> None:
        changed = self.at_ue(octets)
        if changed is not None:
            self.tell_ue(ue_events.DatagramArrived(changed))

    def _from_gateway(self, wrapped: TableEffect) -> None:
        effect = wrapped.effect if isinstance(wrapped, SaEffect) else wrapped
        self.gateway_effects.append(effect)
        if isinstance(effect, gateway_events.Transmit):
            self.to_ue.append(effect.octets)
            self._carry(effect.octets, self._deliver_to_ue)
        if not isinstance(wrapped, SaEffect):
            return
        self.sa = sa = wrapped.sa
        if isinstance(effect, gateway_events.AskAaa):
            answer = self.aaa(effect)
            if answer is not None:
                self._later(0.02, lambda: self.tell_gateway(SaEvent(sa, gateway_events.AaaAnswered(answer))))
        elif isinstance(effect, gateway_events.LeaseAddress):
            leased = self.lease(effect)
            if leased is not None:
                self._later(0.001, lambda: self.tell_gateway(SaEvent(sa, leased)))


def ike_link(
    *,
    seed: int = 1,
    initiator: InitiatorPolicy | None = None,
    responder: ResponderPolicy | None = None,
    admission: Admission | None = None,
    loss: float = 0.0,
    double: float = 0.0,
    jitter: float = 0.0,
) -> IkeLink:
    """Both ends with seeded entropy, not yet connected."""
    random = Random(seed)
    return IkeLink(
        ue=IkeInitiator(policy=initiator or initiator_policy(), random=Random(seed + 1000).randbytes),
        table=ResponderTable(
            policy=responder or responder_policy(), random=Random(seed + 2000).randbytes, admission=admission
        ),
        random=random,
        loss=loss,
        double=double,
        jitter=jitter,
    )
