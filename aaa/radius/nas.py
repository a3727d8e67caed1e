"""Who a NAS is and where its user comes from, as its requests say it (RFC 2865 §5.4, §5.31, §5.32)."""

from functools import lru_cache
from ipaddress import ip_address
from socket import inet_ntoa

from wire.errors import DecodeError
from wire.radius.dictionary import decode_value, definition
from wire.radius.packet import RadiusPacket

NUMBER_LENGTH = IPV4_LENGTH = 4
_IDENTIFIER = "NAS-Identifier:"
"""Stands before an identifier that would be taken for an address."""


def nas_name(packet: RadiusPacket, source: str) -> str:
    """NAS-Identifier, else the address that the NAS says, else the one that the packet came from.

    By it the NAS can be told again which of them it was: `nas_attribute`.
    """
    identifier = first_text(packet, "NAS-Identifier")
    if identifier:
        return _of_identifier(identifier)
    return first_address(packet, "NAS-IPv6-Address") or first_address(packet, "NAS-IP-Address") or source


def nas_attribute(name: str) -> tuple[str, str]:
    """Which attribute a NAS with this `nas_name` has called itself by, and what it said there."""
    said = said_name(name)
    return ("NAS-Identifier" if said != name else _attribute(name)), said


def said_name(name: str) -> str:
    """What a NAS with this `nas_name` has said of itself, whichever attribute it was."""
    said = name.removeprefix(_IDENTIFIER)
    return said if said == name or _attribute(said) != "NAS-Identifier" else name


@lru_cache(maxsize=1024)
def _of_identifier(identifier: str) -> str:
    """A NAS says the same in each of its requests."""
    return identifier if _attribute(identifier) == "NAS-Identifier" else _IDENTIFIER + identifier


def _attribute(said: str) -> str:
    """An address that came as one is in its shortest form."""
    try:
        address = ip_address(said)
    except ValueError:
        return "NAS-Identifier"
    if str(address) != said or "%" in said:
        return "NAS-Identifier"
    return "NAS-IPv6-Address" if address.version == 6 else "NAS-IP-Address"


def first_text(packet: RadiusPacket, name: str) -> str | None:
    """The first attribute called `name` as text that every store can hold."""
    found = packet.first(name)
    return None if found is None else shown(found)


def shown(octets: bytes) -> str:
    """Text that every store can hold: what is no UTF-8 or NUL is replaced."""
    return octets.decode(errors="replace").replace("\0", "\ufffd")


def first_number(packet: RadiusPacket, name: str) -> int | None:
    """The first attribute called `name` as a number of 32 bits, None when it is none."""
    return number_of(packet.first(name))


def number_of(found: bytes | None) -> int | None:
    """The octets of an attribute as a number of 32 bits, None when they are none."""
    return None if found is None or len(found) != NUMBER_LENGTH else int.from_bytes(found, "big")


def first_address(packet: RadiusPacket, name: str) -> str | None:
    """The first attribute called `name` as a literal address, None when it is none."""
    found = packet.first(name)
    if found is None:
        return None
    if len(found) == IPV4_LENGTH and definition(name).kind == "ipaddr":
        # of a UE, which is another in each session
        return inet_ntoa(found)
    return _address(name, found)


@lru_cache(maxsize=1024)
def _address(name: str, octets: bytes) -> str | None:
    """A NAS says the same in each of its requests."""
    try:
        return str(decode_value(name, octets))
    except DecodeError:
        return None
