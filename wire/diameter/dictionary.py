"""Names, codes, types and M bits of AVPs: python-diameter's dictionary, corrected where the specifications differ.

The only file that imports python-diameter. TS 29.230 §7 and the tables of RFC 6733 §4.5, RFC 4072, RFC 5447, RFC 5778,
RFC 5779, RFC 7683, TS 29.273, TS 29.272 and TS 29.229 are what the corrections follow.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from enum import Enum
from importlib.util import find_spec
from types import ModuleType

from wire.diameter.results import VENDOR_3GPP
from wire.frozen import dataclass

_LIBRARY = "diameter"
_Entries = dict[int, dict[str, object]]


class Kind(Enum):
    """Data formats of RFC 6733 §4.2 and §4.3."""

    # members are compared by identity; Enum's own hash is a Python function, and tables by Kind are the hot path
    __hash__ = object.__hash__

    OCTET_STRING = "OctetString"
    INTEGER32 = "Integer32"
    INTEGER64 = "Integer64"
    UNSIGNED32 = "Unsigned32"
    UNSIGNED64 = "Unsigned64"
    FLOAT32 = "Float32"
    FLOAT64 = "Float64"
    ENUMERATED = "Enumerated"
    UTF8_STRING = "UTF8String"
    DIAMETER_IDENTITY = "DiameterIdentity"
    DIAMETER_URI = "DiameterURI"
    ADDRESS = "Address"
    TIME = "Time"
    GROUPED = "Grouped"


_LEAST_OCTETS = {
    Kind.INTEGER32: 4,
    Kind.INTEGER64: 8,
    Kind.UNSIGNED32: 4,
    Kind.UNSIGNED64: 8,
    Kind.FLOAT32: 4,
    Kind.FLOAT64: 8,
    Kind.ENUMERATED: 4,
    Kind.ADDRESS: 6,
    Kind.TIME: 4,
}


@dataclass(frozen=True, slots=True)
class AvpDefinition:
    """One AVP; `mandatory` is the M bit that we send, `vendor` 0 for the IETF's own."""

    name: str
    code: int
    vendor: int
    kind: Kind
    mandatory: bool

    @property
    def least_length(self) -> int:
        """Octets of the shortest value of its format (RFC 6733 §4.2, §4.3)."""
        return _LEAST_OCTETS.get(self.kind, 0)


# the library writes Enumerated as Integer32; the few true Integer32 are named below
_KINDS = {
    "AvpOctetString": Kind.OCTET_STRING,
    "AvpInteger32": Kind.ENUMERATED,
    "AvpInteger64": Kind.INTEGER64,
    "AvpUnsigned32": Kind.UNSIGNED32,
    "AvpUnsigned64": Kind.UNSIGNED64,
    "AvpFloat32": Kind.FLOAT32,
    "AvpFloat64": Kind.FLOAT64,
    "AvpUtf8String": Kind.UTF8_STRING,
    "AvpAddress": Kind.ADDRESS,
    "AvpTime": Kind.TIME,
    "AvpGrouped": Kind.GROUPED,
}


@dataclass(frozen=True, slots=True)
class _Corrections:
    """Where one vendor's AVPs in the library differ from their specifications, by code."""

    kinds: dict[Kind, tuple[int, ...]]
    names: dict[int, str]
    mandatory: tuple[int, ...]
    not_mandatory: tuple[int, ...]
    added: tuple[AvpDefinition, ...] = ()

    def applied(self, entry: AvpDefinition) -> AvpDefinition:
        kind = next((kind for kind, codes in self.kinds.items() if entry.code in codes), entry.kind)
        mandatory = (entry.mandatory or entry.code in self.mandatory) and entry.code not in self.not_mandatory
        return replace(entry, name=self.names.get(entry.code, entry.name), kind=kind, mandatory=mandatory)


_IETF = _Corrections(
    kinds={
        Kind.DIAMETER_IDENTITY: (264, 280, 282, 283, 293, 294, 296),
        Kind.DIAMETER_URI: (292,),
        Kind.UNSIGNED32: (268, 270, 291, 299),
        Kind.INTEGER32: (429, 530, 532, 533, 571),
        Kind.OCTET_STRING: (89,),
    },
    names={89: "Chargeable-User-Identity"},
    mandatory=(462, 463, 464, 506),
    not_mandatory=(102, 465, 267, 269, 281, 294, *range(621, 628)),
    added=(AvpDefinition("QoS-Capability", 578, 0, Kind.GROUPED, mandatory=True),),
)
_3GPP = _Corrections(
    kinds={Kind.DIAMETER_IDENTITY: (318,), Kind.UTF8_STRING: (1532,)},
    names={
        607: "SIP-Number-Auth-Items",
        608: "SIP-Authentication-Scheme",
        609: "SIP-Authenticate",
        610: "SIP-Authorization",
        612: "SIP-Auth-Data-Item",
        613: "SIP-Item-Number",
    },
    mandatory=(1500,),
    not_mandatory=(318, 629, 630, 1032, 1505, *range(1508, 1549), 1612, 1680, 1687, 2805),
)
_RFC_4740 = range(368, 393)


@contextmanager
def _packages_left_empty() -> Iterator[None]:
    """Whatever python-diameter's tables do not need is not loaded, and nothing of it stays.

    Its packages would make hundreds of classes for commands, which every start of a daemon would wait for.
    """
    spec = None if _LIBRARY in sys.modules else find_spec(_LIBRARY)
    if spec is None or spec.submodule_search_locations is None:
        yield
        return
    (folder,) = spec.submodule_search_locations
    try:
        for inner in ("", ".message", ".message.avp"):
            package = ModuleType(_LIBRARY + inner)
            package.__path__ = [folder + inner.replace(".", "/")]
            sys.modules[package.__name__] = package
        yield
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] == _LIBRARY]:
            del sys.modules[name]


def _tables() -> tuple[_Entries, dict[int, _Entries]]:
    """The library's AVPs of the IETF, and those of the others by vendor."""
    with _packages_left_empty():
        from diameter.message.avp.avp import AVP_DICTIONARY, AVP_VENDOR_DICTIONARY  # noqa: PLC0415
    return AVP_DICTIONARY, AVP_VENDOR_DICTIONARY


def _library(entries: _Entries, vendor: int) -> Iterator[AvpDefinition]:
    for code, entry in entries.items():
        kind = _KINDS[getattr(entry["type"], "__name__", "")]
        yield AvpDefinition(str(entry["name"]), code, vendor, kind, mandatory=bool(entry.get("mandatory", False)))


def _collected() -> Iterator[AvpDefinition]:
    """IETF, then 3GPP, then the rest: whoever comes first keeps a name that two of them use."""
    ietf, vendors = _tables()
    yield from (_IETF.applied(entry) for entry in _library(ietf, 0))
    yield from _IETF.added
    yield from (_3GPP.applied(entry) for entry in _library(vendors[VENDOR_3GPP], VENDOR_3GPP))
    for vendor, entries in vendors.items():
        if vendor not in (0, VENDOR_3GPP):
            yield from _library(entries, vendor)


_BY_CODE = {(entry.code, entry.vendor): entry for entry in _collected()}


def _named() -> dict[str, AvpDefinition]:
    names: dict[str, AvpDefinition] = {}
    for entry in _BY_CODE.values():
        # the SIP-* names of RFC 4740 belong to TS 29.229's AVPs here: no command of ours carries the former
        if not (entry.vendor == 0 and entry.code in _RFC_4740):
            names.setdefault(entry.name, entry)
    return names


_BY_NAME = _named()


def by_name(name: str) -> AvpDefinition:
    """The AVP that the specifications call `name`; KeyError when there is none: a fault of the caller."""
    return _BY_NAME[name]


def key_of(name: str) -> tuple[int, int]:
    """(code, vendor) of the AVP that the specifications call `name`."""
    definition = _BY_NAME[name]
    return definition.code, definition.vendor


def by_code(code: int, vendor: int) -> AvpDefinition | None:
    """The AVP of this code, or None when nobody here has heard of it."""
    return _BY_CODE.get((code, vendor))


def definitions() -> tuple[AvpDefinition, ...]:
    """Every AVP that has a name of its own."""
    return tuple(_BY_NAME.values())
