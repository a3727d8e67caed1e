"""EAP rounds as the Diameter front remembers them: whose each is, and what was last said in it (RFC 4072 §2.4)."""

from dataclasses import replace

from aaa.shares import Shares
from wire.diameter.capabilities import same_host
from wire.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Session:
    """One Session-Id of `peer`, or of the gateway `origin_host` behind it.

    `request` is the EAP request that is out; `invalid` counts discarded answers to it.
    """

    peer: str
    origin_host: str
    request: bytes = b""
    invalid: int = 0

    def belongs_to(self, peer: str, origin_host: str) -> bool:
        """Whether it is the session of this gateway: an agent brings the requests of several."""
        return self.peer == peer and same_host(self.origin_host, origin_host)


class DiameterSessions(Shares[Session]):
    """At most `limit` sessions in which an EAP request is out, none of them at another peer's cost."""

    def __init__(self, limit: int = 200_000) -> None:
        super().__init__(limit)

    def challenged(self, session_id: str, session: Session) -> None:
        """An EAP request is out."""
        self.keep(session_id, session.peer, session)

    def discarded(self, session_id: str) -> Session | None:
        """Count one more answer that was discarded; the session after it, None when it is not known."""
        session = self.find(session_id)
        if session is not None:
            session = replace(session, invalid=session.invalid + 1)
            self.change(session_id, session)
        return session

    def end(self, session_id: str) -> None:
        """The EAP conversation is over; an unknown one is no fault."""
        self.drop(session_id)
