"""Who is not ready, counted and told once."""

from datetime import UTC, datetime, timedelta

from aaa.radius.readiness import Readiness
from hss.session_api import ClientSeen

NOON = datetime(2027, 1, 2, 12, tzinfo=UTC)


def test_client_is_counted_and_told_of_once() -> None:
    times = [NOON + timedelta(seconds=n) for n in range(9)]
    one = Readiness(iter(times).__next__)
    assert [one.saw("ap", is_protected=each) for each in (True, False, False)] == [False, True, False]
    assert not one.saw("other", is_protected=True)
    counted = one.drain()
    assert counted == (
        ClientSeen("ap", 1, 2, times[0], times[2]),
        ClientSeen("other", 1, 0, times[3], None),
    )
    assert one.drain() == ()
    assert not one.saw("ap", is_protected=False)
    one.put_back(counted)
    assert one.drain()[0] == ClientSeen("ap", 1, 3, times[0], times[4])
