"""Whose a Diameter session is, and which one gives way."""

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


def test_session_stays_accepted_while_its_user_is_authenticated_again() -> None:
    sessions = DiameterSessions()
    sessions.accepted("s", "pgw")
    sessions.challenged("s", "pgw", b"one")
    assert sessions.find("s") == Session("pgw", b"one", accepted=True)


def test_session_ends_once_or_twice() -> None:
    sessions = DiameterSessions()
    sessions.accepted("s", "pgw")
    sessions.end("s")
    sessions.end("s")
    assert sessions.find("s") is None
    assert len(sessions) == 0


def test_peer_cannot_drive_out_the_sessions_of_another() -> None:
    sessions = DiameterSessions(limit=8)
    sessions.accepted("quiet", "quiet")
    for number in range(100):
        sessions.challenged(f"flood{number}", "flood", b"")
    assert sessions.find("quiet") is not None
    assert sessions.find("flood99") is not None
    assert len(sessions) == 7


def test_longest_silent_session_gives_way_when_there_are_too_many() -> None:
    sessions = DiameterSessions(limit=4)
    for number in range(4):
        sessions.accepted(f"s{number}", f"peer{number}")
    sessions.challenged("s0", "peer0", b"again")
    sessions.accepted("s4", "peer4")
    assert sessions.find("s1") is None
    assert sessions.find("s0") is not None
    assert len(sessions) == 4
