"""What the mobile node is told and tells: plain values."""

import dataclasses
from ipaddress import IPv4Address, IPv6Address
from typing import get_args

import pytest

from ue_sim.mobility import MobilityPolicy, NodeEffect, NodeEvent, TunnelUp


@pytest.mark.parametrize("kind", [*get_args(NodeEvent), *get_args(NodeEffect), MobilityPolicy])
def test_events_and_effects_are_frozen(kind: type) -> None:
    assert dataclasses.is_dataclass(kind)
    parameters = getattr(kind, "__dataclass_params__")  # noqa: B009
    assert parameters.frozen or parameters.unsafe_hash  # of wire.frozen, whose writes mypy refuses


def test_equal_events_are_equal() -> None:
    ends = {"home_address": IPv6Address("2001:db8::100"), "ha_address": IPv6Address("2001:db8::1")}
    assert TunnelUp(**ends, care_of=IPv4Address(1)) == TunnelUp(**ends, care_of=IPv4Address(1))
    assert TunnelUp(**ends, care_of=IPv4Address(1)) != TunnelUp(**ends, care_of=IPv4Address(2))
