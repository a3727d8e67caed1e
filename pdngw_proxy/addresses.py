"""Home Addresses: one prefix, each address with one subscriber at a time (RFC 5026 §5.3)."""

from collections.abc import Iterable
from ipaddress import IPv6Address, IPv6Network

from wire.frozen import dataclass

_FIRST_OFFSET = 0x100

_MOST_AVOIDED = 1024
"""Addresses that somebody else was seen to have; past that the one seen longest ago may be tried again."""


class AddressRefused(Exception):
    """No Home Address can be given; `reason` in one line for the log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Lease:
    """A Home Address and whose it is; `serial` tells this lease from an older one of the same subscriber."""

    home_address: IPv6Address
    identity: str
    serial: int


class HomeAddressPool:
    """Gives out the addresses of `prefix`, the one freed longest ago last; at most `capacity` at once.

    It knows of no more than as many that were freed: past that the one freed longest ago is given before a fresh one.
    What the profile of somebody has said to be his is nobody else's by chance or wish, for as many addresses again.
    `reserved` are never given: the home agent's own address and the hosts of the home network.
    """

    def __init__(self, prefix: IPv6Network, *, reserved: Iterable[IPv6Address] = (), capacity: int = 65536) -> None:
        self._prefix = prefix
        self._reserved = {prefix.network_address, *reserved}
        self._capacity = capacity
        self._first = int(prefix.network_address) + min(_FIRST_OFFSET, prefix.num_addresses // 2)
        self._next = self._first
        self._last = int(prefix.network_address) + prefix.num_addresses - 1
        self._freed: dict[IPv6Address, str] = {}
        self._last_of: dict[str, IPv6Address] = {}
        self._by_address: dict[IPv6Address, Lease] = {}
        self._by_identity: dict[str, Lease] = {}
        self._serial = 0
        self._avoided: dict[IPv6Address, None] = {}
        self._owners: dict[IPv6Address, str] = {}
        self._owned: dict[str, IPv6Address] = {}

    def __len__(self) -> int:
        return len(self._by_address)

    def lease(self, identity: str, static: IPv6Address | None = None, wanted: IPv6Address | None = None) -> Lease:
        """A Home Address for `identity`: the profile's `static` one, else what the UE `wanted`, or any that is free.

        A subscriber who comes again before the older session has ended keeps the address and gets a new lease; the
        older one is worth nothing from then on, and the caller ends its session. So is that of another subscriber who
        has the profile's address by chance. One who comes back has the address that he had, if nobody else has it by
        then. AddressRefused when there is none.
        """
        if static is not None:
            self._check_static(static, identity)
        self._note_static(identity, static)
        held = self._by_identity.get(identity)
        if held is not None and static in {None, held.home_address} and held.home_address not in self._avoided:
            return self._grant(held.home_address, identity)
        if static is not None:
            address = self._take_static(static)
        else:
            address = self._take_wanted(wanted, identity) or self._take_any(identity)
        if held is not None:
            self._forget(held)
        return self._grant(address, identity)

    def release(self, lease: Lease) -> None:
        """Take a lease back; one that was renewed or released before changes nothing."""
        if self._by_address.get(lease.home_address) == lease:
            self._forget(lease)

    def avoid(self, address: IPv6Address) -> None:
        """Somebody on the home link has an address: it is not given out again, unless the profile says so."""
        self._avoided[address] = None
        if len(self._avoided) > _MOST_AVOIDED:
            del self._avoided[next(iter(self._avoided))]

    def holder(self, address: IPv6Address) -> Lease | None:
        """Who holds an address now, or None."""
        return self._by_address.get(address)

    def _grant(self, address: IPv6Address, identity: str) -> Lease:
        self._serial += 1
        lease = Lease(address, identity, self._serial)
        self._by_address[address] = self._by_identity[identity] = lease
        return lease

    def _forget(self, lease: Lease) -> None:
        del self._by_address[lease.home_address]
        if self._by_identity.get(lease.identity) == lease:
            del self._by_identity[lease.identity]
        if self._first <= int(lease.home_address) < self._next:
            self._freed[lease.home_address] = lease.identity
            self._last_of[lease.identity] = lease.home_address

    def _check_static(self, static: IPv6Address, identity: str) -> None:
        if static not in self._prefix:
            raise AddressRefused(f"the profile's Home Address {static} is not in {self._prefix}")
        if static in self._reserved:
            raise AddressRefused(f"the profile's Home Address {static} is reserved")
        holder = self._by_address.get(static)
        if holder is not None and holder.identity == self._owners.get(static, identity) != identity:
            raise AddressRefused(f"the profile's Home Address {static} is another subscriber's by his profile, too")

    def _note_static(self, identity: str, static: IPv6Address | None) -> None:
        """What the profile of `identity` says now."""
        before = self._owned.pop(identity, None)
        if before is not None:
            del self._owners[before]
        if static is None:
            return
        self._owned.pop(self._owners.pop(static, ""), None)
        self._owners[static], self._owned[identity] = identity, static
        if len(self._owned) > self._capacity:
            oldest = next(iter(self._owned))
            del self._owners[self._owned.pop(oldest)]

    def _take_static(self, static: IPv6Address) -> IPv6Address:
        holder = self._by_address.get(static)
        if holder is not None:
            self._forget(holder)
        return static

    def _take_wanted(self, wanted: IPv6Address | None, identity: str) -> IPv6Address | None:
        if wanted is None or wanted not in self._prefix or len(self._by_address) >= self._capacity:
            return None
        if not self._is_free(wanted, identity):
            return None
        self._is_left(wanted, identity)
        return wanted

    def _take_any(self, identity: str) -> IPv6Address:
        if len(self._by_address) < self._capacity:
            former = self._last_of.get(identity)
            if former is not None and self._is_left(former, identity):
                return former
            many_are_left = len(self._freed) >= self._capacity
            found = many_are_left and self._take_left(identity)
            found = found or self._take_fresh(identity) or self._take_left(identity)
            if found:
                return found
        raise AddressRefused(f"no Home Address of {self._prefix} is free: {len(self._by_address)} are leased")

    def _take_fresh(self, identity: str) -> IPv6Address | None:
        while self._next <= self._last:
            address = IPv6Address(self._next)
            self._next += 1
            if self._is_free(address, identity):
                return address
        return None

    def _take_left(self, identity: str) -> IPv6Address | None:
        while self._freed:
            address = next(iter(self._freed))
            if self._is_left(address, identity):
                return address
        return None

    def _is_left(self, address: IPv6Address, identity: str) -> bool:
        """Whether it was given back and nobody holds it; it counts as given out from then on."""
        was = self._freed.pop(address, None)
        if was is not None and self._last_of.get(was) == address:
            del self._last_of[was]
        return was is not None and self._is_free(address, identity)

    def _is_free(self, address: IPv6Address, identity: str) -> bool:
        taken = any(address in those for those in (self._reserved, self._by_address, self._avoided))
        return not taken and self._owners.get(address, identity) == identity
