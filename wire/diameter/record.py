"""Grouped AVPs and commands as frozen dataclasses: each field names its AVP, whatever it does not name survives.

A field with the default () is repeated, one whose type allows None optional, any other required: a default value of
such a one serves who writes and is never assumed by who reads. Fields are written in their order after Session-Id, what
was not named (`extra`) last.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import Field, fields
from enum import IntEnum
from functools import lru_cache, partial
from itertools import compress
from operator import attrgetter, is_not, itemgetter
from typing import Any, Protocol, Self, TypeVar, get_args

from wire.diameter.avp import Avp, AvpFault, build_avps, standing
from wire.diameter.dictionary import AvpDefinition, Kind, by_name
from wire.diameter.results import ResultCode
from wire.diameter.values import Value, builder, decoder, definer, enclosed, encode, invalid, shortest
from wire.frozen import dataclass

RecordT = TypeVar("RecordT", bound="Record")

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
        form = _FORMS.get(cls) or _form(cls)
        slots, extra = form.by_code, []
        values = form.absent.copy()
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
        if None in form.required(values):
            missing = next(slot.definition for slot in form.slots if slot.required and values[slot.field] is None)
            raise AvpFault(0, f"{missing.name} is missing", ResultCode.MISSING_AVP, (shortest(missing),))
        return cls(**values, extra=tuple(extra))

    def to_avps(self) -> tuple[Avp, ...]:
        """The AVPs of every field that is set, in the order of the fields, then `extra`."""
        found: list[Avp] = []
        for slot, value in _held(self):
            if slot.many:
                found += map(slot.write, value)
            else:
                found.append(slot.write(value))
        return (*found, *self.extra)

    def octets(self) -> bytes:
        """What `to_avps` gives, as octets; EncodeError for a value that is too long."""
        found: list[bytes] = []
        for slot, value in _held(self):
            if slot.many:
                found += map(slot.build, value)
            else:
                found.append(slot.build(value))
        if self.extra:
            found.append(build_avps(self.extra))
        return b"".join(found)


@dataclass(frozen=True, slots=True)
class _Slot:
    """One field: how its AVP, or each of them, is read, written, and built as octets."""

    field: str
    definition: AvpDefinition
    kind: type | None
    read: Callable[[Avp], object]
    write: Callable[[Any], Avp]
    build: Callable[[Any], bytes]
    required: bool
    many: bool


@dataclass(frozen=True, slots=True)
class _Form:
    """The fields of a record, in the order in which they are written, and what a field without an AVP holds.

    `required` picks out of values by field those that have to be there, `values` all of them out of a record.
    """

    slots: tuple[_Slot, ...]
    by_code: dict[tuple[int, int], _Slot]
    absent: dict[str, Any]
    required: Callable[[dict[str, Any]], tuple[Any, ...]]
    values: Callable[[Record], tuple[Any, ...]]


def slots_of(record: type[Record]) -> Sequence[_Slot]:
    """The fields of `record`, in the order in which they are written."""
    return (_FORMS.get(record) or _form(record)).slots


def _held(record: Record) -> Iterable[tuple[_Slot, Any]]:
    """The fields that are set, which most of most records are not."""
    form = _FORMS.get(type(record)) or _form(type(record))
    values = form.values(record)
    return compress(zip(form.slots, values, strict=True), map(is_not, values, form.absent.values()))


_FEW_VALUES = (Kind.DIAMETER_IDENTITY, Kind.UNSIGNED32, Kind.ENUMERATED)
"""Kinds of which a node writes few values, and each of them in every message."""


def _writer(definition: AvpDefinition, kind: type | None) -> Callable[[Any], Avp]:
    define = definer(definition)
    if kind is not None and issubclass(kind, Record):
        return lambda record: define(record.to_avps())
    return lru_cache(maxsize=64)(lambda value: standing(define(value))) if definition.kind in _FEW_VALUES else define


def _builder(definition: AvpDefinition, kind: type | None) -> Callable[[Any], bytes]:
    if kind is not None and issubclass(kind, Record):
        return lambda record: enclosed(definition, record.octets())
    build = builder(definition)
    return lru_cache(maxsize=64)(build) if definition.kind in _FEW_VALUES else build


def _reader(definition: AvpDefinition, kind: type | None) -> Callable[[Avp], object]:
    read = decoder(definition)
    if kind is None:
        return read
    if issubclass(kind, Record):
        return partial(_read_record, read, kind)
    if issubclass(kind, IntEnum):
        return partial(_read_member, read, definition, {encode(definition, member): member for member in kind})
    return partial(_read_as, read, definition, kind)


def _read_record(read: Callable[[Avp], Value], kind: type[Record], item: Avp) -> object:
    value = read(item)
    return kind.from_avps(value) if isinstance(value, tuple) else value


def _read_member(
    read: Callable[[Avp], Value], definition: AvpDefinition, members: dict[bytes, IntEnum], item: Avp
) -> object:
    member = members.get(item.data)
    if member is None:
        raise invalid(definition, item, f"{read(item)!r} is not one of its values")
    return member


def _read_as(
    read: Callable[[Avp], Value], definition: AvpDefinition, kind: Callable[[Value], object], item: Avp
) -> object:
    value = read(item)
    try:
        return kind(value)
    except ValueError:
        raise invalid(definition, item, f"{value!r} is not one of its values") from None


class Valued(Protocol):
    """What has values."""

    values: list[Any]


def by_values(record: type[RecordT], avps: Sequence[Avp], places: Sequence[int]) -> Callable[[Valued], RecordT] | None:
    """What makes the record in AVPs that are `avps` but for the `values` of those at `places`, of these values.

    None where they do not say all of it; AvpFault, as `from_avps`, where `avps` are no such record.
    """
    known = (_FORMS.get(record) or _form(record)).by_code
    slots = [known.get((avps[place].code, avps[place].vendor)) for place in places]
    named = [slot for slot in slots if slot is not None and slot.kind is None]
    if len(named) < len(slots):
        return None
    like = record.from_avps(avps)
    standing = {each.name: getattr(like, each.name) for each in fields(record)}
    names, many = [slot.field for slot in named], [slot.field for slot in named if slot.many]

    def read(valued: Valued) -> RecordT:
        found = standing | dict(zip(names, valued.values, strict=True))
        for name in many:
            found[name] = (found[name],)
        return record(**found)

    return read


_FORMS: dict[type, _Form] = {}


def _form(record: type[Record]) -> _Form:
    slots = [_slot(each) for each in fields(record) if _METADATA in each.metadata]
    # RFC 6733 §8.8: Session-Id comes right after the header, whichever class names it
    slots.sort(key=lambda slot: slot.definition.name != "Session-Id")
    form = _FORMS[record] = _Form(
        slots=tuple(slots),
        by_code={(slot.definition.code, slot.definition.vendor): slot for slot in slots},
        absent={slot.field: () if slot.many else None for slot in slots},
        required=_of_dict([slot.field for slot in slots if slot.required]),
        values=_of_record([slot.field for slot in slots]),
    )
    return form


def _of_dict(names: list[str]) -> Callable[[dict[str, Any]], tuple[Any, ...]]:
    if len(names) < 2:
        return lambda values: tuple(values[name] for name in names)
    return itemgetter(*names)


def _of_record(names: list[str]) -> Callable[[Record], tuple[Any, ...]]:
    if len(names) < 2:
        return lambda record: tuple(getattr(record, name) for name in names)
    return attrgetter(*names)


def _slot(each: "Field[Any]") -> _Slot:
    name, kind = each.metadata[_METADATA]
    definition = by_name(name)
    many = each.default == ()
    return _Slot(
        field=each.name,
        definition=definition,
        kind=kind,
        read=_reader(definition, kind),
        write=_writer(definition, kind),
        build=_builder(definition, kind),
        required=not many and type(None) not in get_args(each.type),
        many=many,
    )
