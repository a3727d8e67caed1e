"""UE and PDN GW that both rekey all they have, often, while packets go on; through loss, doubles and reordering."""

import pytest

from tests.network import HA_ADDRESS, Network, assert_nothing_is_left, responder_policy
from ue_sim.ike.events import IkeKeysReady
from ue_sim.pinger import PingFinished, PingRequested
from ue_sim.ue_events import Detached, EspKeysReady, OnTheNetwork
from wire.ikev2.child import Mode
from wire.ikev2.upkeep.states import Lifetimes

OFTEN = Lifetimes(ike=60.0, child=25.0, retry=3.0)
MINUTES = 10


def living(network: Network) -> None:
    """Ten minutes of pings, one a second, under SAs that live for less than a minute."""
    phone = network.attach(lifetimes=OFTEN, liveness_interval=7.0, give_up_after=60.0)
    network.run(until=20.0)
    assert isinstance(phone.state, OnTheNetwork)
    phone.tell(PingRequested(destination=HA_ADDRESS, identifier=1, count=MINUTES * 60))
    network.run(until=20.0 + MINUTES * 60 + 30.0)
    assert isinstance(phone.state, OnTheNetwork), phone.said(Detached)
    assert len(phone.said(IkeKeysReady)) > MINUTES
    assert len(phone.said(EspKeysReady)) > 4 * MINUTES
    (session,) = network.gateway.sessions.all()
    assert len(session.associations) <= 4
    phone.detach()
    network.run(until=network.now + 60.0)
    assert_nothing_is_left(network)


def received(network: Network) -> int:
    (finished,) = [effect for phone in network._ues for effect in phone.said(PingFinished)]
    return finished.received


def gateway_rekeys_too() -> Lifetimes:
    return Lifetimes(ike=55.0, child=23.0, retry=3.0)


def test_nothing_is_lost_by_rekeying() -> None:
    """RFC 7296 §2.8: 600 pings, some forty ESP SAs of each kind and a dozen IKE SAs."""
    network = Network(responder=responder_policy(lifetimes=gateway_rekeys_too(), liveness_interval=11.0))
    living(network)
    assert received(network) == MINUTES * 60


@pytest.mark.parametrize("seed", range(1, 6))
def test_session_lives_on_when_datagrams_are_lost_doubled_and_out_of_order(seed: int) -> None:
    network = Network(
        seed,
        loss=0.05,
        duplicate=0.1,
        reorder=0.1,
        responder=responder_policy(lifetimes=gateway_rekeys_too(), liveness_interval=11.0),
    )
    living(network)
    # One in twenty is lost each way; rekeying adds none to speak of.
    assert received(network) > MINUTES * 60 * 0.85


def test_tunnel_in_use_is_one() -> None:
    network = Network(responder=responder_policy(lifetimes=Lifetimes(ike=None, child=None)))
    phone = network.attach(lifetimes=OFTEN)
    network.run(until=200.0)
    (session,) = network.gateway.sessions.all()
    tunnels = [one for one in session.associations.values() if one.child.mode is Mode.TUNNEL]
    assert len(tunnels) == 1
    assert not tunnels[0].child.initiator
    assert isinstance(phone.state, OnTheNetwork)
