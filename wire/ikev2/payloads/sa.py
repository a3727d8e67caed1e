"""Security Association payload: proposals of transforms (RFC 7296 §3.3)."""

from typing import ClassVar

from wire.buffer import Reader
from wire.frozen import dataclass
from wire.ikev2.constants import PayloadType

_KEY_LENGTH = 14
_FIXED_FORMAT = 0x8000
_LAST, _MORE_PROPOSALS, _MORE_TRANSFORMS = 0, 2, 3


@dataclass(frozen=True, slots=True)
class Attribute:
    """A transform attribute (RFC 7296 §3.3.5); `fixed` ones hold exactly 2 octets and carry no length."""

    kind: int
    value: bytes
    fixed: bool = True

    @classmethod
    def parse(cls, reader: Reader) -> "Attribute":
        """Read one attribute in either format."""
        kind = reader.u16()
        if kind & _FIXED_FORMAT:
            return cls(kind & ~_FIXED_FORMAT, reader.take(2))
        return cls(kind, reader.take(reader.u16()), fixed=False)

    def build(self) -> bytes:
        """Its octets."""
        if self.fixed:
            return (self.kind | _FIXED_FORMAT).to_bytes(2, "big") + self.value
        return self.kind.to_bytes(2, "big") + len(self.value).to_bytes(2, "big") + self.value


@dataclass(frozen=True, slots=True)
class Transform:
    """One transform of a proposal (RFC 7296 §3.3.2)."""

    kind: int
    transform_id: int
    attributes: tuple[Attribute, ...] = ()

    @classmethod
    def keyed(cls, kind: int, transform_id: int, key_bits: int) -> "Transform":
        """A transform with the Key Length attribute."""
        return cls(kind, transform_id, (Attribute(_KEY_LENGTH, key_bits.to_bytes(2, "big")),))

    @property
    def key_bits(self) -> int | None:
        """The Key Length attribute, or None."""
        for attribute in self.attributes:
            if attribute.kind == _KEY_LENGTH and attribute.fixed:
                return int.from_bytes(attribute.value, "big")
        return None

    @classmethod
    def parse(cls, reader: Reader, *, last: bool) -> "Transform":
        """Read one transform substructure; `last` says whether the proposal's count makes it the last."""
        if reader.u8() != (_LAST if last else _MORE_TRANSFORMS):
            raise reader.error("the count of transforms and their Last Substruc fields differ")
        reader.skip(1)
        body = reader.sub(reader.u16() - 4)
        kind = body.u8()
        body.skip(1)
        transform_id = body.u16()
        attributes = []
        while body.remaining:
            attributes.append(Attribute.parse(body))
        return cls(kind, transform_id, tuple(attributes))

    def build(self, *, last: bool) -> bytes:
        """Its octets as the last or as another transform of a proposal."""
        body = bytes((self.kind, 0)) + self.transform_id.to_bytes(2, "big")
        body += b"".join(attribute.build() for attribute in self.attributes)
        return bytes((_LAST if last else _MORE_TRANSFORMS, 0)) + (len(body) + 4).to_bytes(2, "big") + body


@dataclass(frozen=True, slots=True)
class Proposal:
    """One proposal (RFC 7296 §3.3.1); `spi` is the sender's: 4 octets for ESP, 8 for a rekeyed IKE SA, else none."""

    number: int
    protocol_id: int
    spi: bytes
    transforms: tuple[Transform, ...]

    @classmethod
    def parse(cls, reader: Reader) -> "Proposal":
        """Read one proposal substructure; the last one is the one that ends the reader's scope."""
        start_remaining, more = reader.remaining, reader.u8()
        reader.skip(1)
        length = reader.u16()
        if more != (_LAST if length == start_remaining else _MORE_PROPOSALS):
            raise reader.error("the length of a proposal and its Last Substruc field differ")
        body = reader.sub(length - 4)
        number, protocol_id, spi_octets, count = body.u8(), body.u8(), body.u8(), body.u8()
        spi = body.take(spi_octets)
        transforms = tuple(Transform.parse(body, last=at == count - 1) for at in range(count))
        body.finish()
        return cls(number, protocol_id, spi, transforms)

    def build(self, *, last: bool) -> bytes:
        """Its octets as the last or as another proposal of a payload."""
        body = bytes((self.number, self.protocol_id, len(self.spi), len(self.transforms))) + self.spi
        final = len(self.transforms) - 1
        body += b"".join(transform.build(last=at == final) for at, transform in enumerate(self.transforms))
        return bytes((_LAST if last else _MORE_PROPOSALS, 0)) + (len(body) + 4).to_bytes(2, "big") + body


@dataclass(frozen=True, slots=True)
class SecurityAssociation:
    """The proposals, most wanted first; an answer holds exactly one."""

    payload_type: ClassVar[int] = PayloadType.SA
    proposals: tuple[Proposal, ...]

    @classmethod
    def parse(cls, reader: Reader) -> "SecurityAssociation":
        """Read the payload's body to its end."""
        proposals = []
        while reader.remaining:
            proposals.append(Proposal.parse(reader))
        return cls(tuple(proposals))

    def build(self) -> bytes:
        """The payload's body."""
        final = len(self.proposals) - 1
        return b"".join(proposal.build(last=at == final) for at, proposal in enumerate(self.proposals))
