"""Sessions of Diameter gateways where every process of every node finds them: `aaa.user_sessions.UserSessions` in SQL.

What a session is judged by goes into one document, in JSON, that nobody but the AAA server reads.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from pydantic import TypeAdapter

from aaa.user_sessions import UserSession
from hss.active_api import ActiveSessions, GatewaySession
from wire.identity import Imsi

_DOCUMENT = TypeAdapter(UserSession)
_written = _DOCUMENT.serializer.to_json
"""As dump_json of the adapter, which looks at twelve options before it calls this."""


class SqlUserSessions:
    """On `active`, which has its commits; `moment` is now, in UTC. All of it raises LedgerUnavailable."""

    def __init__(self, active: ActiveSessions, moment: Callable[[], datetime]) -> None:
        self._active = active
        self._moment = moment

    def keep(self, session: UserSession) -> Awaitable[bool]:
        """As `UserSessions.keep`."""
        moment = self._moment()
        return self._active.keep(_row(session, moment), moment)

    async def change(self, session: UserSession) -> bool:
        """As `UserSessions.change`."""
        moment = self._moment()
        return await self._active.change(_row(session, moment), moment)

    async def find(self, session_id: str) -> UserSession | None:
        """As `UserSessions.find`."""
        found = await self._active.find(session_id)
        return None if found is None else _session(found)

    async def of_user(self, imsi: Imsi) -> tuple[UserSession, ...]:
        """As `UserSessions.of_user`."""
        return tuple(_session(found) for found in await self._active.of_user(imsi))

    async def of_gateway(self, peer: str, origin_host: str, after: str = "") -> tuple[UserSession, ...]:
        """As `UserSessions.of_gateway`."""
        return tuple(_session(found) for found in await self._active.of_gateway(peer, origin_host, after))

    async def end(self, session_id: str) -> bool:
        """As `UserSessions.end`; that its user may have left is noted in the same transaction."""
        return await self._active.end(session_id, self._moment())

    async def end_of(self, peer: str, origin_host: str, session_id: str) -> UserSession | None:
        """As `UserSessions.end_of`."""
        ended = await self._active.end_of(peer, origin_host, session_id, self._moment())
        return None if ended is None else _session(ended)


def _row(session: UserSession, moment: datetime) -> GatewaySession:
    seconds = session.profile.session_timeout
    return GatewaySession(
        session_id=session.session_id,
        peer=session.peer,
        origin_host=session.origin_host,
        imsi=session.imsi,
        document=_written(session, exclude_defaults=True).decode(),
        ending=session.ending,
        until=None if seconds is None else moment + timedelta(seconds=seconds),
    )


def _session(row: GatewaySession) -> UserSession:
    return _DOCUMENT.validate_json(row.document)
