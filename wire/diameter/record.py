"""Grouped AVPs and commands as frozen dataclasses: each field names its AVP, whatever it does not name survives.

A field with the default () is repeated, one whose type allows None optional, any other required: a default value of
such a one serves who writes and is never assumed by who reads. Fields are written in their order after Session-Id, what
was not named (`extra`) last.
"""

from collections.abc import Callable, Iterable
from dataclasses import MISSING, Field, fields
from enum import IntEnum
from functools import lru_cache, partial
from operator import attrgetter
from typing import Any, Self, get_args

from wire.diameter.avp import Avp, AvpFault
from wire.diameter.dictionary import AvpDefinition, Kind, by_name
from wire.diameter.results import ResultCode
from wire.diameter.values import Value, decoder, definer, invalid, shortest
from wire.frozen import dataclass

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
        form = _form(cls)
        slots, extra = form.by_code, []
        values: dict[str, Any] = dict(form.absent)
        for item in avps:
            slot = slots.get((item.code, item.vendor))
            if slot is None:
                extra.append(item)
            elif slot.many:
                values[slot.field] = (*values[slot.field], slot.read(item))
            elif values[slot.field] is not None:
                reason = f"{slot.definition.name} comes twice"
                raise AvpFault(item.offset, reason, ResultCode.AVP_OCCURS_TOO_MANY_TIMES, (item,))
            else:
                values[slot.field] = slot.read(item)
        for slot in form.required:
            if values[slot.field] is None:
                reason = f"{slot.definition.name} is missing"
                raise AvpFault(0, reason, ResultCode.MISSING_AVP, (shortest(slot.definition),))
        return cls(**values, extra=tuple(extra))

    def to_avps(self) -> tuple[Avp, ...]:
        """The AVPs of every field that is set, in the order of the fields, then `extra`."""
        found: list[Avp] = []
        form = _form(type(self))
        for slot, value in zip(form.slots, form.values(self), strict=True):
            if value is None:
                continue
            if slot.many:
                found += [slot.write(item) for item in value]
            elif value is slot.default and slot.usual is not None:
                found.append(slot.usual)
            else:
                found.append(slot.define(value.to_avps() if slot.group else value))
        return (*found, *self.extra)


@dataclass(frozen=True, slots=True)
class _Slot:
    """One field: how its AVP is read and written. `usual` is the AVP of a default value, made once."""

    field: str
    definition: AvpDefinition
    kind: type | None
    read: Callable[[Avp], object]
    define: Callable[[Value], Avp]
    required: bool
    many: bool
    default: object
    usual: Avp | None
    group: bool

    def write(self, value: Any) -> Avp:  # noqa: ANN401 - a Value or a Record, as the field says
        return self.define(value.to_avps() if self.group else value)


@dataclass(frozen=True, slots=True)
class _Form:
    """The fields of a record, in the order in which they are written, and what a field without an AVP holds."""

    slots: tuple[_Slot, ...]
    by_code: dict[tuple[int, int], _Slot]
    required: tuple[_Slot, ...]
    absent: dict[str, Any]
    values: Callable[[Record], tuple[Any, ...]]


def _definer(definition: AvpDefinition) -> Callable[[Value], Avp]:
    defined = definer(definition)
    # a node writes few names, and each of them in every message
    return lru_cache(maxsize=64)(defined) if definition.kind is Kind.DIAMETER_IDENTITY else defined


def _reader(definition: AvpDefinition, kind: type | None) -> Callable[[Avp], object]:
    read = decoder(definition)
    if kind is None:
        return read
    if issubclass(kind, Record):
        return partial(_read_record, read, kind)
    if issubclass(kind, IntEnum):
        return partial(_read_member, read, definition, {int(member): member for member in kind})
    return partial(_read_as, read, definition, kind)


def _read_record(read: Callable[[Avp], Value], kind: type[Record], item: Avp) -> object:
    value = read(item)
    return kind.from_avps(value) if isinstance(value, tuple) else value


def _read_member(
    read: Callable[[Avp], Value], definition: AvpDefinition, members: dict[Value, IntEnum], item: Avp
) -> object:
    value = read(item)
    member = members.get(value)
    if member is None:
        raise invalid(definition, item, f"{value!r} is not one of its values")
    return member


def _read_as(
    read: Callable[[Avp], Value], definition: AvpDefinition, kind: Callable[[Value], object], item: Avp
) -> object:
    value = read(item)
    try:
        return kind(value)
    except ValueError:
        raise invalid(definition, item, f"{value!r} is not one of its values") from None


_FORMS: dict[type, _Form] = {}


def _form(record: type[Record]) -> _Form:
    found = _FORMS.get(record)
    if found is None:
        found = _FORMS[record] = _read_form(record)
    return found


def _read_form(record: type[Record]) -> _Form:
    slots = [_slot(each) for each in fields(record) if _METADATA in each.metadata]
    # RFC 6733 §8.8: Session-Id comes right after the header, whichever class names it
    slots.sort(key=lambda slot: slot.definition.name != "Session-Id")
    return _Form(
        slots=tuple(slots),
        by_code={(slot.definition.code, slot.definition.vendor): slot for slot in slots},
        required=tuple(slot for slot in slots if slot.required and not slot.many),
        absent={slot.field: () if slot.many else None for slot in slots},
        values=_getter([slot.field for slot in slots]),
    )


def _getter(names: list[str]) -> Callable[[Record], tuple[Any, ...]]:
    if len(names) < 2:
        return lambda record: tuple(getattr(record, name) for name in names)
    return attrgetter(*names)


def _slot(each: "Field[Any]") -> _Slot:
    name, kind = each.metadata[_METADATA]
    definition = by_name(name)
    many = each.default == ()
    written = _definer(definition)
    return _Slot(
        field=each.name,
        definition=definition,
        kind=kind,
        read=_reader(definition, kind),
        define=written,
        required=type(None) not in get_args(each.type),
        many=many,
        default=each.default,
        group=kind is not None and issubclass(kind, Record),
        usual=None if many or each.default is None or each.default is MISSING else _usual(written, each.default),
    )


def _usual(written: Callable[[Value], Avp], default: Value | Record) -> Avp:
    return written(default.to_avps() if isinstance(default, Record) else default)
