"""What sealing gives and what it leaves to the UE, by many logins on several nodes that share nothing but a keyring.

The UE of one subscriber comes and goes; a clone of it comes with what it had some logins ago; a stranger replays every
identity that was ever shown. No MSK is ever given twice, the stranger never gets in, the UE's own counters only rise.
"""

from dataclasses import dataclass, field, replace
from random import Random

import pytest

from aaa.eap.aka_server import AkaServer
from aaa.eap.authenticator import Authenticator
from aaa.eap.events import EapArrived, Failed, SendEap, Succeeded
from aaa.eap.policy import AkaPolicy
from tests.aaa.identities.keyrings import Node
from tests.aaa.memory_hss import usim
from tests.pairs.test_aka_pair import WLAN, Network, network, peer
from ue_sim.eap.temporary import Kept
from ue_sim.usim import SoftwareUsim
from wire.eap.aka import AkaMessage
from wire.eap.constants import Subtype
from wire.eap.packet import identity_response
from wire.identity import EapMethod, IdentityKind

METHODS = pytest.mark.parametrize("method", [EapMethod.AKA, EapMethod.AKA_PRIME])
LOGINS = 60


@dataclass
class World:
    """Nodes with one keyring, one card, and all that was ever said."""

    method: EapMethod
    seed: int
    nodes: list[Node] = field(init=False)
    card: SoftwareUsim = field(default_factory=usim)
    ended: list[Network] = field(default_factory=list)
    shown: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.nodes = [Node(seed=seed) for seed in range(3)]
        self.hss = network(peer(self.method, card=self.card), WLAN).hss

    def login(self, kept: Kept) -> Kept:
        """One login of whoever has the card and `kept`, at any node; what he has then."""
        ue = peer(self.method, card=self.card, kept=kept)
        self.shown.append(ue.identity)
        server = Authenticator(AkaServer(WLAN, self.random.randbytes, self.random.choice(self.nodes).identities))
        run = Network(ue, server, self.hss)
        run.run()
        assert run.agreed
        self.ended.append(run)
        return ue.kept

    @property
    def accepted(self) -> list[Succeeded]:
        return [run.over for run in self.ended if isinstance(run.over, Succeeded)]


def replayed(world: World, node: Node, identity: bytes) -> Failed | None:
    """What a stranger gets who shows `identity` and answers with what he can make without a key."""
    server = Authenticator(AkaServer(replace(WLAN), world.random.randbytes, node.identities))
    (effect,) = server.handle(EapArrived(identity_response(1, identity)), 0.0)
    if not isinstance(effect, SendEap):
        return None
    asked = AkaMessage.parse(effect.octets)
    if asked.subtype is not Subtype.REAUTHENTICATION:
        return None
    # he sends back what he saw: the same attributes, AT_MAC included
    answer = bytes((2,)) + effect.octets[1:]
    effects = server.handle(EapArrived(answer), 0.0)
    assert isinstance(effects[0], SendEap)
    assert AkaMessage.parse(effects[0].octets).subtype is Subtype.NOTIFICATION
    (over,) = server.handle(EapArrived(bytes((2,)) + effects[0].octets[1:]), 0.0)
    assert isinstance(over, Failed)
    return over


@METHODS
@pytest.mark.parametrize("seed", range(3))
def test_no_msk_is_given_twice_and_the_counters_of_one_ue_only_rise(method: EapMethod, seed: int) -> None:
    world, kept = World(method, seed), Kept()
    for _ in range(LOGINS):
        kept = world.login(kept)
    assert len({bytes(over.msk) for over in world.accepted}) == LOGINS
    assert [over.kind for over in world.accepted].count(IdentityKind.REAUTHENTICATION) == LOGINS - 1
    assert [over.counter for over in world.accepted[1:]] == list(range(1, LOGINS))


@METHODS
def test_clone_of_a_ue_gets_other_keys_and_no_counter_twice_at_one_node(method: EapMethod) -> None:
    world, kept = World(method, 7), Kept()
    past = [kept]
    for _ in range(LOGINS):
        if world.random.random() < 0.3:
            world.login(world.random.choice(past))
        kept = world.login(kept)
        past.append(kept)
    assert len({bytes(over.msk) for over in world.accepted}) == len(world.accepted) > LOGINS
    for node in world.nodes:
        assert len(node.identities._used) >= 1


@METHODS
def test_stranger_who_replays_every_identity_never_gets_in(method: EapMethod) -> None:
    world, kept = World(method, 9), Kept()
    for _ in range(20):
        kept = world.login(kept)
    # a node that has seen none of them serves all of them, the oldest first
    fresh = Node(seed=8)
    failed = [replayed(world, fresh, identity) for identity in world.shown]
    assert sum(over is not None for over in failed) == 19
    assert all(over.cause.name in {"WRONG_RESPONSE", "BAD_EAP"} for over in failed if over is not None)
    # and no node serves an identity twice, or an older one after a newer one
    assert not any(replayed(world, fresh, identity) for identity in world.shown)
    # the UE itself is in as before, at that node too
    assert network(peer(method, card=world.card, kept=kept), AkaPolicy("WLAN"), fresh.identities, hss=world.hss).agreed
