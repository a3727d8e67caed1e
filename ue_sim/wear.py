"""Tunnels of a UE that have carried almost all that they may, and want a successor (RFC 7296 §2.8, RFC 4303 §3.3.3)."""

from collections.abc import Iterable

from wire.ikev2.association import Association


class Wear:
    """`most_octets` are those that one tunnel may carry, both ways together; None is any number."""

    def __init__(self, most_octets: int | None) -> None:
        self._most_octets = most_octets
        self._asked: set[int] = set()

    def worn(self, tunnels: Iterable[Association]) -> list[int]:
        """Our SPIs of those that are nearly worn out, but for whom no successor was asked yet."""
        return [
            one.child.spi_in
            for one in tunnels
            if one.wears_out(self._most_octets) and not one.retired and one.child.spi_in not in self._asked
        ]

    def ask(self, tunnels: Iterable[Association]) -> list[int]:
        """The same, and a successor is asked for each of them now."""
        known = list(tunnels)
        wanted = self.worn(known)
        self._asked = (self._asked | set(wanted)) & {one.child.spi_in for one in known}
        return wanted
