"""Old rows go, a few at a time."""

from datetime import timedelta

import pytest
from sqlalchemy import insert

from hss.models import AccessGrant, FailedAuthentication
from hss.sessions import pruning
from hss.sessions.pruning import prune_failures, prune_grants, prune_records, prune_sessions
from hss.sessions.recording import record_all
from hss.store.engines import transaction
from hss.store.location import Location
from tests.hss.models.test_failure import ROW
from tests.hss.sessions.events import IMSI, NOON, start, stop

LATER = NOON + timedelta(hours=1)


def test_rows_go_a_few_at_a_time(location: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "AT_ONCE", 2)
    with transaction(location) as connection:
        record_all(connection, [make(n, session=str(n)) for n in range(3) for make in (start, stop)])
        values = {"imsi": str(IMSI), "user_name": "u", "method": "AKA", "client": "lab", "nas": "ap1", "at": NOON}
        connection.execute(insert(AccessGrant), [values | {"radius_class": bytes([n])} for n in range(3)])
        connection.execute(insert(FailedAuthentication), [ROW] * 3)
    few = [2, 1, 0]
    wanted = ((prune_records, [2, 2, 2, 0]), (prune_sessions, few), (prune_grants, few), (prune_failures, few))
    for prune, rows in wanted:
        with transaction(location) as connection:
            assert prune(NOON, connection) == 0
            assert [prune(LATER, connection) for _ in rows] == rows
