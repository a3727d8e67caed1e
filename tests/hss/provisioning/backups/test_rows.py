"""Rows survive the way through JSON with their types."""

from datetime import UTC, datetime

import pytest

from hss.models import Model, Subscriber, SubscriberState
from hss.provisioning.backups.container import BackupRefused
from hss.provisioning.backups.rows import RowCodec, lines, tables

VALUES = {
    "imsi": "001010000000001",
    "k": b"\0\xff sealed",
    "opc": b"also",
    "data_key_id": None,
    "k_check": None,
    "opc_check": b"\1\2\3",
    "profile": "milenage",
    "amf": 0x8000,
    "seq": 1 << 40,
    "time_offset": 0,
    "state": SubscriberState.BARRED,
    "msisdn": None,
    "created": datetime(2027, 1, 2, 3, 4, 5, 678, tzinfo=UTC),
    "updated": datetime(2027, 1, 2, tzinfo=UTC),
    "revision": 3,
    "batch_id": None,
}


def codec() -> RowCodec:
    return RowCodec(next(table for table in tables() if table.name == Subscriber.__tablename__))


def test_row_comes_back() -> None:
    written = codec().line([VALUES[column.name] for column in codec().table.c])
    [[name, row]] = lines(iter([written]))
    assert name == "subscriber"
    assert codec().values(row) == VALUES


def test_lines_run_across_chunks() -> None:
    text = b'["a",[1]]\n["b",[2]]\n{"rows":{}}\n'
    pieces = [text[at : at + 4] for at in range(0, len(text), 4)]
    assert list(lines(iter(pieces))) == [["a", [1]], ["b", [2]], {"rows": {}}]


def test_every_table_is_there_after_those_it_refers_to() -> None:
    order = [table.name for table in tables()]
    assert set(order) == set(Model.metadata.tables)
    for table in tables():
        for key in table.foreign_keys:
            assert order.index(key.column.table.name) < order.index(table.name)


def test_row_of_another_schema_is_refused() -> None:
    with pytest.raises(BackupRefused, match="subscriber has other columns"):
        codec().values([1, 2])
