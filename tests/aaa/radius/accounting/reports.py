"""Accounting-Requests as a gateway sends them, and a ledger in memory."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

from hss.session_api import AccountingRecord, ClientSeen, Grant, LedgerUnavailable, Session, SessionQuery
from tests.aaa.radius.samples import SECRET, SESSION_ID
from wire.radius.accounting import AcctStatusType
from wire.radius.messages import signed_request
from wire.radius.packet import Attribute, Code, RadiusPacket

MOMENT = datetime(2027, 1, 2, 12, tzinfo=UTC)


def attributes(
    status: int = AcctStatusType.START, session: str = "0001", user: str = "anonymous@example.org"
) -> list[Attribute]:
    """What a gateway says of a session."""
    return [
        Attribute.of("Acct-Status-Type", status),
        Attribute.of("Acct-Session-Id", session),
        Attribute.of("User-Name", user),
        Attribute.of("NAS-Identifier", "ap1"),
        Attribute.of("NAS-IP-Address", "192.0.2.7"),
        Attribute.of("Calling-Station-Id", "00-10-A4-23-19-C0"),
        Attribute.of("Framed-IPv6-Address", "2001:db8::7"),
        Attribute.of("Class", SESSION_ID),
    ]


def packet(*more: Attribute, status: int = AcctStatusType.START, user: str = "anonymous@example.org") -> RadiusPacket:
    """The same as a packet."""
    return RadiusPacket(Code.ACCOUNTING_REQUEST, 7, bytes(16), (*attributes(status, user=user), *more))


def reported(
    *more: Attribute, status: int = AcctStatusType.START, identifier: int = 7, secret: bytes = SECRET
) -> bytes:
    """The same as octets, signed."""
    every = [*attributes(status), *more]
    return signed_request(Code.ACCOUNTING_REQUEST, identifier=identifier, secret=secret, attributes=every)


class MemoryLedger:
    """Keeps everything in lists; `held` keeps it waiting, `broken` makes it refuse, with `knows_all` nothing is new."""

    def __init__(self) -> None:
        self.grants: list[Grant] = []
        self.records: list[AccountingRecord] = []
        self.counted: list[ClientSeen] = []
        self.known: dict[int, Session] = {}
        self.knows_all = False
        self.held: asyncio.Event | None = None
        self.broken: Exception | None = None

    async def grant(self, grant: Grant) -> None:
        """Keep a grant."""
        await self._wait()
        self.grants.append(grant)

    async def record(self, record: AccountingRecord) -> bool:
        """Keep a record."""
        await self._wait()
        self.records.append(record)
        return not self.knows_all

    async def sessions(self, query: SessionQuery) -> tuple[Session, ...]:
        """Every session."""
        await self._wait()
        return tuple(self.known.values())[: query.limit]

    async def session(self, number: int) -> Session | None:
        """One session."""
        return self.known.get(number)

    async def limit(self, radius_class: bytes, session_timeout: int | None) -> None:
        raise NotImplementedError

    async def end(self, number: int, cause: str, at: datetime) -> None:
        """Let a session be over."""
        self.known[number] = replace(self.known[number], ended=at, end_cause=cause)

    async def prune(self, before: datetime) -> int:
        """Delete what is older."""
        old = [record for record in self.records if record.received < before]
        self.records = [record for record in self.records if record not in old]
        return len(old)

    async def seen(self, counted: tuple[ClientSeen, ...]) -> None:
        """Keep what was counted."""
        await self._wait()
        self.counted += counted

    async def clients(self) -> tuple[ClientSeen, ...]:
        """What was counted."""
        return tuple(self.counted)

    async def _wait(self) -> None:
        if self.held is not None:
            await self.held.wait()
        if self.broken is not None:
            raise self.broken


BROKEN = LedgerUnavailable("the disk is full")
