"""Rows are found by their keys, however many those are."""

import pytest
from sqlalchemy import bindparam, column, delete, insert, select, table

from hss.models import ContinuedRound
from hss.store.engines import transaction
from hss.store.errors import StoreUnavailable, store_errors
from hss.store.keyed import TOGETHER, Keyed
from hss.store.location import Location
from tests.hss.sessions.events import NOON

KEYS = [bytes([number]) * 32 for number in range(2 * TOGETHER + 3)]
FOUND = Keyed(lambda keys: select(ContinuedRound.round_key).where(ContinuedRound.round_key.in_(keys)))
DELETED = Keyed(
    lambda keys: (
        delete(ContinuedRound)
        .where(ContinuedRound.round_key.in_(keys), ContinuedRound.round_key < bindparam("below"))
        .returning(ContinuedRound.round_key)
    )
)


def test_rows_of_any_number_of_keys_are_found_and_changed(location: Location) -> None:
    with transaction(location) as connection:
        connection.execute(insert(ContinuedRound), [{"round_key": key, "at": NOON} for key in KEYS])
        for count in (0, 1, 2, TOGETHER, TOGETHER + 1, len(KEYS)):
            found = [bytes(key) for (key,) in FOUND.rows(connection, [*KEYS[:count], bytes(31)])]
            assert sorted(found) == KEYS[:count]
        gone = [bytes(key) for (key,) in DELETED.rows(connection, KEYS, below=KEYS[40])]
        assert sorted(gone) == KEYS[:40]
        assert sorted(bytes(key) for (key,) in FOUND.rows(connection, KEYS)) == KEYS[40:]


def test_what_is_found_is_in_order_and_of_its_own_type(location: Location) -> None:
    chosen = select(ContinuedRound.round_key, ContinuedRound.at).order_by(ContinuedRound.round_key)
    keyed = Keyed(lambda keys: chosen.where(ContinuedRound.round_key.in_(keys)))
    with transaction(location) as connection:
        connection.execute(insert(ContinuedRound), [{"round_key": key, "at": NOON} for key in KEYS[::2]])
        for count in (1, 3, TOGETHER, TOGETHER + 1, len(KEYS)):
            assert keyed.rows(connection, KEYS[:count]) == [[key, NOON] for key in KEYS[:count:2]]


def test_refusals_are_the_store_s_and_show_no_key(location: Location) -> None:
    nowhere = Keyed(lambda keys: select(column("a")).select_from(table("nowhere")).where(column("a").in_(keys)))
    with (
        pytest.raises(StoreUnavailable, match="nowhere") as caught,
        store_errors(),
        transaction(location) as connection,
    ):
        nowhere.rows(connection, [b"secret"])
    assert "secret" not in str(caught.value)
