"""RADIUS on its way to another realm: what clients send on, what comes back, and whoever speaks in between."""

import asyncio
from datetime import UTC, datetime
from ipaddress import ip_network
from random import Random

from aaa.messages import Client
from aaa.radius.accounting.front import AccountingFront
from aaa.radius.accounting.server import AccountingServer
from aaa.radius.clients import ClientTable, RadiusClient
from aaa.radius.duplicates import DuplicateCache
from aaa.radius.front import RadiusFront
from aaa.radius.proxy.config import RealmConfig
from aaa.radius.proxy.relay import Relay
from aaa.radius.proxy.routes import Routes
from aaa.radius.server import RadiusServer
from tests.aaa.radius.accounting.reports import MemoryLedger
from tests.fuzz.mutation import mutate
from tests.fuzz.whole.eap import PER_BATCH, STEP
from tests.fuzz.whole.proxy_home import MISSES, WINDOW, Home, in_the_clear
from tests.fuzz.whole.radius import AP, CODES, SECRETS, STRANGER, shuffled
from tests.fuzz.whole.radius_packets import (
    ACCOUNTING_REQUEST,
    MESSAGE_AUTHENTICATOR,
    PROXY_STATE,
    REJECT,
    attributes_of,
    eap_tlvs,
    is_protected,
    is_response,
    is_signed,
    read,
    sealed,
    signed,
    tlv,
)
from tests.fuzz.whole.server import LIMIT, POLICIES, Broken, Clock, WholeServer, require_bounded
from wire.eap.packet import identity_response
from wire.secret import Secret

OTHERS, OURS = b"u@example.org", b"u@example"
PATIENCE = 5.0
"""Real seconds after which a server that answers again has to be asked again."""


class ProxyTarget:
    """Cases against a proxy with one server of another realm behind it."""

    name = "proxy"

    def __init__(self, seed: int) -> None:
        self._chance = Random(seed)
        self._clock = Clock()
        self._duplicates = DuplicateCache(size=LIMIT, age=5.0), DuplicateCache(size=LIMIT, age=5.0)
        self._seed = seed
        self._number = 0
        self._routes = Routes([RealmConfig(realm="example.org", servers=("home",))], "aaa.example")
        self._home = Home(self._chance, self._routes.mark)

    async def batch(self) -> int:
        """Run one batch, and say how many cases it had; Broken when a property does not hold."""
        chance, home = self._chance, self._home
        server = home.server()
        relay = Relay(self._routes, {"home": server}, random=chance.randbytes)
        self._open(relay)
        try:
            await self._good()
            for _ in range(PER_BATCH):
                self._clock.now += STEP
                await self._run()
            home.silent = True
            for _ in range(MISSES + 1):
                await self._run()
            home.silent = False
            async with asyncio.timeout(PATIENCE):
                while not server.lives:  # noqa: ASYNC110 - it is about real time
                    await asyncio.sleep(WINDOW)
            await self._good()
        except TimeoutError:
            raise Broken("a server that answers again is never asked again") from None
        finally:
            await relay.close()
            await self._radius.close()
            await self._accounting.close()
        require_bounded({f"duplicates {number}": each.__len__ for number, each in enumerate(self._duplicates)})
        return PER_BATCH

    def _open(self, relay: Relay) -> None:
        clients = ClientTable([RadiusClient(ip_network(f"{AP}/32"), Secret(SECRETS[AP]), Client(AP, "WLAN"))])
        access, accounting = self._duplicates
        whole, chance = WholeServer(POLICIES[0], self._clock, self._seed), self._chance
        self._access = RadiusFront(clients, random=chance.randbytes, duplicates=access, routes=relay.routes)
        self._radius = RadiusServer(whole.service, self._access, relay=relay, clock=self._clock)
        self._records = AccountingFront(clients, duplicates=accounting, routes=relay.routes)
        self._accounting = AccountingServer(
            MemoryLedger(), self._records, relay=relay, clock=self._clock,
            moment=lambda: datetime.fromtimestamp(self._clock.now, UTC),
        )  # fmt: skip

    async def _run(self) -> None:
        chance, accounts = self._chance, self._chance.randrange(4) == 0
        attributes = self._attributes(accounts=accounts)
        match chance.randrange(12):
            case 0:
                octets = mutate(self._request(attributes, accounts=accounts), chance)
            case 1:
                octets = self._request(attributes, accounts=accounts, secret=b"another secret")
            case 2:
                octets = sealed(chance.choice(CODES), 1, chance.randbytes(16), attributes, SECRETS[AP])
            case 3:
                octets = self._request(mutate(attributes, chance), accounts=accounts)
            case 4:
                octets = self._request(shuffled(attributes, chance), accounts=accounts)
            case 5:
                mark = tlv(PROXY_STATE, self._routes.mark + chance.randbytes(8))
                octets = self._request(attributes + mark, accounts=accounts)
            case _:
                octets = self._request(attributes, accounts=accounts)
        address = STRANGER if chance.randrange(16) == 0 else AP
        await self._judge(octets, (address, chance.randrange(1024, 65536)), accounts=accounts)

    async def _judge(self, octets: bytes, source: tuple[str, int], *, accounts: bool) -> bytes | None:
        """The answer: the home server's for this client, once, however often the request comes; or ours."""
        home = self._home
        home.asked.clear()
        answer = await self._send(octets, source, accounts=accounts)
        asked = tuple(home.asked)
        if not asked:
            return self._judge_own(octets, source, answer)
        if source[0] == STRANGER or not (is_signed if accounts else is_protected)(octets, SECRETS[AP]):
            raise Broken(f"a stranger's request goes on: {octets.hex()} from {source[0]}")
        client = [each for each in attributes_of(octets) if each[0] != MESSAGE_AUTHENTICATOR]
        if any(kind == PROXY_STATE and value.startswith(self._routes.mark) for kind, value in client):
            raise Broken(f"a request goes round in a circle: {octets.hex()}")
        if list(asked) != [client]:
            raise Broken(f"{len(asked)} requests go on, or another: {asked} for {octets.hex()}")
        if answer is None:
            if not home.silent:
                raise Broken(f"the home server's answer does not come: {octets.hex()}")
            return None
        heard = in_the_clear(self._read(answer, octets, accounts=accounts), SECRETS[AP], octets[4:20])
        if answer[0] != home.code or heard != home.expected(client):
            raise Broken(f"another answer than the home server's: {heard}, not {home.expected(client)}")
        again = await self._send(octets, source, accounts=accounts) if self._chance.randrange(4) == 0 else answer
        if again != answer or len(home.asked) > 1:
            raise Broken(f"a duplicate gets another answer, or goes on: {octets.hex()}")
        return answer

    def _judge_own(self, octets: bytes, source: tuple[str, int], answer: bytes | None) -> bytes | None:
        """What nobody else was asked for: silence, or an answer of ours to a client."""
        if answer is None:
            return None
        if source[0] == STRANGER or not (is_protected(octets, SECRETS[AP]) or is_signed(octets, SECRETS[AP])):
            raise Broken(f"an answer to a stranger: {octets.hex()} from {source[0]}")
        if not is_response(answer, octets, SECRETS[AP]):
            raise Broken(f"a wrong answer: {answer.hex()} to {octets.hex()}")
        return answer

    def _read(self, answer: bytes, octets: bytes, *, accounts: bool) -> list[tuple[int, bytes]]:
        found = read(answer, octets, SECRETS[AP]) if not accounts else None
        if isinstance(found, str) or not is_response(answer, octets, SECRETS[AP]):
            raise Broken(f"an answer of which {found}: {answer.hex()} to {octets.hex()}")
        return attributes_of(answer)

    async def _send(self, octets: bytes, source: tuple[str, int], *, accounts: bool) -> bytes | None:
        answers: list[bytes] = []
        (self._accounting if accounts else self._radius).take(octets, source, answers.append)
        while self._access.in_progress or self._records.in_progress:  # noqa: ASYNC110 - nothing else happens meanwhile
            await asyncio.sleep(0)
        if len(answers) > 1:
            raise Broken(f"{len(answers)} answers to {octets.hex()}")
        return answers[0] if answers else None

    async def _good(self) -> None:
        for accounts in (False, True):
            octets = self._request(self._attributes(accounts=accounts, user=OTHERS), accounts=accounts)
            if await self._judge(octets, (AP, 1812), accounts=accounts) is None:
                raise Broken(f"a good client is not answered: {octets.hex()}")
        looped = self._attributes(accounts=False, user=OTHERS) + tlv(PROXY_STATE, self._routes.mark + bytes(8))
        answer = await self._judge(self._request(looped, accounts=False), (AP, 1812), accounts=False)
        if answer is None or answer[0] != REJECT:
            raise Broken(f"a circle is not refused: {answer!r}")

    def _attributes(self, *, accounts: bool, user: bytes = b"") -> bytes:
        """Those of a request for either realm, with Proxy-State of clients that are proxies, and any more."""
        chance = self._chance
        how_many = max(0, chance.randrange(5) - 2)
        states = [tlv(PROXY_STATE, chance.randbytes(chance.randrange(1, 30))) for _ in range(how_many)]
        more = [tlv(chance.choice((4, 5, 6, 31, 32, 61)), chance.randbytes(4)) for _ in range(chance.randrange(3))]
        own = (
            [tlv(40, bytes((0, 0, 0, 3))), tlv(44, b"session")] if accounts else [eap_tlvs(identity_response(1, b"u"))]
        )
        every = [tlv(1, user or chance.choice((OTHERS, OTHERS, OTHERS, OURS))), *own, *states, *more]
        chance.shuffle(every)
        return b"".join(every)

    def _request(self, attributes: bytes, *, accounts: bool, secret: bytes = SECRETS[AP]) -> bytes:
        self._number += 1
        if accounts:
            return signed(ACCOUNTING_REQUEST, self._number % 256, attributes, secret)
        return sealed(1, self._number, self._chance.randbytes(16), attributes, secret)
