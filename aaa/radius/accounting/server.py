"""RADIUS accounting around its front: a record is on disk before its answer leaves (RFC 2866 §2)."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from functools import partial
from typing import assert_never

from aaa.metrics import ACCOUNTING
from aaa.radius.accounting.front import AccountingFront, Keep
from aaa.radius.clients import ClientTable, RadiusClient
from aaa.radius.config import RadiusConfig
from aaa.radius.decisions import Discard, Forward, Repeat, Send
from aaa.radius.duplicates import DuplicateCache
from aaa.radius.listening import DiscardLog, Ports, Reply, address_text
from aaa.radius.proxy.carrying import carry
from aaa.radius.proxy.relay import Relay
from aaa.radius.suspecting import Kept, Suspicion
from hss.session_api import AccountingStatus, LedgerUnavailable, SessionLedger
from runtime.logs import get_logger
from runtime.taps import Address, DatagramTap

log = get_logger("aaa.radius.accounting")


class AccountingServer:
    """Carries packets between sockets, the front and the ledger; `suspicion` says of unproven ones what is wrong."""

    def __init__(
        self,
        ledger: SessionLedger,
        front: AccountingFront,
        *,
        relay: Relay | None = None,
        suspicion: Suspicion | None = None,
        request_limit: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
        moment: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._ledger = ledger
        self._front = front
        self._relay = relay
        self._suspicion = suspicion
        self._request_limit = request_limit
        self._clock = clock
        self._moment = moment
        self._lines = DiscardLog(clock)
        self._tasks: set[asyncio.Task[None]] = set()
        self._ports = Ports(self.take)

    @classmethod
    def of(
        cls,
        config: RadiusConfig,
        ledger: SessionLedger,
        clients: ClientTable,
        relay: Relay | None = None,
        kept: Kept | None = None,
    ) -> "AccountingServer":
        """The server that `config` describes, not listening yet."""
        duplicates = DuplicateCache(size=config.duplicate_size, age=config.duplicate_age)
        front = AccountingFront(
            clients,
            duplicates=duplicates,
            max_in_progress=config.max_in_progress,
            routes=None if relay is None else relay.routes,
        )
        suspicion = Suspicion(clients, kept)
        return cls(ledger, front, relay=relay, suspicion=suspicion, request_limit=config.request_limit)

    def listen(self, local: Address, *, capture: DatagramTap | None = None, reuse_port: bool = False) -> Address:
        """Bind `local` inside the running loop and return what was bound; OSError when it is taken."""
        return self._ports.listen(local, capture=capture, reuse_port=reuse_port)

    async def drain(self, within: float) -> None:
        """Take no new record, and keep and answer what has come, for at most `within` seconds."""
        self._ports.withdraw()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=within)

    async def close(self) -> None:
        """Stop listening; what is being kept is kept and answered, as far as the ledger still can."""
        await self.drain(self._request_limit)
        self._ports.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def take(self, octets: bytes, source: Address, reply: Reply, client: RadiusClient | None = None) -> None:
        """Serve one packet."""
        decision = self._front.receive(octets, source, self._clock(), self._moment(), client)
        match decision:
            case Discard():
                why = None
                if decision.is_unproven and self._suspicion is not None:
                    why = partial(self._suspicion.of, octets, source[0], client, decision.cause)
                self._lines.discarded(source, decision, why)
            case Repeat(answer) | Send(answer, _):
                _send(answer, source, reply)
            case Keep():
                self._begin(self._keep(decision, reply))
            case Forward():
                self._begin(carry(self._relay, self._front, decision, reply, self._request_limit, self._lines))
            case _:
                assert_never(decision)

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _keep(self, keeping: Keep, reply: Reply) -> None:
        name, record = keeping.client.name, keeping.record
        try:
            async with asyncio.timeout(self._request_limit):
                is_new = await self._ledger.record(record)
        except (LedgerUnavailable, TimeoutError) as error:
            self._front.abandon(keeping)
            detail = str(error) or f"no answer within {self._request_limit} s"
            self._lines.warn("record not kept", "the ledger does not answer", name, detail=detail)
        except asyncio.CancelledError:
            self._front.abandon(keeping)
            raise
        except Exception as error:
            # The outermost place of one record: whatever broke it, the next one is still kept.
            self._front.abandon(keeping)
            log.exception("record failed", cause=repr(error), client=name)
        else:
            if is_new:
                ACCOUNTING.count(name, record.status.name.lower())
            log.debug("record kept", status=record.status.value, session=record.session_id, client=name, new=is_new)
            answer = self._front.answer(keeping)
            _send(answer, keeping.key.source, reply)
            if self._relay is not None and is_new and record.status is AccountingStatus.STOP:
                await self._relay.end(keeping.packet, keeping.client)


def _send(octets: bytes | None, to: Address, reply: Reply) -> None:
    if octets is not None:
        reply(octets)
    else:
        log.debug("nothing to send", source=address_text(to), cause="still in progress, or given up")
