"""Several servers for one purpose: the first that is there, the next when it fails, another where one is sent to."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256

from runtime.diameter.client import DiameterClient
from runtime.diameter.settings import DiameterUnavailable, Waiting
from runtime.logs import get_logger
from wire.diameter.avp import Avp
from wire.diameter.dictionary import by_name
from wire.diameter.message import FLAG_RETRANSMITTED, Message
from wire.diameter.redirects import RedirectCache, redirection_of
from wire.diameter.results import ResultCode
from wire.diameter.values import make

log = get_logger("runtime.diameter")

MOST_REDIRECTS = 3
MOST_SESSIONS = 50_000
DEFAULT_LIMIT = 10.0
_DESTINATION_HOST = by_name("Destination-Host").code
_ELSEWHERE = frozenset({ResultCode.UNABLE_TO_DELIVER, ResultCode.TOO_BUSY})
"""RFC 6733 §7.1.3: with these another peer is to be tried."""


Mark = Callable[[Message], Message]


class DiameterPool:
    """`clients` in the order of preference, each a named peer; what waits for one that fails goes on to the next.

    A session stays where its first answer came from, while that server is there (RFC 6733 §8.8: State is its own).
    `mark` is laid over what another server is asked in the place of one that has failed. With `balance` the order
    begins anywhere, for each user at a place of his own, so that every process prefers the same server for him.
    """

    def __init__(self, clients: Sequence[DiameterClient], mark: Mark | None = None, *, balance: bool = False) -> None:
        self._mark = mark
        self._balance = balance
        self._clients = tuple(clients)
        self._redirects = RedirectCache()
        self._homes: OrderedDict[str, DiameterClient] = OrderedDict()
        self._clock = asyncio.get_running_loop().time
        for client in self._clients if len(self._clients) > 1 else ():
            client.pool = self

    def start(self) -> None:
        """Connect to all of them, and stay connected."""
        for client in self._clients:
            client.start()

    async def ready(self, within: float) -> None:
        """Return when one of them is connected; DiameterUnavailable with every cause when none is."""
        if self.is_without_any():
            self._make_do()
        if not self.is_without_any():
            return
        waiting = [asyncio.ensure_future(client.ready(within)) for client in self._clients]
        try:
            for first in asyncio.as_completed(waiting):
                try:
                    await first
                except DiameterUnavailable:
                    continue
                return
        finally:
            for one in waiting:
                one.cancel()
            ended = await asyncio.gather(*waiting, return_exceptions=True)
        causes = [end.cause for end in ended if isinstance(end, DiameterUnavailable)]
        raise DiameterUnavailable("; ".join(causes))

    async def request(self, message: Message, within: float | None = None) -> Message:
        """The answer of the first server that gives one, whatever its result; DiameterUnavailable when none does."""
        if len(self._clients) == 1:
            return await self._clients[0].request(message, within)
        end = self._clock() + (DEFAULT_LIMIT if within is None else within)
        tried: set[DiameterClient] = set()
        wanted, order = self._wanted(message), self._order(message)
        redirects = 0
        if self.is_without_any():
            self._make_do()
        has_failed = not (*wanted, *order)[0].connected
        while True:
            client = _choose((*wanted, *order), tried)
            tried.add(client)
            asked = self._marked(message) if has_failed else message
            try:
                answer = await client.request(_addressed(asked, client), max(end - self._clock(), 0.0))
            except DiameterUnavailable:
                if self._clock() >= end or not self._others(tried):
                    raise
                has_failed = True
                continue
            sent_to = self._sent_to(message, answer) if redirects < MOST_REDIRECTS else ()
            if sent_to:
                redirects += 1
                wanted, tried = sent_to, tried - set(sent_to)
            elif not has_failed and self._mark is not None and self._is_of_a_lost_one(answer):
                has_failed, wanted, tried = True, (client,), tried - {client}
            elif answer.result_code not in _ELSEWHERE or not self._others(tried) or self._clock() >= end:
                self._note_home(message, client, answer, order[0])
                return answer

    async def close(self) -> None:
        """Take leave of all of them."""
        await asyncio.gather(*(client.close() for client in self._clients))

    # --- choosing -----------------------------------------------------------------------------------------------------

    def _wanted(self, message: Message) -> tuple[DiameterClient, ...]:
        redirected = self._named(self._redirects.find(message, self._clock()))
        home = self._homes.get(message.text("Session-Id") or "")
        named = self._named(((message.text("Destination-Host") or "").lower(),))
        return (*redirected, *(() if home is None else (home,)), *named)

    def _named(self, hosts: Sequence[str]) -> tuple[DiameterClient, ...]:
        return tuple(client for host in hosts for client in self._clients if client.origin_host.lower() == host)

    def _order(self, message: Message) -> tuple[DiameterClient, ...]:
        """For the user of `message`; what goes on with his session names its server anyway, by Destination-Host."""
        if not self._balance:
            return self._clients
        who = message.text("User-Name") or message.text("Session-Id") or ""
        first = int.from_bytes(sha256(who.encode()).digest()[:4], "big") % len(self._clients)
        return self._clients[first:] + self._clients[:first]

    def _make_do(self) -> None:
        """RFC 3539 §3.4.1 [4] holds a connection that is up again back for a minute, for there is another: not here."""
        for client in self._clients:
            client.need()

    def _others(self, tried: set[DiameterClient]) -> bool:
        return any(client.connected for client in self._clients if client not in tried)

    def _sent_to(self, message: Message, answer: Message) -> tuple[DiameterClient, ...]:
        """RFC 6733 §6.1.8: only peers that are named here are followed to, and only such as are there."""
        redirection = redirection_of(answer)
        if redirection is None:
            return ()
        named = tuple(client for client in self._named(redirection.hosts) if client.connected)
        if not named:
            log.warning("redirection not followed", cause="no such peer is connected", hosts=redirection.hosts)
            return ()
        self._redirects.note(message, redirection, self._clock())
        log.info("redirected", hosts=redirection.hosts, usage=redirection.usage.name)
        return named

    def _note_home(self, message: Message, client: DiameterClient, answer: Message, preferred: DiameterClient) -> None:
        session = message.text("Session-Id")
        if session is None:
            return
        self._homes.pop(session, None)
        # it may have been taken over by another one than was asked; who stands behind an agent has no name here
        client = next(iter(self._named(((answer.text("Origin-Host") or "").lower(),))), client)
        if client is preferred:
            return
        if answer.result_code in (ResultCode.MULTI_ROUND_AUTH, ResultCode.SUCCESS):
            self._homes[session] = client
            if len(self._homes) > MOST_SESSIONS:
                self._homes.popitem(last=False)

    def _is_of_a_lost_one(self, answer: Message) -> bool:
        """Whether it sends us to servers of ours none of which is there."""
        redirection = redirection_of(answer)
        named = () if redirection is None else self._named(redirection.hosts)
        return bool(named) and not any(client.connected for client in named)

    def _marked(self, message: Message) -> Message:
        return message if self._mark is None else self._mark(message)

    # --- Pool: failing over -------------------------------------------------------------------------------------------

    def is_without_any(self) -> bool:
        """Whether none of them can be asked."""
        return not any(client.connected for client in self._clients)

    def failed_over(self, failed: DiameterClient, request: Message, waiting: Waiting, until: float) -> bool:
        """RFC 6733 §5.5.4: what waits for `failed` is sent to another one, with T; False when there is none."""
        order = self._order(request)
        other = next((client for client in order if client is not failed and client.connected), None)
        if other is None:
            return False
        again = _addressed(replace(self._marked(request), flags=request.flags | FLAG_RETRANSMITTED), other)
        return other.take_over(again, waiting, until)

    def can_ask(self, client: DiameterClient) -> None:
        """What waits for one that is lost waits for nobody in particular: whoever is back first is asked."""
        for lost in self._clients:
            if lost is not client and not lost.connected:
                lost.hand_over()


def _choose(order: Sequence[DiameterClient], tried: set[DiameterClient]) -> DiameterClient:
    left = [client for client in order if client not in tried]
    return next((client for client in left if client.connected), left[0])


def _addressed(message: Message, client: DiameterClient) -> Message:
    """`message`, its Destination-Host that of `client`; an agent is no destination."""
    if client.is_agent:
        return message
    return message.with_avps(_redirected(avp, client.origin_host) for avp in message.avps)


def _redirected(avp: Avp, host: str) -> Avp:
    return make("Destination-Host", host) if (avp.code, avp.vendor) == (_DESTINATION_HOST, 0) else avp
