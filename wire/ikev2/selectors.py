"""Traffic selectors: their octets, what they match, and how a responder narrows them (RFC 7296 §2.9, §3.13.1)."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from wire.buffer import Reader
from wire.frozen import dataclass
from wire.ikev2.constants import TsType

MOBILITY_HEADER = 135
ANY_PROTOCOL = 0
ANY_PORT = (0, 0xFFFF)
OPAQUE_PORT = (0xFFFF, 0)

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class TrafficSelector:
    """A protocol (0 any), a range of ports and a range of addresses of one version, ends included.

    A Mobility Header type stands in the upper octet of a port (RFC 7296 §3.13.1). OPAQUE ports, a start of 65535 with
    an end of 0, are only those of packets that show none.
    """

    protocol: int
    start_port: int
    end_port: int
    start: Address
    end: Address

    @classmethod
    def address(
        cls, address: Address, protocol: int = ANY_PROTOCOL, ports: tuple[int, int] = ANY_PORT
    ) -> "TrafficSelector":
        """One address alone."""
        return cls(protocol, *ports, address, address)

    @classmethod
    def network(
        cls, network: IPv4Network | IPv6Network, protocol: int = ANY_PROTOCOL, ports: tuple[int, int] = ANY_PORT
    ) -> "TrafficSelector":
        """Every address of `network`."""
        return cls(protocol, *ports, network[0], network[-1])

    @property
    def is_one_address(self) -> bool:
        """Whether the range holds a single address."""
        return self.start == self.end

    def holds(self, address: Address) -> bool:
        """Whether `address` is in the range."""
        return address.version == self.start.version and int(self.start) <= int(address) <= int(self.end)

    def matches(self, address: Address, protocol: int, port: int | None) -> bool:
        """Whether a packet's end has this address, protocol and port; `port` None when the packet shows none."""
        if not self.holds(address) or self.protocol not in (ANY_PROTOCOL, protocol):
            return False
        if port is None:
            return (self.start_port, self.end_port) in (ANY_PORT, OPAQUE_PORT)
        return self.start_port <= port <= self.end_port

    def covers(self, other: "TrafficSelector") -> bool:
        """Whether everything that `other` matches is matched by this one too."""
        return self.intersection(other) == other

    def intersection(self, other: "TrafficSelector") -> "TrafficSelector | None":
        """What both match, or None when nothing is."""
        ports = _common_ports((self.start_port, self.end_port), (other.start_port, other.end_port))
        if self.start.version != other.start.version or ports is None:
            return None
        if ANY_PROTOCOL not in (self.protocol, other.protocol) and self.protocol != other.protocol:
            return None
        start = self.start if int(self.start) >= int(other.start) else other.start
        end = self.end if int(self.end) <= int(other.end) else other.end
        if int(start) > int(end):
            return None
        return TrafficSelector(self.protocol or other.protocol, *ports, start, end)

    def build(self) -> bytes:
        """Its octets, with type and length."""
        kind = TsType.IPV4_ADDR_RANGE if self.start.version == 4 else TsType.IPV6_ADDR_RANGE
        ports = self.start_port.to_bytes(2, "big") + self.end_port.to_bytes(2, "big")
        body = ports + self.start.packed + self.end.packed
        return bytes((kind, self.protocol)) + (len(body) + 4).to_bytes(2, "big") + body

    def __str__(self) -> str:
        addresses = str(self.start) if self.is_one_address else f"{self.start}-{self.end}"
        ports = "" if (self.start_port, self.end_port) == ANY_PORT else f":{self.start_port}-{self.end_port}"
        return f"{addresses}[{self.protocol or 'any'}{ports}]"


@dataclass(frozen=True, slots=True)
class OpaqueSelector:
    """A selector of an unknown type, kept as it came and never chosen (RFC 7296 §2.9)."""

    ts_type: int
    protocol: int
    data: bytes

    def build(self) -> bytes:
        """Its octets, with type and length."""
        return bytes((self.ts_type, self.protocol)) + (len(self.data) + 4).to_bytes(2, "big") + self.data


def parse_selector(reader: Reader) -> TrafficSelector | OpaqueSelector:
    """Read one selector; DecodeError when its length is not its type's or its addresses run backwards."""
    kind, protocol = reader.u8(), reader.u8()
    body = reader.sub(reader.u16() - 4)
    if kind not in (TsType.IPV4_ADDR_RANGE, TsType.IPV6_ADDR_RANGE):
        return OpaqueSelector(kind, protocol, body.rest())
    start_port, end_port = body.u16(), body.u16()
    start: Address
    end: Address
    if kind == TsType.IPV4_ADDR_RANGE:
        start, end = IPv4Address(body.take(4)), IPv4Address(body.take(4))
    else:
        start, end = IPv6Address(body.take(16)), IPv6Address(body.take(16))
    body.finish()
    if int(start) > int(end):
        raise body.error("a range of addresses that runs backwards")
    return TrafficSelector(protocol, start_port, end_port, start, end)


def mobility_ports(mh_type: int | None = None) -> tuple[int, int]:
    """The port range for one Mobility Header type, or for all of them (RFC 7296 §3.13.1)."""
    return ANY_PORT if mh_type is None else (mh_type << 8, mh_type << 8)


def narrow(offered: Iterable[TrafficSelector], allowed: Sequence[TrafficSelector]) -> tuple[TrafficSelector, ...]:
    """What is both offered and allowed, in the order of the offer; empty where TS_UNACCEPTABLE is the answer."""
    common: list[TrafficSelector] = []
    for wish in offered:
        for limit in allowed:
            found = wish.intersection(limit)
            if found is not None and not any(chosen.covers(found) for chosen in common):
                common.append(found)
    return tuple(common)


def _common_ports(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int] | None:
    # ANY includes OPAQUE (RFC 7296 §3.13.1), no other range does.
    if OPAQUE_PORT in (one, other):
        return OPAQUE_PORT if {one, other} <= {OPAQUE_PORT, ANY_PORT} else None
    start, end = max(one[0], other[0]), min(one[1], other[1])
    return (start, end) if start <= end else None
