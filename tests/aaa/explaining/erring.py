"""UEs that err, each in one way, against the whole service on an HSS in memory; and a witness with that HSS's keys."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from aaa.eap.policy import AkaPolicy
from aaa.explaining.failed import FailedAttempt
from aaa.messages import AccessAnswer, AccessRequest, Challenge, Client
from aaa.service import EapAuthenticationService
from aaa.sessions import MemoryConversations
from hss.algorithms import AlgorithmSettings
from hss.auc import SubscriberKeys
from hss.explaining.judging import Known, judge
from hss.explaining.readings import Held
from hss.explaining.stored import judge_stored
from hss.failure_api import Evidence, Verdict
from tests.aaa.memory_hss import IMSI, OPC, REALM, K, MemoryHss
from wire.aka.functions import AkaFunctions
from wire.aka.milenage import Milenage
from wire.aka.prime import derive_prime
from wire.aka.sqn import conceal, join_sqn
from wire.aka.vector import Auts
from wire.eap.aka import AkaMessage
from wire.eap.aka_keys import Keys, derive_keys
from wire.eap.attributes import At, Attribute, Attributes
from wire.eap.constants import Subtype
from wire.eap.packet import EapCode, identity_response
from wire.identity import EapMethod
from wire.secret import Secret

AKA, PRIME = EapMethod.AKA, EapMethod.AKA_PRIME
CARD = Milenage(K, OPC)
AP = Client("ap", "WLAN")
IDENTITIES = {AKA: f"0{IMSI}@{REALM}".encode(), PRIME: f"6{IMSI}@{REALM}".encode()}
SETTINGS = AlgorithmSettings("default")

DeriveKeys = Callable[["Ue", Secret, Secret, AkaMessage], Keys]


def usual_keys(ue: "Ue", ck: bytes, ik: bytes, request: AkaMessage) -> Keys:
    """As RFC 4187 §7 and RFC 9048 §3.3 say, unless the UE believes in another name or identity."""
    if ue.method is PRIME:
        name = request.attributes.get(At.KDF_INPUT) or b"" if ue.network_name is None else ue.network_name
        ck, ik = derive_prime(ck, ik, name, (request.attributes.get(At.AUTN) or b"")[:6])
    return derive_keys(ue.method, ue.keys_of or ue.identity, ck, ik)


@dataclass
class Ue:
    """A UE whose card checks nothing. What is set is where it errs."""

    method: EapMethod = PRIME
    card: AkaFunctions = CARD
    identity: bytes = b""
    says: Subtype = Subtype.CHALLENGE
    keys_of: bytes = b""
    network_name: bytes | None = None
    derive: DeriveKeys = usual_keys
    change_res: Callable[[bytes], bytes] = bytes
    mac_as: EapMethod | None = None
    wants_kdf: int | None = None
    seq_ms: int = 9
    in_identity_round: bytes = b""
    challenges: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.identity = self.identity or IDENTITIES[self.method]

    def answer(self, octets: bytes) -> bytes:
        """The response to a request of the method."""
        request = AkaMessage.parse(octets)
        match request.subtype:
            case Subtype.CHALLENGE:
                self.challenges += 1
                return self._challenged(request)
            case Subtype.IDENTITY:
                said = Attribute(At.IDENTITY, self.in_identity_round or IDENTITIES[self.method])
                self.identity = said.value
                return self._message(request, Subtype.IDENTITY, said).build()
            case subtype:
                return self._message(request, subtype).build()

    def _challenged(self, request: AkaMessage) -> bytes:
        rand = request.attributes.get(At.RAND) or b""
        if self.says is Subtype.SYNCHRONIZATION_FAILURE:
            kdfs = (Attribute.number(At.KDF, kdf) for kdf in request.attributes.numbers(At.KDF))
            return self._message(request, self.says, Attribute(At.AUTS, self._auts(rand)), *kdfs).build()
        if self.says is Subtype.CLIENT_ERROR:
            return self._message(request, self.says, Attribute.number(At.CLIENT_ERROR_CODE, 0)).build()
        if self.says is Subtype.AUTHENTICATION_REJECT:
            return self._message(request, self.says).build()
        if self.wants_kdf is not None:
            return self._message(request, Subtype.CHALLENGE, Attribute.number(At.KDF, self.wants_kdf)).build()
        _, res, ck, ik, _ = self.card.vector(rand, bytes(6), bytes(2))
        keys = self.derive(self, ck, ik, request)
        message = self._message(request, Subtype.CHALLENGE, Attribute(At.RES, self.change_res(res)))
        packet = message.build(keys.k_aut)
        if self.mac_as is None:
            return packet
        digest = {AKA: "sha1", PRIME: "sha256"}[self.mac_as]
        return packet[:-16] + hmac.digest(keys.k_aut, packet[:-16] + bytes(16), digest)[:16]

    def _auts(self, rand: bytes) -> bytes:
        sqn_ms = join_sqn(self.seq_ms, 0)
        mac_s = self.card.f1star(rand, sqn_ms.to_bytes(6, "big"), b"\0\0")
        return Auts(conceal(sqn_ms, self.card.f5star(rand)), mac_s).build()

    def _message(self, request: AkaMessage, subtype: Subtype, *attributes: Attribute) -> AkaMessage:
        return AkaMessage(EapCode.RESPONSE, request.identifier, self.method, subtype, Attributes(attributes))


class Site:
    """The service, whose failures are gathered in `heard`."""

    def __init__(self, *, policy: AkaPolicy | None = None, hss: MemoryHss | None = None) -> None:
        self.hss = hss or MemoryHss()
        self.attempts: list[FailedAttempt] = []
        random = Random(3)
        self.service = EapAuthenticationService(
            hss=self.hss,
            conversations=MemoryConversations(random=random.randbytes),
            node="aaa.example",
            clock=lambda: 100.0,
            random=random.randbytes,
            policy=policy,
            home_realm=REALM,
            failures=self,
        )

    def heard(self, attempt: FailedAttempt) -> None:
        """As `Failures.heard`."""
        self.attempts.append(attempt)

    async def run(
        self, ue: Ue, *, client: Client = AP, user_name: str | None = None, named: str | None = None
    ) -> FailedAttempt:
        """The whole of a failing authentication, to the EAP-Failure; the one attempt that was heard of."""
        eap, state = identity_response(1, ue.identity), None
        while True:
            request = AccessRequest(client, eap, state, user_name, network_name=named, session="s1")
            answer: AccessAnswer = await self.service.authenticate(request)
            if not isinstance(answer, Challenge):
                break
            eap, state = ue.answer(answer.eap), answer.state
        (attempt,) = self.attempts
        return attempt


class Witness:
    """`hss.failure_api.KeyWitness` with the keys of a subscriber: the real judgement without SQL."""

    def __init__(self, opc: Secret = OPC, *operator_keys: Secret) -> None:
        self._held = Held(SubscriberKeys(K, opc), SETTINGS, {"default": SETTINGS}, operator_keys)
        self._known = Known(Milenage(K, opc), SETTINGS.ind_bits, SETTINGS.delta, self._held)
        self.asked: list[Evidence] = []

    async def examine(self, evidence: Evidence) -> Verdict | None:
        """As `KeyWitness.examine`."""
        self.asked.append(evidence)
        return judge(evidence, self._known, judge_stored(self._held, 0))
