"""What the keys make of an answer: each assumption is computed as the card would have, and compared.

TS 33.102 §6.3.3, §6.3.5; RFC 9048 §3.3.
"""

import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hss.auc import genuine_sqn_ms
from hss.explaining.readings import Held, Reading, readings
from hss.failure_api import Certainty, Evidence, Hypothesis, Verdict
from wire.aka.functions import AkaFunctions
from wire.aka.prime import derive_prime
from wire.aka.sqn import reveal, split_sqn
from wire.aka.vector import Autn, Auts
from wire.eap.aka_keys import derive_keys
from wire.eap.mac import mac_is_genuine
from wire.identity import EapMethod
from wire.secret import Secret

_SHORTEST_RES = 4
_VERIFY = "compare them with: akadia subscriber verify IMSI --keys -"
_OTHER_K = f"no reading of the stored K and OPc gives what the card answered: the card has another K; {_VERIFY}"
_REFUSED = f"the card finds MAC-A of AUTN wrong: its K or OPc is not the stored one; {_VERIFY}"
_OR_NAME = "; or the UE does not accept the network name {!r} of AT_KDF_INPUT (RFC 9048 §3.1)"
_NOT_DERIVED = "the UE derives its keys from CK and IK where CK' and IK' are due (RFC 9048 §3.3)"
_AMF_STAR = "the card computes MAC-S with the AMF of AUTN where AMF* is 0000 (TS 33.102 §6.3.3)"
_AK_STAR = "the card conceals SQN_MS by f5 where f5* is due (TS 33.102 §6.3.3)"


@dataclass(frozen=True, slots=True)
class Known:
    """What the subscriber's keys are by themselves: the right `functions`, and how many bits IND and Δ have.

    `held` is what else may be tried, None where K never leaves a token.
    """

    functions: AkaFunctions
    ind_bits: int
    delta: int
    held: Held | None = None


def judge(evidence: Evidence, known: Known, stored: Verdict | None = None) -> Verdict | None:
    """The verdict; `stored` is what the stored keys say by themselves, for an answer that says nothing.

    None when the answer agrees with the keys.
    """
    other = () if known.held is None else readings(known.held)
    if evidence.auts is not None:
        return _by_auts(evidence, known, other) or stored or _indicated(Hypothesis.KEYS_DIFFER, _OTHER_K)
    if evidence.res is None:
        prime = evidence.method is EapMethod.AKA_PRIME
        otherwise = _REFUSED + (_OR_NAME.format(evidence.network_name) if prime else "")
        return stored or _indicated(Hypothesis.KEYS_DIFFER, otherwise)
    if not same_res(known.functions.vector(evidence.rand, bytes(6), bytes(2))[1], evidence.res):
        return _by_res(evidence, evidence.res, other) or stored or _indicated(Hypothesis.KEYS_DIFFER, _OTHER_K)
    return _by_mac(evidence, known) if evidence.mac_is_wrong else None


def same_res(xres: bytes, res: bytes) -> bool:
    """Whether `res` is `xres`, or the first 4 octets of it and more."""
    return len(res) >= _SHORTEST_RES and hmac.compare_digest(res, xres[: len(res)])


def _by_auts(evidence: Evidence, known: Known, other: Iterable[Reading]) -> Verdict | None:
    auts = Auts.parse(evidence.auts or b"")
    sqn_ms = genuine_sqn_ms(known.functions, evidence.rand, auts)
    if sqn_ms is not None:
        return _by_sqn(evidence, known, sqn_ms)
    for cause, wanted in _other_forms(known.functions, evidence, auts):
        if hmac.compare_digest(wanted, auts.mac_s):
            return _proven(Hypothesis.AUTS_FORM, cause)
    return next(
        (
            _proven(reading.hypothesis, reading.cause)
            for reading in other
            if genuine_sqn_ms(reading.functions, evidence.rand, auts) is not None
        ),
        None,
    )


def _other_forms(functions: AkaFunctions, evidence: Evidence, auts: Auts) -> Iterator[tuple[str, bytes]]:
    """What MAC-S would be if AUTS were made otherwise than TS 33.102 §6.3.3 says."""
    rand, amf = evidence.rand, Autn.parse(evidence.autn).amf
    ak = functions.vector(rand, bytes(6), bytes(2))[4]
    for cause, concealed_by, amf_star in (
        (_AMF_STAR, functions.f5star(rand), amf),
        (_AK_STAR, ak, bytes(2)),
        (f"{_AK_STAR}, and {_AMF_STAR}", ak, amf),
    ):
        sqn_ms = reveal(auts.concealed_sqn, concealed_by)
        yield cause, functions.f1star(rand, sqn_ms.to_bytes(6, "big"), amf_star)


def _by_sqn(evidence: Evidence, known: Known, sqn_ms: int) -> Verdict:
    """AUTS is genuine, so both SEQs are known: how far they are apart, and which way."""
    autn = Autn.parse(evidence.autn)
    ak = known.functions.vector(evidence.rand, bytes(6), autn.amf)[4]
    seq = split_sqn(reveal(autn.concealed_sqn, ak), known.ind_bits)[0]
    seq_ms = split_sqn(sqn_ms, known.ind_bits)[0]
    if seq <= seq_ms:
        cause = f"SEQ {seq} of the challenge is {seq_ms - seq + 1} steps behind what the card accepts"
        hint = "somebody else counts for this card, or the store was set back: resynchronise, or raise SEQ"
    elif seq - seq_ms > known.delta:
        cause = f"SEQ {seq} of the challenge is {seq - seq_ms} steps ahead of the card, and Δ is {known.delta}"
        hint = "give the card a new K"
    else:
        cause = f"the card refuses SEQ {seq}, which is {seq - seq_ms} steps ahead of what it has accepted"
        hint = f"its Δ is smaller, or its IND has another length than {known.ind_bits} bits: see the profile"
    return _proven(Hypothesis.SQN, f"{cause}; {hint}")


def _by_res(evidence: Evidence, res: Secret, other: Iterable[Reading]) -> Verdict | None:
    for reading in other:
        if same_res(reading.functions.vector(evidence.rand, bytes(6), bytes(2))[1], res):
            return _proven(reading.hypothesis, f"{reading.cause}; and it does not check AUTN")
    return None


def _by_mac(evidence: Evidence, known: Known) -> Verdict | None:
    """RES is right and AT_MAC is not: the UE has CK and IK, and makes other keys of them."""
    if evidence.method is not EapMethod.AKA_PRIME:
        return None
    _, _, ck, ik, _ = known.functions.vector(evidence.rand, bytes(6), bytes(2))
    if _is_made_with(evidence, ck, ik):
        return _proven(Hypothesis.DERIVATION, _NOT_DERIVED)
    for name in evidence.network_names:
        if name != evidence.network_name and _is_made_with(evidence, *_prime(evidence, ck, ik, name)):
            cause = f"the UE derives CK' and IK' for the network name {name!r}, and was sent {evidence.network_name!r}"
            return _proven(Hypothesis.NETWORK_NAME, f"{cause} in AT_KDF_INPUT; see network_name of the client")
    return None


def _prime(evidence: Evidence, ck: bytes, ik: bytes, name: str) -> tuple[Secret, Secret]:
    return derive_prime(ck, ik, name.encode(), evidence.autn[:6])


def _is_made_with(evidence: Evidence, ck: bytes, ik: bytes) -> bool:
    """Whether AT_MAC of the packet follows from `ck` and `ik` and one of the identities."""
    keys = (derive_keys(evidence.method, identity, ck, ik) for identity in evidence.identities)
    return any(mac_is_genuine(evidence.packet, evidence.method, one.k_aut) for one in keys)


def _proven(hypothesis: Hypothesis, cause: str) -> Verdict:
    return Verdict(hypothesis, Certainty.PROVEN, cause)


def _indicated(hypothesis: Hypothesis, cause: str) -> Verdict:
    return Verdict(hypothesis, Certainty.INDICATED, cause)
