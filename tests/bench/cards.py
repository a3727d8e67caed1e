"""The subscribers of the bench: keys that follow from the IMSI, so that every process knows them without a list."""

import hashlib
from pathlib import Path

from wire.secret import Secret

_ROWS_AT_ONCE = 10_000


def imsi_of(number: int) -> str:
    """The IMSI of subscriber `number`, from 0 on."""
    return f"00101{number:010d}"


def keys_of(imsi: str) -> tuple[Secret, Secret]:
    """K and OPc."""
    digest = hashlib.sha256(f"bench {imsi}".encode()).digest()
    return Secret(digest[:16]), Secret(digest[16:])


def write_cards(path: Path, count: int, profile: str) -> None:
    """A SIM vendor's file of `count` cards, with pySim's columns."""
    with path.open("w", encoding="ascii") as file:
        file.write("IMSI,KI,OPC,PROFILE\n")
        for first in range(0, count, _ROWS_AT_ONCE):
            numbers = range(first, min(first + _ROWS_AT_ONCE, count))
            file.write("".join(_row(imsi_of(number), profile) for number in numbers))
    path.chmod(0o600)


def _row(imsi: str, profile: str) -> str:
    k, opc = keys_of(imsi)
    return f"{imsi},{k.hex()},{opc.hex()},{profile}\n"
