"""What an HSS says over SWx, mutated: an answer is used or refused in one line, a request is answered or refused."""

from collections.abc import Callable
from random import Random

from aaa.authorization import authorize
from aaa.diameter.gateways import Gateways
from aaa.registrar import Registrar
from aaa.swx_client import SwxClient
from aaa.swx_requests import SwxRequests
from aaa.user_sessions import MemoryUserSessions, UserSession
from hss.api import Assignment, AssignmentRequest, ServiceRefused, VectorRequest
from runtime.diameter.settings import DiameterUnavailable
from tests.aaa.memory_hss import IMSI, MemoryHss, profile
from tests.fuzz.mutation import mutate
from tests.fuzz.whole.eap import PER_BATCH
from tests.fuzz.whole.server import LIMIT, Broken, require_bounded
from tests.wire.diameter.samples import AAA, MAA, MAR, PPR, REALM, RTR, SAA, SAR, numbered
from wire.diameter.admission import Admission, check_answer
from wire.diameter.applications import Application
from wire.diameter.avp import AvpFault
from wire.diameter.capabilities import LocalNode, PeerPolicy
from wire.diameter.command import Identity
from wire.diameter.message import Message
from wire.errors import DecodeError

HSS = Identity(MAA.origin_host, REALM)
NODE = LocalNode(AAA.origin_host, REALM, (Application.SWX,))
_ANSWERS = (MAA.message(numbered(MAR.message())).build(), SAA.message(numbered(SAR.message())).build())
_REQUESTS = (numbered(RTR.message()).build(), numbered(PPR.message()).build())


class _Asker:
    """An HSS that answers whatever it is asked by `answer`, read as a connection reads it."""

    def __init__(self) -> None:
        self.answer = b""

    async def request(self, message: Message, /) -> Message:
        try:
            answer = Message.parse(self.answer)
            check_answer(answer)
        except DecodeError as fault:
            raise DiameterUnavailable(str(fault)) from None
        if answer.is_request or answer.command != message.command:
            raise DiameterUnavailable("an answer to another request")
        return answer


class SwxTarget:
    """Cases against the AAA server's end of SWx."""

    name = "swx"

    def __init__(self, seed: int) -> None:
        self._chance = Random(seed)
        self._asker = _Asker()
        self._client = SwxClient(self._asker, identity=AAA.identity, hss=HSS, started=1)
        self._users = MemoryUserSessions(LIMIT)
        self._hss = MemoryHss()
        self._registrar = Registrar(self._hss, AAA.origin_host, self._users)
        self._requests = SwxRequests(AAA.identity, self._users, Gateways(AAA.identity), self._registrar)
        self._admission = Admission(NODE, PeerPolicy("hss", HSS.origin_host, REALM), frozenset({Application.SWX}))

    async def batch(self) -> int:
        """Run one batch, and say how many cases it had; Broken when a property does not hold."""
        await self._users.keep(_session())
        # nothing of these is refused
        await self._vectors(_ANSWERS[0])
        await self._assign(_ANSWERS[1])
        for octets in _REQUESTS:
            await self._serve(octets)
        for number in range(PER_BATCH):
            if number % 16 == 0:
                await self._users.keep(_session())
            await self._run(_fitted(mutate(self._chance.choice((*_ANSWERS, *_REQUESTS)), self._chance)))
        await self._registrar.close()
        self._hss.assignments.clear()
        require_bounded({"users": self._users.__len__})
        return PER_BATCH

    async def _run(self, octets: bytes) -> None:
        for ask in (self._vectors, self._assign, self._serve):
            await self._only_refused(ask, octets)

    async def _only_refused(self, ask: Callable[[bytes], object], octets: bytes) -> None:
        try:
            result = ask(octets)
            await result  # type: ignore[misc]
        except (ServiceRefused, AvpFault):
            pass
        except Exception as error:
            raise Broken(f"{error!r} for {octets.hex()}") from error

    async def _vectors(self, octets: bytes) -> None:
        self._asker.answer = octets
        for vector in await self._client.vectors(VectorRequest(IMSI, AAA.origin_host, network_name="WLAN")):
            if (len(vector.rand), len(vector.autn), len(vector.ck), len(vector.ik)) != (16, 16, 16, 16):
                raise Broken(f"a vector of wrong lengths: {octets.hex()}")

    async def _assign(self, octets: bytes) -> None:
        self._asker.answer = octets
        given = await self._client.assign(AssignmentRequest(IMSI, AAA.origin_host, Assignment.REGISTRATION))
        if given is not None:
            for apn in (None, "internet", "ims"):
                authorize(given, apn)

    async def _serve(self, octets: bytes) -> None:
        request = Message.parse(octets)
        if request.is_request:
            self._admission.admit(request)
            answer = await self._requests.serve("hss", request)
            Message.parse(answer.numbered(hop_by_hop=1, end_to_end=1).build())


def _session() -> UserSession:
    return UserSession(
        session_id="pgw;1;1", application=Application.S6B, peer="pgw", origin_host="pgw.example",
        origin_realm="example", imsi=IMSI, user_name="u", profile=profile(),
    )  # fmt: skip


def _fitted(octets: bytes) -> bytes:
    """With a whole header and a right Message Length: anything else no connection hands over (RFC 6733 §3)."""
    octets = octets.ljust(20, b"\0")
    return octets[:1] + len(octets).to_bytes(3, "big") + octets[4:]
