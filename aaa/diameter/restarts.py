"""Gateways that have begun anew: what they had before is over, and nobody will send STR (RFC 6733 §8.16)."""

import asyncio
from collections import OrderedDict
from collections.abc import Collection

from aaa.registrar import Registrar
from aaa.user_sessions import UserSession, UserSessions
from hss.session_api import LedgerUnavailable
from runtime.logs import get_logger
from runtime.metrics.families import Counter
from wire.diameter.message import Message

log = get_logger("aaa.diameter")

RETRY = 10.0
"""Seconds after which a store that did not answer is asked again."""
LONGEST_REST = 0.5
"""Seconds between some sessions that end and the next at most."""

ENDED = Counter(
    "akadia_aaa_sessions_lost", "Sessions that ended because their Diameter gateway has begun anew.", ("peer",)
)

_Gateway = tuple[str, str]
"""Name of the peer that it comes by, and its Origin-Host in lower case."""


class Restarts:
    """Ends the sessions of `users` that a gateway had under a lower Origin-State-Id than it says now.

    `trusted` are the peers of which that is believed; `registrar` hears of each session. At most `limit` gateways are
    remembered, the latest heard; who is forgotten is heard of again when it connects. Made inside a running loop.
    """

    def __init__(
        self,
        users: UserSessions,
        registrar: Registrar,
        trusted: Collection[str],
        *,
        limit: int = 10_000,
        retry: float = RETRY,
    ) -> None:
        self._trusted = trusted
        self._users = users
        self._registrar = registrar
        self._limit = limit
        self._retry = retry
        self._known: OrderedDict[_Gateway, int] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()

    def connected(self, peer: str, cer: Message) -> None:
        """`peer` has said in its CER who it is, and perhaps since when it knows of its sessions."""
        origin_host, state_id = cer.text("Origin-Host"), cer.value("Origin-State-Id")
        if origin_host is None or not isinstance(state_id, int) or peer not in self._trusted:
            return
        if self._note((peer, origin_host.lower()), state_id):
            self._begin(peer, origin_host, state_id)

    def asked(self, peer: str, origin_host: str, state_id: int | None) -> int | None:
        """The same of a request, which may come through an agent; by which Origin-State-Id its session is to be kept.

        Who is heard of for the first time this way is not looked for in the store: he may be one of very many.
        """
        if peer not in self._trusted:
            return None
        gateway = (peer, origin_host.lower())
        known = self._known.get(gateway)
        if state_id is None:
            return known
        if self._note(gateway, state_id) and known is not None:
            self._begin(peer, origin_host, state_id)
        return state_id

    async def close(self) -> None:
        """End what is under way: the gateway is heard of again by whichever process it connects to."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _note(self, gateway: _Gateway, state_id: int) -> bool:
        """Whether this is news."""
        known = self._known.get(gateway)
        if known is not None and state_id <= known:
            return False
        self._known[gateway] = state_id
        self._known.move_to_end(gateway)
        if len(self._known) > self._limit:
            self._known.popitem(last=False)
        return True

    def _begin(self, peer: str, origin_host: str, state_id: int) -> None:
        task = asyncio.get_running_loop().create_task(self._end(peer, origin_host, state_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _end(self, peer: str, origin_host: str, state_id: int) -> None:
        about = {"client": peer, "gateway": origin_host}
        while True:
            try:
                ended = await self._end_all(peer, origin_host, state_id)
            except LedgerUnavailable as error:
                log.warning("sessions of a gateway not ended yet", cause=str(error), **about)
                await asyncio.sleep(self._retry)
            else:
                break
        if ended:
            ENDED.add(ended, peer)
            log.warning("sessions ended", cause="their gateway has begun anew", sessions=ended, **about)

    async def _end_all(self, peer: str, origin_host: str, state_id: int) -> int:
        ended, last, loop = 0, "", asyncio.get_running_loop()
        began = loop.time()
        while found := await self._users.of_gateway(peer, origin_host, last):
            last = found[-1].session_id
            lost = [session for session in found if session.state_id is not None and session.state_id < state_id]
            ended += sum(await asyncio.gather(*map(self._end_one, lost)))
            # there may be very many, and who logs in comes first: as long as these took
            await asyncio.sleep(min(loop.time() - began, LONGEST_REST))
            began = loop.time()
        return ended

    async def _end_one(self, session: UserSession) -> bool:
        ours = await self._users.end(session.session_id)
        if ours:
            self._registrar.left(session)
        return ours
