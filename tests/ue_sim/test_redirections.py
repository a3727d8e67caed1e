"""How often a UE lets itself be sent on, and whereto (RFC 5685 §5, §6)."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from ue_sim.discovery import Discovered
from ue_sim.redirections import MOST, WITHIN, Redirections
from wire.ikev2.redirect import GatewayIdentity

HERE = Discovered("here", IPv6Address("2001:db8::1"), IPv4Address("192.0.2.4"))
LOOP = "redirected more than 5 times in 300 s"


def test_so_many_are_followed_and_no_more_until_the_first_is_long_ago() -> None:
    redirections = Redirections()
    assert [redirections.refuse(float(at)) for at in range(MOST + 1)] == [None] * MOST + [LOOP]
    assert redirections.refuse(WITHIN - 1.0) == LOOP
    assert redirections.refuse(WITHIN) is None
    assert redirections.refuse(WITHIN) == LOOP


@pytest.mark.parametrize(
    ("address", "there"),
    [
        ("192.0.2.5", Discovered("REDIRECT of here", HERE.ipv6, IPv4Address("192.0.2.5"))),
        ("2001:db8::5", Discovered("REDIRECT of here", IPv6Address("2001:db8::5"), None)),
    ],
)
def test_other_gateway_is_known_by_that_address_alone(address: str, there: Discovered) -> None:
    version = 6 if ":" in address else 4
    assert Redirections().follow(GatewayIdentity.of(address), HERE, version, 0.0) == there


@pytest.mark.parametrize(("where", "version"), [("pgw2.example", 4), ("2001:db8::5", 4), ("192.0.2.5", 6)])
def test_ue_goes_nowhere_that_it_cannot_reach_from_its_network(where: str, version: int) -> None:
    redirections = Redirections()
    for _ in range(MOST + 1):
        refused = redirections.follow(GatewayIdentity.of(where), HERE, version, 0.0)
        assert refused == f"redirected to {where}, which is no address of this network"
    assert redirections.refuse(0.0) is None, "what is not followed does not count"


def test_loop_is_seen_here_too() -> None:
    redirections = Redirections()
    told = [redirections.follow(GatewayIdentity.of("192.0.2.5"), HERE, 4, 0.0) for _ in range(MOST + 1)]
    assert told[-1] == LOOP
