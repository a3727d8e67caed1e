"""Whose a Diameter session is while an EAP request is out."""

from aaa.diameter.sessions import DiameterSessions, Session


def test_session_remembers_its_peer_and_the_request_that_is_out() -> None:
    sessions = DiameterSessions()
    sessions.challenged("s", "pgw", b"one")
    sessions.challenged("s", "pgw", b"two")
    assert sessions.find("s") == Session("pgw", b"two")
    assert len(sessions) == 1


def test_session_counts_what_was_discarded_until_it_goes_on() -> None:
    sessions = DiameterSessions()
    sessions.challenged("s", "pgw", b"one")
    sessions.discarded("s")
    assert sessions.discarded("s") == Session("pgw", b"one", invalid=2)
    sessions.challenged("s", "pgw", b"two")
    assert sessions.find("s") == Session("pgw", b"two")
    assert sessions.discarded("unknown") is None


def test_session_ends_once_or_twice() -> None:
    sessions = DiameterSessions()
    sessions.challenged("s", "pgw", b"one")
    sessions.end("s")
    sessions.end("s")
    assert sessions.find("s") is None
    assert len(sessions) == 0


def test_peer_cannot_drive_out_the_sessions_of_another() -> None:
    sessions = DiameterSessions(limit=8)
    sessions.challenged("quiet", "quiet", b"")
    for number in range(100):
        sessions.challenged(f"flood{number}", "flood", b"")
    assert sessions.find("quiet") is not None
    assert len(sessions) == 7
