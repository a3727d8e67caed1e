"""What a mobile node asks about its home by ICMPv6: home agents and prefixes (RFC 6275 §6.5 to §6.8)."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network

from wire.buffer import Reader
from wire.errors import EncodeError
from wire.ip.icmpv6 import UnknownIcmpv6

AGENT_REQUEST, AGENT_REPLY, PREFIX_SOLICITATION, PREFIX_ADVERTISEMENT = 144, 145, 146, 147

_OPTION_UNIT, _PREFIX_INFORMATION, _PREFIX_OCTETS = 8, 3, 4
_ON_LINK, _AUTONOMOUS = 0x80, 0x40
_ANYCAST_ID = 126
"""Of mobile home agents (RFC 2526 §4)."""


def home_agents_of(prefix: IPv6Network) -> IPv6Address:
    """The anycast address of the home agents of a home prefix (RFC 2526 §2, RFC 6275 §8.4).

    An interface identifier of 64 bits has its universal/local bit at zero. EncodeError for a prefix without room.
    """
    bits = 128 - prefix.prefixlen
    if bits < 8:
        raise EncodeError(f"{prefix} has no room for anycast addresses")
    identifier = (1 << bits) - 128 + _ANYCAST_ID
    if bits == 64:
        identifier &= ~(0x0200 << 48)
    return prefix.network_address + identifier


@dataclass(frozen=True, slots=True)
class AgentRequest:
    """Which home agents are there? (RFC 6275 §6.5)"""

    identifier: int

    def build(self) -> UnknownIcmpv6:
        """The ICMPv6 message."""
        return UnknownIcmpv6(AGENT_REQUEST, 0, self.identifier.to_bytes(2, "big") + bytes(2))


@dataclass(frozen=True, slots=True)
class AgentReply:
    """The answer: home agents, the preferred one first (RFC 6275 §6.6)."""

    identifier: int
    addresses: tuple[IPv6Address, ...]

    def build(self) -> UnknownIcmpv6:
        """The ICMPv6 message."""
        body = self.identifier.to_bytes(2, "big") + bytes(2) + b"".join(address.packed for address in self.addresses)
        return UnknownIcmpv6(AGENT_REPLY, 0, body)


@dataclass(frozen=True, slots=True)
class PrefixSolicitation:
    """Which prefixes has my home network? (RFC 6275 §6.7)"""

    identifier: int

    def build(self) -> UnknownIcmpv6:
        """The ICMPv6 message."""
        return UnknownIcmpv6(PREFIX_SOLICITATION, 0, self.identifier.to_bytes(2, "big") + bytes(2))


@dataclass(frozen=True, slots=True)
class HomePrefix:
    """A prefix of the home network, its valid and its preferred lifetime in seconds (RFC 4861 §4.6.2)."""

    prefix: IPv6Network
    valid: int
    preferred: int

    @classmethod
    def read(cls, reader: Reader) -> "HomePrefix":
        """Read the option behind its length; with R it holds a router's whole address (RFC 6275 §7.2)."""
        length = reader.u8()
        reader.skip(1)
        valid, preferred = reader.u32(), reader.u32()
        reader.skip(4)
        if length > 128:
            raise reader.error(f"a prefix of {length} bits")
        return cls(IPv6Network((reader.take(16), length), strict=False), valid, preferred)

    def body(self) -> bytes:
        """The option's octets behind its length, with the flags of a prefix on its link."""
        lifetimes = self.valid.to_bytes(4, "big") + self.preferred.to_bytes(4, "big")
        flags = bytes((self.prefix.prefixlen, _ON_LINK | _AUTONOMOUS))
        return flags + lifetimes + bytes(4) + self.prefix.network_address.packed


@dataclass(frozen=True, slots=True)
class PrefixAdvertisement:
    """The answer: the home network's prefixes (RFC 6275 §6.8)."""

    identifier: int
    prefixes: tuple[HomePrefix, ...]

    def build(self) -> UnknownIcmpv6:
        """The ICMPv6 message."""
        options = b"".join(bytes((_PREFIX_INFORMATION, _PREFIX_OCTETS)) + one.body() for one in self.prefixes)
        return UnknownIcmpv6(PREFIX_ADVERTISEMENT, 0, self.identifier.to_bytes(2, "big") + bytes(2) + options)


def parse_question(message: UnknownIcmpv6) -> AgentRequest | PrefixSolicitation | None:
    """A question to a home agent, or None for any other message; DecodeError when it is cut short."""
    if message.code or message.kind not in {AGENT_REQUEST, PREFIX_SOLICITATION}:
        return None
    identifier = Reader(message.body).u16()
    return AgentRequest(identifier) if message.kind == AGENT_REQUEST else PrefixSolicitation(identifier)


def parse_answer(message: UnknownIcmpv6) -> AgentReply | PrefixAdvertisement | None:
    """A home agent's answer, or None for any other message; DecodeError when it is cut short."""
    if message.code or message.kind not in {AGENT_REPLY, PREFIX_ADVERTISEMENT}:
        return None
    reader = Reader(message.body)
    identifier = reader.u16()
    reader.skip(2)
    if message.kind == PREFIX_ADVERTISEMENT:
        return PrefixAdvertisement(identifier, tuple(_prefixes(reader)))
    addresses = []
    while reader.remaining:
        addresses.append(IPv6Address(reader.take(16)))
    return AgentReply(identifier, tuple(addresses))


def _prefixes(reader: Reader) -> Iterator[HomePrefix]:
    """The Prefix Information of a Router Advertisement's options, others passed over (RFC 4861 §4.6)."""
    while reader.remaining:
        kind, length = reader.u8(), reader.u8()
        if not length:
            raise reader.error("an option without length")
        body = reader.sub(length * _OPTION_UNIT - 2)
        if kind == _PREFIX_INFORMATION and length == _PREFIX_OCTETS:
            yield HomePrefix.read(body)
