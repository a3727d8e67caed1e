"""Grouped AVPs and commands as frozen dataclasses: each field names its AVP, whatever it does not name survives.

A field with the default () is repeated, one whose type allows None optional, any other required: a default value of
such a one serves who writes and is never assumed by who reads. Fields are written in their order after Session-Id, what
was not named (`extra`) last.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, Self, get_args

from wire.diameter.avp import Avp, AvpFault
from wire.diameter.dictionary import AvpDefinition, by_name
from wire.diameter.results import ResultCode
from wire.diameter.values import Value, decode, define, invalid, shortest

_METADATA = "avp"


def avp(name: str, kind: type | None = None) -> dict[str, tuple[str, type | None]]:
    """Metadata for a dataclass field: its AVP, and the Record, IntEnum or Secret that its value is held as."""
    return {_METADATA: (name, kind)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is carried as a list of AVPs."""

    extra: tuple[Avp, ...] = ()

    @classmethod
    def from_avps(cls, avps: Iterable[Avp]) -> Self:
        """The record in `avps`; AvpFault 5005, 5009, 5004 or 5014 when they are not one."""
        slots, extra = _slots(cls), []
        values: dict[str, Any] = {}
        for item in avps:
            slot = slots.get((item.code, item.vendor))
            if slot is None:
                extra.append(item)
            elif slot.many:
                values.setdefault(slot.field, []).append(slot.read(item))
            elif slot.field in values:
                reason = f"{slot.definition.name} comes twice"
                raise AvpFault(item.offset, reason, ResultCode.AVP_OCCURS_TOO_MANY_TIMES, (item,))
            else:
                values[slot.field] = slot.read(item)
        for slot in slots.values():
            if slot.many:
                values[slot.field] = tuple(values.get(slot.field, ()))
            elif slot.field in values:
                continue
            elif slot.required:
                reason = f"{slot.definition.name} is missing"
                raise AvpFault(0, reason, ResultCode.MISSING_AVP, (shortest(slot.definition),))
            else:
                values[slot.field] = None
        return cls(**values, extra=tuple(extra))

    def to_avps(self) -> tuple[Avp, ...]:
        """The AVPs of every field that is set, in the order of the fields, then `extra`."""
        found: list[Avp] = []
        for slot in _slots(type(self)).values():
            value = getattr(self, slot.field)
            if slot.many:
                found += [slot.write(item) for item in value]
            elif value is not None:
                found.append(slot.write(value))
        return (*found, *self.extra)


@dataclass(frozen=True, slots=True)
class _Slot:
    field: str
    definition: AvpDefinition
    kind: type | None
    required: bool
    many: bool

    def read(self, item: Avp) -> object:
        kind = self.kind
        if kind is None:
            return decode(self.definition, item)
        value = decode(self.definition, item)
        if issubclass(kind, Record) and isinstance(value, tuple):
            return kind.from_avps(value)
        try:
            return kind(value)
        except ValueError:
            raise invalid(self.definition, item, f"{value!r} is not one of its values") from None

    def write(self, value: Value | Record) -> Avp:
        return define(self.definition, value.to_avps() if isinstance(value, Record) else value)


_SLOTS: dict[type, dict[tuple[int, int], _Slot]] = {}


def _slots(record: type[Record]) -> dict[tuple[int, int], _Slot]:
    found = _SLOTS.get(record)
    if found is None:
        found = _SLOTS[record] = _read_slots(record)
    return found


def _read_slots(record: type[Record]) -> dict[tuple[int, int], _Slot]:
    slots = {}
    for each in fields(record):
        if _METADATA in each.metadata:
            name, kind = each.metadata[_METADATA]
            definition = by_name(name)
            slots[definition.code, definition.vendor] = _Slot(
                each.name, definition, kind, required=type(None) not in get_args(each.type), many=each.default == ()
            )
    # RFC 6733 §8.8: Session-Id comes right after the header, whichever class names it
    return dict(sorted(slots.items(), key=lambda entry: entry[1].definition.name != "Session-Id"))
