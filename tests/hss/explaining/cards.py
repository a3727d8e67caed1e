"""Cards that err: what each answers to a challenge, without the checks that a good one would make first."""

from hss.algorithms import AlgorithmSettings
from hss.auc import SubscriberKeys, quintuplet
from hss.explaining.judging import Known
from hss.explaining.readings import Held
from hss.failure_api import Evidence
from hss.models import Algorithm
from tests.hss.conftest import FIRST_SET
from wire.aka.functions import AkaFunctions
from wire.aka.milenage import Milenage, derive_opc
from wire.aka.prime import derive_prime
from wire.aka.sqn import conceal, join_sqn
from wire.aka.vector import AuthVector, Auts
from wire.eap.aka import AkaMessage
from wire.eap.aka_keys import derive_keys
from wire.eap.attributes import At, Attribute, Attributes
from wire.eap.constants import Subtype
from wire.eap.packet import EapCode
from wire.identity import EapMethod, Imsi
from wire.secret import Secret

# TS 35.208 §4.3.1
K, OP, OPC = (Secret.fromhex(FIRST_SET[name]) for name in ("k", "op", "opc"))
IMSI = Imsi("001010000000001")
IDENTITY = b"6001010000000001@nai.epc.mnc001.mcc001.3gppnetwork.org"
RAND = bytes(range(16))
MILENAGE = AlgorithmSettings("default", Algorithm.MILENAGE)
WLAN = "WLAN"


def held(opc: Secret = OPC, *operator_keys: Secret, settings: AlgorithmSettings = MILENAGE, k: Secret = K) -> Held:
    """What the store has of the subscriber."""
    return Held(SubscriberKeys(k, opc), settings, {settings.name: settings}, operator_keys)


def known(opc: Secret = OPC, *operator_keys: Secret) -> Known:
    """The same with the functions of a Milenage subscriber."""
    return Known(Milenage(K, opc), 5, 1 << 28, held(opc, *operator_keys))


def challenge(functions: AkaFunctions, seq: int = 5, method: EapMethod = EapMethod.AKA_PRIME) -> AuthVector:
    """The HSS's vector."""
    return quintuplet(functions, join_sqn(seq, 0), RAND, 0x8000, method, WLAN)


def rejected(vector: AuthVector) -> Evidence:
    """AKA-Authentication-Reject, which says nothing."""
    return Evidence(IMSI, EapMethod.AKA_PRIME, vector.rand, vector.autn)


def out_of_step(vector: AuthVector, card: AkaFunctions, seq_ms: int, amf: bytes = b"\0\0", ak: bytes = b"") -> Evidence:
    """AKA-Synchronization-Failure of a card that looks at SQN before MAC-A."""
    sqn_ms = join_sqn(seq_ms, 0)
    mac_s = card.f1star(vector.rand, sqn_ms.to_bytes(6, "big"), amf)
    auts = Auts(conceal(sqn_ms, ak or card.f5star(vector.rand)), mac_s).build()
    return Evidence(IMSI, EapMethod.AKA_PRIME, vector.rand, vector.autn, auts=auts)


def answered(
    vector: AuthVector, card: AkaFunctions, *, name: str | None = WLAN, identity: bytes = IDENTITY
) -> Evidence:
    """AKA-Challenge of a card that checks nothing; without `name` the UE leaves CK and IK as they are."""
    _, res, ck, ik, _ = card.vector(vector.rand, bytes(6), bytes(2))
    if name is not None:
        ck, ik = derive_prime(ck, ik, name.encode(), vector.autn[:6])
    keys = derive_keys(EapMethod.AKA_PRIME, identity, ck, ik)
    attributes = Attributes((Attribute(At.RES, res),))
    message = AkaMessage(EapCode.RESPONSE, 2, EapMethod.AKA_PRIME, Subtype.CHALLENGE, attributes)
    return Evidence(
        IMSI,
        EapMethod.AKA_PRIME,
        vector.rand,
        vector.autn,
        res=res,
        packet=message.build(keys.k_aut),
        mac_is_wrong=True,
        identities=(IDENTITY,),
        network_name=WLAN,
        network_names=(WLAN, "HRPD"),
    )


__all__ = ["IMSI", "OP", "OPC", "K", "derive_opc"]
