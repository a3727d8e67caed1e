"""A light RADIUS client with UEs behind it, each with a socket and a card of its own, that gives up after its time."""

import asyncio
import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from runtime.udp import UdpEndpoint
from ue_sim.eap.temporary import Kept
from ue_sim.eap_peer import AkaPeer, EapArrived, KeysDerived, PeerFailed, SendEap
from ue_sim.usim import Answer, Outcome, OutOfSync, SoftwareUsim
from wire.aka.milenage import Milenage
from wire.aka.sqn import reveal
from wire.aka.vector import Autn
from wire.eap.packet import identity_response
from wire.identity import EapMethod, Imsi, Plmn
from wire.radius.accounting import AcctStatusType
from wire.radius.codec import parse_packet
from wire.radius.eap import is_authentic, join_eap
from wire.radius.messages import access_request, signed_request
from wire.radius.mppe import msk_of
from wire.radius.packet import Attribute, Code, is_genuine_response
from wire.secret import Secret

PLMN = Plmn("001", "01")
Address = tuple[str, int]


class Unanswered(Exception):
    """No answer within the time that a client gives its server."""


@dataclass
class Timing:
    """Seconds: to the first retransmission, between all at most, and until the client gives up."""

    first: float = 0.25
    longest: float = 2.0
    patience: float = 30.0


@dataclass
class Tally:
    """What came of all authentications."""

    full: int = 0
    fast: int = 0
    retransmitted: int = 0
    failed: list[str] = field(default_factory=list)
    denied: int = 0
    sqns: dict[Imsi, list[int]] = field(default_factory=dict)
    out_of_step: int = 0

    def __str__(self) -> str:
        ways = f"{self.full} full, {self.fast} fast, {self.retransmitted} retransmissions"
        return f"{ways}, {self.denied} denied, {len(self.failed)} failures"


class CountingUsim:
    """A card that writes down each SQN that it accepts."""

    def __init__(self, imsi: Imsi, k: Secret, opc: Secret, tally: Tally) -> None:
        self._card = SoftwareUsim(k, opc)
        self._functions = Milenage(k, opc)
        self._tally = tally
        self._sqns = tally.sqns.setdefault(imsi, [])

    def authenticate(self, rand: bytes, autn: bytes) -> Outcome:
        """As the card says."""
        outcome = self._card.authenticate(rand, autn)
        if isinstance(outcome, Answer):
            self._sqns.append(reveal(Autn.parse(autn).concealed_sqn, self._functions.f2345(rand)[3]))
        if isinstance(outcome, OutOfSync):
            self._tally.out_of_step += 1
        return outcome


class Nas:
    """One socket; a request goes to the servers in turn until one answers (RFC 5080 §2.2.1)."""

    def __init__(self, servers: Sequence[Address], secret: bytes, timing: Timing, tally: Tally) -> None:
        self._servers = list(servers)
        self._secret = secret
        self._timing = timing
        self._tally = tally
        self._heard: asyncio.Queue[bytes] = asyncio.Queue()
        self._endpoint = UdpEndpoint.bind(("127.0.0.1", 0), lambda octets, _: self._heard.put_nowait(octets))
        self._identifier = secrets.randbelow(256)
        self.radius_class: bytes | None = None
        """Class of the last Access-Accept."""

    async def ask(self, eap: bytes, state: bytes | None) -> tuple[Code, bytes, bytes | None, Secret | None]:
        """The answer's code, EAP packet, State and MSK."""
        self._identifier = (self._identifier + 1) % 256
        authenticator = secrets.token_bytes(16)
        attributes = [Attribute.of("User-Name", "load")] + ([Attribute.of("State", state)] if state else [])
        request = access_request(
            identifier=self._identifier,
            authenticator=authenticator,
            secret=self._secret,
            attributes=attributes,
            eap=eap,
        )
        octets = await self._exchange(request, authenticator)
        packet = parse_packet(octets)
        self.radius_class = packet.octets("Class")
        msk = msk_of(packet, secret=self._secret, request_authenticator=authenticator)
        return Code(packet.code), join_eap(packet) or b"", packet.octets("State"), msk

    async def account(self, status: AcctStatusType, session_id: str, radius_class: bytes, port: int) -> None:
        """Say until it is answered that a session begins or ends."""
        self._identifier = (self._identifier + 1) % 256
        attributes = [
            Attribute.of("Acct-Status-Type", status),
            Attribute.of("Acct-Session-Id", session_id),
            Attribute.of("NAS-Identifier", "load"),
            Attribute.of("Class", radius_class),
        ]
        request = signed_request(
            Code.ACCOUNTING_REQUEST, identifier=self._identifier, secret=self._secret, attributes=attributes
        )
        await self._exchange(request, request[4:20], port)

    async def _exchange(self, request: bytes, authenticator: bytes, port: int | None = None) -> bytes:
        loop = asyncio.get_running_loop()
        until, wait, turn = loop.time() + self._timing.patience, self._timing.first, 0
        while loop.time() < until:
            host, auth = self._servers[turn % len(self._servers)]
            self._endpoint.send(request, (host, auth if port is None else port))
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    return await self._answer(request, authenticator)
            wait, turn = min(wait * 2, self._timing.longest), turn + 1
            self._tally.retransmitted += 1
        raise Unanswered(f"no answer within {self._timing.patience} s")

    async def _answer(self, request: bytes, authenticator: bytes) -> bytes:
        while True:
            octets = await self._heard.get()
            if octets[1] == request[1] and is_genuine_response(octets, authenticator, self._secret):
                assert octets[0] == Code.ACCOUNTING_RESPONSE or is_authentic(octets, self._secret, authenticator)
                return octets

    def close(self) -> None:
        """Give the socket back."""
        self._endpoint.close()


TEMPORARILY = "1026"
"""AT_NOTIFICATION "temporarily denied access" (RFC 4187 §10.19): the store was too busy, and the UE tries again."""
TRIES = 3


class Denied(Exception):
    """The server could not just now."""


@dataclass
class Ue:
    """One subscriber: in turn a full authentication and two fast ones, or whatever the server makes of it."""

    imsi: Imsi
    card: CountingUsim
    nas: Nas
    tally: Tally
    method: EapMethod
    kept: Kept = field(default_factory=Kept)
    turns: int = 0

    async def authenticate(self) -> None:
        """Once, and again when the server says that it cannot just now; the tally knows how it went."""
        for _ in range(TRIES):
            denied = self.tally.denied
            await self._authenticate_once()
            if self.tally.denied == denied:
                return
        self.tally.failed.append(f"{self.imsi}: denied {TRIES} times")

    async def _authenticate_once(self) -> None:
        if self.turns % 3 == 0:
            self.kept = Kept()
        self.turns += 1
        before = len(self.tally.sqns[self.imsi])
        peer = AkaPeer(
            usim=self.card, imsi=self.imsi, plmn=PLMN, methods=(self.method,), kept=self.kept, random=os.urandom
        )
        try:
            await self._converse(peer)
        except Denied:
            self.tally.denied += 1
        except (Unanswered, AssertionError) as error:
            self.tally.failed.append(f"{self.imsi}: {error!r}")
        else:
            fast = len(self.tally.sqns[self.imsi]) == before
            self.tally.fast, self.tally.full = self.tally.fast + fast, self.tally.full + (not fast)
        self.kept = peer.kept

    async def _converse(self, peer: AkaPeer) -> None:
        eap, state = identity_response(1, peer.identity), None
        while True:
            code, request, state, msk = await self.nas.ask(eap, state)
            effects = peer.handle(EapArrived(request), 0.0)
            assert len(effects) == 1, (code, request.hex())
            match effects[0]:
                case SendEap(eap):
                    assert code is Code.ACCESS_CHALLENGE, code
                case KeysDerived() as keys:
                    assert (code, msk) == (Code.ACCESS_ACCEPT, keys.msk)
                    return
                case PeerFailed(cause):
                    raise Denied if TEMPORARILY in cause else AssertionError(cause)


def make_ues(
    subscribers: Sequence[tuple[Imsi, Secret, Secret]],
    servers: Sequence[Address],
    secret: bytes,
    tally: Tally,
    timing: Timing | None = None,
) -> list[Ue]:
    """One for each subscriber, half of them with EAP-AKA'."""
    ues = []
    for number, (imsi, k, opc) in enumerate(subscribers):
        turned = [*servers[number % len(servers) :], *servers[: number % len(servers)]]
        nas = Nas(turned, secret, timing or Timing(), tally)
        method = EapMethod.AKA_PRIME if number % 2 else EapMethod.AKA
        ues.append(Ue(imsi, CountingUsim(imsi, k, opc, tally), nas, tally, method))
    return ues
