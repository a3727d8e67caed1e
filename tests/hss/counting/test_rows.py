"""A row is read as it stands, for many at once, and nothing moves."""

from sqlalchemy import insert

from hss.api import Refusal, ServiceRefused
from hss.counting.rows import Standing, first_keys, read_standings
from hss.models import Registration, RequestingNode, SubscriberState
from hss.store.engines import transaction
from hss.store.location import Location
from tests.hss.conftest import Registry

IMSI, OTHER, NOBODY = "001010000000001", "001010000000002", "999990000000000"


def test_rows_are_read_as_they_stand(registry: Registry, location: Location) -> None:
    known = registry.add(IMSI, seq=8, amf=0x8000)
    registry.set(known.imsi, time_offset=5)
    registry.add(OTHER, state=SubscriberState.BARRED)
    with transaction(location) as connection:
        connection.execute(insert(Registration).values(imsi=IMSI, aaa_name="aaa"))
        connection.execute(insert(RequestingNode).values(name="n|", ind_bits=5, ind=3, epoch=7))
        first, barred, nobody, again = read_standings(connection, [IMSI, OTHER, NOBODY, IMSI])
    assert isinstance(first, Standing)
    assert first == again
    assert (first.seq, first.time_offset, first.serving_aaa, first.nodes) == (8, 5, "aaa", {("n|", 5): (3, 7)})
    keys = first.keys
    assert (keys.imsi, keys.amf, keys.data_key_id, keys.profile) == (IMSI, 0x8000, None, "milenage")
    assert (len(keys.k), len(keys.opc)) == (57, 57)
    refused = [one.refusal for one in (barred, nobody) if isinstance(one, ServiceRefused)]
    assert refused == [Refusal.SUBSCRIBER_BARRED, Refusal.USER_UNKNOWN]
    assert registry.seq(known.imsi) == 8


def test_row_says_whether_there_is_any_apn(registry: Registry, location: Location) -> None:
    registry.add(IMSI, apns=("internet", "*"))
    registry.add(OTHER, apns=())
    with transaction(location) as connection:
        found = read_standings(connection, [IMSI, OTHER])
    assert [one.subscribed for one in found if isinstance(one, Standing)] == [True, False]


def test_first_keys_are_those_of_the_lowest_imsi(registry: Registry, location: Location) -> None:
    with transaction(location) as connection:
        assert first_keys(connection) is None
    registry.add(OTHER)
    registry.add(IMSI)
    with transaction(location) as connection:
        found = first_keys(connection)
    assert found is not None
    assert found.imsi == IMSI
