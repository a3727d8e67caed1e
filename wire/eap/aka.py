"""The messages of EAP-AKA, EAP-AKA' and EAP-SIM (RFC 4187 §8.1 and §9, RFC 9048 §3, RFC 4186 §9)."""

from collections.abc import Mapping
from dataclasses import field
from struct import Struct
from struct import error as struct_error

from wire.eap.attributes import At, Attribute, Attributes
from wire.eap.constants import Subtype
from wire.eap.encrypted import parse_encrypted
from wire.eap.mac import mac_is_genuine, signed
from wire.eap.occurrence import misplaced, misplaced_inside
from wire.eap.packet import EapCode, EapPacket, typed_packet
from wire.errors import DecodeError, EncodeError
from wire.frozen import dataclass
from wire.identity import EapMethod
from wire.secret import Secret

_METHODS: Mapping[int | None, EapMethod] = {int(method): method for method in EapMethod}
_SUBTYPES = {int(subtype): subtype for subtype in Subtype}
_pack_head = Struct(">BBHBBxx").pack
_ATTRIBUTES_AT = 8
_UNSIGNED = Attribute(At.MAC, bytes(16))
_MAC_LENGTH = len(_UNSIGNED.build())
_RESERVED = 3
"""Subtype and two reserved octets."""


@dataclass(frozen=True, slots=True)
class AkaMessage:
    """One message; `octets` is the packet as it came (empty in a message of our own), for AT_MAC and AT_CHECKCODE."""

    code: EapCode
    identifier: int
    method: EapMethod
    subtype: Subtype
    attributes: Attributes = field(default_factory=Attributes)
    octets: bytes = field(default=b"", compare=False, repr=False)

    @classmethod
    def parse(cls, octets: bytes) -> "AkaMessage":
        """Read one message; DecodeError also for attributes that it may not carry."""
        return cls.of(EapPacket.parse(octets), octets)

    @classmethod
    def of(cls, packet: EapPacket, octets: bytes) -> "AkaMessage":
        """As `parse`, where `octets` have been read as `packet` already."""
        data, code = packet.type_data, packet.code
        method = _METHODS.get(packet.type)
        if method is None:
            raise DecodeError(4, "neither EAP-AKA nor a relative of it")
        subtype = _SUBTYPES.get(data[0]) if data else None
        if subtype is None:
            raise DecodeError(5, "unknown subtype")
        if len(data) < _RESERVED:
            raise DecodeError(5, f"{_RESERVED} octets needed, {len(data)} left")
        attributes = Attributes.parse(data[_RESERVED:], _ATTRIBUTES_AT)
        wrong = misplaced(method, subtype, code, attributes)
        if wrong:
            raise DecodeError(_ATTRIBUTES_AT, wrong)
        if code is EapCode.REQUEST and not _fits(method, attributes.get(At.RAND)):
            raise DecodeError(_ATTRIBUTES_AT, "AT_RAND holds another number of RANDs than the method has, or one twice")
        return cls(code, packet.identifier, method, subtype, attributes, octets[: 5 + len(data)])

    def build(self, k_aut: Secret | None = None, extra: bytes = b"") -> bytes:
        """The packet; with `k_aut` an AT_MAC over it and `extra` is added at the end.

        EncodeError when the message may not carry what it carries.
        """
        attributes = self.attributes
        if k_aut is not None:
            attributes = Attributes((*attributes.items, _UNSIGNED))
        wrong = misplaced(self.method, self.subtype, self.code, attributes)
        if wrong:
            raise EncodeError(wrong)
        built = self.attributes.build()
        if k_aut is not None:
            return signed_message(self.code, self.identifier, self.method, self.subtype, built, k_aut, extra)
        return typed_packet(self.code, self.identifier, self.method, bytes((self.subtype, 0, 0)), built)

    def mac_is_genuine(self, k_aut: Secret, extra: bytes = b"") -> bool:
        """Whether the received packet carries an AT_MAC made with `k_aut` over it and `extra`."""
        return mac_is_genuine(self.octets, self.method, k_aut, extra, self.attributes.mac_at)

    def parse_encrypted(self, k_encr: Secret) -> Attributes:
        """The attributes inside AT_ENCR_DATA; empty when there is none, DecodeError when they may not be there."""
        iv, ciphertext = self.attributes.get(At.IV), self.attributes.get(At.ENCR_DATA)
        if iv is None or ciphertext is None:
            return Attributes()
        inside = parse_encrypted(iv, ciphertext, k_encr)
        wrong = misplaced_inside(self.subtype, self.code, inside)
        if wrong:
            raise DecodeError(_ATTRIBUTES_AT, wrong)
        return inside


def signed_message(
    code: EapCode,
    identifier: int,
    method: EapMethod,
    subtype: Subtype,
    attributes: bytes,
    k_aut: Secret,
    extra: bytes = b"",
) -> bytes:
    """A message of `attributes`, which are built and stand in their places, with an AT_MAC over it and `extra`.

    EncodeError when Length does not fit.
    """
    length = _ATTRIBUTES_AT + len(attributes) + _MAC_LENGTH
    try:
        head = _pack_head(code, identifier, length, method, subtype)
    except struct_error:
        raise EncodeError("Identifier has one octet and Length two") from None
    return signed(head + attributes, method, k_aut, extra)


def _fits(method: EapMethod, rands: bytes | None) -> bool:
    """One RAND; for EAP-SIM two or three, all different (RFC 4186 §10.9)."""
    if rands is None:
        return True
    if method is not EapMethod.SIM:
        return len(rands) == 16
    split = {rands[at : at + 16] for at in range(0, len(rands), 16)}
    return len(rands) in (32, 48) and 16 * len(split) == len(rands)
