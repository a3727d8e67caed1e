"""EAP rounds as the Diameter front remembers them: whose each is, and what was last said in it (RFC 4072 §2.4)."""

from dataclasses import dataclass, replace

from aaa.shares import Shares


@dataclass(frozen=True, slots=True)
class Session:
    """One Session-Id of `peer`. `request` is the EAP request that is out; `invalid` counts discarded answers to it."""

    peer: str
    request: bytes = b""
    invalid: int = 0


class DiameterSessions:
    """At most `limit` sessions in which an EAP request is out, none of them at another peer's cost."""

    def __init__(self, limit: int = 200_000) -> None:
        self._kept: Shares[Session] = Shares(limit)

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, session_id: str) -> Session | None:
        """The session, whoever asks."""
        return self._kept.find(session_id)

    def challenged(self, session_id: str, peer: str, request: bytes) -> None:
        """An EAP request is out."""
        self._kept.keep(session_id, peer, Session(peer, request))

    def discarded(self, session_id: str) -> Session | None:
        """Count one more answer that was discarded; the session after it, None when it is not known."""
        session = self._kept.find(session_id)
        if session is not None:
            session = replace(session, invalid=session.invalid + 1)
            self._kept.change(session_id, session)
        return session

    def end(self, session_id: str) -> None:
        """The EAP conversation is over; an unknown one is no fault."""
        self._kept.drop(session_id)
