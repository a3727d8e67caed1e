"""RADIUS accounting around its front: a record is on disk before its answer leaves (RFC 2866 §2).

One of a realm over Diameter is also with that realm's server, where this is to hear of it.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import assert_never

from aaa.metrics import ACCOUNTING
from aaa.radius.accounting.front import AccountingFront, Keep
from aaa.radius.chargeable import Chargeable
from aaa.radius.clients import ClientTable, RadiusClient
from aaa.radius.config import RadiusConfig
from aaa.radius.decisions import Discard, Forward, Repeat, Send
from aaa.radius.duplicates import DuplicateCache
from aaa.radius.listening import Reply, address_text
from aaa.radius.port_server import PortServer
from aaa.radius.proxy.relay import Relay
from aaa.radius.suspecting import Kept, Suspicion
from hss.session_api import (
    AccountingRecord,
    AccountingStatus,
    LedgerUnavailable,
    Session,
    SessionLedger,
    SessionQuery,
)
from runtime.logs import debugging, get_logger
from runtime.radius.requests import RadiusUnavailable
from runtime.taps import Address
from wire.radius.accounting import COULD_NOT_BEGIN

log = get_logger("aaa.radius.accounting")

_WORDS = {status: status.name.lower() for status in AccountingStatus}


class AccountingServer(PortServer):
    """Carries packets between sockets, the front and the ledger; `suspicion` says of unproven ones what is wrong.

    `unused` hears of a session that its NAS says it could not begin.
    """

    def __init__(
        self,
        ledger: SessionLedger,
        front: AccountingFront,
        *,
        relay: Relay | None = None,
        suspicion: Suspicion | None = None,
        unused: Callable[[Session], None] = lambda _session: None,
        request_limit: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
        moment: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(relay=relay, suspicion=suspicion, request_limit=request_limit, clock=clock)
        self._unused = unused
        self._ledger = ledger
        self._front = front
        self._moment = moment

    @classmethod
    def of(
        cls,
        config: RadiusConfig,
        ledger: SessionLedger,
        clients: ClientTable,
        relay: Relay | None = None,
        kept: Kept | None = None,
        unused: Callable[[Session], None] = lambda _session: None,
    ) -> "AccountingServer":
        """The server that `config` describes, not listening yet; ConfigError when a secret file is unusable."""
        duplicates = DuplicateCache(size=config.duplicate_size, age=config.duplicate_age)
        front = AccountingFront(
            clients,
            duplicates=duplicates,
            max_in_progress=config.max_in_progress,
            routes=None if relay is None else relay.routes,
            chargeable=Chargeable.of(config),
        )
        suspicion = Suspicion(clients, kept)
        limit = config.request_limit
        return cls(ledger, front, relay=relay, suspicion=suspicion, unused=unused, request_limit=limit)

    async def close(self) -> None:
        """Stop listening; what is being kept is kept and answered, as far as the ledger still can."""
        await self.drain(self._request_limit)
        await self._end()

    def take(self, octets: bytes, source: Address, reply: Reply, client: RadiusClient | None = None) -> None:
        """Serve one packet."""
        decision = self._front.receive(octets, source, self._clock(), self._moment(), client)
        match decision:
            case Keep():
                self._in_time.begin(decision, self._keep(decision, reply))
            case Discard():
                self._discarded(octets, source, client, decision)
            case Repeat(answer) | Send(answer, _):
                _send(answer, source, reply)
            case Forward():
                self._forward(self._front, decision, reply)
            case _:
                assert_never(decision)

    async def _keep(self, keeping: Keep, reply: Reply) -> None:
        name, record, relay = keeping.client.name, keeping.record, self._relay
        try:
            is_new = await self._ledger.record(record)
            is_told = relay is not None and await relay.account(keeping.packet, keeping.client, record)
        except RadiusUnavailable as error:
            self._front.abandon(keeping)
            self._lines.warn("record not forwarded", "the realm gives no answer", name, detail=str(error))
        except (LedgerUnavailable, TimeoutError, asyncio.CancelledError) as error:
            self._front.abandon(keeping)
            if isinstance(error, asyncio.CancelledError) and not self._in_time.is_late(keeping):
                raise
            detail = str(error) or f"no answer within {self._request_limit} s"
            self._lines.warn("record not kept", "ledger or realm does not answer", name, detail=detail)
        except Exception as error:
            # The outermost place of one record: whatever broke it, the next one is still kept.
            self._front.abandon(keeping)
            log.exception("record failed", cause=repr(error), client=name)
        else:
            self._kept(keeping, reply, is_new=is_new, is_told=is_told)
        finally:
            self._in_time.over(keeping)

    def _kept(self, keeping: Keep, reply: Reply, *, is_new: bool, is_told: bool) -> None:
        name, record = keeping.client.name, keeping.record
        if is_new:
            ACCOUNTING.count(name, _WORDS[record.status])
        if debugging():
            log.debug("record kept", status=record.status.value, session=record.session_id, client=name, new=is_new)
        _send(self._front.answer(keeping), keeping.key.source, reply)
        # where the first try was kept here alone, the one that is answered is not new
        if self._relay is not None and (is_new or is_told) and record.status is AccountingStatus.STOP:
            self._begin(self._end_of(keeping, self._relay, is_new=is_new))
        elif is_new and _is_unused(record):
            self._begin(self._tell_unused(record))

    async def _end_of(self, keeping: Keep, relay: Relay, *, is_new: bool) -> None:
        await relay.end(keeping.packet, keeping.client)
        if is_new and _is_unused(keeping.record):
            await self._tell_unused(keeping.record)

    async def _tell_unused(self, record: AccountingRecord) -> None:
        query = SessionQuery(radius_class=record.radius_class, client=record.client, ended=True, limit=1)
        try:
            found = () if record.radius_class is None else await self._ledger.sessions(query)
        except LedgerUnavailable:
            return
        for session in found:
            self._unused(session)


def _is_unused(record: AccountingRecord) -> bool:
    return record.end_cause == COULD_NOT_BEGIN and not record.usage.seconds


def _send(octets: bytes | None, to: Address, reply: Reply) -> None:
    if octets is not None:
        reply(octets)
    else:
        log.debug("nothing to send", source=address_text(to), cause="still in progress, or given up")
