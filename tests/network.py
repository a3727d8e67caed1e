"""The whole network in memory on a virtual clock: UEs, DNS, PDN GW, AAA server and HSS, joined by seeded links.

Datagrams between UEs, DNS and PDN GW may be lost, come twice, or come late; the AAA server answers in-process, after a
virtual while. Clock, entropy, certificates and fate are seeded, so the same seed gives the same octets for ever.
"""

import asyncio
import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from itertools import count
from random import Random
from typing import ClassVar, TypeVar

from aaa.eap.policy import AkaPolicy
from aaa.eap.temporary import Identities
from aaa.messages import Accept, AccessRequest, Challenge, Client, Ignore, Reject
from aaa.service import EapAuthenticationService
from aaa.sessions import MemoryConversations
from akadia import dns_server
from pdngw_proxy import gateway_events as pgw
from pdngw_proxy.aaa_link.port import RelayAccept, RelayAnswer, RelayChallenge, RelayReject, RelayRequest
from pdngw_proxy.aaa_link.records import EndedBy, SessionRecord
from pdngw_proxy.gateway import Gateway
from pdngw_proxy.home_link import Intercept, LetGo, LinkEffect, ListenFor, SendOnLink
from pdngw_proxy.ike.policy import Admission, ResponderPolicy
from pdngw_proxy.mobility import HomeAgentPolicy
from pdngw_proxy.settings import GatewaySettings
from tests.aaa.memory_hss import IMSI, OPC, PLMN, K, MemoryHss, Subscriber, profile
from tests.golden_pki import NOW, gateway_identity
from ue_sim import ue_events as ue
from ue_sim.faults import FaultScript, FaultyUsim, MessageFaults
from ue_sim.pinger import PingFinished, PingRequested
from ue_sim.settings import UeSettings
from ue_sim.trains import Trains
from ue_sim.ue import Ue
from ue_sim.usim import SoftwareUsim, Usim
from wire.identity import EapMethod, Imsi
from wire.ikev2.nat import Endpoint
from wire.ip.fragments import PROTO_FRAGMENT
from wire.ip.ipv6 import PROTO_UDP, Ipv6Packet
from wire.ip.udp import UdpDatagram
from wire.names import epc_realm
from wire.sansio import Failed, Tick

APN = "internet"
GATEWAY_NAME = "pgw.epc.mnc001.mcc001.3gppnetwork.org"
HOME_PREFIX = IPv6Network("2001:db8:7::/64")
HA_ADDRESS = IPv6Address("2001:db8:7::1")
AGENT = HomeAgentPolicy(ha_address=HA_ADDRESS, home_prefix=HOME_PREFIX)
CORRESPONDENT = IPv6Address("2001:db8:7::cafe")
GATEWAY_ADDRESS = IPv4Address("192.0.2.4")
IKE, NATT, DSMIP = (Endpoint(GATEWAY_ADDRESS, port) for port in (5500, 4500, 4191))
DNS = Endpoint(IPv4Address("192.0.2.53"), 53)
NETWORK_NAME = "WLAN"
AAA_TIME = 0.02
"""Virtual seconds that the AAA server takes for one round."""

_TICKS_AT_ONCE = 20

EffectT = TypeVar("EffectT")


@dataclass(frozen=True)
class Datagram:
    """One datagram as it was sent, whatever became of it."""

    sent_at: float
    source: Endpoint
    to: Endpoint
    octets: bytes

    def __str__(self) -> str:
        return f"{self.sent_at:.6f} {self.source} > {self.to} {self.octets.hex()}"


Fate = Callable[[Datagram], Iterable[float]]
"""After how many seconds a datagram arrives: once, never, or several times."""


@dataclass
class VirtualUe:
    """One UE on the network, which takes `trains`; `effects` is what it ever wanted, `faults` befall its datagrams."""

    machine: Ue
    trains: Trains
    settings: UeSettings
    network: "Network"
    effects: list[ue.UeEffect] = field(default_factory=list)
    faults: MessageFaults = field(default_factory=lambda: MessageFaults(FaultScript()))

    taken: ClassVar[set[tuple[type, type, type]]] = set()
    """Every (state, event, state) that any UE of this process went through."""

    @property
    def state(self) -> ue.UeState:
        """What the machine is doing."""
        return self.machine.state

    @property
    def is_off(self) -> bool:
        """Whether it is back where it began."""
        return isinstance(self.machine.state, ue.Off)

    @property
    def attached(self) -> ue.Attached:
        """How it is attached; the last word when it attached more than once."""
        return self.said(ue.Attached)[-1]

    @property
    def failed(self) -> ue.AttachFailed:
        """The one failure of its attach."""
        (failure,) = self.said(ue.AttachFailed)
        return failure

    @property
    def detached(self) -> ue.Detached:
        """The one end of it."""
        (end,) = self.said(ue.Detached)
        return end

    @property
    def steps(self) -> list[int]:
        """The steps that held, by number, in their order."""
        return [taken.step.value for taken in self.said(ue.StepTaken)]

    def said(self, kind: type[EffectT]) -> list[EffectT]:
        """Its effects of one kind."""
        return [effect for effect in self.effects if isinstance(effect, kind)]

    def tell(self, event: ue.TrainedEvent) -> None:
        """Give the machine an event, and send what it wants sent."""
        before = type(self.machine.state)
        effects = self.trains.handle(event, self.network.now)
        self.taken.add((before, type(event), type(self.machine.state)))
        self.effects += effects
        _require_no_failure(effects)
        for effect in effects:
            for each in ue.one_by_one(effect) if isinstance(effect, ue.Send | ue.SendTrain) else ():
                for delay, octets in self.faults.passing(each.channel, "out", each.octets):
                    self.network.send_after(delay, self._source(each), each.to, octets)

    def socket(self, channel: ue.Channel) -> Endpoint:
        """Its own endpoint of that channel."""
        ports = {ue.Channel.IKE: self.settings.ike.port, ue.Channel.DNS: 40053, ue.Channel.DSMIP: 40191}
        return Endpoint(self.settings.ike.address, ports[channel])

    def _source(self, sent: ue.Send) -> Endpoint:
        begins = sent.channel is ue.Channel.IKE and sent.to.port == self.settings.ike_port
        return self.settings.first_place(self.settings.ike) if begins else self.socket(sent.channel)

    @property
    def sockets(self) -> dict[Endpoint, ue.Channel]:
        """All its own endpoints."""
        begun = {self.settings.first_place(self.settings.ike): ue.Channel.IKE}
        return begun | {self.socket(channel): channel for channel in ue.Channel}

    def detach(self) -> None:
        """Ask it to leave."""
        self.tell(ue.DetachRequested())

    def begin(self) -> None:
        """Ask it to attach, for the first time or once more."""
        self.tell(ue.AttachRequested(NOW))

    def ping(self, destination: IPv4Address | IPv6Address, pings: int = 5) -> PingFinished:
        """Ping and let the clock run until the series is over."""
        before = len(self.said(PingFinished))
        self.tell(PingRequested(destination=destination, identifier=7, count=pings))
        self.network.run(until=self.network.now + 2 * pings + 5.0)
        (finished,) = self.said(PingFinished)[before:]
        return finished


class Network:
    """One PDN GW with all behind it. `loss`, `duplicate` and `reorder` are probabilities of each datagram's fate.

    `lose` names datagrams by number, from 0, that never arrive; `silent` endpoints that answer nothing. With `nat` the
    UEs are behind that address, their ports `nat_shift` higher, which may change. With `device` what is for the home
    network is in `sent_home`; with `link_layer` it is a link, and what the gateway wants of it in `on_link`.
    """

    def __init__(
        self,
        seed: int = 1,
        *,
        loss: float = 0.0,
        duplicate: float = 0.0,
        reorder: float = 0.0,
        lose: Iterable[int] = (),
        silent: Iterable[Endpoint] = (),
        nat: IPv4Address | None = None,
        responder: ResponderPolicy | None = None,
        agent: HomeAgentPolicy = AGENT,
        admission: Admission | None = None,
        hss: MemoryHss | None = None,
        aaa: Callable[[RelayRequest], RelayAnswer | None] | None = None,
        device: bool = False,
        link_layer: bytes | None = None,
        identities: Identities | None = None,
        policy: AkaPolicy | None = None,
    ) -> None:
        self.now = 0.0
        self.sent: list[Datagram] = []
        self.reports: list[pgw.Report] = []
        self.ended_sessions: list[str] = []
        self.ended_by: list[EndedBy | None] = []
        self.accounted: list[SessionRecord] = []
        self.sent_home: list[bytes] = []
        self.on_link: list[LinkEffect] = []
        self.lose, self.silent, self.nat = set(lose), set(silent), nat
        self.nat_shift = 10000
        self.hss = hss or MemoryHss()
        self.relay = aaa or self._ask_service
        self._seed = seed
        self._random = Random(seed)
        self._fate = (loss, duplicate, reorder)
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._ues: list[VirtualUe] = []
        self._pieces: dict[bytes, dict[int, bytes]] = {}
        self._whole: set[bytes] = set()
        self._receivers: dict[Endpoint, Callable[[bytes, Endpoint], None]] = {DNS: self._resolve}
        if link_layer is not None:
            agent = replace(agent, has_link=True)
        settings = GatewaySettings(
            responder=responder or responder_policy(),
            admission=admission or Admission(),
            agent=agent,
            dsmip=DSMIP,
            device=device,
            link_layer=link_layer,
        )
        self.gateway = self._gateway(settings)
        self._service = EapAuthenticationService(
            hss=self.hss,
            conversations=MemoryConversations(random=self._entropy("conversations")),
            node="aaa.epc.mnc001.mcc001.3gppnetwork.org",
            clock=lambda: self.now,
            random=self._entropy("aaa"),
            policy=policy or AkaPolicy(),
            identities=identities,
        )
        self._zone = dns_server.gateway_zone(
            plmn=PLMN,
            realm=epc_realm(PLMN),
            apns=(APN,),
            gateway=dns_server.Gateway(GATEWAY_NAME, GATEWAY_ADDRESS, HA_ADDRESS, NATT.port),
        )

    @property
    def transcript(self) -> str:
        """Every datagram in the order of sending: time, ends, octets; one line each."""
        return "\n".join(str(datagram) for datagram in self.sent)

    def move(self, phone: VirtualUe, local: Endpoint) -> None:
        """Take a UE to another network, where `local` is its socket for IKE; the old one is gone."""
        for own in phone.sockets:
            del self._receivers[own]
        phone.settings = replace(phone.settings, ike=local)
        for own, channel in phone.sockets.items():
            self._receivers[own] = self._to_ue(phone, channel)
        phone.tell(ue.Moved(local))

    def attach(self, imsi: Imsi = IMSI, *, usim: Usim | None = None, **changes: object) -> VirtualUe:
        """A new UE, on its way at once; `changes` are to its settings."""
        number = len(self._ues)
        own = Endpoint(IPv4Address("192.0.2.10") + number, 4500)
        settings = ue_settings(imsi, own, **changes)
        card = usim or SoftwareUsim(K, OPC)
        machine = Ue(settings=settings, usim=FaultyUsim(card, settings.script), random=self._entropy(f"UE {number}"))
        phone = VirtualUe(
            machine, Trains(machine, device=settings.device), settings, self, faults=MessageFaults(settings.script)
        )
        self._ues.append(phone)
        for endpoint, channel in phone.sockets.items():
            self._receivers[endpoint] = self._to_ue(phone, channel)
        phone.begin()
        return phone

    def run(self, until: float) -> None:
        """Let everything happen that happens before `until`."""
        ticks = 0
        while (due := self._next_time()) is not None and due <= until:
            ticks = ticks + 1 if due <= self.now else 0
            self.now = max(self.now, due)
            if self._queue and self._queue[0][0] <= self.now:
                heapq.heappop(self._queue)[2]()
                ticks = 0
            else:
                self._tick()
            if ticks > _TICKS_AT_ONCE:
                raise AssertionError(f"at {self.now} s a machine wants Ticks for ever")
        self.now = until

    def tell_gateway(self, event: pgw.GatewayEvent) -> None:
        """Give the gateway an event, and do what it wants."""
        effects = self.gateway.handle(event, self.now)
        _require_no_failure(effects)
        for effect in one_by_one(effects):
            match effect:
                case pgw.Send(_, octets, source, to):
                    self.send(source, to, octets)
                case pgw.DeliverHome(octets) if (phone := self._at(octets)) is not None:
                    self._carry(lambda octets=octets, phone=phone: self._over_ipv6(phone, octets))  # type: ignore[misc]
                case pgw.DeliverHome(octets):
                    self.sent_home.append(octets)
                case pgw.AskAaa(sa, request):
                    self._relay(sa, request)
                case pgw.EndAaaSession(session, _, ended_by):
                    self.ended_sessions.append(session)
                    self.ended_by.append(ended_by)
                case pgw.Account(record):
                    self.accounted.append(record)
                case pgw.Report():
                    self.reports.append(effect)
                case SendOnLink() | ListenFor() | Intercept() | LetGo():
                    self.on_link.append(effect)

    def causes(self) -> list[str]:
        """The causes of the gateway's warnings, in their order."""
        return [report.details["cause"] for report in self.reports if report.level is pgw.Level.WARNING]

    def _carry(self, arrive: Callable[[], None]) -> None:
        for delay in self._delays():
            self._later(delay, arrive)

    def _at(self, octets: bytes) -> VirtualUe | None:
        """The UE in an IPv6 network that a packet of the gateway is for."""
        return next((phone for phone in self._ues if octets[24:40] == phone.settings.ike.address.packed), None)

    def _over_ipv6(self, phone: VirtualUe, octets: bytes) -> None:
        """What the kernel of a UE makes of a packet: UDP for its socket, whole or in pieces, or a Mobility Header."""
        packet = Ipv6Packet.parse(octets)
        if packet.source != HA_ADDRESS or packet.destination != phone.settings.ike.address:
            return
        if packet.next_header == PROTO_FRAGMENT:
            at, identification = int.from_bytes(packet.payload[2:4], "big"), packet.payload[4:8]
            pieces = self._pieces.setdefault(identification, {})
            pieces[at & ~7] = packet.payload[8:]
            self._whole |= set() if at & 1 else {identification}
            if identification not in self._whole or sum(map(len, list(pieces.values())[:-1])) != max(pieces):
                return
            packet = replace(
                packet, next_header=packet.payload[0], payload=b"".join(dict(sorted(pieces.items())).values())
            )
        if packet.next_header == PROTO_UDP:
            datagram = UdpDatagram.parse(packet.payload, packet.source, packet.destination)
            phone.tell(ue.DatagramArrived(ue.Channel.IKE, datagram.payload))
        else:
            phone.tell(ue.DatagramArrived(ue.Channel.DSMIP, octets))

    def send(self, source: Endpoint, to: Endpoint, octets: bytes) -> None:
        """Put a datagram on its way; what becomes of it is drawn by lot.

        In an IPv6 network what is for the home network is a packet, or becomes one.
        """
        if to.address in HOME_PREFIX and isinstance(source.address, IPv6Address):
            packet = octets
            if to.port:
                payload = UdpDatagram(source.port, to.port, octets).build(source.address, to.address)
                whole = Ipv6Packet(
                    source=source.address,
                    destination=IPv6Address(int(to.address)),
                    next_header=PROTO_UDP,
                    payload=payload,
                )
                packet = whole.build()
            self._carry(lambda: self.tell_gateway(pgw.HomePacketArrived(packet)))
            return
        number = len(self.sent)
        self.sent.append(Datagram(self.now, source, to, octets))
        for delay in self._delays():
            if number not in self.lose and to not in self.silent:
                self._later(delay, lambda: self._deliver(source, to, octets))

    def send_after(self, delay: float, source: Endpoint, to: Endpoint, octets: bytes) -> None:
        """The same after so many seconds, at once where it is none."""
        if delay:
            self._later(delay, lambda: self.send(source, to, octets))
        else:
            self.send(source, to, octets)

    def _delays(self) -> list[float]:
        loss, duplicate, reorder = self._fate
        if self._random.random() < loss:
            return []
        times = 2 if self._random.random() < duplicate else 1
        return [0.005 + (0.3 if self._random.random() < reorder else 0.0) for _ in range(times)]

    def _deliver(self, source: Endpoint, to: Endpoint, octets: bytes) -> None:
        receiver = self._receivers.get(self._inside(to))
        if receiver is not None:
            receiver(octets, self._outside(source))

    def _outside(self, endpoint: Endpoint) -> Endpoint:
        is_ue = any(endpoint.address == phone.settings.ike.address for phone in self._ues)
        return Endpoint(self.nat, endpoint.port + self.nat_shift) if self.nat is not None and is_ue else endpoint

    def _inside(self, endpoint: Endpoint) -> Endpoint:
        """Behind the NAT there is the first UE."""
        if self.nat is None or endpoint.address != self.nat:
            return endpoint
        return Endpoint(self._ues[0].settings.ike.address, endpoint.port - self.nat_shift)

    def _later(self, delay: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (self.now + delay, next(self._order), action))

    def _next_time(self) -> float | None:
        times = [self.gateway.deadline, *(phone.machine.deadline for phone in self._ues)]
        if self._queue:
            times.append(self._queue[0][0])
        return min((time for time in times if time is not None), default=None)

    def _tick(self) -> None:
        for phone in self._ues:
            if phone.machine.deadline is not None and phone.machine.deadline <= self.now:
                phone.tell(Tick())
        if self.gateway.deadline is not None and self.gateway.deadline <= self.now:
            self.tell_gateway(Tick())

    def _to_ue(self, phone: VirtualUe, channel: ue.Channel) -> Callable[[bytes, Endpoint], None]:
        def arrive(octets: bytes, _source: Endpoint) -> None:
            for delay, passed in phone.faults.passing(channel, "in", octets):
                self._later(delay, lambda passed=passed: phone.tell(ue.DatagramArrived(channel, passed)))  # type: ignore[misc]

        return arrive

    def _to_gateway(self, channel: pgw.Channel, own: Endpoint) -> Callable[[bytes, Endpoint], None]:
        if channel is pgw.Channel.IKE:
            return lambda octets, source: self.tell_gateway(pgw.TrainArrived((octets,), source, own))
        return lambda octets, source: self.tell_gateway(pgw.DatagramArrived(channel, octets, source, own))

    def _resolve(self, octets: bytes, source: Endpoint) -> None:
        answer = dns_server.answer(self._zone, octets).datagram
        if answer is not None:
            self.send(DNS, source, answer)

    def _gateway(self, settings: GatewaySettings) -> Gateway:
        for channel, own in ((pgw.Channel.IKE, IKE), (pgw.Channel.IKE, NATT), (pgw.Channel.DSMIP, DSMIP)):
            self._receivers[own] = self._to_gateway(channel, own)
        return Gateway(settings=settings, random=self._entropy("gateway"))

    def _entropy(self, whose: str) -> Callable[[int], bytes]:
        return Random(f"{self._seed} {whose}").randbytes

    def _relay(self, sa: bytes, request: RelayRequest) -> None:
        answer = self.relay(request)
        if answer is not None:
            self._later(AAA_TIME, lambda: self.tell_gateway(pgw.AaaAnswered(sa, answer)))

    def _ask_service(self, request: RelayRequest) -> RelayAnswer | None:
        asked = AccessRequest(
            client=Client("pgw", NETWORK_NAME),
            eap=request.eap,
            state=request.state,
            user_name=request.identity,
            apn=request.apn,
            front="s6b",
        )
        with asyncio.Runner() as runner:
            answer = runner.run(self._service.authenticate(asked))
        match answer:
            case Challenge(eap, state):
                return RelayChallenge(eap, state)
            case Accept():
                static = answer.apn.home_address if answer.apn else None
                return RelayAccept(answer.eap, answer.msk, answer.user_name, home_address=static)
            case Reject(eap, cause):
                return RelayReject(eap, cause.value)
            case Ignore():
                return None


def _require_no_failure(effects: Iterable[pgw.GatewayEffect | ue.UeEffect]) -> None:
    """Raise what a machine would only have its shell log."""
    for effect in effects:
        if isinstance(effect, Failed):
            raise effect.error


def one_by_one(effects: Iterable[pgw.GatewayEffect]) -> Iterator[pgw.GatewayEffect]:
    """The same, with an effect of its own for each datagram and packet of a train."""
    for effect in effects:
        match effect:
            case pgw.SendTrain(datagrams, source, to):
                yield from (pgw.Send(pgw.Channel.IKE, octets, source, to) for octets in datagrams)
            case pgw.DeliverTrain(packets):
                yield from map(pgw.DeliverHome, packets)
            case _:
                yield effect


def responder_policy(*names: str, authority: int = 1, **changes: object) -> ResponderPolicy:
    """The gateway's, with a certificate for `names` or for its own name and the APN."""
    identity = gateway_identity(*(names or (GATEWAY_NAME, APN)), authority=authority)
    settings: dict[str, object] = {
        "name": GATEWAY_NAME,
        "chain": identity.chain,
        "key": identity.key,
        "ha_address": HA_ADDRESS,
    }
    return ResponderPolicy(**(settings | changes))  # type: ignore[arg-type]


def ue_settings(imsi: Imsi, own: Endpoint, **changes: object) -> UeSettings:
    """A UE of the home network that trusts authority 1."""
    settings: dict[str, object] = {
        "imsi": imsi,
        "plmn": PLMN,
        "apn": APN,
        "methods": (EapMethod.AKA,),
        "ike": own,
        "dns": DNS,
        "gateway_port": NATT.port,
        "dsmip_port": DSMIP.port,
        "gateway_name": GATEWAY_NAME,
        "anchors": (gateway_identity(GATEWAY_NAME, APN).anchor,),
    }
    return UeSettings(**(settings | changes))  # type: ignore[arg-type]


def subscribers(*imsis: Imsi) -> MemoryHss:
    """An HSS that knows these, all with the same keys."""
    return MemoryHss(*(Subscriber(profile(imsi=imsi)) for imsi in imsis))


def assert_nothing_is_left(network: Network) -> None:
    """No binding, no Home Address, no session, and after a while nothing to wait for."""
    gateway = network.gateway
    assert (gateway.bindings, gateway.leases, len(gateway.sessions)) == (0, 0, 0)
    network.run(until=network.now + 300.0)
    assert gateway.deadline is None
