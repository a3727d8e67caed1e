"""A Diameter client that obeys overload reports: it asks less of whoever has asked to be asked less (RFC 7683)."""

import asyncio
from typing import Protocol

from runtime.diameter.metrics import HELD_BACK
from runtime.diameter.settings import DiameterUnavailable
from runtime.log_limit import LogLimit
from runtime.logs import get_logger
from wire.diameter.message import Message
from wire.diameter.overload import OverloadControl, offered
from wire.sansio import RandomBytes

log = get_logger("runtime.diameter")


class Requester(Protocol):
    """What is throttled; a `runtime.diameter.client.DiameterClient` or a pool of them."""

    async def ready(self, within: float) -> None:
        """Return when connected; DiameterUnavailable otherwise."""

    async def request(self, message: Message, within: float | None = None) -> Message:
        """The answer; DiameterUnavailable when there is none."""

    async def close(self) -> None:
        """Take leave."""


class ThrottledClient:
    """`client`, less what others have asked to be relieved of."""

    def __init__(self, client: Requester, random: RandomBytes) -> None:
        self._client = client
        self._random = random
        self._control = OverloadControl()
        self._clock = asyncio.get_running_loop().time
        self._limit = LogLimit()

    async def ready(self, within: float) -> None:
        """As the client."""
        await self._client.ready(within)

    async def request(self, message: Message, within: float | None = None) -> Message:
        """As the client; DiameterUnavailable at once for what is not to be sent now."""
        now = self._clock()
        if not self._control.lets_pass(message, now, int.from_bytes(self._random(2), "big") / 0x10000):
            reduction = self._control.reduction(message, now)
            withheld = self._limit.allow("request held back", now)
            if withheld is not None:
                log.warning("request held back", cause=f"overload: {reduction} % fewer wanted", withheld=withheld)
            HELD_BACK.count()
            raise DiameterUnavailable(f"it is overloaded and wants {reduction} % fewer requests")
        answer = await self._client.request(offered(message), within)
        self._control.answered(answer, self._clock())
        return answer

    async def close(self) -> None:
        """As the client."""
        await self._client.close()
