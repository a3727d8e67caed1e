"""What a configuration makes of its peers: who may speak what, who is an agent, what each may ask."""

from pathlib import Path

from hss.config import HssPeerConfig
from hss.faces.diameter import peer_policy, peer_rule
from hss.policy.rules import PeerRule
from wire.diameter.applications import Application

PEER = {
    "name": "aaa",
    "origin_host": "aaa.example",
    "origin_realm": "Example",
    "addresses": ["127.0.0.0/8"],
    "applications": ["swx"],
}


def peer(**more: object) -> HssPeerConfig:
    return HssPeerConfig.model_validate(PEER | more, context={"folder": Path()})


def test_peer_speaks_what_it_may_ask() -> None:
    policy = peer_policy(peer(), learns=False)
    assert (policy.name, policy.applications, policy.agent) == ("aaa", (Application.SWX,), False)
    assert peer_policy(peer(agent=True), learns=False).agent


def test_peer_that_is_learnt_from_may_speak_everything() -> None:
    assert peer_policy(peer(), learns=True).applications == (Application.SWX, Application.S6A)


def test_peer_without_limits_has_none() -> None:
    assert peer_rule(peer()) == PeerRule("aaa", frozenset({Application.SWX}))


def test_own_realm_is_among_the_realms() -> None:
    rule = peer_rule(peer(realms=["Visited"], imsi_prefixes=["00101"], vectors_per_minute=60))
    assert rule.realms == {"example", "visited"}
    assert (rule.imsi_prefixes, rule.vectors_per_minute) == (("00101",), 60)
