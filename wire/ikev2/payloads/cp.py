"""Configuration payload (RFC 7296 §3.15)."""

from ipaddress import IPv6Address
from typing import ClassVar

from wire.buffer import Reader
from wire.frozen import dataclass
from wire.ikev2.constants import ConfigurationAttributeType, PayloadType

_ATTRIBUTE_TYPE = 0x7FFF
_IP6_ADDRESS_OCTETS = 17


@dataclass(frozen=True, slots=True)
class ConfigurationAttribute:
    """One attribute; in a request it may be empty, or hold the value that is wanted."""

    kind: int
    value: bytes = b""

    @classmethod
    def ip6_address(cls, address: IPv6Address, prefix_length: int) -> "ConfigurationAttribute":
        """INTERNAL_IP6_ADDRESS: 16 octets and a prefix length (RFC 7296 §3.15.1)."""
        value = address.packed + bytes((prefix_length,))
        return cls(ConfigurationAttributeType.INTERNAL_IP6_ADDRESS, value)

    @property
    def as_ip6_address(self) -> tuple[IPv6Address, int] | None:
        """Address and prefix length of an INTERNAL_IP6_ADDRESS; None when empty or of another length."""
        if self.kind != ConfigurationAttributeType.INTERNAL_IP6_ADDRESS or len(self.value) != _IP6_ADDRESS_OCTETS:
            return None
        return IPv6Address(self.value[:16]), self.value[16]


@dataclass(frozen=True, slots=True)
class Configuration:
    """CFG_REQUEST, CFG_REPLY, CFG_SET or CFG_ACK."""

    payload_type: ClassVar[int] = PayloadType.CP
    kind: int
    attributes: tuple[ConfigurationAttribute, ...] = ()

    def find(self, kind: int) -> ConfigurationAttribute | None:
        """The first attribute of that type, or None."""
        return next((attribute for attribute in self.attributes if attribute.kind == kind), None)

    @classmethod
    def parse(cls, reader: Reader) -> "Configuration":
        """Read the payload's body to its end."""
        kind = reader.u8()
        reader.skip(3)
        attributes = []
        while reader.remaining:
            attribute = reader.u16() & _ATTRIBUTE_TYPE
            attributes.append(ConfigurationAttribute(attribute, reader.take(reader.u16())))
        return cls(kind, tuple(attributes))

    def build(self) -> bytes:
        """The payload's body."""
        body = bytes((self.kind, 0, 0, 0))
        for attribute in self.attributes:
            body += attribute.kind.to_bytes(2, "big") + len(attribute.value).to_bytes(2, "big") + attribute.value
        return body
