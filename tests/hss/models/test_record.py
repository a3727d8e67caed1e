"""The audit trail has one head, and a token some role."""

import pytest
from sqlalchemy import insert, select

from hss.models import ApiToken, AuditHead
from hss.store.engines import transaction
from hss.store.errors import StoreConflict
from hss.store.location import Location


def test_audit_trail_has_one_head(location: Location) -> None:
    with transaction(location) as connection:
        head = connection.execute(select(AuditHead)).one()
        assert (head.id, head.number, head.mac, head.seal) == (1, 0, bytes(32), None)
    with pytest.raises(StoreConflict), transaction(location) as connection:
        connection.execute(insert(AuditHead).values(id=2, number=0, mac=bytes(32)))


def test_token_has_a_role(location: Location) -> None:
    with pytest.raises(StoreConflict), transaction(location) as connection:
        connection.execute(insert(ApiToken).values(name="one", digest=bytes(32), roles=""))
