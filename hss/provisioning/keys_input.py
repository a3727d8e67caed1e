"""A subscriber's keys as an operator writes them: `k=`, `opc=` or `op=`, `amf=`, a line each, in hex."""

from dataclasses import dataclass

from hss.auc import SubscriberKeys
from wire.aka.milenage import derive_opc
from wire.secret import Secret

_LENGTHS = {"k": 16, "opc": 16, "op": 16, "amf": 2}
_NAMES = "k, opc, op and amf"


class KeysRefused(ValueError):
    """The lines are not a subscriber's keys. The message names line and key, and never what stands there."""


@dataclass(frozen=True, slots=True)
class KeysInput:
    """The keys, and AMF (16 bits) where a line gives it."""

    keys: SubscriberKeys
    amf: int | None = None


def read_keys(text: str) -> KeysInput:
    """The keys in `text`; OP becomes OPc here and goes no further (TS 35.206 §4.1). KeysRefused otherwise.

    Empty lines and lines that begin with # say nothing.
    """
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
    length = _LENGTHS.get(name)
    if not equals or length is None:
        raise KeysRefused(f"keys, line {number}: is not NAME=HEX with a name among {_NAMES}")
    try:
        octets = Secret.fromhex(value.strip())
    except ValueError:
        raise KeysRefused(f"keys, line {number}: {name} is not hex") from None
    if len(octets) != length:
        raise KeysRefused(f"keys, line {number}: {name} has {len(octets)} octets, it takes {length} as hex")
    return name, octets


def _keys(found: dict[str, Secret]) -> KeysInput:
    if "k" not in found:
        raise KeysRefused("keys: k is missing; add a line k=HEX of 16 octets")
    if ("op" in found) == ("opc" in found):
        if "op" in found:
            raise KeysRefused("keys: both op and opc are there; keep the one that belongs to this card")
        raise KeysRefused("keys: opc is missing; add a line opc=HEX of 16 octets, or op=HEX")
    opc = found["opc"] if "opc" in found else derive_opc(found["k"], found["op"])
    amf = int.from_bytes(found["amf"], "big") if "amf" in found else None
    return KeysInput(SubscriberKeys(found["k"], opc), amf)
