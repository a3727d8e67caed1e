"""EAP against the whole authentication service, without any protocol around it."""

from random import Random

from aaa.identities.epochs import Epoch, Keyring
from aaa.messages import Accept, AccessAnswer, AccessRequest, Challenge, Client, Ignore, Reject
from tests.aaa.identities.keyrings import KEYRING
from tests.fuzz.whole.cases import Case, Cases
from tests.fuzz.whole.moments import Ended, Said, Users
from tests.fuzz.whole.server import AGE, POLICIES, Broken, Clock, WholeServer, require_bounded
from wire.eap.packet import EapCode
from wire.secret import Secret

AP, OTHER = Client("ap", "WLAN"), Client("other", "WLAN")
STRANGE = Keyring(tuple(Epoch(each.number, each.not_before, Secret(bytes(32))) for each in KEYRING.epochs))
"""The labels of our epochs, and other keys."""
STEP = 0.01
"""Seconds between two cases."""
PER_BATCH = 400


class EapTarget:
    """Cases against a service of each policy; a batch is one good conversation and what is made of its rounds."""

    name = "eap"

    def __init__(self, seed: int) -> None:
        self._chance = Random(seed)
        self._clock = Clock()
        self._servers = [WholeServer(policy, self._clock, seed) for policy in POLICIES]
        self._strange = WholeServer(POLICIES[0], self._clock, seed, STRANGE)
        self._users = Users(seed)
        self._cases = Cases(self._chance)
        self._old: tuple[bytes, ...] = ()

    async def batch(self) -> int:
        """Run one batch, and say how many cases it had; Broken when a property does not hold."""
        server = self._chance.choice(self._servers)
        ended = await self._good(server, AP)
        self._cases.moments = ended.moments
        self._cases.foreign = [*await self._foreign(server), *self._old]
        for _ in range(PER_BATCH):
            self._clock.now += STEP
            await self._run(server, self._cases.next())
        self._old = tuple(moment.state for moment in ended.moments if moment.state)
        self._clock.now += AGE
        await self._good(server, AP)
        for each in (*self._servers, self._strange):
            each.forget_requests()
        require_bounded(server.sizes)
        return PER_BATCH

    async def _run(self, server: WholeServer, case: Case) -> None:
        answer = await server.service.authenticate(AccessRequest(AP, case.eap, case.state))
        if isinstance(answer, Accept) and not case.may_enter:
            raise Broken(f"let in: {case}")
        if isinstance(answer, Reject) and case.goes_on:
            raise Broken(f"refused: {case}")
        if case.is_foreign and case.eap and not _says_nothing(answer, case):
            raise Broken(f"a foreign State is told apart by {answer}: {case}")
        if isinstance(answer, Challenge) and (answer.eap[0] != EapCode.REQUEST or not len(answer.state) > 0):
            raise Broken(f"a Challenge that is none: {answer}")

    async def _good(self, server: WholeServer, client: Client) -> Ended:
        async def ask(eap: bytes, state: bytes | None) -> Said:
            return _said(await server.service.authenticate(AccessRequest(client, eap, state)))

        return await self._users.next(ask)

    async def _foreign(self, server: WholeServer) -> list[bytes]:
        """States that are genuine elsewhere: of another client, and of servers with another key."""
        eap = self._cases.moments[0].eap
        other = await server.service.authenticate(AccessRequest(OTHER, eap))
        strange = await self._strange.service.authenticate(AccessRequest(AP, eap))
        return [answer.state for answer in (other, strange) if isinstance(answer, Challenge)]


def _says_nothing(answer: AccessAnswer, case: Case) -> bool:
    """Whether it is the one answer that every State gets which is not to be had: EAP-Failure, and no more."""
    expected = bytes((4, case.eap[1], 0, 4)) if len(case.eap) > 1 else b""
    return isinstance(answer, Reject) and answer.eap == expected


def _said(answer: AccessAnswer) -> Said:
    match answer:
        case Challenge(eap, state):
            return Said(eap, state)
        case Accept(eap) | Reject(eap):
            return Said(eap, None, isinstance(answer, Accept))
        case Ignore(reason):
            raise Broken(f"a good UE is ignored: {reason}")
