"""Whose a realm is."""

import pytest

from aaa.radius.proxy.config import RealmConfig
from aaa.radius.proxy.routes import Routes, in_order
from wire.radius.packet import Attribute, RadiusPacket

ROUTES = Routes(
    [RealmConfig(realm=realm, servers=("a",)) for realm in ("example.org", "*.Example.com", "deep.x.example.com")],
    "aaa.example",
)


def named(name: str, *states: bytes) -> RadiusPacket:
    attributes = (Attribute.of("User-Name", name), *(Attribute.of("Proxy-State", state) for state in states))
    return RadiusPacket(1, 1, bytes(16), attributes)


@pytest.mark.parametrize(
    ("name", "realm"),
    [
        ("u@EXAMPLE.org", "example.org"),
        ("u@sub.example.org", None),
        ("u@sub.example.com", "*.Example.com"),
        ("u@very.sub.example.com", "*.Example.com"),
        ("u@deep.x.example.com", "deep.x.example.com"),
        ("u@example.com", None),
        ("u", None),
        ("u@org", None),
    ],
)
def test_realm_is_found(name: str, realm: str | None) -> None:
    found = ROUTES.find(named(name))
    assert (None if found is None else found.realm) == realm


def test_without_realms_everything_is_ours() -> None:
    assert Routes([], "aaa").find(named("u@example.org")) is None


def test_own_mark_is_known_again_and_no_other() -> None:
    other = Routes([], "bbb.example")
    assert ROUTES.has_been_here(named("u", b"nas", ROUTES.mark + bytes(8)))
    assert not ROUTES.has_been_here(named("u", b"nas", other.mark + bytes(8)))
    assert not ROUTES.has_been_here(named("u"))


def test_order_is_as_written_or_each_user_s_own() -> None:
    servers, users = ["a", "b", "c"], [named(f"user{n}") for n in range(300)]
    assert in_order(servers, users[0], "failover") == servers
    orders = [in_order(servers, user, "balance") for user in users]
    assert orders == [in_order(servers[::-1], user, "balance") for user in users]
    first = [order[0] for order in orders]
    assert all(70 < first.count(server) < 130 for server in servers)
    assert in_order([], users[0], "balance") == []


def test_server_that_dies_moves_its_own_users_alone() -> None:
    users = [named(f"user{n}") for n in range(300)]
    before = [in_order(["a", "b", "c"], user, "balance") for user in users]
    after = [in_order(["a", "c"], user, "balance") for user in users]
    assert after == [[server for server in order if server != "b"] for order in before]
    moved = [now[0] for now, order in zip(after, before, strict=True) if order[0] == "b"]
    assert 30 < moved.count("a") < len(moved) - 30
