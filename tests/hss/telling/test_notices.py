"""A change is told to whoever serves the subscriber, in the change's own transaction."""

from sqlalchemy import insert, select

from hss.models import Notice, NoticeKind, Registration
from hss.registrations import serving_aaa
from hss.store.engines import transaction
from hss.store.location import Location
from hss.telling.notices import NEW_SERVER_ASSIGNED, take_over, tell_deregistered, tell_profile_changed
from tests.hss.conftest import Registry


def test_serving_aaa_is_told(registry: Registry, location: Location) -> None:
    imsi = str(registry.add().imsi)
    with transaction(location) as connection:
        connection.execute(insert(Registration).values(imsi=imsi, aaa_name="aaa"))
        tell_profile_changed(connection, imsi)
        tell_deregistered(connection, imsi, "barred by the operator")
    with transaction(location) as connection:
        rows = connection.execute(select(Notice).order_by(Notice.id)).all()
    assert [(row.aaa_name, row.kind, row.reason, row.reason_info) for row in rows] == [
        ("aaa", NoticeKind.UPDATE_PROFILE, None, None),
        ("aaa", NoticeKind.DEREGISTER, 0, "barred by the operator"),
    ]


def test_nobody_is_told_when_nobody_serves(registry: Registry, location: Location) -> None:
    imsi = str(registry.add().imsi)
    with transaction(location) as connection:
        tell_profile_changed(connection, imsi)
        tell_deregistered(connection, imsi, "removed")
        assert connection.execute(select(Notice)).all() == []


def test_server_that_failed_is_told_who_took_over(registry: Registry, location: Location) -> None:
    imsi = str(registry.add().imsi)
    with transaction(location) as connection:
        take_over(connection, imsi, "aaa2")
        assert serving_aaa(connection, imsi) is None, "a MAR registers nobody"
        connection.execute(insert(Registration).values(imsi=imsi, aaa_name="aaa1"))
        for _ in range(2):
            take_over(connection, imsi, "AAA2")
        assert serving_aaa(connection, imsi) == "aaa2"
        (row,) = connection.execute(select(Notice)).all()
    assert (row.aaa_name, row.kind, row.reason) == ("aaa1", NoticeKind.DEREGISTER, NEW_SERVER_ASSIGNED)
