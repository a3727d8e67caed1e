"""Nodes have an IND each, and registrations a subscriber."""

import pytest
from sqlalchemy import insert

from hss.models import Notice, NoticeKind, Registration, RequestingNode
from hss.store.engines import transaction
from hss.store.errors import StoreConflict
from hss.store.location import Location


def test_ind_has_one_owner_for_each_length(location: Location) -> None:
    with transaction(location) as connection:
        connection.execute(
            insert(RequestingNode), [{"name": "a", "ind_bits": 5, "ind": 3}, {"name": "a", "ind_bits": 4, "ind": 3}]
        )
    with pytest.raises(StoreConflict, match="ind"), transaction(location) as connection:
        connection.execute(insert(RequestingNode).values(name="b", ind_bits=5, ind=3))


def test_registration_needs_a_subscriber(location: Location) -> None:
    with pytest.raises(StoreConflict, match=r"(?i)foreign key"), transaction(location) as connection:
        connection.execute(insert(Registration).values(imsi="001010000000001", aaa_name="aaa"))


def test_notice_outlives_its_subscriber(location: Location) -> None:
    with transaction(location) as connection:
        connection.execute(
            insert(Notice).values(imsi="001010000000001", aaa_name="aaa", kind=NoticeKind.DEREGISTER, reason=0)
        )
