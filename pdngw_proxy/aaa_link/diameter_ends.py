"""STR at the end of a session, until an AAA server has it (RFC 6733 §8.4)."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

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
MOST_NAMED = 10
"""Sessions that one line names of those that were not ended."""

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
        self._hurry = asyncio.Event()
        self._telling: dict[str, None] = {}
        self._untold: list[str] = []

    @property
    def waiting(self) -> int:
        """Ends that no server has heard of yet."""
        return len(self._telling)

    def hurry(self) -> None:
        """The gateway stops: whatever waits is tried now, for the last time, and nothing waits any more."""
        self._hurry.set()

    def close(self) -> None:
        """Say of whose end no server has heard: that the gateway has begun anew will tell it (RFC 6733 §8.16)."""
        untold = [*self._untold, *self._telling]
        if untold:
            cause = "no server heard of their end before the gateway stopped"
            first = ", ".join(untold[:MOST_NAMED])
            log.warning("sessions not ended at the AAA server", sessions=len(untold), first=first, cause=cause)

    async def tell(self, session: str, user_name: str | None, ended_by: EndedBy | None) -> None:
        """Return when a server has it, or says that it never will."""
        named = self._gateway.session_id(session)
        self._telling[named] = None
        try:
            if not await self._is_told(session, user_name, ended_by):
                self._untold.append(named)
        except asyncio.CancelledError:
            self._untold.append(named)
            raise
        finally:
            del self._telling[named]

    async def _is_told(self, session: str, user_name: str | None, ended_by: EndedBy | None) -> bool:
        """False when the gateway stops first; True is also for what no server takes, which is said."""
        tries, is_last = 0, self._hurry.is_set()
        while (cause := await self._tried(session, user_name, ended_by, again=tries > 0)) is not None:
            if is_last:
                return False
            if self.waiting > MOST_WAITING:
                self._log_untold(session, f"{cause}; {MOST_WAITING} others wait for a server")
                return True
            if not tries:
                named = self._gateway.session_id(session)
                log.warning("end of a session waits", session=named, cause=cause, retry=f"{self._retry:g} s")
            tries += 1
            with suppress(TimeoutError):
                async with asyncio.timeout(self._retry):
                    await self._hurry.wait()
            is_last = self._hurry.is_set()
        return True

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
