"""Hypothesis strategies for every record: values by the data format of each field's AVP."""

from datetime import UTC, datetime
from enum import IntEnum
from ipaddress import IPv4Address, IPv6Address
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from wire.diameter.avp import Avp
from wire.diameter.dictionary import Kind
from wire.diameter.record import Record, _form, _Slot
from wire.secret import Secret

RecordT = TypeVar("RecordT", bound=Record)

_VALUES: dict[Kind, SearchStrategy[Any]] = {
    Kind.OCTET_STRING: st.binary(max_size=40),
    Kind.INTEGER32: st.integers(-(2**31), 2**31 - 1),
    Kind.INTEGER64: st.integers(-(2**63), 2**63 - 1),
    Kind.UNSIGNED32: st.integers(0, 2**32 - 1),
    Kind.UNSIGNED64: st.integers(0, 2**64 - 1),
    Kind.FLOAT32: st.floats(width=32, allow_nan=False),
    Kind.FLOAT64: st.floats(allow_nan=False),
    Kind.ENUMERATED: st.integers(0, 4000),
    Kind.UTF8_STRING: st.text(max_size=20),
    Kind.DIAMETER_IDENTITY: st.from_regex(r"[a-z0-9-]{1,12}(\.[a-z0-9]{1,8}){0,3}", fullmatch=True),
    Kind.DIAMETER_URI: st.from_regex(r"aaas?://[a-z0-9.]{1,20}:[0-9]{1,4}", fullmatch=True),
    Kind.ADDRESS: st.one_of(st.builds(IPv4Address, st.binary(min_size=4, max_size=4)),
                            st.builds(IPv6Address, st.binary(min_size=16, max_size=16))),
    Kind.TIME: st.integers(-61_505_152, 4_233_462_143).map(lambda s: datetime.fromtimestamp(s, UTC)),
    Kind.GROUPED: st.just(()),
}  # fmt: skip


def values(kind: Kind) -> SearchStrategy[Any]:
    """Any value of this format."""
    return _VALUES[kind]


def unknown_avps() -> SearchStrategy[Avp]:
    """AVPs of a vendor that nobody here has heard of, without the M bit."""
    return st.builds(
        Avp, code=st.integers(1, 2**32 - 1), vendor=st.just(65001), flags=st.just(0x80), data=st.binary(max_size=30)
    )


def _one(slot: _Slot) -> SearchStrategy[Any]:
    kind = slot.kind
    if kind is None:
        return values(slot.definition.kind)
    if issubclass(kind, Record):
        return records(kind)
    if issubclass(kind, IntEnum):
        return st.sampled_from(list(kind))
    return st.builds(Secret, st.binary(max_size=64)) if kind is Secret else values(slot.definition.kind)


def _field(slot: _Slot) -> SearchStrategy[Any]:
    if slot.many:
        return st.lists(_one(slot), max_size=3).map(tuple)
    return _one(slot) if slot.required else st.none() | _one(slot)


def records(record: type[RecordT]) -> SearchStrategy[RecordT]:
    """Any record of this class, with AVPs that it does not name."""
    fields = {slot.field: _field(slot) for slot in _form(record).slots}
    return st.builds(record, extra=st.lists(unknown_avps(), max_size=2).map(tuple), **fields)
