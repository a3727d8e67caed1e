"""Attributes by name: their numbers and value types (RFC 2865 §5), on pyrad's dictionary and value codecs."""

from functools import cache
from importlib import resources

from pyrad.dictionary import Dictionary
from pyrad.tools import DecodeAttr, EncodeAttr

from wire.errors import DecodeError, EncodeError
from wire.frozen import dataclass

Key = int | tuple[int, int]
"""An attribute type, or (Vendor-Id, vendor type) inside a Vendor-Specific attribute (RFC 2865 §5.26)."""

Value = str | int | bytes
"""What a program writes: text and addresses as `str`, numbers as `int`, octets as `bytes`."""

VALUE_LIMIT = 253


@dataclass(frozen=True, slots=True)
class Definition:
    """One line of the dictionary; `kind` is the value type: string, octets, integer, byte, ipaddr or ipv6addr."""

    name: str
    key: Key
    kind: str


@cache
def pyrad_dictionary() -> Dictionary:
    """The dictionary of this project, loaded once; pyrad's packets take it."""
    with resources.files("wire.radius").joinpath("dictionary.txt").open(encoding="utf-8") as lines:
        return Dictionary(lines)


@cache
def key_of(name: str) -> Key:
    """The key of the attribute called `name`; KeyError when the dictionary lacks it."""
    return definition(name).key


@cache
def definition(name: str) -> Definition:
    """The attribute called `name` in its specification; KeyError when the dictionary lacks it."""
    loaded = pyrad_dictionary()
    attribute = loaded.attributes[name]
    vendor = loaded.vendors.GetForward(attribute.vendor)
    return Definition(name, (vendor, attribute.code) if vendor else attribute.code, attribute.type)


def encode_value(name: str, value: Value) -> bytes:
    """The octets of `value` as attribute `name`; EncodeError when its type cannot carry it."""
    # pyrad rewrites octets that look like hexadecimal text, so octets never pass through it.
    encoded = value if isinstance(value, bytes) else _encode(definition(name), value)
    if len(encoded) > VALUE_LIMIT:
        raise EncodeError(f"{name}: {len(encoded)} octets, an attribute carries {VALUE_LIMIT}")
    return encoded


def _encode(wanted: Definition, value: str | int) -> bytes:
    if wanted.kind == "octets" or isinstance(value, str) != (wanted.kind in {"string", "ipaddr", "ipv6addr"}):
        raise EncodeError(f"{wanted.name}: {wanted.kind} takes no {type(value).__name__}")
    if isinstance(value, str) and wanted.kind == "string":
        return value.encode()
    try:
        return bytes(EncodeAttr(wanted.kind, value))
    except (ValueError, TypeError) as error:
        raise EncodeError(f"{wanted.name}: {error}") from None


def decode_value(name: str, octets: bytes) -> Value:
    """The value of attribute `name`; DecodeError when the octets are none of its type.

    pyrad complains lazily and with many exceptions; here each is a DecodeError whose offset counts from the value.
    """
    wanted = definition(name)
    if wanted.kind == "octets":
        return octets
    if wanted.kind == "string":
        return _text(name, octets)
    if wanted.kind == "ipv6addr" and len(octets) != 16:
        # pyrad pads a short address with zeros; RFC 8044 §3.9 has 16 octets alone.
        raise DecodeError(0, f"{name} has {len(octets)} octets, an IPv6 address has 16")
    try:
        value: Value = DecodeAttr(wanted.kind, octets)
    except (ValueError, TypeError):
        raise DecodeError(0, f"{name} of {len(octets)} octets is no {wanted.kind}") from None
    return value


def _text(name: str, octets: bytes) -> str:
    try:
        return octets.decode()
    except UnicodeDecodeError:
        raise DecodeError(0, f"{name} is not UTF-8") from None
