"""What makes one PDN GW."""

from dataclasses import replace

from pdngw_proxy.home_agents import KnownAgent
from pdngw_proxy.ike.policy import Admission
from pdngw_proxy.settings import GatewaySettings
from tests.ike_link import responder_policy
from tests.network import AGENT, DSMIP, HA_ADDRESS, HOME_PREFIX


def test_home_addresses_come_from_the_home_agents_prefix() -> None:
    settings = GatewaySettings(responder=responder_policy(), admission=Admission(), agent=AGENT, dsmip=DSMIP)
    assert settings.home_prefix == HOME_PREFIX


def test_home_link_is_there_with_its_interface() -> None:
    settings = GatewaySettings(responder=responder_policy(), admission=Admission(), agent=AGENT, dsmip=DSMIP)
    assert settings.home_link() is None
    assert replace(settings, link_layer=bytes(6)).home_link() is not None


def test_home_agent_is_one_of_the_home_agents() -> None:
    agent = replace(AGENT, preference=5, others=(KnownAgent(HA_ADDRESS + 1, 9), KnownAgent(HA_ADDRESS + 2)))
    settings = GatewaySettings(responder=responder_policy(), admission=Admission(), agent=agent, dsmip=DSMIP)
    assert settings.home_agents(bytes).listed() == (HA_ADDRESS + 1, HA_ADDRESS, HA_ADDRESS + 2)


def test_nobody_is_given_what_belongs_to_home_agents() -> None:
    agent = replace(AGENT, others=(KnownAgent(HA_ADDRESS + 1),))
    settings = GatewaySettings(responder=responder_policy(), admission=Admission(), agent=agent, dsmip=DSMIP)
    assert {str(address) for address in settings.reserved} == {
        str(HA_ADDRESS),
        str(HA_ADDRESS + 1),
        "2001:db8:7::cafe",
        "2001:db8:7:0:fdff:ffff:ffff:fffe",
    }


def test_mobile_nodes_are_told_of_their_prefix_as_the_policy_says() -> None:
    settings = GatewaySettings(responder=responder_policy(), admission=Admission(), agent=AGENT, dsmip=DSMIP)
    for interval, first in ((0, None), (600, 600.0)):
        delivery = replace(settings, agent=replace(AGENT, advertisement_interval=interval)).prefix_delivery(bytes)
        delivery.begin(HA_ADDRESS, 0.0)
        assert delivery.deadline == first
