"""RADIUS clients by the network they send from; the longest prefix wins, and nobody else is served (RFC 2865 §3)."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from aaa.messages import Client
from aaa.radius.config import RadiusClientConfig
from aaa.radius.policy import ClientPolicy
from runtime.config import ConfigError
from runtime.secret_file import read_secret
from runtime.taps import Address
from wire.secret import Secret

_REMEMBERED = 4096
"""Addresses of which it is known whose they are."""


@dataclass(frozen=True, slots=True)
class RadiusClient:
    """A named client: whence it sends, the secret shared with it, and what the authentication service is told of it.

    Of several addresses, as two proxies that stand for each other have, each goes on with what another began. `coa` is
    where it takes Disconnect and CoA, None for port 3799 where accounting came from.
    """

    network: IPv4Network | IPv6Network
    secret: Secret
    client: Client
    coa: Address | None = None
    policy: ClientPolicy = field(default_factory=ClientPolicy)
    more_networks: tuple[IPv4Network | IPv6Network, ...] = ()

    @property
    def name(self) -> str:
        """How the configuration and the log call it."""
        return self.client.name


class ClientTable:
    """Finds the client of a source address; ConfigError when two clients have one name or one network."""

    def __init__(self, clients: Iterable[RadiusClient]) -> None:
        self._by_prefix: dict[tuple[int, int], dict[int, RadiusClient]] = {}
        self._by_name: dict[str, RadiusClient] = {}
        for client in clients:
            if client.name in self._by_name:
                raise ConfigError(f"RADIUS client {client.name}: the name is taken; give each its own")
            self._by_name[client.name] = client
            for network in (client.network, *client.more_networks):
                level = self._by_prefix.setdefault((network.version, network.prefixlen), {})
                if int(network.network_address) in level:
                    raise ConfigError(f"RADIUS client {client.name}: network {network} is there already; remove one")
                level[int(network.network_address)] = client
        self._prefixes = sorted(self._by_prefix, reverse=True)
        self.find: Callable[[str], RadiusClient | None] = lru_cache(maxsize=_REMEMBERED)(self._search)
        """The client with the longest prefix over an address, a literal of IPv4 or IPv6; None for a stranger."""

    def __iter__(self) -> Iterator[RadiusClient]:
        """Every client."""
        return iter(self._by_name.values())

    def _search(self, address: str) -> RadiusClient | None:
        source = _plain(address)
        bits, number = source.max_prefixlen, int(source)
        for version, length in self._prefixes:
            if version == source.version:
                found = self._by_prefix[version, length].get(number >> (bits - length) << (bits - length))
                if found is not None:
                    return found
        return None


def load_clients(configured: Iterable[RadiusClientConfig]) -> ClientTable:
    """The table of all configured clients; reads each secret file. ConfigError in one line."""
    return ClientTable(
        RadiusClient(
            network=entry.network,
            more_networks=entry.more_networks,
            secret=read_secret(entry.secret_file),
            client=Client(entry.name, entry.network_name or None, show_imsi=entry.show_imsi),
            coa=entry.coa,
            policy=ClientPolicy(
                services=frozenset(entry.services),
                require_message_authenticator=entry.require_message_authenticator,
                realms=frozenset(realm.lower() for realm in entry.realms),
                requests_per_second=entry.requests_per_second,
                reauthenticates=entry.reauthenticates,
            ),
        )
        for entry in configured
    )


def find_by_name(clients: ClientTable, name: str) -> RadiusClient | None:
    """The client of that name."""
    return next((client for client in clients if client.name == name), None)


def _plain(address: str) -> IPv4Address | IPv6Address:
    """An IPv4 address is the same client when a dual-stack socket shows it mapped (RFC 4291 §2.5.5.2)."""
    source = ip_address(address)
    return source.ipv4_mapped or source if isinstance(source, IPv6Address) else source
