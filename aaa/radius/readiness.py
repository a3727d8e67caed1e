"""Which clients are not ready for a server that requires Message-Authenticator everywhere (CVE-2024-3596)."""

from collections.abc import Callable
from datetime import datetime

from hss.session_api import ClientSeen


class Readiness:
    """Counts Access-Requests by client since it was last asked; `moment` is the clock on the wall."""

    def __init__(self, moment: Callable[[], datetime]) -> None:
        self._moment = moment
        self._counted: dict[str, ClientSeen] = {}
        self._told: set[str] = set()

    def saw(self, client: str, *, is_protected: bool) -> bool:
        """An Access-Request of `client` has come; True for the first one without, of which an operator is told."""
        before = self._counted.get(client) or ClientSeen(client, 0, 0, None, None)
        now = self._moment()
        if is_protected:
            after = ClientSeen(client, before.protected + 1, before.unprotected, now, before.last_unprotected)
        else:
            after = ClientSeen(client, before.protected, before.unprotected + 1, before.last_protected, now)
        self._counted[client] = after
        is_news = not is_protected and client not in self._told
        if is_news:
            self._told.add(client)
        return is_news

    def drain(self) -> tuple[ClientSeen, ...]:
        """What was counted; counting begins anew."""
        counted, self._counted = tuple(self._counted.values()), {}
        return counted

    def put_back(self, counted: tuple[ClientSeen, ...]) -> None:
        """What could not be kept is counted still."""
        for one in counted:
            since = self._counted.get(one.client) or ClientSeen(one.client, 0, 0, None, None)
            self._counted[one.client] = ClientSeen(
                one.client,
                one.protected + since.protected,
                one.unprotected + since.unprotected,
                since.last_protected or one.last_protected,
                since.last_unprotected or one.last_unprotected,
            )
