"""Who a certificate names."""

from ipaddress import ip_network
from typing import Any

import pytest

from aaa.radius.radsec.config import RadsecClientConfig
from aaa.radius.radsec.names import RADSEC, certified_names, find_client, load_radsec_clients, room_of
from runtime.config import ConfigError

SAN: dict[str, Any] = {
    "subject": ((("commonName", "ignored.example"),),),
    "subjectAltName": (("DNS", "Proxy.Example.org"), ("IP Address", "2001:DB8:0:0:0:0:0:1"), ("URI", "x:y")),
}
CN: dict[str, Any] = {"subject": ((("countryName", "XX"),), (("commonName", "old.example"),))}


def clients(*configured: RadsecClientConfig) -> str:
    """The name of whom SAN's certificate is from 192.0.2.1."""
    found = find_client(load_radsec_clients(configured, frozenset()), SAN, "::ffff:192.0.2.1")
    return "" if found is None else found.name


def config(name: str = "a", names: tuple[str, ...] = (), addresses: tuple[str, ...] = ()) -> RadsecClientConfig:
    return RadsecClientConfig(name=name, certificate_names=names, addresses=tuple(ip_network(one) for one in addresses))


def test_certificate_says_its_alternative_names_or_else_its_common_name() -> None:
    assert certified_names(SAN) == {"proxy.example.org", "2001:db8::1"}
    assert certified_names(CN) == {"old.example"}
    assert certified_names({}) == frozenset()


@pytest.mark.parametrize(
    ("names", "addresses", "is_it"),
    [
        (("proxy.example.ORG",), (), True),
        (("2001:db8::1",), (), True),
        (("ignored.example",), (), False),
        (("proxy.example.org",), ("192.0.2.0/24",), True),
        (("proxy.example.org",), ("198.51.100.0/24", "2001:db8::/32"), False),
        ((), ("192.0.2.1",), True),
        (("example.org",), (), False),
    ],
)
def test_client_is_who_its_names_and_addresses_say(
    names: tuple[str, ...], addresses: tuple[str, ...], is_it: bool
) -> None:
    assert clients(config("x", names, addresses)) == ("x" if is_it else "")


def test_first_client_that_fits_is_it() -> None:
    assert clients(config("a", ("other",)), config("b", (), ("192.0.2.1",)), config("c", ("proxy.example.org",))) == "b"


def test_client_has_the_secret_and_policy_of_tls() -> None:
    (one,) = load_radsec_clients([config("a", ("x",))], frozenset())
    assert one.client.secret == RADSEC == b"radsec"
    assert not one.client.policy.require_message_authenticator


@pytest.mark.parametrize("taken", [frozenset({"a"}), frozenset()])
def test_names_are_given_once(taken: frozenset[str]) -> None:
    twice = [config("a", ("x",)), config("a", ("y",))][: 1 if taken else 2]
    with pytest.raises(ConfigError, match="the name is taken"):
        load_radsec_clients(twice, taken)


def test_strangers_wait_in_no_room_that_a_client_with_an_address_may_need() -> None:
    anywhere, here = config("anywhere", ("x",)), config("here", ("y",), ("192.0.2.0/24",))
    both, one = (load_radsec_clients(known, frozenset()) for known in ((anywhere, here), (here,)))
    assert [room_of(both, address) for address in ("::ffff:192.0.2.1", "198.51.100.1")] == ["here", ""]
    assert [room_of(one, address) for address in ("192.0.2.1", "198.51.100.1", "fe80::1%eth0")] == ["here", None, None]
