"""The values of AVPs by their data format (RFC 6733 §4.2, §4.3)."""

import struct
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address

from wire.diameter.avp import FLAG_MANDATORY, FLAG_VENDOR, SECRET_AVPS, Avp, AvpFault, build_avps, parse_avps
from wire.diameter.dictionary import AvpDefinition, Kind, by_name
from wire.diameter.results import ResultCode
from wire.errors import EncodeError
from wire.secret import Secret

Value = int | float | str | bytes | IPv4Address | IPv6Address | datetime | Sequence[Avp]

_NUMBERS = {
    Kind.INTEGER32: ">i",
    Kind.INTEGER64: ">q",
    Kind.UNSIGNED32: ">I",
    Kind.UNSIGNED64: ">Q",
    Kind.FLOAT32: ">f",
    Kind.FLOAT64: ">d",
    Kind.ENUMERATED: ">i",
}
_TEXTS = (Kind.UTF8_STRING, Kind.DIAMETER_IDENTITY, Kind.DIAMETER_URI)
_FAMILY_IPV4 = 1
_FAMILY_IPV6 = 2
_NTP_EPOCH = datetime(1900, 1, 1, tzinfo=UTC)
_NTP_ERA_1 = datetime(2036, 2, 7, 6, 28, 16, tzinfo=UTC)


def make(name: str, value: Value) -> Avp:
    """The AVP `name` of the dictionary with this value, its M bit as its specification says."""
    return define(by_name(name), value)


def define(definition: AvpDefinition, value: Value) -> Avp:
    """An AVP of this definition; EncodeError when its format cannot carry `value`."""
    flags = (FLAG_VENDOR if definition.vendor else 0) | (FLAG_MANDATORY if definition.mandatory else 0)
    data = encode(definition, value)
    if (definition.code, definition.vendor) in SECRET_AVPS:
        data = Secret(data)
    return Avp(definition.code, definition.vendor, flags, data)


def encode(definition: AvpDefinition, value: Value) -> bytes:
    """`value` in the format of `definition`; EncodeError when it does not fit."""
    kind = definition.kind
    if kind in _NUMBERS and isinstance(value, int | float):
        try:
            return struct.pack(_NUMBERS[kind], value)
        except struct.error as error:
            raise EncodeError(f"{definition.name} cannot carry {value}") from error
    if kind in _TEXTS and isinstance(value, str):
        return _encode_text(definition, value)
    if kind is Kind.OCTET_STRING and isinstance(value, bytes):
        return value
    if kind is Kind.ADDRESS and isinstance(value, IPv4Address | IPv6Address):
        return (_FAMILY_IPV4 if value.version == 4 else _FAMILY_IPV6).to_bytes(2, "big") + value.packed
    if kind is Kind.TIME and isinstance(value, datetime):
        return _encode_time(definition, value)
    if kind is Kind.GROUPED and isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return build_avps(value)
    raise EncodeError(f"{definition.name} is {kind.value}, not {type(value).__name__}")


def _encode_text(definition: AvpDefinition, value: str) -> bytes:
    try:
        return value.encode("utf-8" if definition.kind is Kind.UTF8_STRING else "ascii")
    except UnicodeEncodeError:
        raise EncodeError(f"{definition.name} cannot carry this text") from None


def _encode_time(definition: AvpDefinition, value: datetime) -> bytes:
    """RFC 5905 §6: seconds of the era, which begins again in 2036."""
    seconds = int((value - _NTP_EPOCH).total_seconds())
    if not 2**31 <= seconds < 2**32 + 2**31:
        raise EncodeError(f"{definition.name} reaches from 1968 to 2104")
    return (seconds % 2**32).to_bytes(4, "big")


def decode(definition: AvpDefinition, avp: Avp) -> Value:
    """The value of `avp`; AvpFault 5014 for a wrong length, 5004 for octets that are no such value."""
    kind = definition.kind
    if kind in _NUMBERS:
        return _number(definition, avp)
    if kind in _TEXTS:
        return _text(definition, avp)
    if kind is Kind.GROUPED:
        return parse_avps(avp.data, avp.offset)
    if kind is Kind.ADDRESS:
        return _address(definition, avp)
    if kind is Kind.TIME:
        return _time(definition, avp)
    return avp.data


def shortest(definition: AvpDefinition) -> Avp:
    """`definition` with a value of the least length, all zeros, as Failed-AVP wants it (RFC 6733 §7.1.5, 5005)."""
    flags = (FLAG_VENDOR if definition.vendor else 0) | (FLAG_MANDATORY if definition.mandatory else 0)
    return Avp(definition.code, definition.vendor, flags, bytes(_least_length(definition.kind)))


def _least_length(kind: Kind) -> int:
    if kind in _NUMBERS:
        return struct.calcsize(_NUMBERS[kind])
    return {Kind.ADDRESS: 6, Kind.TIME: 4}.get(kind, 0)


def _number(definition: AvpDefinition, avp: Avp) -> int | float:
    form = _NUMBERS[definition.kind]
    if len(avp.data) != struct.calcsize(form):
        raise _wrong_length(definition, avp)
    value: int | float = struct.unpack(form, avp.data)[0]
    return value


def _text(definition: AvpDefinition, avp: Avp) -> str:
    try:
        return avp.data.decode("utf-8" if definition.kind is Kind.UTF8_STRING else "ascii")
    except UnicodeDecodeError:
        raise invalid(definition, avp, "its text is not well encoded") from None


def _address(definition: AvpDefinition, avp: Avp) -> IPv4Address | IPv6Address:
    family, octets = int.from_bytes(avp.data[:2], "big"), bytes(avp.data[2:])
    if family == _FAMILY_IPV4 and len(octets) == 4:
        return IPv4Address(octets)
    if family == _FAMILY_IPV6 and len(octets) == 16:
        return IPv6Address(octets)
    if len(avp.data) < 6 or family in (_FAMILY_IPV4, _FAMILY_IPV6):
        raise _wrong_length(definition, avp)
    raise invalid(definition, avp, f"address family {family} is not an IP one")


def _time(definition: AvpDefinition, avp: Avp) -> datetime:
    if len(avp.data) != 4:
        raise _wrong_length(definition, avp)
    seconds = int.from_bytes(avp.data, "big")
    # RFC 6733 §4.3.1: a clear top bit means the era after 2036
    return (_NTP_EPOCH if seconds & 0x80000000 else _NTP_ERA_1) + timedelta(seconds=seconds)


def invalid(definition: AvpDefinition, avp: Avp, reason: str) -> AvpFault:
    """AvpFault 5004: `avp` has the right length and a value that it may not have."""
    return AvpFault(avp.offset, f"{definition.name}: {reason}", ResultCode.INVALID_AVP_VALUE, (avp,))


def _wrong_length(definition: AvpDefinition, avp: Avp) -> AvpFault:
    reason = f"{definition.name}: {len(avp.data)} octets are no {definition.kind.value}"
    return AvpFault(avp.offset, reason, ResultCode.INVALID_AVP_LENGTH, (avp,))
