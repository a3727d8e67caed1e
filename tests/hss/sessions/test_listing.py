"""Sessions by query, and what clients have sent."""

from dataclasses import replace

from hss.session_api import ClientSeen, SessionQuery
from hss.sessions.listing import add_seen, find_clients, find_session, find_sessions
from hss.sessions.recording import record_all
from hss.store.engines import transaction
from hss.store.location import Location
from tests.hss.sessions.events import CLASS, NOON, start, stop


def numbers(location: Location, query: SessionQuery) -> list[str]:
    with transaction(location, read_only=True) as connection:
        return [one.session_id for one in find_sessions(connection, query)]


def test_sessions_are_found_by_what_is_asked(location: Location) -> None:
    with transaction(location) as connection:
        record_all(connection, [start(session="1"), stop(5, session="2"), start(session="3", client="other")])
    assert sorted(numbers(location, SessionQuery())) == ["1", "3"]
    assert len(numbers(location, SessionQuery(ended=True))) == 3
    assert numbers(location, SessionQuery(client="other")) == ["3"]
    assert numbers(location, SessionQuery(imsi="001010000000001")) == []
    assert len(numbers(location, SessionQuery(ended=True, limit=2))) == 2
    assert sorted(numbers(location, SessionQuery(radius_class=CLASS))) == ["1", "3"]
    assert numbers(location, SessionQuery(radius_class=b"other")) == []


def test_session_is_found_by_its_number(location: Location) -> None:
    with transaction(location) as connection:
        record_all(connection, [start()])
        (session,) = find_sessions(connection, SessionQuery())
        assert find_session(connection, session.number) == session
        assert find_session(connection, session.number + 1) is None


def test_what_clients_send_adds_up(location: Location) -> None:
    once = ClientSeen("ap", 3, 1, NOON, None)
    with transaction(location) as connection:
        add_seen(connection, [(once, ClientSeen("b", 1, 0, NOON, None)), (replace(once, last_unprotected=NOON),)])
        assert find_clients(connection) == (ClientSeen("ap", 6, 2, NOON, NOON), ClientSeen("b", 1, 0, NOON, None))
