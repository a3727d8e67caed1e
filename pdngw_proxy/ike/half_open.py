"""IKE SAs whose UE is not authenticated yet, by where they came from: who gives way to a newcomer (RFC 7296 §2.6)."""

from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address
from itertools import chain

Address = IPv4Address | IPv6Address


class HalfOpenBook:
    """Counts them in all and by address, and names the one that is given up first; `sa` is our first own SPI."""

    def __init__(self) -> None:
        self._by_address: dict[Address, dict[bytes, None]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def of(self, address: Address) -> int:
        """How many came from `address`."""
        return len(self._by_address.get(address, ()))

    def add(self, address: Address, sa: bytes) -> None:
        """One more, the youngest."""
        self._by_address.setdefault(address, {})[sa] = None
        self._count += 1

    def remove(self, address: Address, sa: bytes) -> None:
        """One that is authenticated, or gone."""
        own = self._by_address[address]
        del own[sa]
        self._count -= 1
        if not own:
            del self._by_address[address]

    def victim(self, has_proven_itself: Callable[[bytes], bool], *, address: Address | None = None) -> bytes | None:
        """The oldest one of `address`, else of the address that has most; None where there is none.

        A flood fills what its own addresses have, and a UE that came from elsewhere goes on. One whose UE
        `has_proven_itself`, by a message under the keys of the IKE SA, gives way only where all of them have.
        """
        busiest = address if address is not None else max(self._by_address, key=self.of, default=None)
        own = self._by_address.get(busiest, {}) if busiest is not None else {}
        others: Iterable[bytes] = chain.from_iterable(self._by_address.values()) if address is None else ()
        return next((sa for sa in chain(own, others) if not has_proven_itself(sa)), next(iter(own), None))
