"""A whole HSS behind SWx, with its store: peers that ask for what is not theirs, and for what is in wrong ways."""

from random import Random

from tests.fuzz.mutation import mutate
from tests.fuzz.whole.diameter_messages import (
    AAR,
    CER,
    DER,
    DWR,
    RETRANSMITTED,
    SUCCESS,
    Avp,
    Raw,
    body_of,
    read,
    result_of,
    walk,
)
from tests.fuzz.whole.eap import PER_BATCH
from tests.fuzz.whole.hss_node import (
    AAA,
    BARRED,
    FREE,
    HSS,
    MINE,
    OTHER,
    PARTNERS,
    UNKNOWN,
    Connection,
    HssNode,
    connected,
)
from tests.fuzz.whole.server import Broken, require_bounded
from tests.wire.diameter.samples import numbered
from ue_sim.usim import Answer
from wire.diameter.capabilities import LocalNode
from wire.diameter.enumerations import ServerAssignmentType
from wire.diameter.profile import Mip6AgentInfo
from wire.diameter.swx import MultimediaAuthRequest, ServerAssignmentRequest, SipAuthDataItem
from wire.secret import Secret

MAR, SAR, SWX = 303, 301, 16777265
COMMANDS = (MAR, SAR, DER, AAR, DWR, CER, 304, 305, 318, 1 << 23)
ITEM, AUTHENTICATE, AUTHORIZATION, CONFIDENTIALITY, INTEGRITY = 612, 609, 610, 625, 626
GAP, FAR = 100_000, 1_000_000
"""By how much SEQ may rise without being told, as what is refused at the end leaves a gap; and by what AUTS claim."""
STRANGER = "203.0.113.1"


class HssTarget:
    """Cases against one HSS by two AAA servers; OTHER may ask for the users of PARTNERS alone."""

    name = "hss"

    def __init__(self, seed: int) -> None:
        self._chance = Random(seed)
        self._node = HssNode(seed)
        self._session = 0

    async def batch(self) -> int:
        """Run one batch, and say how many cases it had; Broken when a property does not hold."""
        chance, node = self._chance, self._node
        await node.open()
        await self._good()
        peer = chance.choice((AAA, OTHER))
        connection = await connected(node, peer)
        before = node.standing()
        for _ in range(PER_BATCH):
            if connection.closed or chance.randrange(64) == 0:
                await connection.close()
                await self._stranger()
                connection = await connected(node, peer)
            await self._run(connection, peer)
        if peer is OTHER and node.standing() != before:
            raise Broken(f"{peer.origin_host} has changed another's user from {before} to {node.standing()}")
        await connection.close()
        await self._good()
        require_bounded(node.sizes)
        return PER_BATCH

    async def close(self) -> None:
        """Leave nothing open."""
        await self._node.close()

    async def _run(self, connection: Connection, peer: LocalNode) -> None:
        chance = self._chance
        request = self._mar(peer) if chance.randrange(3) else self._sar(peer)
        octets, altered = request.build(), True
        match chance.randrange(10):
            case 0 | 1 | 2:
                octets = Raw(request.command, SWX, *self._numbers(), mutate(request.body, chance)).build()
            case 3:
                octets = Raw(request.command, SWX, *self._numbers(), body_of(_shuffled(request.avps(), chance))).build()
            case 4:
                application = chance.choice((0, SWX, chance.randrange(1 << 32)))
                octets = Raw(chance.choice(COMMANDS), application, *self._numbers(), request.body).build()
            case 5:
                octets = mutate(octets, chance)
            case _:
                altered = False
        answers = await self._judge(connection, peer, octets)
        if not altered:
            if len(answers) != 1:
                raise Broken(f"{len(answers)} answers to {octets.hex()}")
            again = octets[:4] + bytes((octets[4] | RETRANSMITTED,)) + octets[5:]
            if chance.randrange(8) == 0 and await self._judge(connection, peer, again, fresh=False) != answers:
                raise Broken(f"a retransmission gets another answer: {octets.hex()}")

    async def _judge(self, connection: Connection, peer: LocalNode, octets: bytes, *, fresh: bool = True) -> list[Raw]:
        """The answers: at most one, for this request, with a result; and vectors that there may be."""
        answers = await connection.say(octets)
        whole = len(octets) >= 20 and int.from_bytes(octets[1:4], "big") == len(octets)
        if not whole:
            # what is left of it would be the beginning of the next message
            await connection.close()
        if len(answers) > 1 and whole:
            raise Broken(f"{len(answers)} answers to {octets.hex()}")
        for answer in answers:
            if result_of(answer) is None or (whole and answer.build()[12:20] != octets[12:20]):
                raise Broken(f"an answer without a result, or to nobody: {answer} to {octets.hex()}")
            if answer.command == MAR and result_of(answer) == SUCCESS and fresh:
                self._judge_vectors(answer, peer, octets)
        return answers

    def _judge_vectors(self, answer: Raw, peer: LocalNode, octets: bytes) -> None:
        """Each is of a user whom the peer may ask for, fresh, of the next SQN, and what his card makes of it."""
        items = [walk(avp.value) for avp in answer.avps() if avp.code == ITEM]
        if not 1 <= len(items) <= 5:
            raise Broken(f"{len(items)} vectors for {octets.hex()}")
        for item in items:
            value = {avp.code: avp.value for avp in item}
            rand, autn = value[AUTHENTICATE][:16], value[AUTHENTICATE][16:]
            user = self._node.owner(rand, autn)
            if user is None or user.imsi == BARRED:
                raise Broken(f"a vector of {user}, for {octets.hex()}")
            if peer is OTHER and not user.imsi.startswith(PARTNERS):
                raise Broken(f"{peer.origin_host} has a vector of another's user {user.imsi}: {octets.hex()}")
            seq = user.seq(rand, autn)
            if seq > user.highest + GAP:
                raise Broken(f"SEQ of {user.imsi} jumps from {user.highest} to {seq}: {octets.hex()}")
            user.highest = max(user.highest, seq)
            outcome = user.card.authenticate(rand, autn)
            if not isinstance(outcome, Answer):
                raise Broken(f"a vector that is not fresh: {outcome} for {octets.hex()}")
            # CK' and IK' have another length of way, and their own tests
            keys = (bytes(outcome.ck), bytes(outcome.ik))
            plain = (value[CONFIDENTIALITY], value[INTEGRITY]) == keys
            if value[AUTHORIZATION] != bytes(outcome.res) or not (plain or autn[6] & 0x80):
                raise Broken(f"a vector that its card does not know: {octets.hex()}")

    async def _stranger(self) -> None:
        """Somebody who is no peer, or has not said so: he hears nothing but why, in a CEA, and is cut off."""
        chance = self._chance
        connection = Connection(self._node, STRANGER if chance.randrange(2) else self._node.address(AAA))
        first = chance.choice((self._mar(AAA), self._sar(AAA))).build()
        for answer in await connection.say(first if chance.randrange(2) else mutate(first, chance)):
            if answer.command != CER and not answer.flags & 0x20:
                raise Broken(f"a stranger is told {answer}")
        await connection.close()

    async def _good(self) -> None:
        """The AAA server of a user registers him and gets vectors of his."""
        for peer, imsi in ((AAA, MINE), (OTHER, f"{PARTNERS}0000000001")):
            connection = await connected(self._node, peer)
            for request in (self._sar(peer, imsi, ServerAssignmentType.REGISTRATION), self._mar(peer, imsi)):
                (answer,) = await self._judge(connection, peer, request.build()) or (None,)
                if answer is None or result_of(answer) != SUCCESS:
                    raise Broken(f"a good peer is answered {answer}")
            await connection.close()

    def _mar(self, peer: LocalNode, imsi: str = "") -> Raw:
        chance, good = self._chance, bool(imsi)
        imsi = imsi or chance.choice((MINE, MINE, FREE, f"{PARTNERS}0000000001", BARRED, UNKNOWN))
        authorization = None if good or chance.randrange(4) else Secret(self._auts(imsi))
        request = MultimediaAuthRequest(
            session_id=self._name(peer),
            origin_host=peer.origin_host,
            origin_realm=peer.origin_realm,
            destination_realm=HSS.origin_realm,
            user_name=imsi,
            auth_data_item=SipAuthDataItem(
                authentication_scheme="EAP-AKA" if good else chance.choice(("EAP-AKA", "EAP-AKA'", "Digest", None)),
                authorization=authorization,
            ),
            number_auth_items=1 if good else chance.choice((1, 1, 2, 5, 6, 0, 1 << 31)),
            anid=chance.choice((None, "WLAN", "x" * 253)),
        )
        return self._raw(request)

    def _auts(self, imsi: str) -> bytes:
        """RAND and an AUTS far ahead: of the card, or one that is altered, for another RAND, or another's."""
        chance, user = self._chance, self._node.users.get(imsi)
        rand = chance.randbytes(16)
        if user is None:
            return rand + chance.randbytes(14)
        ahead = user.highest + FAR
        match chance.randrange(4):
            case 0:
                user.highest = ahead
                return rand + user.auts(rand, ahead)
            case 1:
                return chance.randbytes(16) + user.auts(rand, ahead)
            case 2:
                return rand + self._node.stranger.auts(rand, ahead)
            case _:
                return _changed(rand + user.auts(rand, ahead), chance)

    def _sar(self, peer: LocalNode, imsi: str = "", kind: ServerAssignmentType | None = None) -> Raw:
        chance = self._chance
        request = ServerAssignmentRequest(
            session_id=self._name(peer),
            origin_host=peer.origin_host,
            origin_realm=peer.origin_realm,
            destination_realm=HSS.origin_realm,
            # FREE is registered nowhere, unless OTHER does what it may not
            user_name=imsi
            or chance.choice((MINE, f"{PARTNERS}0000000001", BARRED, UNKNOWN, "", "x" * 300))
            or (FREE if peer is OTHER else MINE),
            server_assignment_type=kind or chance.choice(tuple(ServerAssignmentType)),
            service_selection=None if kind else chance.choice((None, "internet", "ims", "*", "a" * 100)),
            mip6_agent_info=None if kind else chance.choice((None, Mip6AgentInfo())),
        )
        return self._raw(request)

    def _raw(self, request: MultimediaAuthRequest | ServerAssignmentRequest) -> Raw:
        (raw,) = read(numbered(request.message()).build())
        return Raw(raw.command, raw.application, *self._numbers(), raw.body, raw.flags)

    def _numbers(self) -> tuple[int, int]:
        # at random, so that no case that alters them can ask in advance what another will ask
        return self._chance.getrandbits(32), self._chance.getrandbits(32)

    def _name(self, peer: LocalNode) -> str:
        self._session += 1
        return f"{peer.origin_host};1;{self._session}"


def _changed(octets: bytes, chance: Random) -> bytes:
    """Mutated, in any case."""
    altered = octets
    while altered == octets:
        altered = mutate(octets, chance)
    return altered


def _shuffled(avps: list[Avp], chance: Random) -> list[Avp]:
    """In another order, one of them doubled, left out or with another value."""
    found = [*avps, chance.choice(avps)]
    chance.shuffle(found)
    at = chance.randrange(len(found))
    if chance.randrange(2):
        del found[at]
    else:
        found[at] = Avp(found[at].code, mutate(found[at].value, chance), found[at].vendor, found[at].flags)
    return found
