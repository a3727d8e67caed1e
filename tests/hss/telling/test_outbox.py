"""A notice is claimed by one process, told as things stand now, and gone when it is settled."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import delete, insert, select, update

from hss.models import Apn, Notice, Registration, Subscriber, SubscriberState
from hss.registrations import forget, serving_aaa
from hss.store.engines import transaction
from hss.store.location import Location
from hss.telling.notices import tell_deregistered, tell_profile_changed
from hss.telling.outbox import (
    AT_ONCE,
    KEPT,
    LEASE,
    NO_APN,
    Deregister,
    Due,
    UpdateProfile,
    claim,
    drop_old,
    postpone,
    settle,
    waits,
)
from tests.hss.conftest import Registry

IMSI = "001010000000001"
AAA = "aaa.example"


def later(**much: int) -> datetime:
    """A moment after now, which is when the engines date what is made."""
    return datetime.now(UTC) + timedelta(seconds=1) + timedelta(**much)


def claimed(location: Location, now: datetime, *names: str) -> list[Due]:
    with transaction(location) as connection:
        return claim(connection, names or (AAA,), now)


@pytest.fixture
def registered(registry: Registry, location: Location) -> Location:
    """A subscriber whom AAA serves."""
    registry.add(IMSI)
    with transaction(location) as connection:
        connection.execute(insert(Registration).values(imsi=IMSI, aaa_name=AAA))
    return location


def change(location: Location, times: int = 1) -> None:
    with transaction(location) as connection:
        for _ in range(times):
            tell_profile_changed(connection, IMSI)


def bar(location: Location) -> None:
    with transaction(location) as connection:
        connection.execute(update(Subscriber).values(state=SubscriberState.BARRED))
        tell_deregistered(connection, IMSI, "barred")
        forget(connection, IMSI)


def test_notice_is_claimed_once_until_its_lease_ends(registered: Location) -> None:
    change(registered)
    now = later()
    (due,) = claimed(registered, now)
    assert (due.imsi, due.aaa_name, due.attempts) == (IMSI, AAA, 1)
    assert isinstance(due.what, UpdateProfile)
    assert [apn.name for apn in due.what.profile.apns] == ["internet"]
    assert claimed(registered, now + LEASE / 2) == []
    (again,) = claimed(registered, now + LEASE)
    assert (again.number, again.attempts) == (due.number, 2)


def test_notice_waits_for_those_who_can_be_reached(registered: Location) -> None:
    change(registered)
    assert claimed(registered, later(), "other.example") == []
    with transaction(registered, read_only=True) as connection:
        assert not waits(connection, ("other.example",), later())
        assert not waits(connection, (), later())
        assert waits(connection, (AAA,), later())
        assert waits(connection, (), later() + KEPT)


def test_claim_takes_a_bounded_number_in_their_order(registered: Location) -> None:
    change(registered, AT_ONCE + 1)
    first = claimed(registered, later())
    assert [one.number for one in first] == sorted(one.number for one in first)
    assert (len(first), len(claimed(registered, later()))) == (AT_ONCE, 1)


def test_settled_notice_is_gone_and_a_postponed_one_comes_again(registered: Location) -> None:
    change(registered, 2)
    one, other = claimed(registered, later())
    with transaction(registered) as connection:
        settle(connection, one)
        postpone(connection, other, later(minutes=5))
    assert claimed(registered, later(minutes=4)) == []
    assert [due.number for due in claimed(registered, later(minutes=6))] == [other.number]
    with transaction(registered) as connection:
        assert serving_aaa(connection, IMSI) == AAA


def test_barred_user_is_to_be_deregistered(registered: Location) -> None:
    bar(registered)
    (due,) = claimed(registered, later())
    assert due.what == Deregister(0, "barred")


def test_notice_is_pointless_once_the_user_has_registered_again(registered: Location) -> None:
    bar(registered)
    with transaction(registered) as connection:
        connection.execute(insert(Registration).values(imsi=IMSI, aaa_name=AAA))
    (due,) = claimed(registered, later())
    assert due.what is None


def test_profile_is_pushed_to_nobody_who_serves_no_more(registered: Location) -> None:
    change(registered)
    with transaction(registered) as connection:
        connection.execute(update(Registration).values(aaa_name="other.example"))
    (due,) = claimed(registered, later())
    assert due.what is None


def test_profile_of_a_removed_user_is_not_pushed(registered: Location) -> None:
    change(registered)
    with transaction(registered) as connection:
        connection.execute(delete(Subscriber))
    (due,) = claimed(registered, later())
    assert due.what is None


def test_user_without_any_apn_is_deregistered_and_forgotten(registered: Location) -> None:
    change(registered)
    with transaction(registered) as connection:
        connection.execute(delete(Apn))
    (due,) = claimed(registered, later())
    assert due.what is NO_APN
    with transaction(registered) as connection:
        settle(connection, due)
        assert serving_aaa(connection, IMSI) is None


def test_notice_that_nobody_could_deliver_is_dropped(registered: Location) -> None:
    change(registered)
    with transaction(registered) as connection:
        assert drop_old(connection, later()) == []
        assert drop_old(connection, later() + KEPT) == [(IMSI, AAA)]
        assert connection.execute(select(Notice)).all() == []


def test_no_two_claim_the_same_notice(registered: Location) -> None:
    """As several HSS processes do, each on a connection of its own."""
    workers = 4
    change(registered, 5 * AT_ONCE)
    now, barrier = later(), Barrier(workers)

    def work(_: int) -> list[int]:
        barrier.wait(60)
        found: list[int] = []
        while some := claimed(registered, now):
            found += [one.number for one in some]
        return found

    with ThreadPoolExecutor(workers) as pool:
        numbers = [number for mine in pool.map(work, range(workers)) for number in mine]
    assert len(numbers) == len(set(numbers)) >= AT_ONCE
    with transaction(registered) as connection:
        assert set(connection.scalars(select(Notice.attempts))) <= {0, 1}


def test_late_answer_ends_no_other_notice_of_the_same_number(registered: Location) -> None:
    change(registered)
    now = later()
    (late,) = claimed(registered, now)
    (again,) = claimed(registered, now + LEASE)
    assert (late.number, again.attempts) == (again.number, 2)
    with transaction(registered) as connection:
        settle(connection, again)
    change(registered)
    with transaction(registered) as connection:
        postpone(connection, late, later(days=1))
        settle(connection, late)
        assert connection.scalar(select(Notice.attempts)) == 0
    assert len(claimed(registered, later())) == 1
