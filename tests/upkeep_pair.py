"""Two ends of one IKE SA that is up, joined by queues that a test may hold, so that requests cross on the way."""

from collections import deque
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from random import Random
from typing import TypeVar

from wire.ciphers import AES_GCM_16_256
from wire.ikev2.algorithms import PRF_HMAC_SHA2_256, EspSuite, IkeSuite
from wire.ikev2.child import ChildSa, Mode, child_sa
from wire.ikev2.exchanges import Exchanges, Transmit
from wire.ikev2.granting import Scope
from wire.ikev2.groups import CURVE25519, Group
from wire.ikev2.keys import IkeKeys, child_keys, ike_keys, initial_skeyseed
from wire.ikev2.message import Message
from wire.ikev2.nat import Endpoint
from wire.ikev2.proposal import ESP_PROPOSALS, IKE_PROPOSALS
from wire.ikev2.protection import Protection
from wire.ikev2.selectors import TrafficSelector
from wire.ikev2.spis import EspSpis
from wire.ikev2.upkeep.sa import Upkeep
from wire.ikev2.upkeep.states import Answer, IkeSa, Lifetimes, MessageArrived, Rekeyed, Terms, UpkeepEffect, UpkeepEvent
from wire.sansio import Tick
from wire.secret import Secret

HOME = IPv6Address("2001:db8:7::100")
AT, FAR = Endpoint(IPv4Address("192.0.2.10"), 4500), Endpoint(IPv4Address("192.0.2.4"), 4500)
SPI_I, SPI_R = b"initiate", b"respond!"
SUITE = IkeSuite(AES_GCM_16_256, None, PRF_HMAC_SHA2_256, CURVE25519)
FOR_EVER = Lifetimes(ike=None, child=None)

EffectT = TypeVar("EffectT")
_EVERYWHERE = (TrafficSelector.network(IPv6Network("::/0")),)
_HOME = (TrafficSelector.address(HOME),)


def keys() -> IkeKeys:
    """Those of the IKE SA that both ends begin with."""
    skeyseed = initial_skeyseed(SUITE.prf, ni=bytes(32), nr=bytes(32), g_ir=bytes(32))
    return ike_keys(SUITE, skeyseed, ni=bytes(32), nr=bytes(32), spi_i=SPI_I, spi_r=SPI_R)


def first_child(*, initiator: bool, spi: int = 0x1000) -> ChildSa:
    """One end of the Child SA that both begin with; the initiator's inbound SPI is `spi`, the other's one more."""
    suite = EspSuite(AES_GCM_16_256, None, esn=True)
    own, far = spi.to_bytes(4, "big"), (spi + 1).to_bytes(4, "big")
    return child_sa(
        suite,
        child_keys(SUITE.prf, Secret(bytes(32)), suite, ni=bytes(32), nr=bytes(32)),
        mode=Mode.TUNNEL,
        spi_in=own if initiator else far,
        spi_out=far if initiator else own,
        local=_HOME if initiator else _EVERYWHERE,
        remote=_EVERYWHERE if initiator else _HOME,
        initiator=initiator,
    )


@dataclass
class End:
    """One end; `effects` is all that it asked for, `inbox` what is on its way to it."""

    machine: Upkeep
    effects: list[UpkeepEffect] = field(default_factory=list)
    inbox: deque[bytes] = field(default_factory=deque)
    sent: list[bytes] = field(default_factory=list)
    sas: list[IkeSa] = field(default_factory=list)

    def seen(self, kind: type[EffectT]) -> list[EffectT]:
        """Its effects of one kind."""
        return [effect for effect in self.effects if isinstance(effect, kind)]

    @property
    def spis(self) -> list[int]:
        """The inbound SPIs of its Child SAs."""
        return [child.spi_in for child in self.machine.children]


@dataclass
class Pair:
    """Both ends and their clock."""

    one: End
    two: End
    now: float = 0.0
    seen_at: Endpoint = AT

    def tell(self, end: End, *events: UpkeepEvent) -> None:
        """Give an end events; what it sends waits in the other's inbox."""
        other = self.two if end is self.one else self.one
        for event in events:
            for effect in end.machine.handle(event, self.now):
                end.effects.append(effect)
                if isinstance(effect, Rekeyed):
                    end.sas.append(effect.sa)
                if isinstance(effect, Transmit | Answer):
                    transmit = effect if isinstance(effect, Transmit) else effect.transmit
                    end.sent.append(transmit.octets)
                    other.inbox.append(transmit.octets)

    def deliver(self, end: End) -> None:
        """One message reaches `end`, from where the other is, or its NAT."""
        here, there = (self.seen_at, FAR) if end is self.two else (FAR, AT)
        self.tell(end, MessageArrived(end.inbox.popleft(), here, there))

    def settle(self) -> "Pair":
        """Everything on its way arrives, and what comes of it."""
        while self.one.inbox or self.two.inbox:
            self.deliver(self.one if self.one.inbox else self.two)
        return self

    def run(self, until: float) -> "Pair":
        """Let the clock run; messages arrive at once."""
        self.settle()
        while True:
            due = [(at, end) for end in (self.one, self.two) if (at := end.machine.deadline) is not None]
            at, end = min(due, key=lambda each: each[0], default=(until + 1, self.one))
            if at > until:
                self.now = until
                return self
            self.now = max(self.now, at)
            self.tell(end, Tick())
            self.settle()

    def agree(self) -> bool:
        """Whether both ends have the same Child SAs and the same IKE SA."""
        mine = {(child.spi_in, child.spi_out, bytes(child.keys_in)) for child in self.one.machine.children}
        theirs = {(child.spi_out, child.spi_in, bytes(child.keys_out)) for child in self.two.machine.children}
        return mine == theirs and self.one.machine.sa.keys == self.two.machine.sa.keys

    def opened(self, octets: bytes, *, by_initiator: bool) -> Message:
        """What is inside a message of the first IKE SA."""
        protection = Protection(SUITE, keys(), initiator=not by_initiator, random=bytes)
        return protection.open(octets, Message.parse(octets))


def pair(
    *,
    seed: int = 1,
    lifetimes: Lifetimes = FOR_EVER,
    groups: tuple[Group | None, ...] = (None, CURVE25519),
    two_groups: tuple[Group | None, ...] | None = None,
    liveness: float = 1e6,
    child_limit: int = 8,
    mobike: bool = False,
    checks: bool = False,
) -> Pair:
    """An IKE SA with one Child SA; `one` began both."""
    return Pair(
        _end(seed, True, lifetimes, groups, liveness, child_limit, mobike),
        _end(seed + 1000, False, lifetimes, two_groups or groups, liveness, child_limit, mobike, checks),
    )


def _end(
    seed: int,
    initiator: bool,
    lifetimes: Lifetimes,
    groups: tuple[Group | None, ...],
    liveness: float,
    limit: int,
    mobike: bool,
    checks: bool = False,
) -> End:
    random = Random(seed).randbytes
    exchanges = Exchanges(spi_i=SPI_I, initiator=initiator)
    exchanges.protect(Protection(SUITE, keys(), initiator=initiator, random=random), spi_r=SPI_R)
    local, remote = (_HOME, _EVERYWHERE) if initiator else (_EVERYWHERE, _HOME)
    terms = Terms(
        peer="the peer",
        random=random,
        take_spi=EspSpis(random).take,
        scope=lambda _: Scope(local, remote, "the test"),
        ike_proposals=IKE_PROPOSALS,
        esp_proposals=ESP_PROPOSALS,
        child_groups=groups,
        child_limit=limit,
        liveness_interval=liveness,
        lifetimes=lifetimes,
        leads_moves=mobike and initiator,
        follows_moves=mobike and not initiator,
        checks_moves=checks,
    )
    sa = IkeSa(exchanges, SUITE, keys())
    first = (first_child(initiator=initiator),)
    return End(Upkeep(terms=terms, sa=sa, children=first, now=0.0, place=(AT, FAR) if initiator else None))
