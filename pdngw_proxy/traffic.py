"""What a session has carried: counted for each packet, so it is a few numbers that change."""

from dataclasses import dataclass

from pdngw_proxy.aaa_link.records import Usage


@dataclass(slots=True)
class Traffic:
    """Octets and packets inside the tunnel, from the UE and to it."""

    octets_in: int = 0
    octets_out: int = 0
    packets_in: int = 0
    packets_out: int = 0

    def came(self, octets: int) -> None:
        """A packet of so many octets from the UE."""
        self.octets_in += octets
        self.packets_in += 1

    def went(self, octets: int) -> None:
        """A packet of so many octets to the UE."""
        self.octets_out += octets
        self.packets_out += 1

    def usage(self) -> Usage:
        """As it is now."""
        return Usage(self.octets_in, self.octets_out, self.packets_in, self.packets_out)
