"""An HSS in memory: the real authentication centre on a few subscribers, and any refusal on demand."""

import asyncio
from dataclasses import dataclass, replace
from random import Random

from hss.api import (
    ApnProfile,
    Assignment,
    AssignmentRequest,
    Profile,
    Refusal,
    Resynchronisation,
    ServiceRefused,
    VectorRequest,
)
from hss.auc import SubscriberKeys, genuine_sqn_ms, quintuplet
from ue_sim.usim import SoftwareUsim
from wire.aka.milenage import Milenage
from wire.aka.sqn import join_sqn, split_sqn
from wire.aka.vector import AuthVector, Auts
from wire.identity import Imsi, Plmn
from wire.secret import Secret

PLMN = Plmn("001", "01")
IMSI = Imsi("001010000000001")
REALM = "nai.epc.mnc001.mcc001.3gppnetwork.org"
# TS 35.208 test set 1
K = Secret.fromhex("465b5ce8b199b49faa5f0a2ee238a6bc")
OPC = Secret.fromhex("cd63cb71954a9f4e48a5994e37a02baf")
KEYS = SubscriberKeys(K, OPC)
INTERNET = ApnProfile(1, "internet")


@dataclass(frozen=True, slots=True)
class Subscriber:
    """What the HSS knows of one; `amf` 16 bits."""

    profile: Profile
    keys: SubscriberKeys = KEYS
    seq: int = 1
    amf: int = 0x8000


def profile(*apns: ApnProfile, imsi: Imsi = IMSI) -> Profile:
    """A profile whose default is the first APN."""
    apns = apns or (INTERNET,)
    return Profile(imsi, apns, apns[0].context_id, session_timeout=3600)


def usim(seq: int = 0, k: Secret = K) -> SoftwareUsim:
    """A USIM of the subscriber that has accepted `seq` in every IND."""
    return SoftwareUsim(k, OPC, (seq,) * 32)


class MemoryHss:
    """`hss.api.HomeSubscriberServer`. `refuse_vectors` and `refuse_assign` are raised, `stall` makes it never answer.

    `amf_mask` is laid over the AMF of vectors that it makes, to forget the separation bit.
    """

    def __init__(self, *subscribers: Subscriber) -> None:
        self.subscribers = {one.profile.imsi: one for one in subscribers or (Subscriber(profile()),)}
        self.vector_requests: list[VectorRequest] = []
        self.assignments: list[AssignmentRequest] = []
        self.refuse_vectors: ServiceRefused | None = None
        self.refuse_assign: ServiceRefused | None = None
        self.stall = asyncio.Event()
        self.stall.set()
        self.amf_mask = 0xFFFF
        self.gives: int | None = None
        self._random = Random(1)

    async def vectors(self, request: VectorRequest) -> tuple[AuthVector, ...]:
        self.vector_requests.append(request)
        await self.stall.wait()
        if self.refuse_vectors is not None:
            raise self.refuse_vectors
        return tuple(self.vector(request) for _ in range(self.gives or request.count))

    async def assign(self, request: AssignmentRequest) -> Profile | None:
        self.assignments.append(request)
        await self.stall.wait()
        if self.refuse_assign is not None:
            raise self.refuse_assign
        subscriber = self._subscriber(request.imsi)
        given = (Assignment.REGISTRATION, Assignment.USER_DATA_REQUEST, Assignment.RESTORATION)
        return subscriber.profile if request.assignment in given else None

    def vector(self, request: VectorRequest) -> AuthVector:
        """The next vector of that subscriber."""
        subscriber = self._subscriber(request.imsi)
        if request.resynchronisation is not None:
            subscriber = replace(subscriber, seq=_seq_ms(subscriber.keys, request.resynchronisation))
        following = replace(subscriber, seq=subscriber.seq + 1)
        self.subscribers[request.imsi] = following
        sqn, rand = join_sqn(following.seq, 1), self._random.randbytes(16)
        vector = quintuplet(
            _functions(subscriber.keys), sqn, rand, subscriber.amf, request.method, request.network_name
        )
        return vector if self.amf_mask == 0xFFFF else self._masked(vector, subscriber, sqn)

    def _masked(self, vector: AuthVector, subscriber: Subscriber, sqn: int) -> AuthVector:
        amf = (subscriber.amf & self.amf_mask).to_bytes(2, "big")
        keys = subscriber.keys
        mac_a = Milenage(keys.k, keys.opc).f1(vector.rand, sqn.to_bytes(6, "big"), amf)
        return replace(vector, autn=vector.autn[:6] + amf + mac_a)

    def _subscriber(self, imsi: Imsi) -> Subscriber:
        if imsi not in self.subscribers:
            raise ServiceRefused(Refusal.USER_UNKNOWN, f"no subscriber {imsi}")
        return self.subscribers[imsi]


def _functions(keys: SubscriberKeys) -> Milenage:
    return Milenage(keys.k, keys.opc)


def _seq_ms(keys: SubscriberKeys, resynchronisation: Resynchronisation) -> int:
    sqn_ms = genuine_sqn_ms(_functions(keys), resynchronisation.rand, Auts.parse(resynchronisation.auts))
    if sqn_ms is None:
        raise ServiceRefused(Refusal.RESYNCHRONISATION_REJECTED, "MAC-S is wrong")
    return split_sqn(sqn_ms)[0]
