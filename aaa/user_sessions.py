"""Whom this server has let in, and at which gateway: what RTR and PPR of the HSS find (TS 29.273 §8.1.2)."""

from collections.abc import Awaitable
from ipaddress import IPv4Address, IPv6Address
from typing import Protocol

from aaa.messages import WLAN_ACCESS, Access
from aaa.shares import Shares
from hss.api import Profile
from runtime.logs import get_logger
from wire.diameter.capabilities import same_host
from wire.frozen import dataclass
from wire.identity import Imsi

log = get_logger("aaa.diameter")


@dataclass(frozen=True, slots=True)
class UserSession:
    """One session of one user, and all that is needed to end it or to judge it anew.

    `peer` is the name of the connection that it came by, `origin_host` and `origin_realm` the gateway's, which may be
    behind an agent. `apn` and `access` are what was asked for, `profile` what was granted by. With `ending` the HSS has
    ended it, and its gateway was told to. `state_id` is the Origin-State-Id under which the gateway has it, None where
    it says none.
    """

    session_id: str
    application: int
    peer: str
    origin_host: str
    origin_realm: str
    imsi: Imsi
    user_name: str
    profile: Profile
    apn: str | None = None
    access: Access = WLAN_ACCESS
    pdn_gw: IPv6Address | IPv4Address | None = None
    ending: bool = False
    state_id: int | None = None

    def belongs_to(self, peer: str, origin_host: str) -> bool:
        """Whether it is the session of this gateway: an agent brings the requests of several."""
        return self.peer == peer and same_host(self.origin_host, origin_host)


class UserSessions(Protocol):
    """Where sessions are between their DEA and their STR: in this process, or where other workers find them too.

    All of it may raise hss.session_api.LedgerUnavailable, and has done nothing then.
    """

    def keep(self, session: UserSession) -> Awaitable[bool]:
        """Keep it, in the place of one with the same Session-Id; False when that is another gateway's."""

    async def change(self, session: UserSession) -> bool:
        """Put it in the place of the one with the same Session-Id; False when that is over by now.

        So it is for one that is ending, unless `session` is too: what was read before cannot undo its end.
        """

    async def find(self, session_id: str) -> UserSession | None:
        """The session, whoever asks."""

    async def of_user(self, imsi: Imsi) -> tuple[UserSession, ...]:
        """Every session of one user, the oldest first."""

    async def of_gateway(self, peer: str, origin_host: str, after: str = "") -> tuple[UserSession, ...]:
        """Some of a gateway's sessions, those behind the one called `after` in an order of their own; () at the end."""

    async def end(self, session_id: str) -> bool:
        """It is over; False when it was so already."""

    async def end_of(self, peer: str, origin_host: str, session_id: str) -> UserSession | None:
        """The same of a session of this gateway; None when that has no such session."""


class MemoryUserSessions:
    """Sessions of this process, at most `limit`, none of them at another peer's cost."""

    def __init__(self, limit: int = 200_000) -> None:
        self._kept: Shares[UserSession] = Shares(limit)
        self._of_user: dict[Imsi, dict[str, None]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    async def keep(self, session: UserSession) -> bool:
        """As `UserSessions.keep`; another one that has to give way is said in the log."""
        before = self._kept.find(session.session_id)
        if before is not None and not before.belongs_to(session.peer, session.origin_host):
            return False
        await self.end(session.session_id)
        evicted = self._kept.keep(session.session_id, session.peer, session)
        if evicted is not None:
            about = {"session": evicted.session_id, "client": evicted.peer}
            log.warning("session forgotten", cause="too many sessions", **about)
            self._forget(evicted)
        self._of_user.setdefault(session.imsi, {})[session.session_id] = None
        return True

    async def change(self, session: UserSession) -> bool:
        """As `UserSessions.change`."""
        before = self._kept.find(session.session_id)
        if before is not None and before.ending and not session.ending:
            return False
        return self._kept.change(session.session_id, session)

    async def find(self, session_id: str) -> UserSession | None:
        """As `UserSessions.find`."""
        return self._kept.find(session_id)

    async def of_user(self, imsi: Imsi) -> tuple[UserSession, ...]:
        """As `UserSessions.of_user`."""
        found = (self._kept.find(session_id) for session_id in self._of_user.get(imsi, {}))
        return tuple(session for session in found if session is not None)

    async def of_gateway(self, peer: str, origin_host: str, after: str = "") -> tuple[UserSession, ...]:
        """As `UserSessions.of_gateway`, all of them at once."""
        found = [] if after else [one for one in self._kept.values() if one.belongs_to(peer, origin_host)]
        return tuple(found)

    async def end(self, session_id: str) -> bool:
        """As `UserSessions.end`."""
        session = self._kept.drop(session_id)
        if session is not None:
            self._forget(session)
        return session is not None

    async def end_of(self, peer: str, origin_host: str, session_id: str) -> UserSession | None:
        """As `UserSessions.end_of`."""
        session = await self.find(session_id)
        if session is None or not session.belongs_to(peer, origin_host):
            return None
        return session if await self.end(session_id) else None

    def _forget(self, session: UserSession) -> None:
        sessions = self._of_user[session.imsi]
        del sessions[session.session_id]
        if not sessions:
            del self._of_user[session.imsi]
