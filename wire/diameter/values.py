"""The values of AVPs by their data format (RFC 6733 §4.2, §4.3)."""

import struct
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from ipaddress import IPv4Address, IPv6Address

from wire.diameter.avp import FLAG_MANDATORY, FLAG_VENDOR, SECRET_AVPS, Avp, AvpFault, around, build_avps
from wire.diameter.dictionary import AvpDefinition, Kind, by_name
from wire.diameter.results import ResultCode
from wire.errors import EncodeError
from wire.secret import Secret

Value = int | float | str | bytes | IPv4Address | IPv6Address | datetime | Sequence[Avp]

_NUMBERS = {
    Kind.INTEGER32: struct.Struct(">i"),
    Kind.INTEGER64: struct.Struct(">q"),
    Kind.UNSIGNED32: struct.Struct(">I"),
    Kind.UNSIGNED64: struct.Struct(">Q"),
    Kind.FLOAT32: struct.Struct(">f"),
    Kind.FLOAT64: struct.Struct(">d"),
    Kind.ENUMERATED: struct.Struct(">i"),
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
    return definer(definition)(value)


def _flags(definition: AvpDefinition) -> int:
    return (FLAG_VENDOR if definition.vendor else 0) | (FLAG_MANDATORY if definition.mandatory else 0)


def encode(definition: AvpDefinition, value: Value) -> bytes:
    """`value` in the format of `definition`; EncodeError when it does not fit."""
    return _ENCODERS[definition.kind](definition, value)


def _encode_number(definition: AvpDefinition, value: Value) -> bytes:
    if not isinstance(value, int | float):
        raise _misfit(definition, value)
    try:
        return _NUMBERS[definition.kind].pack(value)
    except struct.error as error:
        raise EncodeError(f"{definition.name} cannot carry {value}") from error


def _encode_octets(definition: AvpDefinition, value: Value) -> bytes:
    if not isinstance(value, bytes):
        raise _misfit(definition, value)
    return value


def _encode_address(definition: AvpDefinition, value: Value) -> bytes:
    if not isinstance(value, IPv4Address | IPv6Address):
        raise _misfit(definition, value)
    return (_FAMILY_IPV4 if value.version == 4 else _FAMILY_IPV6).to_bytes(2, "big") + value.packed


def _encode_group(definition: AvpDefinition, value: Value) -> bytes:
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        raise _misfit(definition, value)
    return build_avps(value)


def _misfit(definition: AvpDefinition, value: Value) -> EncodeError:
    return EncodeError(f"{definition.name} is {definition.kind.value}, not {type(value).__name__}")


def _encode_text(definition: AvpDefinition, value: Value) -> bytes:
    if not isinstance(value, str):
        raise _misfit(definition, value)
    try:
        return value.encode("utf-8" if definition.kind is Kind.UTF8_STRING else "ascii")
    except UnicodeEncodeError:
        raise EncodeError(f"{definition.name} cannot carry this text") from None


def _encode_time(definition: AvpDefinition, value: Value) -> bytes:
    """RFC 5905 §6: seconds of the era, which begins again in 2036."""
    if not isinstance(value, datetime):
        raise _misfit(definition, value)
    seconds = int((value - _NTP_EPOCH).total_seconds())
    if not 2**31 <= seconds < 2**32 + 2**31:
        raise EncodeError(f"{definition.name} reaches from 1968 to 2104")
    return (seconds % 2**32).to_bytes(4, "big")


def decode(definition: AvpDefinition, avp: Avp) -> Value:
    """The value of `avp`; AvpFault 5014 for a wrong length, 5004 for octets that are no such value."""
    return _DECODERS[definition.kind](definition, avp)


def decoder(definition: AvpDefinition) -> Callable[[Avp], Value]:
    """`decode` for this definition alone, for who decodes it often."""
    return partial(_DECODERS[definition.kind], definition)


def definer(definition: AvpDefinition) -> Callable[[Value], Avp]:
    """`define` for this definition alone, for who writes it often."""
    code, vendor, flags = definition.code, definition.vendor, _flags(definition)
    write = _ENCODERS[definition.kind]
    wrap: Callable[[bytes], bytes] | None = Secret if (code, vendor) in SECRET_AVPS else None

    def defined(value: Value) -> Avp:
        data = write(definition, value)
        return Avp(code, vendor, flags, data if wrap is None else wrap(data))

    return defined


def enclosed(definition: AvpDefinition, data: bytes) -> bytes:
    """The octets of an AVP of this definition whose value is `data`."""
    head, padding = around(definition.code, definition.vendor, _flags(definition), len(data))
    return head + data + padding


def builder(definition: AvpDefinition) -> Callable[[Value], bytes]:
    """The octets of what `definer` makes, without an Avp between; what is not as it is on the wire is for `encode`."""
    code, vendor, flags = definition.code, definition.vendor, _flags(definition)
    kind, write = definition.kind, _ENCODERS[definition.kind]
    if kind is Kind.OCTET_STRING:

        def built(value: Value) -> bytes:
            if not isinstance(value, bytes):
                raise _misfit(definition, value)
            head, padding = around(code, vendor, flags, len(value))
            return head + value + padding

    elif kind is Kind.UTF8_STRING:

        def built(value: Value) -> bytes:
            try:
                data = value.encode() if isinstance(value, str) else write(definition, value)
            except UnicodeEncodeError:
                data = write(definition, value)
            head, padding = around(code, vendor, flags, len(data))
            return head + data + padding

    else:

        def built(value: Value) -> bytes:
            data = write(definition, value)
            head, padding = around(code, vendor, flags, len(data))
            return head + data + padding

    return built


def shortest(definition: AvpDefinition) -> Avp:
    """`definition` with a value of the least length, all zeros, as Failed-AVP wants it (RFC 6733 §7.1.5, 5005)."""
    return Avp(definition.code, definition.vendor, _flags(definition), bytes(definition.least_length))


def number_length(definition: AvpDefinition) -> int:
    """How many octets a number of this definition has; 0 where it is none."""
    form = _NUMBERS.get(definition.kind)
    return form.size if form is not None else 0


def _number(definition: AvpDefinition, avp: Avp) -> int | float:
    form = _NUMBERS[definition.kind]
    if len(avp.data) != form.size:
        raise _wrong_length(definition, avp)
    value: int | float = form.unpack(avp.data)[0]
    return value


def _octets(_definition: AvpDefinition, avp: Avp) -> bytes:
    return avp.data


def _group(_definition: AvpDefinition, avp: Avp) -> tuple[Avp, ...]:
    return avp.children


def _text(definition: AvpDefinition, avp: Avp) -> str:
    if avp.text is not None:
        return avp.text
    try:
        avp.text = avp.data.decode("utf-8" if definition.kind is Kind.UTF8_STRING else "ascii")
        return avp.text
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


_ENCODERS: dict[Kind, Callable[[AvpDefinition, Value], bytes]] = {
    **dict.fromkeys(_NUMBERS, _encode_number),
    **dict.fromkeys(_TEXTS, _encode_text),
    Kind.OCTET_STRING: _encode_octets,
    Kind.ADDRESS: _encode_address,
    Kind.TIME: _encode_time,
    Kind.GROUPED: _encode_group,
}
_DECODERS: dict[Kind, Callable[[AvpDefinition, Avp], Value]] = {
    **dict.fromkeys(_NUMBERS, _number),
    **dict.fromkeys(_TEXTS, _text),
    Kind.OCTET_STRING: _octets,
    Kind.ADDRESS: _address,
    Kind.TIME: _time,
    Kind.GROUPED: _group,
}
