"""STR at the end of a session, until an AAA server has it (RFC 6733 §8.4)."""

import asyncio
from collections.abc import Awaitable, Callable

from pdngw_proxy.aaa_link.diameter_messages import DiameterGateway, to_str
from pdngw_proxy.aaa_link.records import EndedBy
from runtime.diameter.settings import DiameterUnavailable
from runtime.logs import get_logger
from wire.diameter.message import Message
from wire.diameter.results import ResultCode
from wire.diameter.sessions import SessionTerminationAnswer
from wire.errors import DecodeError, EncodeError

log = get_logger("pdngw.diameter")

MOST_WAITING = 20_000
"""Ends that wait for a server; of those after them it is said that they were not told."""
RETRY = 30.0
"""Seconds until it is tried again."""

_NOT_HEARD = frozenset({ResultCode.UNABLE_TO_DELIVER, ResultCode.TOO_BUSY})
"""With these nobody has looked at the request (RFC 6733 §7.1.3)."""

Ask = Callable[[Message], Awaitable[Message]]
"""DiameterUnavailable when nobody answers."""


class SessionEnds:
    """Tells by `ask` that sessions are over, again every `retry` seconds while no server hears it."""

    def __init__(self, ask: Ask, gateway: DiameterGateway, *, retry: float = RETRY) -> None:
        self._ask = ask
        self._gateway = gateway
        self._retry = retry
        self.waiting = 0
        """Ends that no server has heard of yet."""

    async def tell(self, session: str, user_name: str | None, ended_by: EndedBy | None) -> None:
        """Return when a server has it, or says that it never will."""
        self.waiting += 1
        try:
            await self._until_told(session, user_name, ended_by)
        except asyncio.CancelledError:
            self._log_untold(session, "no server heard of its end before the gateway stopped")
            raise
        finally:
            self.waiting -= 1

    async def _until_told(self, session: str, user_name: str | None, ended_by: EndedBy | None) -> None:
        tries = 0
        while (cause := await self._tried(session, user_name, ended_by, again=tries > 0)) is not None:
            if self.waiting > MOST_WAITING:
                self._log_untold(session, f"{cause}; {MOST_WAITING} others wait for a server")
                return
            if not tries:
                named = self._gateway.session_id(session)
                log.warning("end of a session waits", session=named, cause=cause, retry=f"{self._retry:g} s")
            tries += 1
            await asyncio.sleep(self._retry)

    async def _tried(self, session: str, user_name: str | None, ended_by: EndedBy | None, *, again: bool) -> str | None:
        """Why it is to be tried again, None where it is not."""
        try:
            answer = await self._ask(to_str(session, user_name, self._gateway, ended_by).message())
            ended = SessionTerminationAnswer.parse(answer)
        except DiameterUnavailable as error:
            return error.cause
        except (DecodeError, EncodeError) as error:
            self._log_untold(session, str(error))
            return None
        if ended.result_code in _NOT_HEARD:
            return f"STA {ended.result}"
        # one that was heard before, without an answer that came, is unknown by now
        is_over = ended.succeeded or (again and ended.result_code == ResultCode.UNKNOWN_SESSION_ID)
        if not is_over:
            self._log_untold(session, f"STA {ended.result}")
        return None

    def _log_untold(self, session: str, cause: str) -> None:
        log.warning("session not ended at the AAA server", session=self._gateway.session_id(session), cause=cause)
