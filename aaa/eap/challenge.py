"""AKA-Challenge: the request, and what its answer proves (RFC 4187 §9.3, §9.4, RFC 9048 §3)."""

from functools import lru_cache
from hmac import compare_digest

from aaa.eap.policy import AkaPolicy
from aaa.eap.states import AwaitingVector, Challenged, Exchange
from wire.aka.vector import AuthVector
from wire.eap.aka import AkaMessage, signed_message
from wire.eap.aka_keys import derive_keys
from wire.eap.attributes import At, Attribute, Attributes, build_attribute
from wire.eap.constants import BIDDING_PREFERS_AKA_PRIME, Subtype
from wire.eap.packet import EapCode
from wire.frozen import dataclass
from wire.identity import EapMethod, IdentityKind
from wire.secret import Secret

_RAND, _AUTN = (build_attribute(kind, bytes(16))[:4] for kind in (At.RAND, At.AUTN))
_REQUEST, _CHALLENGE = EapCode.REQUEST, Subtype.CHALLENGE
_KDF, _RES, _MAC, _CHECKCODE = At.KDF, At.RES, At.MAC, At.CHECKCODE
_ENCRYPTED = IdentityKind.ENCRYPTED
_NO_ROUNDS = build_attribute(At.CHECKCODE, b"")


@dataclass(frozen=True, slots=True)
class Genuine:
    """The UE has the key; `result_ind` when it wants to be told of success (RFC 4187 §6.2)."""

    result_ind: bool


@dataclass(frozen=True, slots=True)
class KdfWanted:
    """The UE accepts the challenge only with another of the key derivation functions on offer (RFC 9048 §3.2)."""

    kdf: int


@dataclass(frozen=True, slots=True)
class WrongAnswer:
    """It proves nothing; `reason` says which part was wrong, `malformed` when a part was not there."""

    reason: str
    malformed: bool = False


_GENUINE = Genuine(result_ind=False)
Answer = Genuine | KdfWanted | WrongAnswer


def challenged(state: AwaitingVector, vector: AuthVector, exchange: Exchange) -> Challenged:
    """The state in which a challenge with `vector` is out, its keys derived."""
    keys = derive_keys(exchange.method, exchange.identity, vector.ck, vector.ik, emsk=False)
    return Challenged(
        exchange,
        state.imsi,
        vector.rand,
        vector.autn,
        vector.xres,
        keys,
        state.checkcode,
        state.kdfs,
        state.resynchronised,
        Secret(vector.ck + vector.ik),
    )


def challenge_request(state: Challenged, policy: AkaPolicy, encrypted: bytes = b"") -> bytes:
    """EAP-Request/AKA-Challenge; `encrypted` is AT_IV and AT_ENCR_DATA, or nothing.

    AT_CHECKCODE is always sent, empty when there was no AKA-Identity round: so the UE sees it when one was added by
    somebody else (RFC 4187 §10.13).
    """
    exchange, checkcode = state.exchange, state.checkcode
    method = exchange.method
    # what the UE said by itself is bound by the keys, so nobody else can have made EAP-AKA of it (RFC 4187 §7)
    chosen_by_us = checkcode != b"" or exchange.kind is _ENCRYPTED
    prefers_prime = chosen_by_us and policy.methods[0] is EapMethod.AKA_PRIME
    before, behind = _offered(method, state.kdfs, policy.network_name, policy.result_ind, prefers_prime)
    checkcode = build_attribute(At.CHECKCODE, checkcode) if checkcode else _NO_ROUNDS
    attributes = b"".join((_RAND, state.rand, _AUTN, state.autn, before, encrypted, checkcode, behind))
    return signed_message(_REQUEST, exchange.identifier, method, _CHALLENGE, attributes, state.keys.k_aut)


@lru_cache(maxsize=256)
def _offered(
    method: EapMethod, kdfs: tuple[int, ...], network_name: str | None, result_ind: bool, prefers_prime: bool
) -> tuple[bytes, bytes]:
    """What one client finds in every challenge, before what is encrypted and behind AT_CHECKCODE."""
    before, behind = [], []
    if method is EapMethod.AKA_PRIME:
        before += [Attribute.number(At.KDF, kdf) for kdf in kdfs]
        before.append(Attribute(At.KDF_INPUT, (network_name or "").encode()))
    if result_ind:
        behind.append(Attribute(At.RESULT_IND))
    if method is EapMethod.AKA:
        # RFC 9048 §4: D says that EAP-AKA' was to be had, so that a UE that has it too sees the bidding down. Whose own
        # identity asked for EAP-AKA was not bid down, and would have to stop if it has both.
        behind.append(Attribute.number(At.BIDDING, BIDDING_PREFERS_AKA_PRIME if prefers_prime else 0))
    return Attributes(tuple(before)).build(), Attributes(tuple(behind)).build()


def read_answer(state: Challenged, message: AkaMessage, policy: AkaPolicy) -> Answer:
    """What EAP-Response/AKA-Challenge says, its AT_MAC checked first (RFC 4187 §10.15)."""
    values = dict(message.attributes.items)
    if _KDF in values:
        return _negotiate(state, message.attributes)
    res = values.get(_RES)
    if res is None or _MAC not in values:
        return WrongAnswer("AT_RES or AT_MAC is missing", malformed=True)
    if not message.mac_is_genuine(state.keys.k_aut):
        return WrongAnswer("AT_MAC is wrong")
    if not compare_digest(res, state.xres):
        return WrongAnswer("RES is wrong")
    checkcode = values.get(_CHECKCODE)
    if checkcode is not None and not compare_digest(checkcode, state.checkcode):
        return WrongAnswer("AT_CHECKCODE is wrong")
    return Genuine(At.RESULT_IND in values) if policy.result_ind else _GENUINE


def _negotiate(state: Challenged, attributes: Attributes) -> Answer:
    wanted = attributes.number(At.KDF)
    if wanted is None or len(attributes) != 1:
        return WrongAnswer("AT_KDF does not stand alone", malformed=True)
    # RFC 9048 §3.2: the first is no alternative, and there is one negotiation; after it the list has a double.
    if wanted not in state.kdfs[1:] or len(set(state.kdfs)) != len(state.kdfs):
        return WrongAnswer("AT_KDF asks for what was not on offer")
    return KdfWanted(wanted)
