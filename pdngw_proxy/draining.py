"""Sending UEs to another gateway while this one goes on: who is next, and how many in a second (RFC 5685 §5)."""

from collections import deque
from dataclasses import replace

from pdngw_proxy.gateway_events import DrainRequested, LiveDrainCancelled, LiveDrainRequested
from pdngw_proxy.ike import events as ike
from pdngw_proxy.ike.table import ResponderTable
from pdngw_proxy.sessions import GatewaySession, SessionBook

_PERIOD = 0.1
"""Seconds between one handful of UEs and the next, where there are more than one in that time."""
_LOOK_AGAIN = 1.0
"""Seconds until those are looked for who came in last, or are still being authenticated."""


class Draining:
    """A drain of the `sessions`, whose IKE SAs are in `table`, or none."""

    def __init__(self, sessions: SessionBook, table: ResponderTable) -> None:
        self._sessions = sessions
        self._table = table
        self._usual = table.admission
        self._waiting: deque[GatewaySession] = deque()
        self._asked: set[str] = set()
        self.order: LiveDrainRequested | None = None
        self.deadline: float | None = None
        self.redirected = 0
        self.unable = 0

    def obey(self, order: LiveDrainRequested | LiveDrainCancelled, now: float) -> None:
        """Send UEs away from now on and take no new ones, or leave alone who is still here; the last order holds."""
        if isinstance(order, LiveDrainRequested):
            self.order, self.deadline = order, now
            self._table.admission = replace(self._usual, redirect_from=0, redirect_to=order.to, closed=True)
        else:
            self.order = self.deadline = None
            self._table.admission = self._usual
        self._waiting.clear()
        self._asked.clear()
        self.redirected = self.unable = 0

    def due(self, now: float) -> list[tuple[GatewaySession, ike.RedirectRequested]]:
        """Who is sent away now, and with what words."""
        order = self.order
        if order is None or self.deadline is None or now < self.deadline:
            return []
        self._waiting = self._waiting or self._found()
        handful = max(1, round(order.per_second * _PERIOD))
        self.deadline = now + (handful / order.per_second if self._waiting else _LOOK_AGAIN)
        sent = []
        for _ in range(min(handful, len(self._waiting))):
            session = self._waiting.popleft()
            self._asked.add(session.name)
            if self._table.can_be_redirected(session.sa):
                sent.append((session, redirection(order)))
            else:
                self.unable += self._sessions.of_sa(session.sa) is session
        self.redirected += len(sent)
        return sent

    def _found(self) -> deque[GatewaySession]:
        every = self._sessions.all()
        self._asked &= {session.name for session in every}
        return deque(one for one in every if one.began is not None and one.name not in self._asked)


def redirection(order: LiveDrainRequested) -> ike.RedirectRequested:
    """What sends a UE away."""
    return ike.RedirectRequested(order.to, order.seconds, f"the gateway is drained, and sends UEs to {order.to}")


def farewell(session: GatewaySession, event: DrainRequested) -> ike.RedirectRequested | ike.CloseRequested:
    """What ends a session because the gateway stops."""
    if event.to is not None and session.began is not None:
        return ike.RedirectRequested(event.to, event.seconds, event.cause)
    return ike.CloseRequested(event.cause)
