"""Rows are found by keys, however many those are."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select

from hss.models import AccessGrant
from hss.sessions.keyed import Keyed
from hss.sessions.written import TOGETHER
from hss.store.engines import transaction
from hss.store.location import Location

NOON = datetime(2027, 1, 2, 12, tzinfo=UTC)
MOST = 2 * TOGETHER + 3


@pytest.mark.parametrize("count", [0, 1, 2, 3, TOGETHER, TOGETHER + 1, MOST])
def test_what_is_there_is_found_once_and_in_order(location: Location, count: int) -> None:
    values = {"imsi": "001010000000001", "user_name": "u", "method": "AKA", "client": "lab", "nas": "ap1", "at": NOON}
    chosen = select(AccessGrant.radius_class, AccessGrant.session_timeout, AccessGrant.at)
    keyed = Keyed(chosen.order_by(AccessGrant.radius_class), AccessGrant.radius_class)
    keys = [number.to_bytes(4) for number in range(count)]
    with transaction(location) as connection:
        for number in range(0, MOST, 2):
            connection.execute(
                insert(AccessGrant).values(radius_class=number.to_bytes(4), session_timeout=number, **values)
            )
        found = keyed.rows(connection, keys)
    assert found == [[number.to_bytes(4), number, NOON] for number in range(0, count, 2)]
