"""The Mobile IPv6 packets of tests/vectors/mipv6.json, opened down to the Mobility Header."""

import json
from dataclasses import dataclass
from ipaddress import IPv6Address
from pathlib import Path

_FILE = Path(__file__).parents[2] / "vectors" / "mipv6.json"
SETS = json.loads(_FILE.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Vector:
    """One packet of the set; `mobility_header` is empty for the ICMPv6 ones."""

    name: str
    linktype: str
    packet: bytes
    mobility_header: bytes
    source: IPv6Address
    destination: IPv6Address

    @property
    def header_at(self) -> int:
        """Where the inner IPv6 header begins: at once, or behind IPv4 and UDP."""
        return 28 if self.linktype == "raw-ipv4" else 0


def _vector(entry: dict[str, str]) -> Vector:
    return Vector(
        name=entry["name"],
        linktype=entry["linktype"],
        packet=bytes.fromhex(entry["packet"]),
        mobility_header=bytes.fromhex(entry.get("mobility_header", "")),
        source=IPv6Address(entry.get("pseudo_src", "::")),
        destination=IPv6Address(entry.get("pseudo_dst", "::")),
    )


PACKETS = tuple(_vector(entry) for entry in SETS["packets"])
MOBILITY = tuple(vector for vector in PACKETS if vector.mobility_header)


def named(name: str) -> Vector:
    """The packet of that name."""
    return next(vector for vector in PACKETS if vector.name == name)
