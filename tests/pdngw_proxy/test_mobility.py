"""What the home agent is told and tells: plain values."""

import dataclasses
from ipaddress import IPv4Address
from typing import get_args

import pytest

from pdngw_proxy.mobility import AgentEffect, AgentEvent, Binding, Endpoint, HomeAgentPolicy


@pytest.mark.parametrize("kind", [*get_args(AgentEvent), *get_args(AgentEffect), Binding, HomeAgentPolicy])
def test_events_and_effects_are_frozen(kind: type) -> None:
    assert dataclasses.is_dataclass(kind)
    parameters = getattr(kind, "__dataclass_params__")  # noqa: B009
    assert parameters.frozen or parameters.unsafe_hash  # of wire.frozen, whose writes mypy refuses


def test_endpoint_is_compared_by_port_as_well() -> None:
    assert Endpoint(IPv4Address(1), 4500) != Endpoint(IPv4Address(1), 4191)
