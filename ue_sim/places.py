"""Which of its addresses a UE is at, of those that the machine has (RFC 5555 §4.4.1)."""

from collections.abc import Callable

from wire.ip.checksum import IpAddress


class Places:
    """`first` and the `further` addresses in the order preferred. `is_here` says whether the machine has one now.

    One of IPv6 from which the home agent does not answer comes after those of IPv4, for as long as it is there.
    """

    def __init__(
        self, first: IpAddress, further: tuple[IpAddress, ...], *, is_here: Callable[[IpAddress], bool]
    ) -> None:
        self._first = first
        self._wanted = (first, *further) if further else ()
        self._is_here = is_here
        self._silent: set[IpAddress] = set()

    @property
    def best(self) -> IpAddress:
        """Where to be now; the first of all when the machine has none of them, or there is no choice."""
        here = [address for address in self._wanted if self._is_here(address)]
        self._silent &= set(here)
        return next((address for address in sorted(here, key=self._silent.__contains__)), self._first)

    def found_silent(self, address: IpAddress) -> None:
        """Three Binding Updates from there had no answer."""
        if address.version == 6 and any(other.version == 4 for other in self._wanted):
            self._silent.add(address)
