"""The Internet checksum and the pseudo-headers under it (RFC 1071, RFC 768, RFC 8200 §8.1)."""

from ipaddress import IPv4Address, IPv6Address

IpAddress = IPv4Address | IPv6Address


def ones_complement_sum(octets: bytes) -> int:
    """The 16-bit one's complement sum of `octets`, an odd last octet padded with zero.

    2^16 is 1 modulo 65535, so one division of the whole number is the sum with all its carries folded in; only a sum
    of 0xFFFF has to be told from zero.
    """
    value = int.from_bytes(octets, "big") << (8 * (len(octets) & 1))
    return (value % 0xFFFF or 0xFFFF) if value else 0


def internet_checksum(octets: bytes) -> int:
    """The complement of the sum; over octets that hold their own right checksum it is 0 (RFC 1071 §1)."""
    return 0xFFFF ^ ones_complement_sum(octets)


def pseudo_header(source: IpAddress, destination: IpAddress, protocol: int, length: int) -> bytes:
    """What stands before an upper-layer packet of `length` octets under its checksum (RFC 8200 §8.1, RFC 768)."""
    if isinstance(source, IPv4Address):
        return source.packed + destination.packed + protocol.to_bytes(2, "big") + length.to_bytes(2, "big")
    return source.packed + destination.packed + length.to_bytes(4, "big") + protocol.to_bytes(4, "big")


def transport_checksum(source: IpAddress, destination: IpAddress, protocol: int, octets: bytes) -> int:
    """The checksum of `octets` under the pseudo-header; 0 when they hold their own right one."""
    return internet_checksum(pseudo_header(source, destination, protocol, len(octets)) + octets)
