"""Which client has connected, by the names of its certificate and by its address (RFC 6614 §2.3)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

from aaa.messages import Client
from aaa.radius.clients import RadiusClient
from aaa.radius.policy import ClientPolicy
from aaa.radius.radsec.config import RadsecClientConfig
from runtime.config import ConfigError
from wire.secret import Secret

RADSEC = Secret(b"radsec")
"""The shared secret of everybody on RADIUS over TLS (RFC 6614 §2.3)."""


@dataclass(frozen=True, slots=True)
class RadsecClient:
    """A client that is known by `names` (lower case; () for whatever its certificate says) at `addresses` (() any)."""

    client: RadiusClient
    names: frozenset[str]
    addresses: tuple[IPv4Network | IPv6Network, ...]

    def is_it(self, certified: frozenset[str], address: str) -> bool:
        """Whether a verified certificate that says `certified`, shown from `address`, is this client's."""
        return self.comes_from(address) and (not self.names or bool(self.names & certified))

    def comes_from(self, address: str) -> bool:
        """Whether it may be at `address`."""
        source = ip_address(address.partition("%")[0])
        source = (source.ipv4_mapped or source) if isinstance(source, IPv6Address) else source
        return not self.addresses or any(source in network for network in self.addresses)


def certified_names(certificate: Mapping[str, Any]) -> frozenset[str]:
    """What a certificate, as `ssl` shows it, says: DNS names and addresses, and the CN where it has none (RFC 6125)."""
    alternatives = certificate.get("subjectAltName", ())
    names = {str(value).lower() for kind, value in alternatives if kind in {"DNS", "IP Address"}}
    if not names:
        names = {
            str(value).lower()
            for part in certificate.get("subject", ())
            for kind, value in part
            if kind == "commonName"
        }
    return frozenset(_address_or_name(name) for name in names)


def find_client(clients: Iterable[RadsecClient], certificate: Mapping[str, Any], address: str) -> RadiusClient | None:
    """The first client that it is; None for a stranger with a good certificate."""
    certified = certified_names(certificate)
    return next((one.client for one in clients if one.is_it(certified, address)), None)


def room_of(clients: Iterable[RadsecClient], address: str) -> str | None:
    """The client that may be at `address` before it has shown a certificate; "" for one that may be anywhere, or None.

    What is configured for an address comes first, so that strangers wait in no room that it may need.
    """
    here = [one for one in clients if one.comes_from(address)]
    named = next((one.client.name for one in here if one.addresses), "")
    return named if here else None


def load_radsec_clients(configured: Iterable[RadsecClientConfig], taken: frozenset[str]) -> tuple[RadsecClient, ...]:
    """The clients as configured, in that order; ConfigError when a name is among those `taken`, or there twice."""
    clients: list[RadsecClient] = []
    names = set(taken)
    for entry in configured:
        if entry.name in names:
            raise ConfigError(f"RADIUS client {entry.name}: the name is taken; give each its own")
        names.add(entry.name)
        clients.append(_client(entry))
    return tuple(clients)


def _client(entry: RadsecClientConfig) -> RadsecClient:
    policy = ClientPolicy(
        services=frozenset(entry.services),
        # what CVE-2024-3596 forges is protected by TLS
        require_message_authenticator=False,
        realms=frozenset(realm.lower() for realm in entry.realms),
        requests_per_second=entry.requests_per_second,
        reauthenticates=entry.reauthenticates,
    )
    client = RadiusClient(
        network=IPv6Network("::/0"),
        secret=RADSEC,
        client=Client(entry.name, entry.network_name or None, show_imsi=entry.show_imsi),
        policy=policy,
    )
    names = frozenset(_address_or_name(name.lower()) for name in entry.certificate_names)
    return RadsecClient(client, names, entry.addresses)


def _address_or_name(name: str) -> str:
    """One way to write each address; `ssl` writes IPv6 addresses in full."""
    try:
        return str(ip_address(name))
    except ValueError:
        return name
