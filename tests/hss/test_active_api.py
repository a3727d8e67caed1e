"""The types that cross the door between the AAA server and what its processes share."""

from typing import get_type_hints

from hss import active_api
from hss.active_api import ActiveSessions, Departures, Errands, NasRestarts
from hss.sessions.active import SqlActiveSessions
from hss.sessions.departures import SqlDepartures
from hss.sessions.errands import SqlErrands
from hss.sessions.nas_restarts import SqlNasRestarts


def test_sql_has_every_method_of_the_door() -> None:
    for door, room in (
        (ActiveSessions, SqlActiveSessions),
        (Departures, SqlDepartures),
        (Errands, SqlErrands),
        (NasRestarts, SqlNasRestarts),
    ):
        wanted = {name for name in vars(door) if not name.startswith("_")}
        assert wanted, door
        for name in wanted:
            assert get_type_hints(vars(door)[name]) == get_type_hints(vars(room)[name]), name


def test_door_knows_no_sql() -> None:
    assert not [name for name in vars(active_api) if "sql" in name.lower()]
