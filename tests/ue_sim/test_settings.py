"""The settings of one UE: a value, named throughout."""

from dataclasses import FrozenInstanceError, replace
from ipaddress import IPv4Address

import pytest

from ue_sim.settings import UeSettings
from wire.identity import EapMethod, Imsi, Plmn
from wire.ikev2.nat import Endpoint

SETTINGS = UeSettings(
    imsi=Imsi("001010000000001"),
    plmn=Plmn("001", "01"),
    apn="internet",
    methods=(EapMethod.AKA,),
    ike=Endpoint(IPv4Address("192.0.2.10"), 4500),
    dns=Endpoint(IPv4Address("192.0.2.53"), 53),
    gateway_port=4500,
    dsmip_port=4191,
    gateway_name="pgw.example",
    anchors=(),
)


def test_settings_are_nobody_s_to_change() -> None:
    with pytest.raises(FrozenInstanceError):
        SETTINGS.gateway_name = "elsewhere.example"  # type: ignore[misc]
    assert replace(SETTINGS, apn="ims") != SETTINGS


def test_settings_are_named_one_by_one() -> None:
    # two ports, two endpoints, two names: by position they would be mistaken for each other
    with pytest.raises(TypeError, match="positional"):
        UeSettings(SETTINGS.imsi, SETTINGS.plmn, "internet")  # type: ignore[call-arg]


def test_every_wait_has_a_limit_by_itself() -> None:
    assert SETTINGS.give_up_after > 0
    assert SETTINGS.lifetime % 4 == 0  # RFC 6275 §6.1.7: units of 4 s


def test_home_agent_is_asked_for_what_the_settings_say() -> None:
    assert SETTINGS.mobility_policy.ipv4_home_address is None
    policy = replace(SETTINGS, ipv4=True, lifetime=120, give_up_after=7.0).mobility_policy
    assert (policy.ipv4_home_address, policy.lifetime, policy.give_up_after) == (IPv4Address(0), 120, 7.0)
