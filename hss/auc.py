"""The authentication centre's arithmetic: quintuplets, and whether an AUTS is genuine (TS 33.102 §6.3.2, §6.3.5)."""

import hmac

from wire.aka.functions import AkaFunctions
from wire.aka.kasme import derive_kasme
from wire.aka.prime import derive_prime
from wire.aka.sqn import conceal, reveal
from wire.aka.vector import AMF_SEPARATION_BIT, AuthVector, Auts, EpsVector
from wire.frozen import dataclass
from wire.identity import EapMethod
from wire.secret import Secret

_RESYNCHRONISATION_AMF = b"\0\0"


@dataclass(frozen=True, slots=True)
class SubscriberKeys:
    """What a subscriber and the HSS share: `k`, 16 or (TUAK) 32 octets; `opc`, OPc of 16 or TOPc of 32 octets."""

    k: Secret
    opc: Secret


def quintuplet(
    functions: AkaFunctions, sqn: int, rand: bytes, amf: int, method: EapMethod | None, network_name: str | None = None
) -> AuthVector:
    """The vector for `sqn` (48 bits) and `rand` (16 octets) under `amf` (16 bits).

    For EAP-AKA' the AMF separation bit is 1 (RFC 9048 §3.3), and CK' and IK' for `network_name`, required then,
    stand in the places of CK and IK (TS 33.402 Annex A.2). Without a method the vector is for UTRAN or GERAN and the
    bit is 0, so that nobody can use it in EPS (TS 33.401 §6.1.2).
    """
    if method is EapMethod.AKA_PRIME:
        if network_name is None:
            raise ValueError("EAP-AKA' derives CK' and IK' from the name of the access network")
        autn, xres, ck, ik = _challenge(functions, sqn, rand, amf | AMF_SEPARATION_BIT)
        ck, ik = derive_prime(ck, ik, network_name.encode(), autn[:6])
        return AuthVector(rand, autn, xres, ck, ik)
    if method is None:
        amf &= ~AMF_SEPARATION_BIT
    autn, xres, ck, ik = _challenge(functions, sqn, rand, amf)
    return AuthVector(rand, autn, xres, ck, ik)


def eps_vector(functions: AkaFunctions, sqn: int, rand: bytes, amf: int, serving_network: bytes) -> EpsVector:
    """The vector for E-UTRAN in `serving_network` (3 octets), the rest as for `quintuplet`.

    The AMF separation bit is 1, and CK and IK stay here (TS 33.401 §6.1.2).
    """
    autn, xres, ck, ik = _challenge(functions, sqn, rand, amf | AMF_SEPARATION_BIT)
    return EpsVector(rand, autn, xres, derive_kasme(ck, ik, serving_network, autn[:6]))


def _challenge(functions: AkaFunctions, sqn: int, rand: bytes, amf: int) -> tuple[bytes, Secret, Secret, Secret]:
    """(AUTN, XRES, CK, IK)."""
    amf_octets = amf.to_bytes(2, "big")
    mac_a, xres, ck, ik, ak = functions.vector(rand, sqn.to_bytes(6, "big"), amf_octets)
    return conceal(sqn, ak) + amf_octets + mac_a, xres, ck, ik


def genuine_sqn_ms(functions: AkaFunctions, rand: bytes, auts: Auts) -> int | None:
    """SQN_MS out of `auts`, the answer to the challenge `rand` (16 octets); None when its MAC-S is wrong.

    MAC-S is computed with AMF* = 0000 (TS 33.102 §6.3.3).
    """
    sqn_ms = reveal(auts.concealed_sqn, functions.f5star(rand))
    mac_s = functions.f1star(rand, sqn_ms.to_bytes(6, "big"), _RESYNCHRONISATION_AMF)
    return sqn_ms if hmac.compare_digest(mac_s, auts.mac_s) else None
