"""Buckets by name."""

import pytest

from hss.rest.rate_limit import RateLimit, network_of


def test_burst_is_had_at_once_and_the_rate_afterwards() -> None:
    limit = RateLimit(2.0, 3.0)
    assert [limit.wait("a", 10.0) for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    assert limit.wait("a", 10.5) == 0.0
    assert limit.wait("a", 10.5) == 0.5
    assert limit.wait("b", 10.5) == 0.0


def test_quietest_name_is_forgotten_first() -> None:
    limit = RateLimit(1.0, 1.0, kept=2)
    assert [limit.wait(name, 1.0) for name in ("a", "b", "a", "c")] == [0.0, 0.0, 1.0, 0.0]
    assert limit.wait("a", 1.0) == 1.0, "it asked after b"
    assert limit.wait("b", 1.0) == 0.0, "it was forgotten"


@pytest.mark.parametrize(
    ("host", "counted"),
    [("192.0.2.7", "192.0.2.7"), ("2001:db8::5", "2001:0db8:0000:0000"), ("testclient", "testclient"), ("", "")],
)
def test_stranger_is_an_address_or_a_network(host: str, counted: str) -> None:
    assert network_of(host) == counted
