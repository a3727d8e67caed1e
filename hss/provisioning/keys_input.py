"""A subscriber's keys as an operator writes them: `k=`, `opc=` or `op=`, `amf=`, a line each, in hex."""

import sys
from dataclasses import dataclass
from pathlib import Path

from wire.secret import Secret

_LENGTHS = {"k": (16, 32), "opc": (16, 32), "op": (16, 32), "amf": (2,)}
_NAMES = "k, opc, op and amf"
_TEXT_MAX = 4096


class KeysRefused(ValueError):
    """The lines are not a subscriber's keys. The message names line and key, and never what stands there."""


@dataclass(frozen=True, slots=True)
class KeysInput:
    """K and one of OPc and OP (TOPc and TOP with TUAK), 16 or 32 octets each; AMF (16 bits) where a line gives it."""

    k: Secret
    opc: Secret | None = None
    op: Secret | None = None
    amf: int | None = None


def read_keys_from(source: str) -> KeysInput:
    """The keys in the file `source`, or on standard input when it is "-"; KeysRefused otherwise."""
    try:
        if source == "-":
            return read_keys(sys.stdin.read(_TEXT_MAX))
        with Path(source).open(encoding="utf-8-sig") as file:
            return read_keys(file.read(_TEXT_MAX))
    except OSError as error:
        # keys in the place of a file's name are shown by the command line, and not once more
        where = "keys" if "=" in source else source
        raise KeysRefused(f"{where}: cannot be read: {error.strerror}; name a file, or - for standard input") from None
    except UnicodeDecodeError:
        raise KeysRefused(f"{source}: is not text; write lines k=HEX, opc=HEX and amf=HEX") from None


def read_keys(text: str) -> KeysInput:
    """The keys in `text`; KeysRefused otherwise. Empty lines and lines that begin with # say nothing."""
    found: dict[str, Secret] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            name, value = _pair(number, line)
            if name in found:
                raise KeysRefused(f"keys, line {number}: {name} is there twice; keep one of them")
            found[name] = value
    return _keys(found)


def _pair(number: int, line: str) -> tuple[str, Secret]:
    name, equals, value = line.partition("=")
    name = name.strip().lower()
    lengths = _LENGTHS.get(name)
    if not equals or lengths is None:
        raise KeysRefused(f"keys, line {number}: is not NAME=HEX with a name among {_NAMES}")
    try:
        octets = Secret.fromhex(value.strip())
    except ValueError:
        raise KeysRefused(f"keys, line {number}: {name} is not hex") from None
    if len(octets) not in lengths:
        takes = " or ".join(map(str, lengths))
        raise KeysRefused(f"keys, line {number}: {name} has {len(octets)} octets, it takes {takes} as hex")
    return name, octets


def _keys(found: dict[str, Secret]) -> KeysInput:
    if "k" not in found:
        raise KeysRefused("keys: k is missing; add a line k=HEX of 16 octets")
    if ("op" in found) == ("opc" in found):
        if "op" in found:
            raise KeysRefused("keys: both op and opc are there; keep the one that belongs to this card")
        raise KeysRefused("keys: opc is missing; add a line opc=HEX of 16 octets, or op=HEX")
    amf = int.from_bytes(found["amf"], "big") if "amf" in found else None
    return KeysInput(found["k"], found.get("opc"), found.get("op"), amf)
