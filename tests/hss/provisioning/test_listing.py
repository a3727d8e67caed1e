"""Lists and counts by what subscribers have in common, a page at a time."""

import pytest
from sqlalchemy import insert

from hss.keys.vault import Vault
from hss.models import Registration, SubscriberState
from hss.provisioning.listing import Filter, Line, count, lines
from hss.store.engines import transaction
from hss.store.location import Location
from hss.store.schema import upgrade
from tests.hss.conftest import Registry
from tests.postgres import PostgresServer


@pytest.fixture
def some(registry: Registry, location: Location) -> Location:
    for number in (3, 1, 2):
        registry.add(f"00101000000000{number}", apns=("internet", "ims") if number == 1 else ("internet",))
    barred = registry.add("262010000000001", state=SubscriberState.BARRED, apns=()).imsi
    registry.set(barred, msisdn="4917012345")
    with transaction(location) as connection:
        connection.execute(insert(Registration).values(imsi="001010000000002", aaa_name="aaa"))
    return location


def imsis(location: Location, wanted: Filter | None = None, after: str = "", limit: int | None = None) -> list[str]:
    with transaction(location, read_only=True) as connection:
        found = [line.imsi[-1] for line in lines(connection, wanted, after=after, limit=limit)]
        if not after and limit is None:
            assert count(connection, wanted) == len(found)
        return found


def test_list_is_in_the_order_of_imsis_and_in_pages(some: Location) -> None:
    assert imsis(some) == ["1", "2", "3", "1"]
    assert imsis(some, limit=2) == ["1", "2"]
    assert imsis(some, after="001010000000002", limit=2) == ["3", "1"]
    with transaction(some, read_only=True) as connection:
        (first,) = lines(connection, limit=1)
    assert first == Line("001010000000001", SubscriberState.ENABLED, None, "milenage", 0)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Filter(state=SubscriberState.BARRED), ["1"]),
        (Filter(imsi_prefix="00101"), ["1", "2", "3"]),
        (Filter(imsi_prefix="001010000000002"), ["2"]),
        (Filter(imsi_prefix="9"), []),
        (Filter(msisdn="4917012345"), ["1"]),
        (Filter(apn="IMS"), ["1"]),
        (Filter(profile="milenage"), ["1", "2", "3", "1"]),
        (Filter(profile="other"), []),
        (Filter(serving_aaa="AAA"), ["2"]),
        (Filter(batch=1), []),
        (Filter(state=SubscriberState.ENABLED, apn="internet", imsi_prefix="0010100000000"), ["1", "2", "3"]),
    ],
)
def test_every_filter_that_is_given_must_hold(some: Location, wanted: Filter, found: list[str]) -> None:
    assert imsis(some, wanted) == found


@pytest.mark.interop
def test_prefix_is_one_in_every_language(postgres: PostgresServer, vault: Vault) -> None:
    """A colon stands behind the digits in ASCII, and before them where a language orders."""
    postgres.execute("CREATE DATABASE english TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'")
    location = postgres.url("english")
    upgrade(location)
    for imsi in ("001010000000001", "00101999999999", "001019999999999", "001020000000000"):
        Registry(location, vault).add(imsi, apns=())
    assert imsis(location, Filter(imsi_prefix="00101")) == ["1", "9", "9"]
    assert imsis(location, Filter(imsi_prefix="001019999999999")) == ["9"]
