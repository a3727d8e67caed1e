"""What a client may ask."""

import pytest

from aaa.radius.policy import ClientPolicy, RateLimits, realm_of
from wire.radius.packet import Attribute, RadiusPacket


def named(*names: bytes) -> RadiusPacket:
    return RadiusPacket(1, 1, bytes(16), tuple(Attribute(1, name) for name in names))


@pytest.mark.parametrize(
    ("name", "realm"),
    [(b"a@Example.ORG", "example.org"), (b"a", None), (b"a@", None), (b"x!a@b@c", "c"), (b"\xff@r", "r")],
)
def test_realm_is_behind_the_last_at(name: bytes, realm: str | None) -> None:
    assert realm_of(named(name)) == realm


def test_request_without_a_name_has_no_realm() -> None:
    assert realm_of(named()) is None
    assert ClientPolicy(realms=frozenset({"a"})).serves_realm(named())


def test_rate_is_that_of_each_client() -> None:
    limits, policy = RateLimits(), ClientPolicy(requests_per_second=5)
    assert [limits.allow("a", policy, 0.0) for _ in range(11)] == [True] * 10 + [False]
    assert limits.allow("b", policy, 0.0)
    assert [limits.allow("a", policy, 0.2) for _ in range(2)] == [True, False]
    assert all(limits.allow("a", ClientPolicy(), 0.2) for _ in range(100))


@pytest.mark.parametrize(
    ("policy", "limits"),
    [
        (ClientPolicy(), False),
        (ClientPolicy(services=frozenset({"auth"}), require_message_authenticator=False), False),
        (ClientPolicy(services=frozenset({"acct"})), True),
        (ClientPolicy(realms=frozenset({"a"})), True),
        (ClientPolicy(requests_per_second=5), True),
    ],
)
def test_policy_says_whether_any_good_request_may_be_refused(policy: ClientPolicy, *, limits: bool) -> None:
    assert policy.limits_access is limits
