"""The RADIUS authentication port on a real socket: one task for each request in progress, each bounded in time."""

import asyncio
import secrets
import time
from collections.abc import Callable
from typing import assert_never

from aaa.messages import Accept, AccessAnswer, AuthenticationService, Challenge, Ignore, Reject
from aaa.radius.clients import load_clients
from aaa.radius.config import RadiusConfig
from aaa.radius.duplicates import DuplicateCache
from aaa.radius.front import Discard, RadiusFront, Repeat, Send, Serve
from runtime.log_limit import LogLimit
from runtime.logs import get_logger
from runtime.taps import Address, DatagramTap
from runtime.udp import UdpEndpoint
from wire.sansio import RandomBytes

log = get_logger("aaa.radius")


class RadiusServer:
    """Carries datagrams between a socket, the front and the authentication service."""

    def __init__(
        self,
        service: AuthenticationService,
        front: RadiusFront,
        *,
        request_limit: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._service = service
        self._front = front
        self._request_limit = request_limit
        self._clock = clock
        self._lines = LogLimit()
        self._tasks: set[asyncio.Task[None]] = set()
        self._endpoint: UdpEndpoint | None = None

    @classmethod
    def of(
        cls, config: RadiusConfig, service: AuthenticationService, *, random: RandomBytes = secrets.token_bytes
    ) -> "RadiusServer":
        """The server that `config` describes, not listening yet; ConfigError when a secret file is unusable."""
        duplicates = DuplicateCache(size=config.duplicate_size, age=config.duplicate_age)
        front = RadiusFront(
            load_clients(config.client), random=random, duplicates=duplicates, max_in_progress=config.max_in_progress
        )
        return cls(service, front, request_limit=config.request_limit)

    def listen(self, local: Address, *, capture: DatagramTap | None = None, reuse_port: bool = False) -> Address:
        """Bind `local` inside the running loop and return what was bound; OSError when it is taken."""
        self._endpoint = UdpEndpoint.bind(local, self._take, capture=capture, reuse_port=reuse_port)
        return self._endpoint.local

    async def drain(self, within: float) -> None:
        """Take no new request, and finish what is in progress, for at most `within` seconds."""
        if self._endpoint is not None:
            self._endpoint.withdraw()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=within)

    async def close(self) -> None:
        """Stop listening and end what is in progress."""
        if self._endpoint is not None:
            self._endpoint.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _take(self, octets: bytes, source: Address) -> None:
        decision = self._front.receive(octets, source, self._clock())
        match decision:
            case Discard(cause, client, detail):
                self._log_discarded(source, cause, client, detail)
            case Repeat(None):
                log.debug("duplicate request dropped", source=_text(source), cause="still in progress")
            case Repeat(answer):
                self._send(answer, source)
            case Send(answer, client, refusal):
                if refusal is not None:
                    log.warning("access rejected", cause=refusal, client=client, source=_text(source))
                self._send(answer, source)
            case Serve():
                task = asyncio.get_running_loop().create_task(self._serve(decision))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            case _:
                assert_never(decision)

    async def _serve(self, serving: Serve) -> None:
        name = serving.client.client.name
        try:
            async with asyncio.timeout(self._request_limit):
                answer = await self._service.authenticate(serving.request)
            octets = self._front.answer(serving, answer)
        except TimeoutError:
            self._front.abandon(serving)
            log.error("request abandoned", cause=f"no answer within {self._request_limit} s", client=name)
        except asyncio.CancelledError:
            self._front.abandon(serving)
            raise
        except Exception as error:
            # The outermost place of one request: whatever broke it, the next one is still served.
            self._front.abandon(serving)
            log.exception("request failed", cause=repr(error), client=name)
        else:
            _log_answered(answer, name)
            if octets is not None:
                self._send(octets, serving.key.source)

    def _send(self, octets: bytes | None, to: Address) -> None:
        if octets is not None and self._endpoint is not None:
            self._endpoint.send(octets, to)

    def _log_discarded(self, source: Address, cause: str, client: str | None, detail: str) -> None:
        withheld = self._lines.allow(cause, self._clock())
        if withheld is None:
            return
        details = {"detail": detail} if detail else {}
        if withheld:
            details["withheld"] = str(withheld)
        log.warning("datagram discarded", cause=cause, client=client or "", source=_text(source), **details)


def _log_answered(answer: AccessAnswer, client: str) -> None:
    """The service tells how an authentication ended, in one line; what is told here is the packet's."""
    match answer:
        case Accept():
            log.debug("access accepted", imsi=str(answer.imsi), method=answer.method.name, client=client)
        case Reject(_, cause, detail, imsi):
            log.debug("access rejected", cause=cause.value, detail=detail, imsi=str(imsi or ""), client=client)
        case Ignore(reason):
            log.warning("request ignored", cause=reason, client=client)
        case Challenge():
            log.debug("challenge sent", client=client)
        case _:
            assert_never(answer)


def _text(address: Address) -> str:
    return f"{address[0]}:{address[1]}"
