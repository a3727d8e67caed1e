"""What the schema itself refuses of what processes share."""

import pytest
from sqlalchemy import insert

from hss.models import IdentityEpoch
from hss.store.engines import transaction
from hss.store.errors import StoreConflict
from hss.store.location import Location
from tests.hss.sessions.events import NOON

EPOCH = {"number": 1, "not_before": 0, "sealed": bytes(60), "transport": "0" * 16}


@pytest.mark.parametrize(
    ("change", "name"),
    [({"number": 0}, "number"), ({"sealed": None}, "sealed"), ({"retired": NOON}, "sealed"), ({}, "identity_epoch")],
)
def test_epoch_has_its_key_until_it_retires_and_its_number_once(
    location: Location, change: dict[str, object], name: str
) -> None:
    with transaction(location) as connection:
        connection.execute(insert(IdentityEpoch).values(**EPOCH))
    with pytest.raises(StoreConflict, match=name), transaction(location) as connection:
        connection.execute(insert(IdentityEpoch).values(EPOCH | ({"number": 2} if change else {}) | change))
