"""Whose a Diameter session is while an EAP request is out."""

from aaa.diameter.sessions import DiameterSessions, Session


def test_session_remembers_its_peer_and_the_request_that_is_out() -> None:
    sessions = DiameterSessions()
    sessions.challenged("s", Session("pgw", "pgw.example", b"one"))
    sessions.challenged("s", Session("pgw", "pgw.example", b"two"))
    assert sessions.find("s") == Session("pgw", "pgw.example", b"two")
    assert len(sessions) == 1


def test_session_counts_what_was_discarded_until_it_goes_on() -> None:
    sessions = DiameterSessions()
    sessions.challenged("s", Session("pgw", "pgw.example", b"one"))
    sessions.discarded("s")
    assert sessions.discarded("s") == Session("pgw", "pgw.example", b"one", invalid=2)
    sessions.challenged("s", Session("pgw", "pgw.example", b"two"))
    assert sessions.find("s") == Session("pgw", "pgw.example", b"two")
    assert sessions.discarded("unknown") is None


def test_session_ends_once_or_twice() -> None:
    sessions = DiameterSessions()
    sessions.challenged("s", Session("pgw", "pgw.example", b"one"))
    sessions.end("s")
    sessions.end("s")
    assert sessions.find("s") is None
    assert len(sessions) == 0


def test_peer_cannot_drive_out_the_sessions_of_another() -> None:
    sessions = DiameterSessions(limit=8)
    sessions.challenged("quiet", Session("quiet", "quiet.example"))
    for number in range(100):
        sessions.challenged(f"flood{number}", Session("flood", "flood.example"))
    assert sessions.find("quiet") is not None
    assert len(sessions) == 7


def test_session_is_the_gateways_behind_the_agent() -> None:
    session = Session("relay", "PGW.example")
    assert session.belongs_to("relay", "pgw.example")
    assert not session.belongs_to("relay", "other.example")
    assert not session.belongs_to("pgw", "pgw.example")
