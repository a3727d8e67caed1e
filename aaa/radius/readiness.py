"""Which clients are not ready for a server that requires Message-Authenticator everywhere (CVE-2024-3596)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from hss.session_api import ClientSeen


@dataclass(slots=True)
class _Count:
    protected: int = 0
    unprotected: int = 0
    last_protected: datetime | None = None
    last_unprotected: datetime | None = None


class Readiness:
    """Counts Access-Requests by client since it was last asked; `moment` is the clock on the wall."""

    def __init__(self, moment: Callable[[], datetime]) -> None:
        self._moment = moment
        self._counted: dict[str, _Count] = {}
        self._told: set[str] = set()

    def saw(self, client: str, *, is_protected: bool) -> bool:
        """An Access-Request of `client` has come; True for the first one without, of which an operator is told."""
        count = self._counted.get(client) or self._of(client)
        if is_protected:
            count.protected += 1
            count.last_protected = self._moment()
            return False
        count.unprotected += 1
        count.last_unprotected = self._moment()
        is_news = client not in self._told
        self._told.add(client)
        return is_news

    def drain(self) -> tuple[ClientSeen, ...]:
        """What was counted; counting begins anew."""
        counted, self._counted = self._counted, {}
        return tuple(
            ClientSeen(client, count.protected, count.unprotected, count.last_protected, count.last_unprotected)
            for client, count in counted.items()
        )

    def put_back(self, counted: tuple[ClientSeen, ...]) -> None:
        """What could not be kept is counted still."""
        for one in counted:
            since = self._of(one.client)
            since.protected += one.protected
            since.unprotected += one.unprotected
            since.last_protected = since.last_protected or one.last_protected
            since.last_unprotected = since.last_unprotected or one.last_unprotected

    def _of(self, client: str) -> _Count:
        count = self._counted.get(client)
        if count is None:
            count = self._counted[client] = _Count()
        return count
