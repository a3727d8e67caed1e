"""Values that JSON has no word for are read by PostgreSQL as they are meant; test_written has it read all kinds."""

import json
from datetime import UTC, datetime

import pytest
from sqlalchemy.dialects import postgresql

from hss.models import AccountingEntry, RecordKind
from hss.sessions.recordset import of_json
from hss.store.rowset import ROWS


def test_rows_are_one_parameter() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    table = AccountingEntry.metadata.tables["accounting_record"]
    text, parameters = of_json(dialect, postgresql.Insert(table), [table.c.fingerprint, table.c.kind, table.c.at])
    assert text.startswith("INSERT INTO accounting_record (fingerprint, kind, at) SELECT")
    assert "AS given(fingerprint BYTEA, kind VARCHAR(16), at TIMESTAMP WITH TIME ZONE)" in text
    at = datetime(2027, 1, 2, 12, 0, 0, 5, tzinfo=UTC)
    given = parameters([{"fingerprint": b"\0a", "kind": RecordKind.ON, "at": at}])
    assert isinstance(given, dict)
    assert json.loads(given[ROWS]) == [
        {"fingerprint": "\\x0061", "kind": "on", "at": "2027-01-02T12:00:00.000005+00:00"}
    ]
    with pytest.raises(TypeError, match="no column holds a complex"):
        parameters([{"fingerprint": 1j}])
