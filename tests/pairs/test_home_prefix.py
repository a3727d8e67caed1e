"""A UE that knows its home prefix alone, and one whose home prefix ends (RFC 6275 §11.4); whole machines."""

from dataclasses import replace
from ipaddress import IPv6Address

import pytest

from pdngw_proxy import gateway_events as pgw
from pdngw_proxy.home_agents import KnownAgent
from tests.network import AGENT, HA_ADDRESS, HOME_PREFIX, Network, VirtualUe
from tests.pairs.test_moving_pair import HOME4, IPV6
from ue_sim import ue_events as ue
from ue_sim.prefix_discovery import Informed
from wire.ip.icmpv6 import build_icmpv6
from wire.ip.ipv6 import PROTO_ICMPV6, Ipv6Packet
from wire.mip6.discovery import HomePrefix, PrefixAdvertisement

SILENT = IPv6Address("2001:db8:7::2")


def network(**changes: object) -> Network:
    return Network(device=True, agent=replace(AGENT, ipv4_home_prefix=HOME4, **changes))  # type: ignore[arg-type]


def notes(phone: VirtualUe) -> str:
    return "\n".join(note.cause for note in phone.said(ue.Note))


def from_agent(net: Network, phone: VirtualUe, advertisement: PrefixAdvertisement) -> None:
    """What the home agent would send by the tunnel."""
    home_address = phone.attached.home_address
    packet = Ipv6Packet(
        source=HA_ADDRESS,
        destination=home_address,
        next_header=PROTO_ICMPV6,
        payload=build_icmpv6(advertisement.build(), HA_ADDRESS, home_address),
    )
    wanted = net.gateway._plane._tunnel(home_address, packet.build())
    for effect in net.gateway._ipv6.on_their_way(wanted, net.now):  # type: ignore[arg-type]
        assert isinstance(effect, pgw.DeliverHome)
        net._over_ipv6(phone, effect.octets)
    net.run(until=net.now + 0.5)


def test_ue_finds_its_home_agent_by_the_prefix_and_attaches() -> None:
    # ICMPv6 144 to the anycast address -->            <-- ICMPv6 145 { home agent }
    net = network()
    phone = net.attach(ike=IPV6, home_prefix=HOME_PREFIX)
    net.run(until=5.0)
    assert isinstance(phone.state, ue.OnTheNetwork)
    discovery = phone.said(ue.StepTaken)[0].evidence
    assert (discovery["name"], discovery["home agent"]) == (f"home agents of {HOME_PREFIX}", str(HA_ADDRESS))
    assert phone.ping(HA_ADDRESS).received == 5


def test_home_agents_are_tried_by_their_preference_and_a_silent_one_is_passed_over() -> None:
    # ICMPv6 144 -->            <-- ICMPv6 145 { the preferred one, the home agent, one that is worse }
    net = network(preference=5, others=(KnownAgent(SILENT + 1), KnownAgent(SILENT, 10)))
    phone = net.attach(ike=IPV6, home_prefix=HOME_PREFIX, give_up_after=8.0)
    net.run(until=30.0)
    assert isinstance(phone.state, ue.OnTheNetwork)
    assert phone.said(ue.StepTaken)[0].evidence["home agent"] == str(SILENT)
    assert f"trying {HA_ADDRESS}" in notes(phone)
    assert phone.ping(HA_ADDRESS).received == 5


def test_ue_asks_for_a_prefix_that_ends_with_its_binding_and_renews_within_it() -> None:
    # Binding Acknowledgement { status 1 } -->  ICMPv6 146 by the tunnel -->  <-- ICMPv6 147
    net = network(prefix_lifetime=120)
    phone = net.attach(ike=IPV6)
    net.run(until=5.0)
    assert phone.machine._node._prefix.deadline == pytest.approx(108.0, abs=2.0)
    binding = net.gateway._agent.binding(phone.attached.home_address)
    assert binding is not None
    assert binding.lifetime == 120
    # as long as the home agent keeps saying so, it goes on
    net.run(until=600.0)
    assert isinstance(phone.state, ue.OnTheNetwork)
    assert net.gateway.bindings == 1


def test_prefix_that_is_over_takes_the_ue_off_the_network() -> None:
    net = network(prefix_lifetime=120)
    phone = net.attach(ike=IPV6)
    net.run(until=5.0)
    over = (HomePrefix(HOME_PREFIX, 0, 0),)
    from_agent(net, phone, PrefixAdvertisement(1, over))
    assert "unsolicited Mobile Prefix Advertisement" in notes(phone)
    assert isinstance(phone.state, ue.OnTheNetwork)
    # the solicitation that followed was answered by the home agent; the next one is answered otherwise
    net.gateway._plane._home._prefix_lifetime = 0
    from_agent(net, phone, PrefixAdvertisement(1, over))
    net.run(until=net.now + 200.0)
    assert phone.is_off
    assert "is no longer valid" in phone.detached.cause


def test_ue_is_told_of_its_prefix_unasked_and_asks_about_it() -> None:
    # <-- ICMPv6 147 unasked      ICMPv6 146 by the tunnel -->      <-- ICMPv6 147
    net = network(advertisement_interval=20)
    phone = net.attach(ike=IPV6)
    net.run(until=19.0)
    assert "unsolicited" not in notes(phone)
    net.run(until=22.0)
    assert notes(phone).count("an unsolicited Mobile Prefix Advertisement") == 1
    assert [type(phone.machine._node._prefix.state)] == [Informed]
    # the answer was its question: it is not told again after 3 s, but after the next interval
    net.run(until=35.0)
    assert notes(phone).count("an unsolicited Mobile Prefix Advertisement") == 1
    net.run(until=60.0)
    assert notes(phone).count("an unsolicited Mobile Prefix Advertisement") == 2
    assert isinstance(phone.state, ue.OnTheNetwork)
