"""The attributes of EAP-AKA as places in the octets of their message: nothing is copied that nobody asks for."""

from wire.eap.attributes import attribute_name

FIRST = 8
"""Where the attributes of a message begin: behind EAP's header, Type, Subtype and two reserved octets."""


class UeRefuses(Exception):
    """The UE does not go on; `cause` is what the load counts it under."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


def places(octets: bytes, at: int = FIRST) -> dict[int, int]:
    """Where the first attribute of each type begins in `octets`, from `at` on; UeRefuses when they are malformed."""
    found: dict[int, int] = {}
    end = len(octets)
    while at < end - 1:
        size = 4 * octets[at + 1]
        if not 0 < size <= end - at:
            break
        found.setdefault(octets[at], at)
        at += size
    if at != end:
        raise UeRefuses("malformed attributes in an EAP request")
    return found


def fixed(octets: bytes, found: dict[int, int], kind: int) -> bytes:
    """The 16 octets of AT_RAND, AT_AUTN, AT_MAC, AT_IV or AT_NONCE_S; UeRefuses when it is missing or has others."""
    at = found.get(kind)
    if at is None or octets[at + 1] != 5:
        raise UeRefuses(f"{attribute_name(kind)} is missing or malformed")
    return octets[at + 4 : at + 20]


def rest(octets: bytes, found: dict[int, int], kind: int) -> bytes | None:
    """What follows the two reserved octets (AT_CHECKCODE, AT_ENCR_DATA), or None without it."""
    at = found.get(kind)
    return None if at is None else octets[at + 4 : at + 4 * octets[at + 1]]


def counted(octets: bytes, found: dict[int, int], kind: int) -> bytes | None:
    """The value of an attribute that says its own length (AT_NEXT_PSEUDONYM, AT_KDF_INPUT), or None without it."""
    at = found.get(kind)
    if at is None:
        return None
    return octets[at + 4 : at + 4 + int.from_bytes(octets[at + 2 : at + 4], "big")]


def number(octets: bytes, found: dict[int, int], kind: int) -> int | None:
    """The number in AT_KDF, AT_COUNTER or AT_NOTIFICATION, or None without it."""
    at = found.get(kind)
    return None if at is None else int.from_bytes(octets[at + 2 : at + 4], "big")


def with_length(kind: int, value: bytes) -> bytes:
    """An attribute that says its own length, such as AT_IDENTITY, padded to four octets."""
    padding = -len(value) % 4
    return bytes((kind, 1 + (len(value) + padding) // 4)) + len(value).to_bytes(2, "big") + value + bytes(padding)
