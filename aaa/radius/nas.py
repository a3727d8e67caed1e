"""Who a NAS is and where its user comes from, as its requests say it (RFC 2865 §5.4, §5.31, §5.32)."""

from functools import lru_cache

from wire.errors import DecodeError
from wire.radius.dictionary import decode_value
from wire.radius.packet import RadiusPacket

NUMBER_LENGTH = 4


def nas_name(packet: RadiusPacket, source: str) -> str:
    """NAS-Identifier, else the address that the NAS says, else the one that the packet came from."""
    identifier = first_text(packet, "NAS-Identifier")
    return identifier or first_address(packet, "NAS-IPv6-Address") or first_address(packet, "NAS-IP-Address") or source


def first_text(packet: RadiusPacket, name: str) -> str | None:
    """The first attribute called `name` as text that every store can hold."""
    found = packet.first(name)
    return None if found is None else shown(found)


def shown(octets: bytes) -> str:
    """Text that every store can hold: what is no UTF-8 or NUL is replaced."""
    return octets.decode(errors="replace").replace("\0", "\ufffd")


def first_number(packet: RadiusPacket, name: str) -> int | None:
    """The first attribute called `name` as a number of 32 bits, None when it is none."""
    found = packet.first(name)
    return None if found is None or len(found) != NUMBER_LENGTH else int.from_bytes(found, "big")


def first_address(packet: RadiusPacket, name: str) -> str | None:
    """The first attribute called `name` as a literal address, None when it is none."""
    found = packet.first(name)
    return None if found is None else _address(name, found)


@lru_cache(maxsize=1024)
def _address(name: str, octets: bytes) -> str | None:
    """A NAS says the same in each of its requests."""
    try:
        return str(decode_value(name, octets))
    except DecodeError:
        return None
