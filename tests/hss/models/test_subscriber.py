"""What the tables themselves refuse, whoever writes to them."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, insert, select, update

from hss.models import Apn, Model, Registration, ServingGateway, Subscriber, SubscriberState
from hss.store.engines import transaction
from hss.store.errors import StoreConflict
from hss.store.location import Location
from tests.hss.conftest import Registry

IMSI = "001010000000001"


@pytest.mark.parametrize(
    "values", [{"seq": -1}, {"seq": 2**48}, {"amf": -1}, {"amf": 65536}, {"k": None}, {"opc": None}]
)
def test_subscriber_out_of_range_is_refused(registry: Registry, location: Location, values: dict[str, object]) -> None:
    registry.add(IMSI)
    with pytest.raises(StoreConflict), transaction(location) as connection:
        connection.execute(update(Subscriber).values(**values))


def test_state_is_one_of_two(registry: Registry, location: Location) -> None:
    registry.add(IMSI, state=SubscriberState.BARRED)
    with transaction(location) as connection:
        assert connection.scalar(select(Subscriber.state)) is SubscriberState.BARRED
    with pytest.raises(StoreConflict), transaction(location) as connection:
        connection.exec_driver_sql("UPDATE subscriber SET state = 'maybe'")


@pytest.mark.parametrize(
    "values",
    [
        {"context_id": 1, "name": "other"},
        {"context_id": 2, "name": "internet"},
        {"context_id": 2, "name": "ims", "is_default": True},
        {"context_id": 2, "name": "ims", "pdn_type": 4},
        {"context_id": 2, "name": "ims", "ambr_up": 5},
    ],
)
def test_apn_that_contradicts_another_is_refused(
    registry: Registry, location: Location, values: dict[str, object]
) -> None:
    registry.add(IMSI)
    row = {"imsi": IMSI, "pdn_type": 1, "is_default": False} | values
    with pytest.raises(StoreConflict), transaction(location) as connection:
        connection.execute(insert(Apn).values(**row))


def test_home_address_has_one_owner(registry: Registry, location: Location) -> None:
    registry.add(IMSI)
    registry.add("001010000000002")
    with pytest.raises(StoreConflict, match="home_address"), transaction(location) as connection:
        connection.execute(update(Apn).values(home_address="2001:db8::5"))


def test_removed_subscriber_leaves_nothing(registry: Registry, location: Location) -> None:
    registry.add(IMSI)
    with transaction(location) as connection:
        connection.execute(insert(Registration).values(imsi=IMSI, aaa_name="aaa"))
        connection.execute(insert(ServingGateway).values(imsi=IMSI, apn="internet", address="2001:db8::1"))
    with transaction(location) as connection:
        connection.execute(delete(Subscriber))
        kept = {"notice", "access_grant", "access_session", "diameter_session", "departure", "revoked_identity"}
        kept.add("failed_authentication")
        tables = [table for table in Model.metadata.sorted_tables if "imsi" in table.c and table.name not in kept]
        assert [connection.scalar(select(table.c.imsi)) for table in tables] == [None] * 4


def test_moments_are_in_utc(registry: Registry, location: Location) -> None:
    registry.add(IMSI)
    with transaction(location) as connection:
        created = connection.scalar(select(Subscriber.created))
    assert created is not None
    assert created.tzinfo is UTC
    assert abs((datetime.now(UTC) - created).total_seconds()) < 60


def test_moving_seq_is_no_change_of_the_subscriber(registry: Registry, location: Location) -> None:
    known = registry.add(IMSI)
    registry.set(known.imsi, updated=datetime(2020, 1, 1, tzinfo=UTC))
    registry.set(known.imsi, seq=7)
    with transaction(location) as connection:
        assert connection.scalar(select(Subscriber.updated)) == datetime(2020, 1, 1, tzinfo=UTC)
