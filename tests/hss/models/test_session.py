"""What the schema itself refuses of accounting."""

import pytest
from sqlalchemy import insert, select

from hss.models import AccessSession, AccountingEntry, RecordKind
from hss.store.engines import transaction
from hss.store.errors import StoreConflict
from hss.store.location import Location
from tests.hss.sessions.events import NOON

ENTRY = {
    "fingerprint": bytes(32), "kind": RecordKind.START, "session_key": bytes(16), "session_id": "1", "client": "lab",
    "nas": "ap", "at": NOON, "received": NOON,
}  # fmt: skip
SESSION = {"client": "lab", "nas": "ap", "source": "192.0.2.1", "session_id": "1", "updated": NOON}


@pytest.mark.parametrize(
    ("change", "name"),
    [({"kind": RecordKind.ON}, "session_key"), ({"session_key": None}, "session_key"), ({"id": 8}, "fingerprint")],
)
def test_record_is_kept_once_and_names_its_session(location: Location, change: dict[str, object], name: str) -> None:
    with transaction(location) as connection:
        connection.execute(insert(AccountingEntry).values(**ENTRY))
    with pytest.raises(StoreConflict, match=name), transaction(location) as connection:
        connection.execute(insert(AccountingEntry).values(**ENTRY | {"fingerprint": b"\1" * 32} | change
                           | ({"fingerprint": bytes(32)} if "id" in change else {})))  # fmt: skip


def test_sessions_without_a_key_do_not_meet(location: Location) -> None:
    with transaction(location) as connection:
        connection.execute(insert(AccessSession), [SESSION, SESSION])
        assert connection.scalars(select(AccessSession.id).order_by(AccessSession.id)).all() == [1, 2]
    for wanted in (True, False):
        with transaction(location) as connection:
            row = insert(AccessSession).values(**SESSION, session_key=bytes(16))
            if wanted:
                connection.execute(row)
            else:
                with pytest.raises(Exception, match="session_key"):
                    connection.execute(row)
                connection.rollback()
