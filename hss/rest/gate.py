"""Before anything else of a request is looked at: who sends it, how often, and how much."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hss.audit import Actor
from hss.metrics import API_REQUESTS
from hss.provisioning.tokens import Caller, identify
from hss.rest.problems import problem
from hss.rest.rate_limit import RateLimit, network_of
from hss.rest.transactions import Transactions
from hss.store.errors import StoreError
from runtime.log_limit import LogLimit
from runtime.logs import get_logger

log = get_logger("hss.api")

BODY_MAX = 1 << 20
"""Octets of a body, where it is not a file for an import."""
BODY_SECONDS = 30.0
"""How long a body may take, or a piece of a file."""
STRANGERS_BURST = 20
"""So many seconds' worth of requests without a good token may come at once from one address."""
IMPORTS = "/v1/imports"
FORECAST = "/v1/import-forecast"
FILES = (IMPORTS, FORECAST)
"""Where a body is a file, which is read piece by piece."""

_KNOWN_GOOD = 1024


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever has passed the gate."""

    caller: Caller
    address: str

    @property
    def actor(self) -> Actor:
        """How the audit trail calls it."""
        return Actor(f"token {self.caller.name}", f"api {self.address}")


class Gate:
    """Lets requests with a good token through to `app`, a body of bounded size behind them.

    `clock` rises in seconds. Every answer is logged with one line, but for many that keep somebody
    out, and none may be kept by a cache.
    """

    def __init__(
        self,
        app: ASGIApp,
        transactions: Transactions,
        *,
        rate: int,
        strangers: int,
        file_max: int,
        clock: Callable[[], float],
    ) -> None:
        self._app = app
        self._transactions = transactions
        self._clock = clock
        self._file_max = file_max
        self._callers = RateLimit(rate, 2 * rate)
        self._strangers = RateLimit(strangers, strangers * STRANGERS_BURST)
        self._good: dict[bytes, None] = {}
        self._lines = LogLimit()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        started = self._clock()
        status = 0
        name = "-"
        is_head = scope["method"] == "HEAD"

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"cache-control", b"no-store")]
            elif is_head:
                message["body"] = b""
            await send(message)

        address = scope["client"][0] if scope.get("client") else ""
        visitor = await self._admit(Headers(scope=scope), address)
        withheld: int | None = 0
        if isinstance(visitor, Response):
            await visitor(scope, receive, noted)
            # who is kept out decides how often he comes, and not how long the log becomes
            withheld = self._lines.allow(str(status), self._clock())
        else:
            name = visitor.caller.name
            scope.setdefault("state", {})["visitor"] = visitor
            # RFC 9110 §9.3.2: whoever asks by HEAD is told what GET would say, without what it would show
            await self._serve({**scope, "method": "GET"} if is_head else scope, receive, noted)
        API_REQUESTS.count(str(status))
        if withheld is None:
            return
        took = round((self._clock() - started) * 1000)
        more = {"withheld": withheld} if withheld else {}
        log.info("api request", method=scope["method"], path=scope["path"], status=status, caller=name, ms=took, **more)

    async def _admit(self, headers: Headers, address: str) -> Visitor | Response:
        token = _bearer(headers.get("authorization", ""))
        digest = hashlib.sha256(token).digest()
        stranger = network_of(address)
        known = digest in self._good
        # who has shown a good token is not kept out by others at the same address
        wait = 0.0 if known else self._strangers.wait(stranger, self._clock())
        if wait:
            return _slower(wait, "too many requests without a good token come from this address")
        try:
            caller = await self._identified(token, self._transactions.now())
        except StoreError as error:
            return problem(503, str(error), headers={"Retry-After": "1"})
        if caller is None:
            self._good.pop(digest, None)
            return problem(401, _WHO, headers={"WWW-Authenticate": 'Bearer realm="akadia"'})
        self._remember(digest)
        wait = self._callers.wait(caller.name, self._clock())
        return _slower(wait, f"token {caller.name} asks too often") if wait else Visitor(caller, address)

    async def _identified(self, token: bytes, now: datetime) -> Caller | None:
        if not token:
            return None
        return await self._transactions.read(lambda connection: identify(connection, token, now))

    def _remember(self, digest: bytes) -> None:
        if digest not in self._good and len(self._good) >= _KNOWN_GOOD:
            self._good.clear()
        self._good[digest] = None

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_file = scope["method"] == "POST" and scope["path"] in FILES
        bounded = _Bounded(receive, self._file_max if is_file else BODY_MAX)
        try:
            bounded.require_fit(Headers(scope=scope))
            wanted = bounded.receive if is_file else await _whole(bounded.receive)
        except HTTPException as refused:
            await problem(refused.status_code, refused.detail)(scope, receive, send)
        else:
            await self._app(scope, wanted, send)


class _Bounded:
    """A body of at most `most` octets, each piece of it in time."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._most = most
        self._receive = receive
        self._seen = 0
        self._ended = False

    def require_fit(self, headers: Headers) -> None:
        """HTTPException 413 when Content-Length, where there is one, is beyond the bound."""
        length = headers.get("content-length", "0")
        if length.isdigit() and int(length) > self._most:
            raise self._too_large()

    async def receive(self) -> Message:
        """The next piece, HTTPException 413 or 408; after the last one nothing but the end of the connection."""
        if self._ended:
            return await self._receive()
        try:
            async with asyncio.timeout(BODY_SECONDS):
                message = await self._receive()
        except TimeoutError:
            raise HTTPException(408, f"nothing came of the body for {BODY_SECONDS:g} s") from None
        self._ended = not message.get("more_body", False)
        self._seen += len(message.get("body", b""))
        if self._seen > self._most:
            raise self._too_large()
        return message

    def _too_large(self) -> HTTPException:
        return HTTPException(413, f"the body has more than {self._most} octets")


async def _whole(receive: Receive) -> Callable[[], Awaitable[Message]]:
    """The whole body as one message, then whatever comes; it must come in time as a whole."""
    parts: list[bytes] = []
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                parts.append(message.get("body", b""))
                if not message.get("more_body", False):
                    break
    except TimeoutError:
        raise HTTPException(408, f"the body was not there within {BODY_SECONDS:g} s") from None
    ready = [{"type": "http.request", "body": b"".join(parts), "more_body": False}]

    async def again() -> Message:
        return ready.pop() if ready else await receive()

    return again


_WHO = "no good token; send Authorization: Bearer TOKEN, and akadia token add makes one"


def _bearer(header: str) -> bytes:
    """The token of an Authorization header (RFC 6750 §2.1), empty when there is none."""
    scheme, _, token = header.partition(" ")
    return token.strip().encode("latin-1", "replace") if scheme.lower() == "bearer" else b""


def _slower(wait: float, detail: str) -> Response:
    return problem(429, detail, headers={"Retry-After": str(max(1, round(wait + 0.5)))})
