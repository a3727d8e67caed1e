"""One statement that inserts or merges, on both engines."""

from sqlalchemy import literal, select
from sqlalchemy.types import Integer

from hss.models import ClientReport
from hss.sessions.upsert import insert_into, later
from hss.store.engines import transaction
from hss.store.location import Location


def test_insert_merges_on_conflict(location: Location) -> None:
    with transaction(location) as connection:
        for protected in (1, 2):
            insert = insert_into(connection, ClientReport).values(client="a", protected=protected, unprotected=0)
            merge = {"protected": ClientReport.protected + insert.excluded.protected}
            connection.execute(insert.on_conflict_do_update(index_elements=["client"], set_=merge))
        assert connection.scalar(select(ClientReport.protected)) == 3


def test_later_is_the_larger_or_the_one_that_is_there(location: Location) -> None:
    with transaction(location) as connection:
        for one, other, wanted in ((1, 2, 2), (2, 1, 2), (None, 1, 1), (1, None, 1), (None, None, None)):
            both = later(literal(one, Integer()), literal(other, Integer()))
            assert connection.scalar(select(both)) == wanted
