"""The UE's IKE SA on the network in memory: where it begins, and what keeps its way through a NAT."""

from ipaddress import IPv4Address

import pytest

from tests.aaa.memory_hss import IMSI
from tests.network import GATEWAY_ADDRESS, IKE, NATT, Network, VirtualUe
from ue_sim.ue_events import OnTheNetwork
from wire.esp.encapsulation import KEEPALIVE, NON_ESP_MARKER
from wire.ikev2.nat import Endpoint

NAT = IPv4Address("203.0.113.9")
ELSEWHERE = Endpoint(IPv4Address("198.51.100.44"), 4500)


def attached(network: Network, **changes: object) -> VirtualUe:
    phone = network.attach(IMSI, usim=None, **changes)
    network.run(until=2.0)
    assert type(phone.state) is OnTheNetwork
    return phone


def kept_alive(network: Network, seconds: float) -> list[float]:
    """How long after now each keepalive was sent, within `seconds`; nothing else is to be sent in that time."""
    began, sent = network.now, len(network.sent)
    network.run(until=began + seconds)
    return [one.sent_at - began for one in network.sent[sent:] if one.octets == KEEPALIVE and one.to == NATT]


def test_ue_behind_a_nat_speaks_every_twenty_seconds() -> None:
    network = Network(nat=NAT)
    attached(network, liveness_interval=1000.0)
    first, second, third = kept_alive(network, 61.0)
    assert 18.0 < first <= 20.0
    assert second - first == pytest.approx(20.0)
    assert third - second == pytest.approx(20.0)


def test_interval_is_the_ues_choice() -> None:
    network = Network(nat=NAT)
    attached(network, liveness_interval=1000.0, keepalive_interval=5.0)
    assert len(kept_alive(network, 60.0)) == 12


@pytest.mark.parametrize(("nat", "interval"), [(None, 20.0), (NAT, 0.0)], ids=["no NAT", "none wanted"])
def test_ue_is_silent_where_nothing_has_to_be_kept(nat: IPv4Address | None, interval: float) -> None:
    network = Network(nat=nat)
    attached(network, liveness_interval=1000.0, keepalive_interval=interval)
    assert kept_alive(network, 200.0) == []


def test_questions_keep_the_mapping_as_well() -> None:
    network = Network(nat=NAT)
    attached(network, liveness_interval=15.0)
    assert kept_alive(network, 100.0) == []


def test_keepalives_end_with_the_ike_sa() -> None:
    network = Network(nat=NAT)
    phone = attached(network, liveness_interval=1000.0)
    phone.detach()
    network.run(until=network.now + 1.0)
    assert phone.is_off
    assert (kept_alive(network, 100.0), phone.machine.deadline) == ([], None)


@pytest.mark.parametrize("mobility", [True, False], ids=["DS-MIPv6", "MOBIKE"])
def test_ue_that_moves_behind_a_nat_begins_to_keep_the_mapping(mobility: bool) -> None:
    """Told by NAT Detection of the Binding Acknowledgement (RFC 5555 §4.3), or of IKE's (RFC 4555 §3.8)."""
    network = Network()
    phone = attached(network, liveness_interval=1000.0, mobility=mobility, mobike=not mobility)
    assert kept_alive(network, 50.0) == []
    network.nat = NAT
    network.move(phone, ELSEWHERE)
    network.run(until=network.now + 1.0)
    assert len(kept_alive(network, 61.0)) == 3
    network.nat = None
    network.move(phone, Endpoint(IPv4Address("192.0.2.10"), 4500))
    network.run(until=network.now + 1.0)
    assert kept_alive(network, 61.0) == []


@pytest.mark.parametrize("nat", [None, NAT], ids=["no NAT", "NAT"])
def test_ike_begins_at_one_port_and_floats_to_the_other(nat: IPv4Address | None) -> None:
    """RFC 7296 §2.23: behind a NAT it must, and our ESP in UDP wants it in any case."""
    network = Network(nat=nat)
    phone = attached(network, ike_port=IKE.port)
    ours = [one for one in network.sent if one.source == phone.settings.ike]
    bare, floated = ([one for one in ours if one.to == port] for port in (IKE, NATT))
    assert (len(bare), len(ours)) == (1, 1 + len(floated))
    assert bare[0].octets[17:19] == b"\x20\x22"
    assert not bare[0].octets.startswith(NON_ESP_MARKER)
    assert floated[0].octets.startswith(NON_ESP_MARKER)
    assert phone.ping(phone.attached.ha_address).received == 5
    assert phone.machine._links.current is not None
    assert phone.machine._links.current.gateway == Endpoint(GATEWAY_ADDRESS, NATT.port)


def test_ue_floats_on_a_bad_network_too() -> None:
    for seed in range(8):
        network = Network(seed, loss=0.15, duplicate=0.3, reorder=0.3, nat=NAT)
        phone = network.attach(ike_port=IKE.port)
        network.run(until=60.0)
        assert type(phone.state) is OnTheNetwork, phone.effects[-3:]
