"""Diameter against the whole server behind its sockets: strangers, peers, and what peers may bring of their UEs."""

from random import Random

from tests.fuzz.mutation import mutate
from tests.fuzz.whole.cases import Case, Cases
from tests.fuzz.whole.diameter_messages import (
    AAR,
    CER,
    DER,
    DPR,
    DWR,
    EAP_PAYLOAD,
    MULTI_ROUND,
    RAR,
    SESSION_ID,
    STATE,
    STR,
    SUCCESS,
    Avp,
    Raw,
    body_of,
    result_of,
)
from tests.fuzz.whole.diameter_node import ADDRESSES, APPLICATIONS, GATEWAY, OTHER, Connection, Node, cer, connected
from tests.fuzz.whole.eap import PER_BATCH, STEP, STRANGE
from tests.fuzz.whole.moments import Ended, Said, Users
from tests.fuzz.whole.server import AGE, POLICIES, Broken, Clock, WholeServer, require_bounded
from wire.diameter.capabilities import LocalNode

STRANGER = "203.0.113.1"
COMMANDS = (DER, AAR, STR, RAR, DWR, CER, 271, 316, 1 << 23)


class DiameterTarget:
    """Cases against a server of each policy; a batch is one good conversation and what is made of its rounds."""

    name = "diameter"

    def __init__(self, seed: int) -> None:
        self._chance = Random(seed)
        self._clock = Clock()
        self._seed = seed
        self._nodes: list[Node] = []
        self._users = Users(seed)
        self._cases = Cases(self._chance)
        self._old: list[bytes] = []
        self._session = 0

    async def batch(self) -> int:
        """Run one batch, and say how many cases it had; Broken when a property does not hold."""
        if not self._nodes:
            servers = [WholeServer(policy, self._clock, self._seed) for policy in POLICIES]
            servers.append(WholeServer(POLICIES[0], self._clock, self._seed, STRANGE))
            self._nodes = [Node(server, self._seed) for server in servers]
        *nodes, strange = self._nodes
        node, application = self._chance.choice(nodes), self._chance.choice(APPLICATIONS)
        ended = await self._good(node, GATEWAY, application)
        self._cases.moments = ended.moments
        eap = ended.moments[0].eap
        foreign = [
            await self._state(node, OTHER, application, eap),
            await self._state(strange, GATEWAY, application, eap),
        ]
        self._cases.foreign = [*foreign, *self._old]
        connection = await connected(node, GATEWAY)
        for _ in range(PER_BATCH):
            self._clock.now += STEP
            if connection.closed or self._chance.randrange(64) == 0:
                await connection.close()
                await self._stranger(node)
                connection = await connected(node, GATEWAY)
            await self._run(connection, application, self._cases.next())
        await connection.close()
        self._old = [moment.state for moment in ended.moments if moment.state]
        self._clock.now += AGE
        await self._good(node, GATEWAY, application)
        for each in self._nodes:
            each.server.forget_requests()
        require_bounded(node.sizes)
        return PER_BATCH

    async def _run(self, connection: Connection, application: int, case: Case) -> None:
        chance = self._chance
        avps = self._der(GATEWAY, application, case.eap, case.state)
        match chance.randrange(12):
            case 0 | 1:
                request = self._raw(DER, application, mutate(body_of(avps), chance))
            case 2:
                request = self._raw(DER, application, body_of(_shuffled(avps, chance)))
            case 3:
                request = self._raw(DER, application, body_of(_altered(avps, chance)))
            case 4:
                command = chance.choice(COMMANDS)
                request = self._raw(command, chance.choice((0, application, chance.randrange(1 << 32))), body_of(avps))
            case 5:
                request = self._about(application)
            case _:
                await self._judge_whole(connection, self._raw(DER, application, body_of(avps)), case)
                return
        octets = request.build()
        if chance.randrange(16) == 0:
            octets = mutate(octets, chance)
        await self._judge(connection, octets)

    async def _judge_whole(self, connection: Connection, request: Raw, case: Case) -> None:
        """A DER that is right but for what the case holds; sometimes it comes again, and gets the same answer."""
        answers = await self._judge(connection, request.build())
        if len(answers) != 1:
            raise Broken(f"{len(answers)} answers to {request}")
        result = result_of(answers[0])
        if result == SUCCESS and not case.may_enter:
            raise Broken(f"let in: {case}")
        if case.goes_on and result not in {SUCCESS, MULTI_ROUND}:
            raise Broken(f"refused: {case}")
        if case.is_foreign and case.eap[:1] == b"\2" and not _says_nothing(answers[0], case):
            raise Broken(f"a foreign State is told apart by {answers[0]}: {case}")
        if self._chance.randrange(8) == 0 and await self._judge(connection, request.again().build()) != answers:
            raise Broken(f"a retransmission gets another answer: {request}")

    async def _judge(self, connection: Connection, octets: bytes) -> list[Raw]:
        """The answers to `octets`: at most one, which is for this request and names its result."""
        answers = await connection.say(octets)
        whole = len(octets) >= 20 and int.from_bytes(octets[1:4], "big") == len(octets)
        if not whole:
            # what is left of it would be the beginning of the next message
            await connection.close()
        for answer in answers:
            if result_of(answer) is None or (whole and answer.build()[12:20] != octets[12:20]):
                raise Broken(f"an answer without a result, or to nobody: {answer} to {octets.hex()}")
        if len(answers) > 1 and whole:
            raise Broken(f"{len(answers)} answers to {octets.hex()}")
        return answers

    async def _stranger(self, node: Node) -> None:
        """Somebody who is no peer, or has not said so: he hears nothing but why, in a CEA, and is cut off."""
        chance = self._chance
        connection = Connection(node, chance.choice((STRANGER, *ADDRESSES.values())))
        first = self._raw(chance.choice((DER, STR, DWR, DPR)), 0, body_of(self._der(GATEWAY, 5, b"", None))).build()
        octets = chance.choice((first, mutate(cer(GATEWAY), chance), mutate(first, chance), chance.randbytes(40)))
        for answer in await connection.say(octets):
            if answer.command != CER and not answer.flags & 0x20:
                raise Broken(f"a stranger is told {answer} for {octets.hex()}")
        await connection.close()

    def _about(self, application: int) -> Raw:
        """AAR or STR for a session that there is, or is not, or an answer that nobody asked for."""
        chance = self._chance
        command = chance.choice((AAR, STR))
        avps = self._der(GATEWAY, application, b"", None)[:-1]
        avps += [Avp(295, bytes((0, 0, 0, chance.randrange(10))))] if command == STR else []
        body = body_of(avps if chance.randrange(2) else _altered(avps, chance))
        raw = self._raw(command, application, body)
        return raw if chance.randrange(4) else Raw(RAR, application, raw.hop_by_hop, raw.end_to_end, body, 0)

    async def _good(self, node: Node, peer: LocalNode, application: int) -> Ended:
        connection = await connected(node, peer)
        self._session += 1

        async def ask(eap: bytes, state: bytes | None) -> Said:
            request = self._raw(DER, application, body_of(self._der(peer, application, eap, state)))
            answers = await self._judge(connection, request.build())
            if len(answers) != 1:
                raise Broken(f"a good client is not answered: {request}")
            result = result_of(answers[0])
            token = answers[0].value(STATE) if result == MULTI_ROUND else None
            return Said(answers[0].value(EAP_PAYLOAD) or b"", token, result == SUCCESS)

        ended = await self._users.next(ask)
        await connection.close()
        return ended

    async def _state(self, node: Node, peer: LocalNode, application: int, eap: bytes) -> bytes:
        """A State that is genuine elsewhere."""
        connection = await connected(node, peer)
        self._session += 1
        request = self._raw(DER, application, body_of(self._der(peer, application, eap, None)))
        answers = await self._judge(connection, request.build())
        await connection.close()
        return (answers[0].value(STATE) if answers else None) or b"none"

    def _der(self, peer: LocalNode, application: int, eap: bytes, state: bytes | None) -> list[Avp]:
        kind = (3).to_bytes(4, "big")
        avps = [
            Avp(SESSION_ID, f"{peer.origin_host};1;{self._session}".encode()),
            Avp(258, application.to_bytes(4, "big")),
            Avp(264, peer.origin_host.encode()),
            Avp(296, b"example"),
            Avp(283, b"example"),
            Avp(274, kind),
            Avp(1, b"user@example"),
        ]
        return [*avps, *([] if state is None else [Avp(STATE, state)]), Avp(EAP_PAYLOAD, eap)]

    def _raw(self, command: int, application: int, body: bytes) -> Raw:
        # at random, so that no case that alters them can ask in advance what another will ask
        hop_by_hop, end_to_end = self._chance.getrandbits(32), self._chance.getrandbits(32)
        return Raw(command, application, hop_by_hop, end_to_end, body)


def _shuffled(avps: list[Avp], chance: Random) -> list[Avp]:
    """In another order, one of them doubled or left out."""
    found = [*avps, chance.choice(avps)]
    chance.shuffle(found)
    del found[chance.randrange(len(found)) if chance.randrange(2) else len(found) :]
    return found


def _altered(avps: list[Avp], chance: Random) -> list[Avp]:
    """One of another code, vendor, flags or value; or a group of all of them."""
    at = chance.randrange(len(avps))
    old = avps[at]
    code = chance.choice((old.code, chance.randrange(1600), 443, 456, 279, 284, 260, 621, 623))
    value = chance.choice((old.value, mutate(old.value, chance), body_of(avps), chance.randbytes(chance.randrange(40))))
    vendor = chance.choice((0, 0, 10415, chance.randrange(1 << 32)))
    flags = chance.choice((0, 0x40, 0x40, 0x20, 0x1F)) | (0x80 if vendor else 0)
    return [*avps[:at], Avp(code, value, vendor, flags), *avps[at + 1 :]]


def _says_nothing(answer: Raw, case: Case) -> bool:
    """Whether it is the one answer that every State gets which is not to be had: its result and EAP-Failure."""
    expected = bytes((4, case.eap[1], 0, 4)) if len(case.eap) > 1 else None
    return result_of(answer) == 5002 and answer.value(EAP_PAYLOAD) == expected
