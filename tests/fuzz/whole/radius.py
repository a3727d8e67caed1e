"""RADIUS against the whole server behind its sockets: whatever is protected rightly, and whatever is not."""

import asyncio
from collections.abc import Mapping
from ipaddress import ip_network
from random import Random

from aaa.messages import Client
from aaa.radius.clients import ClientTable, RadiusClient
from aaa.radius.duplicates import DuplicateCache
from aaa.radius.front import RadiusFront
from aaa.radius.server import RadiusServer
from tests.fuzz.mutation import mutate
from tests.fuzz.whole.cases import Case, Cases
from tests.fuzz.whole.eap import PER_BATCH, STEP, STRANGE
from tests.fuzz.whole.moments import Ended, Said, Users
from tests.fuzz.whole.radius_packets import (
    ACCEPT,
    CHALLENGE,
    MESSAGE_AUTHENTICATOR,
    REJECT,
    STATE,
    Read,
    eap_tlvs,
    is_protected,
    read,
    sealed,
    tlv,
)
from tests.fuzz.whole.server import AGE, LIMIT, POLICIES, Broken, Clock, WholeServer, require_bounded
from wire.secret import Secret

Source = tuple[str, int]
AP, OTHER, STRANGER = "192.0.2.1", "198.51.100.1", "203.0.113.1"
SECRETS = {AP: b"secret of the access point", OTHER: b"secret of another client", STRANGER: b"secret of nobody"}
ACCESS_REQUEST = 1
CODES = (1, 1, 1, 2, 3, 4, 11, 12, 13, 40, 43, 52)


class RadiusNode:
    """One server with its front and its ports."""

    def __init__(self, server: WholeServer, seed: int) -> None:
        self.server = server
        self.duplicates = DuplicateCache(size=LIMIT, age=5.0)
        self.front = RadiusFront(
            ClientTable(
                RadiusClient(ip_network(f"{address}/32"), Secret(SECRETS[address]), Client(address, "WLAN"))
                for address in (AP, OTHER)
            ),
            random=Random(seed).randbytes,
            duplicates=self.duplicates,
        )
        self.radius = RadiusServer(server.service, self.front, clock=server.clock)

    async def send(self, octets: bytes, source: Source) -> list[bytes]:
        """What is sent back."""
        answers: list[bytes] = []
        self.radius.take(octets, source, answers.append)
        while self.front.in_progress:  # noqa: ASYNC110 - nothing else happens meanwhile
            await asyncio.sleep(0)
        return answers


class RadiusTarget:
    """Cases against a server of each policy; a batch is one good conversation and what is made of its rounds."""

    name = "radius"
    secrets: Mapping[str, bytes] = SECRETS

    def __init__(self, seed: int) -> None:
        self._chance = Random(seed)
        self._clock = Clock()
        self._nodes, self._strange = self._make(seed)
        self._users = Users(seed)
        self._cases = Cases(self._chance)
        self._old: list[bytes] = []
        self._number = 0

    def _make(self, seed: int) -> tuple[list[RadiusNode], RadiusNode]:
        """A server of each policy, and one with other keys."""
        nodes = [RadiusNode(WholeServer(policy, self._clock, seed), seed) for policy in POLICIES]
        return nodes, RadiusNode(WholeServer(POLICIES[0], self._clock, seed, STRANGE), seed)

    async def batch(self) -> int:
        """Run one batch, and say how many cases it had; Broken when a property does not hold."""
        node = self._chance.choice(self._nodes)
        ended = await self._good(node)
        self._cases.moments = ended.moments
        self._cases.foreign = [*await self._foreign(node), *self._old]
        for _ in range(PER_BATCH):
            self._clock.now += STEP
            await self._run(node, self._cases.next())
        self._old = [moment.state for moment in ended.moments if moment.state]
        self._clock.now += AGE
        await self._good(node)
        for each in (*self._nodes, self._strange):
            each.server.forget_requests()
        require_bounded({**node.server.sizes, "duplicates": node.duplicates.__len__})
        return PER_BATCH

    async def _run(self, node: RadiusNode, case: Case) -> None:
        chance = self._chance
        attributes = self._attributes(case.eap, case.state)
        match chance.randrange(12):
            case 0:
                octets = mutate(self._sealed(attributes), chance)
            case 1:
                octets = self._sealed(attributes, b"another secret")
            case 2:
                octets = self._sealed(attributes, code=chance.choice(CODES))
            case 3 | 4:
                octets = self._sealed(mutate(attributes, chance))
            case 5:
                octets = self._sealed(shuffled(attributes, chance))
            case _:
                octets = self._sealed(attributes)
                await self._judge_whole(node, octets, case)
                return
        source = STRANGER if chance.randrange(16) == 0 else AP
        await self._judge(node, octets, (source, chance.randrange(1024, 65536)))

    async def _judge_whole(self, node: RadiusNode, octets: bytes, case: Case) -> None:
        """A request that is right but for what the case holds; sometimes it comes again, and gets the same answer."""
        source = (AP, self._chance.randrange(1024, 65536))
        answer = await self._judge(node, octets, source)
        if answer is not None and answer.code == ACCEPT and not case.may_enter:
            raise Broken(f"let in: {case}")
        if case.goes_on and (answer is None or answer.code == REJECT):
            raise Broken(f"refused: {case}")
        if case.is_foreign and answer is not None and not _says_nothing(answer, case):
            raise Broken(f"a foreign State is told apart by {answer}: {case}")
        if self._chance.randrange(8) == 0 and await self._judge(node, octets, source) != answer:
            raise Broken(f"a duplicate gets another answer: {octets.hex()}")

    async def _judge(self, node: RadiusNode, octets: bytes, source: Source) -> Read | None:
        answers = await node.send(octets, source)
        if not answers:
            return None
        secret = self.secrets[source[0]]
        if source[0] == STRANGER or not is_protected(octets, secret):
            raise Broken(f"an answer to a stranger: {octets.hex()} from {source[0]}")
        if len(answers) > 1:
            raise Broken(f"{len(answers)} answers to {octets.hex()}")
        found = read(answers[0], octets, secret)
        if isinstance(found, str):
            raise Broken(f"an answer of which {found}: {answers[0].hex()} to {octets.hex()}")
        return found

    async def _good(self, node: RadiusNode, source: str = AP) -> Ended:
        async def ask(eap: bytes, state: bytes | None) -> Said:
            octets = self._sealed(self._attributes(eap, state), self.secrets[source])
            found = await self._judge(node, octets, (source, 1812))
            if found is None:
                raise Broken(f"a good client is not answered: {octets.hex()}")
            return Said(found.eap, found.state, found.code == ACCEPT)

        return await self._users.next(ask)

    async def _foreign(self, node: RadiusNode) -> list[bytes]:
        """States that are genuine elsewhere: of another client, and of servers with another key."""
        attributes = self._attributes(self._cases.moments[0].eap, None)
        found = [
            await self._judge(node, self._sealed(attributes, self.secrets[OTHER]), (OTHER, 1812)),
            await self._judge(self._strange, self._sealed(attributes), (AP, 1812)),
        ]
        return [answer.state for answer in found if answer is not None and answer.state and answer.code == CHALLENGE]

    def _attributes(self, eap: bytes, state: bytes | None) -> bytes:
        return tlv(1, b"user@example") + eap_tlvs(eap) + (b"" if state is None else tlv(STATE, state))

    def _sealed(self, attributes: bytes, secret: bytes | None = None, code: int = ACCESS_REQUEST) -> bytes:
        self._number += 1
        return sealed(code, self._number, self._chance.randbytes(16), attributes, secret or self.secrets[AP])


def shuffled(attributes: bytes, chance: Random) -> bytes:
    """Whole attributes in another order, one of them doubled, one of any type."""
    found, at = [], 0
    while at < len(attributes):
        found.append(attributes[at : at + attributes[at + 1]])
        at += attributes[at + 1]
    found.append(chance.choice(found))
    found.append(tlv(chance.randrange(256), chance.randbytes(chance.randrange(254))))
    chance.shuffle(found)
    return b"".join(found)


def _says_nothing(answer: Read, case: Case) -> bool:
    """Whether it is the one answer that every State gets which is not to be had: EAP-Failure, and no more."""
    identifier = case.eap[1] if len(case.eap) > 1 else 0
    others = {kind for kind, _ in answer.attributes} - {MESSAGE_AUTHENTICATOR, 79}
    return answer.code == REJECT and answer.eap == bytes((4, identifier, 0, 4)) and not others
