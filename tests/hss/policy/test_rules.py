"""What a rule lets pass and what it refuses, with the result and the cause of each."""

import pytest

from hss.policy.rules import RESULTS, Asked, Cause, PeerPolicies, PeerRule
from wire.diameter.applications import Application
from wire.diameter.results import ResultCode

IMSI = "001010000000001"
ASKED = Asked(Application.SWX, frozenset({"example"}), IMSI, 1)
RULE = PeerRule("aaa", frozenset({Application.SWX}), frozenset({"example", "visited"}), ("00101", "26201"), 10)
MANY = Asked(Application.SWX, frozenset({"example"}), IMSI, 5)


def cause(asked: Asked, rule: PeerRule = RULE) -> Cause | None:
    violation = PeerPolicies([rule]).judge("aaa", asked, 0.0)
    return None if violation is None else violation.cause


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        (ASKED, None),
        (Asked(Application.SWX, frozenset(), IMSI, 0), None),
        (Asked(Application.SWX, frozenset({"visited"}), "262010000000001", 1), None),
        (Asked(Application.S6A, frozenset({"example"}), IMSI, 1), Cause.APPLICATION),
        (Asked(Application.SWX, frozenset({"example", "elsewhere"}), IMSI, 1), Cause.REALM),
        (Asked(Application.SWX, frozenset({"example"}), "262020000000001", 1), Cause.IMSI),
        (Asked(Application.SWX, frozenset({"example"}), None, 1), Cause.IMSI),
    ],
)
def test_each_limit_is_judged(asked: Asked, wanted: Cause | None) -> None:
    assert cause(asked) is wanted


def test_rule_without_limits_refuses_no_one() -> None:
    free = PeerRule("aaa", frozenset({Application.SWX}))
    policies = PeerPolicies([free, RULE.__class__("other", frozenset({Application.SWX}), vectors_per_minute=1)])
    assert not policies.limits("aaa")
    assert policies.limits("other")
    assert cause(Asked(Application.SWX, frozenset({"anywhere"}), None, 5), free) is None


def test_reason_names_no_subscriber() -> None:
    violation = PeerPolicies([RULE]).judge("aaa", Asked(Application.SWX, frozenset(), "262020000000001", 1), 0.0)
    assert violation is not None
    assert violation.reason == "the IMSI has none of the imsi_prefixes of aaa"


def test_vectors_of_a_minute_are_given_and_come_back_evenly() -> None:
    policies = PeerPolicies([RULE])
    assert [policies.judge("aaa", MANY, 100.0) for _ in range(2)] == [None, None]
    refused = policies.judge("aaa", ASKED, 100.0)
    assert refused is not None
    assert (refused.cause, RESULTS[refused.cause]) == (Cause.RATE, ResultCode.TOO_BUSY)
    assert policies.judge("aaa", ASKED, 105.9) is not None
    assert policies.judge("aaa", ASKED, 106.0) is None
    assert policies.judge("aaa", ASKED, 106.0) is not None
    # an hour saves no more than a minute's worth
    assert [policies.judge("aaa", MANY, 4000.0) is None for _ in range(3)] == [True, True, False]


def test_requests_for_no_vector_cost_none() -> None:
    policies = PeerPolicies([RULE])
    for _ in range(100):
        assert policies.judge("aaa", Asked(Application.SWX, frozenset(), IMSI, 0), 0.0) is None


def test_more_at_once_than_in_a_minute_is_still_had() -> None:
    policies = PeerPolicies([PeerRule("aaa", frozenset({Application.SWX}), vectors_per_minute=2)])
    assert policies.judge("aaa", MANY, 0.0) is None
    assert policies.judge("aaa", MANY, 59.0) is not None
    assert policies.judge("aaa", MANY, 60.0) is None


def test_peers_do_not_share_their_vectors() -> None:
    rules = [PeerRule(name, frozenset({Application.SWX}), vectors_per_minute=5) for name in ("aaa", "other")]
    policies = PeerPolicies(rules)
    assert policies.judge("aaa", MANY, 0.0) is None
    assert policies.judge("aaa", ASKED, 0.0) is not None
    assert policies.judge("other", MANY, 0.0) is None
