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


def test_order_is_as_written_or_turned_by_user() -> None:
    servers = ["a", "b", "c"]
    assert in_order(servers, named("u"), "failover") == servers
    orders = [tuple(in_order(servers, named(f"user{n}"), "balance")) for n in range(60)]
    assert orders == [tuple(in_order(servers, named(f"user{n}"), "balance")) for n in range(60)]
    assert set(orders) == {("a", "b", "c"), ("b", "c", "a"), ("c", "a", "b")}
    assert in_order([], named("u"), "balance") == []
