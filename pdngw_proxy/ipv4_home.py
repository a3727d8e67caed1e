"""IPv4 Home Addresses: one of the IPv4 home prefix for each mobile node that asks (RFC 5555 §4.5, RFC 5555 §3.2.1)."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address

from wire.mip6.ipv4_options import Ipv4AddressAck, Ipv4HomeAddress
from wire.mip6.statuses import Ipv4AckStatus, is_accepted


def home_agent_of(prefix: IPv4Network) -> IPv4Address:
    """The home agent's own address inside the IPv4 home prefix, such as 10.9.8.1."""
    return prefix.network_address + 1


class Ipv4HomePool:
    """Gives out the addresses of `prefix`, the one freed longest ago last; without one it has none to give.

    `reserved` are never given, nor the prefix's own first and last address.
    """

    def __init__(self, prefix: IPv4Network | None, *, reserved: frozenset[IPv4Address] = frozenset()) -> None:
        self._prefix = prefix
        self._reserved = reserved
        self._next = 1
        self._freed: dict[IPv4Address, None] = {}
        self._held: dict[IPv6Address, IPv4Address] = {}
        self._holders: dict[IPv4Address, IPv6Address] = {}

    def __len__(self) -> int:
        return len(self._held)

    def holder(self, address: IPv4Address) -> IPv6Address | None:
        """The IPv6 Home Address whose mobile node has this IPv4 Home Address, or None."""
        return self._holders.get(address)

    def answer(self, asked: Ipv4HomeAddress, home_address: IPv6Address) -> Ipv4AddressAck:
        """What the mobile node of `home_address` is told; when that is success, it holds the address from then on.

        Any address is given where none is named, and the one that is named only to whoever holds it (RFC 5555 §4.5).
        """
        status, given = self._judge(asked, home_address)
        if given is None or not is_accepted(status):
            return Ipv4AddressAck(status, asked.address, prefix_length=0)
        self._held[home_address], self._holders[given] = given, home_address
        return Ipv4AddressAck(Ipv4AckStatus.SUCCESS, given, self._prefix.prefixlen if self._prefix else 32)

    def release(self, home_address: IPv6Address) -> None:
        """Take back what the mobile node holds; one that holds nothing changes nothing."""
        address = self._held.pop(home_address, None)
        if address is not None:
            del self._holders[address]
            self._freed[address] = None

    def _judge(self, asked: Ipv4HomeAddress, home_address: IPv6Address) -> tuple[Ipv4AckStatus, IPv4Address | None]:
        held = self._held.get(home_address)
        if asked.prefix_length == 0 or asked.address.is_multicast:
            return Ipv4AckStatus.INVALID_ADDRESS, None
        if asked.prefix_requested:
            return Ipv4AckStatus.PREFIX_UNAUTHORISED, None
        if not asked.address.is_unspecified:
            if asked.address != held:
                return Ipv4AckStatus.INCORRECT_HOME_ADDRESS, None
            return Ipv4AckStatus.SUCCESS, held
        given = held or self._take()
        return (Ipv4AckStatus.SUCCESS if given else Ipv4AckStatus.DYNAMIC_UNAVAILABLE), given

    def _take(self) -> IPv4Address | None:
        if self._prefix is None:
            return None
        while self._next < self._prefix.num_addresses - 1:
            address = self._prefix.network_address + self._next
            self._next += 1
            if address not in self._reserved:
                return address
        if not self._freed:
            return None
        address = next(iter(self._freed))
        del self._freed[address]
        return address
