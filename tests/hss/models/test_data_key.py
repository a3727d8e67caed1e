"""One data key seals at a time, and a retired one has no octets left."""

import pytest
from sqlalchemy import insert

from hss.models import DataKey, KeyPurpose, KeyState
from hss.store.engines import transaction
from hss.store.errors import StoreConflict
from hss.store.location import Location

KEY = {"purpose": KeyPurpose.SUBSCRIBER, "master": "m", "wrapped": bytes(60)}


def test_one_key_is_active_for_each_purpose(location: Location) -> None:
    with transaction(location) as connection:
        connection.execute(insert(DataKey).values(**KEY, state=KeyState.ACTIVE))
        connection.execute(insert(DataKey).values(**KEY, state=KeyState.RETIRING))
        connection.execute(insert(DataKey).values(**KEY | {"purpose": KeyPurpose.AUDIT}, state=KeyState.ACTIVE))
    with pytest.raises(StoreConflict), transaction(location) as connection:
        connection.execute(insert(DataKey).values(**KEY, state=KeyState.ACTIVE))


def test_retired_key_has_no_octets(location: Location) -> None:
    with pytest.raises(StoreConflict), transaction(location) as connection:
        connection.execute(insert(DataKey).values(**KEY, state=KeyState.RETIRED))
