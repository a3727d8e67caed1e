"""A Diameter gateway with connections to several nodes and UEs behind it, which ends sessions and is asked to."""

import asyncio
import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_network

from runtime.diameter.client import DiameterClient
from runtime.diameter.pool import DiameterPool
from runtime.diameter.settings import DiameterUnavailable
from tests.stack.radius_load import PLMN, TEMPORARILY, TRIES, CountingUsim, Denied, Tally, Unanswered
from ue_sim.eap.temporary import Kept
from ue_sim.eap_peer import AkaPeer, EapArrived, KeysDerived, PeerFailed, SendEap
from wire.diameter.applications import Application
from wire.diameter.avp import AvpFault
from wire.diameter.capabilities import LocalNode, PeerPolicy
from wire.diameter.command import Identity
from wire.diameter.eap import DiameterEapAnswer, DiameterEapRequest
from wire.diameter.message import Message
from wire.diameter.peer import Timing
from wire.diameter.results import ResultCode
from wire.diameter.sessions import (
    AbortSessionAnswer,
    AbortSessionRequest,
    SessionTerminationAnswer,
    SessionTerminationRequest,
)
from wire.eap.packet import identity_response
from wire.identity import EapMethod, Imsi
from wire.secret import Secret

PATIENCE = 30.0
"""Seconds that a UE retransmits for, and the gateway for its sake."""
QUICK = Timing(retry_first=0.1, retry_most=0.5)
"""A connection is made again at once; processes die more often here than a watchdog's time allows for."""


class Gateway:
    """One Origin-Host with a connection to each of `servers`; it does what ASR says."""

    def __init__(self, own: Identity, aaa: Identity, servers: Sequence[str], port: int, tally: Tally) -> None:
        self.own, self.aaa, self.tally = own, aaa, tally
        self.open: dict[str, Imsi] = {}
        self.aborted: list[Imsi] = []
        self._ending: set[asyncio.Task[None]] = set()
        self._clients = [self._client(host, port) for host in servers]
        self._pool = DiameterPool(self._clients)

    def _client(self, host: str, port: int) -> DiameterClient:
        known = PeerPolicy(
            name=f"aaa at {host}",
            origin_host=self.aaa.origin_host,
            origin_realm=self.aaa.origin_realm,
            networks=(ip_network(host),),
            applications=(Application.EAP,),
        )
        return DiameterClient(
            local=LocalNode(self.own.origin_host, self.own.origin_realm, (Application.EAP,)),
            peer=known,
            address=(host, port),
            random=secrets.token_bytes,
            handler=self._serve,
            timing=QUICK,
        )

    async def start(self) -> None:
        """Connect to all of them."""
        self._pool.start()
        await self._pool.ready(120)

    async def ask(self, message: Message) -> Message:
        """The answer, by whichever node gives one; again as often as a UE would make the gateway ask."""
        until = asyncio.get_running_loop().time() + PATIENCE
        while asyncio.get_running_loop().time() < until:
            with suppress(DiameterUnavailable):
                answer = await self._pool.request(message, 4.0)
                if answer.result_code not in {ResultCode.TOO_BUSY, ResultCode.UNABLE_TO_DELIVER}:
                    return answer
            self.tally.retransmitted += 1
            await asyncio.sleep(0.2)
        raise Unanswered(f"no answer within {PATIENCE} s")

    def request(self, session_id: str, eap: bytes, states: tuple[bytes, ...]) -> Message:
        """A DER."""
        return DiameterEapRequest(
            session_id=session_id,
            origin_host=self.own.origin_host,
            origin_realm=self.own.origin_realm,
            destination_realm=self.aaa.origin_realm,
            eap_payload=eap,
            states=states,
        ).message()

    async def terminate(self, session_id: str) -> None:
        """STR; a session that is gone by an STR whose answer was lost is as gone."""
        imsi = self.open.pop(session_id)
        request = SessionTerminationRequest(
            session_id=session_id,
            auth_application_id=Application.EAP,
            origin_host=self.own.origin_host,
            origin_realm=self.own.origin_realm,
            destination_realm=self.aaa.origin_realm,
            termination_cause=1,
        )
        answer = SessionTerminationAnswer.parse(await self.ask(request.message()))
        assert answer.result_code in {ResultCode.SUCCESS, ResultCode.UNKNOWN_SESSION_ID}, (imsi, answer.result)

    async def _serve(self, _peer: str, message: Message) -> Message:
        if message.command != AbortSessionRequest.COMMAND:
            raise AvpFault(5, "ASR alone is served", ResultCode.COMMAND_UNSUPPORTED)
        request = AbortSessionRequest.parse(message)
        known = self.open.get(request.session_id)
        if known is not None:
            self.aborted.append(known)
            task = asyncio.create_task(self.terminate(request.session_id))
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)
        return AbortSessionAnswer(
            session_id=request.session_id,
            origin_host=self.own.origin_host,
            origin_realm=self.own.origin_realm,
            result_code=ResultCode.UNKNOWN_SESSION_ID if known is None else ResultCode.SUCCESS,
        ).message(message)

    async def leave_all_but_one(self) -> None:
        """Stay connected to the first node alone."""
        await asyncio.gather(*(client.close() for client in self._clients[1:]))

    async def close(self) -> None:
        """Take leave of the first node as well."""
        await asyncio.gather(*self._ending)
        await self._clients[0].close()


@dataclass
class DiameterUe:
    """One subscriber: in turn a full authentication and two fast ones, each a session in the place of the last."""

    imsi: Imsi
    card: CountingUsim
    gateway: Gateway
    tally: Tally
    method: EapMethod
    kept: Kept = field(default_factory=Kept)
    turns: int = 0
    session: str | None = None

    async def authenticate(self) -> None:
        """Once, and again when the server says that it cannot just now; the tally knows how it went."""
        self.turns += 1
        if self.turns % 3 == 1:
            # the user leaves and comes back, so that registration and deregistration meet
            self.kept = Kept()
            await self._leave()
        for _ in range(TRIES):
            with suppress(Denied):
                await self._authenticate_once()
                return
            self.tally.denied += 1
        self.tally.failed.append(f"{self.imsi}: denied {TRIES} times")

    async def _leave(self) -> None:
        before, self.session = self.session, None
        if before is not None:
            await self.gateway.terminate(before)

    async def _authenticate_once(self) -> None:
        session_id = f"{self.gateway.own.origin_host};{secrets.randbits(32)};{secrets.randbits(32)}"
        before = len(self.tally.sqns[self.imsi])
        peer = AkaPeer(
            usim=self.card, imsi=self.imsi, plmn=PLMN, methods=(self.method,), kept=self.kept, random=os.urandom
        )
        try:
            await self._converse(peer, session_id)
        except (Unanswered, AssertionError) as error:
            self.tally.failed.append(f"{self.imsi}: {error!r}")
        else:
            fast = len(self.tally.sqns[self.imsi]) == before
            self.tally.fast, self.tally.full = self.tally.fast + fast, self.tally.full + (not fast)
            self.gateway.open[session_id] = self.imsi
            await self._leave()
            self.session = session_id
        self.kept = peer.kept

    async def _converse(self, peer: AkaPeer, session_id: str) -> None:
        eap, states = identity_response(1, peer.identity), tuple[bytes, ...]()
        while True:
            message = await self.gateway.ask(self.gateway.request(session_id, eap, states))
            answer = DiameterEapAnswer.parse(message)
            effects = peer.handle(EapArrived(answer.eap_payload or b""), 0.0)
            assert len(effects) == 1, answer.result
            match effects[0]:
                case SendEap(eap):
                    assert answer.result_code == ResultCode.MULTI_ROUND_AUTH, answer.result
                    states = answer.states
                case KeysDerived() as keys:
                    assert answer.result_code == ResultCode.SUCCESS, answer.result
                    assert answer.eap_master_session_key == keys.msk
                    return
                case PeerFailed(cause):
                    raise Denied if TEMPORARILY in cause else AssertionError(f"{cause} {answer.result}")


def make_diameter_ues(subscribers: Sequence[tuple[Imsi, Secret, Secret]], gateway: Gateway) -> list[DiameterUe]:
    """One for each subscriber, half of them with EAP-AKA'."""
    return [
        DiameterUe(
            imsi,
            CountingUsim(imsi, k, opc, gateway.tally),
            gateway,
            gateway.tally,
            EapMethod.AKA_PRIME if number % 2 else EapMethod.AKA,
        )
        for number, (imsi, k, opc) in enumerate(subscribers)
    ]
