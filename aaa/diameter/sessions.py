"""Diameter sessions as the AAA server remembers them: whose each is, and what was last said in it (RFC 6733 §8)."""

from collections import OrderedDict
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Session:
    """One Session-Id of `peer`. `request` is the EAP request that is out, b"" when none is.

    `invalid` counts answers to it that were discarded; `accepted` is true once the user has been let in.
    """

    peer: str
    request: bytes = b""
    invalid: int = 0
    accepted: bool = False


class DiameterSessions:
    """At most `limit` sessions; the one that has been silent for longest gives way, first of the same peer.

    A peer never has more than its share, three quarters of all, so that it cannot drive out the others'.
    """

    def __init__(self, limit: int = 200_000) -> None:
        self._limit = limit
        self._share = max(1, limit * 3 // 4)
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._of_peer: dict[str, OrderedDict[str, None]] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def find(self, session_id: str) -> Session | None:
        """The session, whoever asks."""
        return self._sessions.get(session_id)

    def challenged(self, session_id: str, peer: str, request: bytes) -> None:
        """An EAP request is out; a user who was let in stays so while he is authenticated again."""
        before = self._sessions.get(session_id)
        self._keep(session_id, Session(peer, request, accepted=before is not None and before.accepted))

    def accepted(self, session_id: str, peer: str) -> None:
        """The user has been let in: a STR will come some day."""
        self._keep(session_id, Session(peer, accepted=True))

    def discarded(self, session_id: str) -> Session | None:
        """Count one more answer that was discarded; the session after it, None when it is not known."""
        session = self._sessions.get(session_id)
        if session is not None:
            session = replace(session, invalid=session.invalid + 1)
            self._sessions[session_id] = session
        return session

    def end(self, session_id: str) -> None:
        """It is over; an unknown one is no fault."""
        session = self._sessions.pop(session_id, None)
        if session is not None:
            ids = self._of_peer[session.peer]
            del ids[session_id]
            if not ids:
                del self._of_peer[session.peer]

    def _keep(self, session_id: str, session: Session) -> None:
        self.end(session_id)
        ids = self._of_peer.setdefault(session.peer, OrderedDict())
        if len(ids) >= self._share:
            self.end(next(iter(ids)))
        elif len(self._sessions) >= self._limit:
            self.end(next(iter(self._sessions)))
        self._sessions[session_id] = session
        self._of_peer.setdefault(session.peer, OrderedDict())[session_id] = None
