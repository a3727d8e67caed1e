"""What IPv6 paths carry, as routers on them have said, for a while (RFC 8201)."""

from ipaddress import IPv6Address

from wire.ip.ipv6 import MINIMUM_MTU

PATH_SECONDS = 600.0
"""After which a larger packet may be tried again (RFC 8201 §4)."""


class PathMtus:
    """Of at most `most` destinations; those that were learned first give way."""

    def __init__(self, most: int = 4096) -> None:
        self._most = most
        self._known: dict[IPv6Address, tuple[int, float]] = {}

    def __len__(self) -> int:
        return len(self._known)

    def learn(self, destination: IPv6Address, mtu: int, now: float) -> None:
        """A router says `mtu`; below the minimum that every path has it says nothing (RFC 8201 §4)."""
        before = self.mtu(destination, now)
        if mtu < MINIMUM_MTU or (before is not None and mtu >= before):
            return
        self._known.pop(destination, None)
        while len(self._known) >= self._most:
            del self._known[next(iter(self._known))]
        self._known[destination] = mtu, now + PATH_SECONDS

    def mtu(self, destination: IPv6Address, now: float) -> int | None:
        """In octets, or None where no router has said anything lately."""
        mtu, until = self._known.get(destination, (0, 0.0))
        return mtu if now < until else None
