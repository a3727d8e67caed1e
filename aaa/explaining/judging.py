"""What can be said of a failure without the subscriber's keys: the vector, the dialogue, and what the UE answered.

RFC 4187 §6.3, §7; RFC 9048 §3.
"""

import hmac
from collections.abc import Iterator, Sequence

from aaa.eap.states import Challenged, Reauthenticating, SimChallenged
from aaa.explaining.failed import FailedAttempt, method_state
from aaa.explaining.identities import Candidate, candidates, seen
from aaa.messages import RejectCause
from hss.failure_api import Certainty, Evidence, Hypothesis, Verdict
from wire.aka.prime import derive_prime
from wire.aka.vector import Autn
from wire.eap.aka import AkaMessage
from wire.eap.aka_keys import derive_aka_keys, derive_keys
from wire.eap.attributes import At
from wire.eap.constants import BIDDING_PREFERS_AKA_PRIME, Subtype
from wire.eap.mac import mac_is_genuine
from wire.eap.packet import EapCode, EapType
from wire.errors import DecodeError
from wire.identity import EapMethod
from wire.secret import Secret

NETWORKS = ("WLAN", "HRPD", "WIMAX", "ETHERNET")
"""The prefixes of access network identities (TS 24.302 §8.1.1.2)."""
NAMES_MAX = 16

_SHORTEST_RES = 4
_TYPE_AT = 4
_RESPONSE, _NAK = bytes((EapCode.RESPONSE,)), bytes((EapType.NAK,))
_NO_SEPARATION = (
    "the AMF separation bit of the HSS's vector is 0, and a UE refuses that in EAP-AKA' (RFC 9048 §3.3): the HSS is to "
    "set it (amf=8000)"
)
_TWICE = (
    "the UE's keys are derived from CK' and IK' once more than the HSS's vector says: one side derives twice, or the "
    "HSS gave CK and IK where CK' and IK' are due (RFC 9048 §3.3)"
)
_AS_AKA = "the UE derives its keys as in EAP-AKA, by MK of SHA-1, in EAP-AKA' (RFC 9048 §3.3)"
_OTHER_DIGEST = "the UE computes AT_MAC by the digest, or with the length of K_aut, of the other method (RFC 9048 §3.4)"
_NO_NONCE = "the UE leaves out of AT_MAC what the request sent beside the packet (RFC 4187 §9.8, RFC 4186 §9.4)"
_ALTERED = "AT_MAC is right and RES is not: the UE answers another challenge, or its RES is not that of the card"
_OTHER_ACCESS = (
    "the client says that the access network is {!r}, and AT_KDF_INPUT said {!r}: see network_name and names_network"
)
_RES = "RES is wrong, and the card accepts AUTN or does not check it: its K or OPc is not that of the HSS"
_OTHER_KEYS = "the card is right, and the UE makes other keys of CK and IK: by an identity or a network name not seen"
_MAC_S = "MAC-S of AUTS is wrong: the card's K or OPc is not that of the HSS"
_MAC_A = "the card finds MAC-A of AUTN wrong: its K or OPc is not that of the HSS"
_MAC_A_OR_NAME = f"{_MAC_A}; or the UE does not accept the network name {{!r}} of AT_KDF_INPUT (RFC 9048 §3.1)"
_BID_DOWN = (
    "AT_BIDDING said that EAP-AKA' is preferred here, and a UE that has it as well takes EAP-AKA for bidding down (RFC "
    "9048 §4): have its identities begin with 6, or take aka-prime out of methods; else its K or OPc is not the HSS's"
)
_SQN = "the card is still out of step after a resynchronisation: the HSS does not go on from SQN_MS"
_LOST_KEYS = "the UE has other keys than this fast re-authentication identity stands for: it mixes up two of them"
_SIM = "the card computes other SRES or Kc: its K or OPc is not that of the HSS, or its keys are of another identity"
_CANNOT = (
    "the UE finds AT_MAC of the challenge wrong, or cannot read it: with the right keys of the card that is another "
    "identity in its keys, or an attribute that it does not know"
)


def combined(own: Verdict | None, asked: Verdict | None) -> Verdict | None:
    """`asked` is of who has the keys: it goes before an indication of ours that is only about keys as well."""
    if asked is None or (own is not None and own.is_proven):
        return own
    about_keys = own is None or own.hypothesis is Hypothesis.KEYS_DIFFER
    return asked if asked.is_proven or about_keys else own


def judge(attempt: FailedAttempt) -> Verdict | None:
    """The verdict of this side; None where cause and detail say all, or somebody with the keys must be asked."""
    state, message = method_state(attempt.conversation.eap), answer_of(attempt)
    if message is None:
        return None
    match state:
        case Challenged():
            return _challenged(attempt, state, message)
        case Reauthenticating():
            return _keyed(message, state.resumable.keys.k_aut, _LOST_KEYS, attempt)
        case SimChallenged():
            return _keyed(message, state.keys.k_aut, _SIM, attempt)
        case _:
            return None


def answer_of(attempt: FailedAttempt) -> AkaMessage | None:
    """The method's message that decided it."""
    try:
        return AkaMessage.parse(attempt.request.eap)
    except DecodeError:
        return None


def evidence_of(attempt: FailedAttempt, names: tuple[str, ...] = ()) -> Evidence | None:
    """What whoever has the keys may try; `names` are those of access networks that a UE may believe to be in."""
    state, message = method_state(attempt.conversation.eap), answer_of(attempt)
    if not isinstance(state, Challenged) or message is None:
        return None
    if attempt.ending.cause not in _OF_KEYS.get(message.subtype, ()) or _says_no_res(message):
        return None
    method, name = state.exchange.method, attempt.conversation.network_name
    res = message.attributes.get(At.RES)
    others = candidates(attempt, state.exchange.identity, state.imsi, method)
    return Evidence(
        imsi=state.imsi,
        method=method,
        rand=state.rand,
        autn=state.autn,
        res=None if res is None else Secret(res),
        auts=message.attributes.get(At.AUTS),
        packet=message.octets,
        mac_is_wrong=res is not None and not message.mac_is_genuine(state.keys.k_aut),
        identities=(state.exchange.identity, *(one.octets for one in others)),
        network_name=name if method is EapMethod.AKA_PRIME else None,
        network_names=_names(name, attempt, names) if method is EapMethod.AKA_PRIME else (),
    )


_OF_KEYS = {
    Subtype.CHALLENGE: (RejectCause.WRONG_RESPONSE,),
    Subtype.AUTHENTICATION_REJECT: (RejectCause.NETWORK_REFUSED_BY_UE,),
    # the HSS also refuses a genuine AUTS that it cannot go on from
    Subtype.SYNCHRONIZATION_FAILURE: (RejectCause.RESYNCHRONISATION_REJECTED, RejectCause.HSS_UNAVAILABLE),
}
"""Which answers say something of the keys, and the causes that they end in."""


def _says_no_res(message: AkaMessage) -> bool:
    """Whether it only asks for another key derivation function, so that the card was not asked (RFC 9048 §3.2)."""
    return message.subtype is Subtype.CHALLENGE and At.RES not in message.attributes


def _names(name: str | None, attempt: FailedAttempt, configured: tuple[str, ...]) -> tuple[str, ...]:
    own = name or ""
    forms = (own.upper(), own.lower(), own.partition(":")[0], f"{own}\0")
    every = (attempt.request.network_name or "", *configured, *NETWORKS, *forms)
    return tuple(dict.fromkeys(one for one in every if one and one != name))[:NAMES_MAX]


def _challenged(attempt: FailedAttempt, state: Challenged, message: AkaMessage) -> Verdict | None:
    match message.subtype:
        case Subtype.CHALLENGE if attempt.ending.cause is RejectCause.WRONG_RESPONSE and not _says_no_res(message):
            return _answered(attempt, state, message)
        case Subtype.AUTHENTICATION_REJECT:
            return _refused(attempt, state)
        case Subtype.SYNCHRONIZATION_FAILURE if attempt.ending.cause is RejectCause.RESYNCHRONISATION_REJECTED:
            return (
                _indicated(Hypothesis.SQN, _SQN) if state.resynchronised else _indicated(Hypothesis.KEYS_DIFFER, _MAC_S)
            )
        case Subtype.CLIENT_ERROR:
            return _unable(attempt, state)
        case _:
            return None


def _refused(attempt: FailedAttempt, state: Challenged) -> Verdict:
    prime, named = state.exchange.method is EapMethod.AKA_PRIME, attempt.request.network_name
    if prime and not Autn.parse(state.autn).separation:
        return _proven(Hypothesis.AMF_SEPARATION_BIT, _NO_SEPARATION)
    if prime and named and named != attempt.conversation.network_name:
        cause = _OTHER_ACCESS.format(named, attempt.conversation.network_name)
        return _indicated(Hypothesis.NETWORK_NAME, cause)
    if prime:
        return _indicated(Hypothesis.KEYS_DIFFER, _MAC_A_OR_NAME.format(attempt.conversation.network_name))
    if _may_feel_bid_down(attempt.conversation.dialogue):
        return _indicated(Hypothesis.BIDDING, _BID_DOWN)
    return _indicated(Hypothesis.KEYS_DIFFER, _MAC_A)


def _may_feel_bid_down(dialogue: Sequence[bytes]) -> bool:
    """Whether the challenge, the last packet, says that EAP-AKA' is preferred; who has refused that has it not."""
    if any(octets[:1] == _RESPONSE and octets[_TYPE_AT : _TYPE_AT + 1] == _NAK for octets in dialogue):
        return False
    try:
        bidding = AkaMessage.parse(dialogue[-1] if dialogue else b"").attributes.number(At.BIDDING)
    except DecodeError:
        return False
    return bool((bidding or 0) & BIDDING_PREFERS_AKA_PRIME)


def _unable(attempt: FailedAttempt, state: Challenged) -> Verdict:
    if state.resynchronised:
        return _indicated(Hypothesis.SQN, _SQN)
    others = [one.name for one in _seen_beside(attempt, state.exchange.identity)]
    if not others:
        return _indicated(Hypothesis.UE_CANNOT, _CANNOT)
    cause = f"the UE probably derives its keys from another identity: {' or '.join(others)}"
    return _indicated(Hypothesis.IDENTITY, f"{cause}, where the last AT_IDENTITY counts (RFC 4187 §7)")


def _seen_beside(attempt: FailedAttempt, agreed: bytes) -> Iterator[Candidate]:
    names = set()
    for one in seen(attempt):
        if one.octets != agreed and one.octets and one.name not in names:
            names.add(one.name)
            yield one


def _answered(attempt: FailedAttempt, state: Challenged, message: AkaMessage) -> Verdict | None:
    res, xres = message.attributes.get(At.RES) or b"", state.xres
    if len(res) != len(xres) and len(res) >= _SHORTEST_RES and (xres.startswith(res) or res.startswith(xres)):
        cause = f"RES has the right octets, {len(res)} of them where there are {len(xres)}: AT_RES is cut or filled up"
        return _proven(Hypothesis.RES, f"{cause} (RFC 4187 §10.8)")
    mac_is_right, res_is_right = message.mac_is_genuine(state.keys.k_aut), hmac.compare_digest(res, xres)
    if mac_is_right:
        return None if res_is_right else _proven(Hypothesis.ALTERED, _ALTERED)
    return _by_keys(attempt, state, message) if res_is_right else _indicated(Hypothesis.KEYS_DIFFER, _RES)


def _by_keys(attempt: FailedAttempt, state: Challenged, message: AkaMessage) -> Verdict:
    """RES is right and AT_MAC is not: the card is the right one, and the UE makes other keys."""
    exchange, ck, ik = state.exchange, state.seed[:16], state.seed[16:]
    for one in candidates(attempt, exchange.identity, state.imsi, exchange.method):
        if _is_made_with(message, derive_keys(exchange.method, one.octets, ck, ik).k_aut):
            cause = f"the UE derives its keys from another identity: {one.name}, where the last AT_IDENTITY counts"
            return _proven(Hypothesis.IDENTITY, f"{cause}, or EAP-Response/Identity without one (RFC 4187 §7)")
    otherwise = _indicated(Hypothesis.IDENTITY, _OTHER_KEYS)
    if exchange.method is not EapMethod.AKA_PRIME:
        return _by_digest(message, state.keys.k_aut) or otherwise
    twice = derive_prime(ck, ik, (attempt.conversation.network_name or "").encode(), state.autn[:6])
    if _is_made_with(message, derive_keys(exchange.method, exchange.identity, *twice).k_aut):
        return _proven(Hypothesis.DERIVATION, _TWICE)
    as_aka = derive_aka_keys(exchange.identity, ck, ik).k_aut
    if _is_made_with(message, as_aka) or mac_is_genuine(message.octets, EapMethod.AKA, as_aka):
        return _proven(Hypothesis.DERIVATION, _AS_AKA)
    return _by_digest(message, state.keys.k_aut) or otherwise


def _by_digest(message: AkaMessage, k_aut: Secret) -> Verdict | None:
    for key in (k_aut, Secret(k_aut[:16])):
        for method in (EapMethod.AKA, EapMethod.AKA_PRIME):
            if mac_is_genuine(message.octets, method, key):
                return _proven(Hypothesis.MAC_FORM, _OTHER_DIGEST)
    return None


def _is_made_with(message: AkaMessage, k_aut: Secret) -> bool:
    return mac_is_genuine(message.octets, message.method, k_aut)


def _keyed(message: AkaMessage, k_aut: Secret, otherwise: str, attempt: FailedAttempt) -> Verdict | None:
    """AT_MAC over more than the packet was wrong: either that more was left out, or the keys are others."""
    if attempt.ending.cause is not RejectCause.WRONG_RESPONSE or not attempt.ending.detail.startswith("AT_MAC"):
        return None
    if _is_made_with(message, k_aut):
        return _proven(Hypothesis.MAC_FORM, _NO_NONCE)
    return _indicated(Hypothesis.KEYS_DIFFER, otherwise)


def _proven(hypothesis: Hypothesis, cause: str) -> Verdict:
    return Verdict(hypothesis, Certainty.PROVEN, cause)


def _indicated(hypothesis: Hypothesis, cause: str) -> Verdict:
    return Verdict(hypothesis, Certainty.INDICATED, cause)
