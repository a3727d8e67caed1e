"""RADIUS accounting against the whole server behind its socket: nothing is answered that was not kept before."""

import asyncio
import struct
from datetime import UTC, datetime
from ipaddress import ip_network
from random import Random

from aaa.messages import Client
from aaa.radius.accounting.front import AccountingFront
from aaa.radius.accounting.server import AccountingServer
from aaa.radius.clients import ClientTable, RadiusClient
from aaa.radius.duplicates import DuplicateCache
from hss.session_api import AccountingRecord, LedgerUnavailable
from tests.aaa.radius.accounting.reports import MemoryLedger
from tests.fuzz.mutation import mutate
from tests.fuzz.whole.eap import PER_BATCH, STEP
from tests.fuzz.whole.radius_packets import is_response, is_signed, signed, tlv
from tests.fuzz.whole.server import LIMIT, Broken, Clock, require_bounded
from wire.secret import Secret

NAS, STRANGER, SECRET = "192.0.2.1", "203.0.113.1", b"secret of the gateway"
ACCOUNTING_REQUEST, STATUS_SERVER = 4, 12
CODES = (1, 2, 4, 5, 11, 12, 40, 43)
TEXTS = (1, 31, 32, 44, 50)
"""User-Name, Calling-Station-Id, NAS-Identifier, Acct-Session-Id, Acct-Multi-Session-Id."""
NUMBERS = (40, 41, 42, 43, 46, 47, 48, 49, 52, 53, 55)
"""Acct-Status-Type, Acct-Delay-Time, counters, Acct-Terminate-Cause, Event-Timestamp."""


class AccountingTarget:
    """Cases against one server, whose ledger fails now and then."""

    name = "accounting"

    def __init__(self, seed: int) -> None:
        self._chance = Random(seed)
        self._clock = Clock()
        self._ledger = MemoryLedger()
        self._duplicates = DuplicateCache(size=LIMIT, age=5.0)
        client = RadiusClient(ip_network(f"{NAS}/32"), Secret(SECRET), Client("nas", "WLAN"))
        self._front = AccountingFront(ClientTable([client]), duplicates=self._duplicates)
        self._server = AccountingServer(
            self._ledger,
            self._front,
            clock=self._clock,
            moment=lambda: datetime.fromtimestamp(self._clock.now, UTC),
        )

    async def batch(self) -> int:
        """Run one batch, and say how many cases it had; Broken when a property does not hold."""
        for _ in range(PER_BATCH):
            self._clock.now += STEP
            broken = self._chance.randrange(10) == 0
            self._ledger.broken = LedgerUnavailable("the disk is full") if broken else None
            await self._judge(self._case(), STRANGER if self._chance.randrange(16) == 0 else NAS)
        self._ledger.broken = None
        if await self._judge(signed(ACCOUNTING_REQUEST, 1, self._good(), SECRET), NAS) is None:
            raise Broken("a good record is not answered")
        for record in self._ledger.records:
            _require_storable(record)
        self._ledger.records.clear()
        require_bounded({"duplicates": self._duplicates.__len__})
        return PER_BATCH

    async def _judge(self, octets: bytes, address: str) -> bytes | None:
        """The answer, which is right, and to nobody but a client whose record is kept; a duplicate gets it again."""
        source = (address, self._chance.randrange(1024, 65536))
        kept = len(self._ledger.records)
        answer = await self._send(octets, source)
        if answer is None:
            return None
        if address == STRANGER or (octets[0] != STATUS_SERVER and not is_signed(octets, SECRET)):
            raise Broken(f"an answer to a stranger: {octets.hex()}")
        if not is_response(answer, octets, SECRET):
            raise Broken(f"a wrong answer: {answer.hex()} to {octets.hex()}")
        if octets[0] == ACCOUNTING_REQUEST and len(self._ledger.records) != kept + 1:
            raise Broken(f"answered and not kept: {octets.hex()}")
        if self._chance.randrange(8) == 0 and await self._send(octets, source) != answer:
            raise Broken(f"a duplicate gets another answer: {octets.hex()}")
        return answer

    async def _send(self, octets: bytes, source: tuple[str, int]) -> bytes | None:
        answers: list[bytes] = []
        self._server.take(octets, source, answers.append)
        while self._front.in_progress:  # noqa: ASYNC110 - nothing else happens meanwhile
            await asyncio.sleep(0)
        if len(answers) > 1:
            raise Broken(f"{len(answers)} answers to {octets.hex()}")
        return answers[0] if answers else None

    def _case(self) -> bytes:
        chance, good = self._chance, self._good()
        code = chance.choice(CODES) if chance.randrange(16) == 0 else ACCOUNTING_REQUEST
        match chance.randrange(6):
            case 0:
                return mutate(signed(code, chance.randrange(256), good, SECRET), chance)
            case 1:
                return signed(code, chance.randrange(256), good, b"another secret")
            case 2 | 3:
                return signed(code, chance.randrange(256), mutate(good, chance), SECRET)
            case _:
                return signed(code, chance.randrange(256), good + self._any(), SECRET)

    def _good(self) -> bytes:
        chance = self._chance
        counters = b"".join(tlv(kind, struct.pack(">I", chance.getrandbits(32))) for kind in (42, 43, 46, 47, 48))
        session = f"{chance.randrange(50):08x}".encode()
        status = struct.pack(">I", chance.choice((1, 2, 3, 3, 7, 8)))
        return tlv(40, status) + tlv(44, session) + tlv(32, b"nas1") + tlv(1, b"user@example") + counters

    def _any(self) -> bytes:
        """More attributes, of the types that a record is made of, with any value."""
        chance = self._chance
        found = b""
        for _ in range(max(0, chance.randrange(6) - 3)):
            text = chance.choice((b"", b"\0", b"\xff\xfe", "ü€😀".encode(), chance.randbytes(chance.randrange(254))))
            number = chance.randbytes(chance.choice((0, 1, 3, 4, 4, 4, 5, 8)))
            found += chance.choice((tlv(chance.choice(TEXTS), text), tlv(chance.choice(NUMBERS), number)))
            found += tlv(26, struct.pack(">I", 10415) + chance.randbytes(chance.randrange(40)))
        return found


def _require_storable(record: AccountingRecord) -> None:
    for text in (record.nas, record.session_id, record.user_name, record.calling_station):
        if text is not None and ("\0" in text or len(text) > 253):
            raise Broken(f"a text that a store cannot hold: {text!r}")
