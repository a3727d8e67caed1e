"""Whose conversation a task works on, so that all its log lines say so with one word (`session`)."""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class LoggedSession:
    """`name` is the conversation's on every node, `nas_session` what its RADIUS client calls it, "" where it does not.

    `imsi` is whose it is, as soon as that is known: for the log's own use, never a detail of a line by itself.
    """

    name: str
    nas_session: str = ""
    imsi: str = ""


_current: ContextVar[LoggedSession | None] = ContextVar("logged_session", default=None)


def log_session(name: str, *, nas_session: str = "", imsi: str = "") -> None:
    """Every line of this task, and of those that it begins, is of the conversation `name` from now on."""
    _current.set(LoggedSession(name, nas_session, imsi))


def log_imsi(imsi: str) -> None:
    """The conversation is this subscriber's."""
    session = _current.get()
    if session is not None:
        session.imsi = imsi


def logged_session() -> LoggedSession | None:
    """What this task works on."""
    return _current.get()
