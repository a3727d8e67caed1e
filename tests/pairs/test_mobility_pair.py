"""Mobile node and home agent over a lossy link on a virtual clock, with and without ESP between them."""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from ipaddress import IPv4Address, IPv6Address, IPv6Network

import pytest

from pdngw_proxy import mobility as agent_side
from pdngw_proxy.forwarding import Forwarder, SendHome, SendToTunnel
from pdngw_proxy.home_agent import HomeAgent
from pdngw_proxy.home_network import HomeNetwork, correspondent_of
from ue_sim import mobility as node_side
from ue_sim.mobile_node import MobileNode
from ue_sim.pinger import Pinger, PingFinished, PingRequested, SendEcho
from ue_sim.stack import EchoAnswered, EchoFailed, Stack
from wire.ciphers import AES_GCM_16_256, Protector
from wire.errors import DecodeError
from wire.esp.replay import Replayed
from wire.esp.sa import InboundSa, OutboundSa
from wire.ip.ipv6 import PROTO_IPV6, Ipv6Packet
from wire.ip.packet import parse_packet
from wire.mip6.encapsulation import open_mobility, parse_tunnelled, seal_mobility
from wire.sansio import Tick
from wire.secret import Secret

PREFIX = IPv6Network("2001:db8:1::/64")
AGENT, HOME = IPv6Address("2001:db8:1::1"), IPv6Address("2001:db8:1::100")
CARE_OF = IPv4Address("127.9.8.10")
POLICY = agent_side.HomeAgentPolicy(ha_address=AGENT, home_prefix=PREFIX, most_lifetime=120)
UP = node_side.TunnelUp(home_address=HOME, ha_address=AGENT, care_of=CARE_OF)


@dataclass
class Link:
    """Loses, doubles and delays by chance; a delay of up to half a second also reorders."""

    chance: random.Random
    loss: float = 0.0
    doubling: float = 0.0
    queue: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    count: int = 0

    def carry(self, now: float, deliver: Callable[[], None]) -> None:
        """Hand a message to the link."""
        copies = 1 + (self.chance.random() < self.doubling)
        for _ in range(copies):
            if self.chance.random() >= self.loss:
                self.count += 1
                heapq.heappush(self.queue, (now + self.chance.uniform(0.01, 0.5), self.count, deliver))


@dataclass
class Network:
    """One UE and its home agent; `sealed` puts ESP and the IPv6 header of RFC 5555 §4.2 between them."""

    link: Link
    sealed: bool = False
    now: float = 0.0
    node: MobileNode = field(default_factory=lambda: MobileNode(node_side.MobilityPolicy(lifetime=240)))
    agent: HomeAgent = field(default_factory=lambda: HomeAgent(POLICY))
    care_of: IPv4Address = CARE_OF
    seen: list[node_side.NodeEffect | agent_side.AgentEffect] = field(default_factory=list)
    replayed: int = 0

    def __post_init__(self) -> None:
        self.up, self.up_end = _sa_pair(1)
        self.down, self.down_end = _sa_pair(2)

    def tell_node(self, event: node_side.NodeEvent) -> None:
        """Give the node an event and carry what it sends."""
        for effect in self.node.handle(event, self.now):
            self.seen.append(effect)
            if isinstance(effect, node_side.SendMobility):
                outer = agent_side.Endpoint(self.care_of, 5000)
                octets = seal_mobility(effect.octets, HOME, AGENT, self.up) if self.sealed else effect.octets
                self.link.carry(self.now, partial(self._at_agent, octets, outer))

    def tell_agent(self, event: agent_side.AgentEvent) -> None:
        """Give the home agent an event and carry what it sends."""
        for effect in self.agent.handle(event, self.now):
            self.seen.append(effect)
            if isinstance(effect, agent_side.SendMobility):
                octets = seal_mobility(effect.octets, AGENT, HOME, self.down) if self.sealed else effect.octets
                self.link.carry(self.now, partial(self._at_node, octets))

    def _at_agent(self, octets: bytes, outer: agent_side.Endpoint) -> None:
        mobility = self._opened(octets, self.up_end)
        if mobility is not None:
            self.tell_agent(
                agent_side.MobilityArrived(
                    octets=mobility, sa_home_address=HOME, source=HOME, destination=AGENT, outer=outer
                )
            )

    def _at_node(self, octets: bytes) -> None:
        mobility = self._opened(octets, self.down_end)
        if mobility is not None:
            self.tell_node(node_side.MobilityArrived(mobility))

    def _opened(self, octets: bytes, sa: InboundSa) -> bytes | None:
        if not self.sealed:
            return octets
        packet = parse_tunnelled(octets)
        assert isinstance(packet, Ipv6Packet)
        try:
            return open_mobility(packet, sa)
        except Replayed:
            self.replayed += 1
            return None

    def run(self, until: float) -> None:
        """Let virtual time pass, event by event."""
        while True:
            times = [(self.link.queue[0][0], 0)] if self.link.queue else []
            times += [(at, 1) for at in (self.node.deadline,) if at is not None]
            times += [(at, 2) for at in (self.agent.deadline,) if at is not None]
            if not times or min(times)[0] > until:
                self.now = until
                return
            at, whose = min(times)
            self.now = max(self.now, at)
            if whose == 0:
                heapq.heappop(self.link.queue)[2]()
            elif whose == 1:
                self.tell_node(Tick())
            else:
                self.tell_agent(Tick())

    def count(self, kind: type) -> int:
        """How many effects of a type there were."""
        return sum(isinstance(effect, kind) for effect in self.seen)


def _sa_pair(fill: int) -> tuple[OutboundSa, InboundSa]:
    keys = Secret(bytes([fill]) * 36)
    protectors = [Protector(AES_GCM_16_256, None, keys) for _ in range(2)]
    spi = 0x1000 + fill
    return OutboundSa(spi=spi, protector=protectors[0], random=bytes), InboundSa(spi=spi, protector=protectors[1])


def test_pair_binds_refreshes_and_leaves() -> None:
    network = Network(Link(random.Random(1)), sealed=True)
    # Binding Update { A, H, K, R, 240 s } -->          <-- Binding Acknowledgement { 120 s, NAT Detection }
    network.tell_node(UP)
    network.run(until=5.0)
    (bound,) = [effect for effect in network.seen if isinstance(effect, node_side.Bound)]
    binding = network.agent.binding(HOME)
    assert binding is not None
    assert (bound.lifetime, bound.nat_detected, bound.moves_ike) == (120.0, False, True)
    # the home agent keeps the binding until after the mobile node believes it gone
    assert 0 < binding.expires_at - bound.expires_at < 0.5
    # Binding Update { refresh } -->
    network.run(until=500.0)
    assert network.count(agent_side.BindingChanged) == 5
    assert network.count(node_side.BindingLost) == network.count(agent_side.BindingRemoved) == 0
    # Binding Update { lifetime 0 } -->                 <-- Binding Acknowledgement { lifetime 0 }
    network.tell_node(node_side.LeaveRequested())
    network.run(until=510.0)
    assert network.seen[-1] == node_side.Left(confirmed=True)
    assert network.agent.binding(HOME) is None


@pytest.mark.parametrize("sealed", [False, True], ids=["bare", "sealed"])
@pytest.mark.parametrize("seed", range(25))
def test_pair_survives_loss_doubling_and_reordering(seed: int, sealed: bool) -> None:
    chance = random.Random(seed)
    network = Network(Link(chance, loss=0.3, doubling=0.3), sealed=sealed)
    network.tell_node(UP)
    for number in range(20):
        network.run(until=network.now + chance.uniform(0.1, 40.0))
        network.care_of = IPv4Address("127.9.8.10") + number
        network.tell_node(node_side.CareOfChanged(network.care_of))
    # let what is late arrive and the refreshes settle
    network.link.loss = network.link.doubling = 0.0
    network.run(until=network.now + 60.0)
    assert network.count(node_side.BindingLost) == 0
    bound = [effect for effect in network.seen if isinstance(effect, node_side.Bound)][-1]
    binding = network.agent.binding(HOME)
    assert binding is not None
    assert binding.care_of == bound.care_of == network.care_of
    assert binding.sequence == bound.sequence
    assert 0 < binding.expires_at - bound.expires_at < 0.5
    network.tell_node(node_side.LeaveRequested())
    network.run(until=network.now + 5.0)
    assert network.seen[-1] == node_side.Left(confirmed=True)
    assert network.agent.binding(HOME) is None
    assert (network.replayed > 0) is sealed


def test_pair_meets_again_after_the_node_forgot_its_numbers() -> None:
    network = Network(Link(random.Random(2)))
    network.node.sequence = 40_000
    network.tell_node(UP)
    network.run(until=5.0)
    # the UE starts anew, with a counter that the home agent takes for old
    network.node = MobileNode(node_side.MobilityPolicy(), sequence=39_990)
    network.tell_node(UP)
    network.run(until=10.0)
    assert network.count(agent_side.Refused) == 1
    binding = network.agent.binding(HOME)
    assert binding is not None
    assert binding.sequence == network.node.sequence == 40_002


def test_silent_home_agent_is_given_up_and_its_name_is_told() -> None:
    network = Network(Link(random.Random(3), loss=1.0))
    network.tell_node(UP)
    network.run(until=300.0)
    lost = network.seen[-1]
    assert isinstance(lost, node_side.BindingLost)
    assert lost.cause == f"no Binding Acknowledgement from {AGENT}: 60.0 s after 6 Binding Updates"


def test_binding_whose_node_is_gone_ends_by_itself() -> None:
    network = Network(Link(random.Random(4)))
    network.tell_node(UP)
    network.run(until=5.0)
    network.link.loss = 1.0
    network.run(until=400.0)
    assert network.count(node_side.BindingLost) == network.count(agent_side.BindingRemoved) == 1
    assert network.agent.deadline is None


def test_pings_go_through_the_tunnel_and_come_back() -> None:
    network = Network(Link(random.Random(5)), sealed=True)
    network.tell_node(UP)
    network.run(until=5.0)
    out, out_end = _sa_pair(3)
    back, back_end = _sa_pair(4)
    forwarder = Forwarder(routers=[AGENT], home_of=network.agent.home_of)
    home = HomeNetwork(routers=[AGENT], prefixes=[PREFIX], hosts=[correspondent_of(PREFIX)])
    stack, pinger = Stack(HOME), Pinger()

    def through_the_tunnel(octets: bytes) -> list[bytes]:
        inner, next_header = out_end.open(out.seal(octets, PROTO_IPV6))
        assert next_header == PROTO_IPV6
        answers = []
        for effect in forwarder.from_tunnel(parse_packet(inner), HOME, network.now):
            assert isinstance(effect, SendHome)
            for answer in home.deliver(effect.octets):
                for sent in forwarder.from_home(answer, network.now):
                    assert isinstance(sent, SendToTunnel)
                    assert sent.home_address == HOME
                    answers.append(back_end.open(back.seal(sent.octets, PROTO_IPV6))[0])
        return answers

    for destination in (AGENT, correspondent_of(PREFIX)):
        effects = pinger.handle(PingRequested(destination=destination, identifier=1), network.now)
        while not isinstance(effects[-1], PingFinished):
            new = []
            for effect in effects:
                if isinstance(effect, SendEcho):
                    request = stack.echo_request(effect.destination, effect.identifier, effect.sequence, effect.data)
                    for answer in through_the_tunnel(request):
                        for heard in stack.receive(answer):
                            assert isinstance(heard, EchoAnswered | EchoFailed)
                            new += pinger.handle(heard, network.now)
            if not new:
                assert pinger.deadline is not None
                network.now = pinger.deadline
                new = pinger.handle(Tick(), network.now)
            effects = new
        assert effects[-1] == PingFinished(5, 5, (0.0,) * 5)
    assert forwarder.counters.forwarded == 20


def test_foreign_home_address_never_gets_a_binding() -> None:
    network = Network(Link(random.Random(6)))
    victim = IPv6Address("2001:db8:1::101")
    attacker = MobileNode(node_side.MobilityPolicy())
    (send,) = attacker.handle(node_side.TunnelUp(home_address=victim, ha_address=AGENT, care_of=CARE_OF), 0.0)
    assert isinstance(send, node_side.SendMobility)
    network.tell_agent(
        agent_side.MobilityArrived(
            octets=send.octets,
            sa_home_address=HOME,
            source=victim,
            destination=AGENT,
            outer=agent_side.Endpoint(CARE_OF, 5000),
        )
    )
    cause = f"foreign Home Address {victim} in the SA of {HOME}"
    assert network.seen == [agent_side.Dropped(agent_side.Clause.FOREIGN_HOME_ADDRESS, cause)]
    assert network.agent.binding(victim) is None


def test_octets_of_noise_do_not_disturb_either_end() -> None:
    network = Network(Link(random.Random(7)))
    network.tell_node(UP)
    network.run(until=5.0)
    chance = random.Random(8)
    for _ in range(2000):
        octets = chance.randbytes(chance.randrange(64))
        network._at_agent(octets, agent_side.Endpoint(CARE_OF, 5000))
        network._at_node(octets)
        with pytest.raises((DecodeError, Replayed)):
            network.up_end.open(b"\x00\x00" + octets)
    assert network.agent.binding(HOME) is not None
    assert network.node.deadline is not None
