"""The audit trail has one head, and a token some role."""

from pathlib import Path

import pytest
from sqlalchemy import insert, select

from hss.engines import transaction
from hss.models import ApiToken, AuditHead
from hss.store_errors import StoreConflict


def test_audit_trail_has_one_head(database_path: Path) -> None:
    with transaction(database_path) as connection:
        head = connection.execute(select(AuditHead)).one()
        assert (head.id, head.number, head.mac, head.seal) == (1, 0, bytes(32), None)
    with pytest.raises(StoreConflict), transaction(database_path) as connection:
        connection.execute(insert(AuditHead).values(id=2, number=0, mac=bytes(32)))


def test_token_has_a_role(database_path: Path) -> None:
    with pytest.raises(StoreConflict), transaction(database_path) as connection:
        connection.execute(insert(ApiToken).values(name="one", digest=bytes(32), roles=""))
