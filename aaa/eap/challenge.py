"""AKA-Challenge: the request, and what its answer proves (RFC 4187 §9.3, §9.4, RFC 9048 §3)."""

import hmac

from aaa.eap.policy import AkaPolicy
from aaa.eap.states import AwaitingVector, Challenged, Exchange
from wire.aka.vector import AuthVector
from wire.eap.aka import AkaMessage
from wire.eap.aka_keys import derive_keys
from wire.eap.attributes import At, Attribute, Attributes
from wire.eap.constants import BIDDING_PREFERS_AKA_PRIME, Subtype
from wire.eap.packet import EapCode
from wire.frozen import dataclass
from wire.identity import EapMethod
from wire.secret import Secret


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


def challenge_request(state: Challenged, policy: AkaPolicy, encrypted: tuple[Attribute, ...] = ()) -> bytes:
    """EAP-Request/AKA-Challenge; `encrypted` is AT_IV and AT_ENCR_DATA, or nothing.

    AT_CHECKCODE is always sent, empty when there was no AKA-Identity round: so the UE sees it when one was added by
    somebody else (RFC 4187 §10.13).
    """
    items = [Attribute(At.RAND, state.rand), Attribute(At.AUTN, state.autn)]
    if state.exchange.method is EapMethod.AKA_PRIME:
        items += [Attribute.number(At.KDF, kdf) for kdf in state.kdfs]
        items.append(Attribute(At.KDF_INPUT, (policy.network_name or "").encode()))
    items += encrypted
    items.append(Attribute(At.CHECKCODE, state.checkcode))
    if policy.result_ind:
        items.append(Attribute(At.RESULT_IND))
    if state.exchange.method is EapMethod.AKA:
        # RFC 9048 §4: D says that EAP-AKA' was to be had, so that a UE that has it too sees the bidding down.
        prefers = policy.methods[0] is EapMethod.AKA_PRIME
        items.append(Attribute.number(At.BIDDING, BIDDING_PREFERS_AKA_PRIME if prefers else 0))
    exchange = state.exchange
    attributes = Attributes(tuple(items))
    message = AkaMessage(EapCode.REQUEST, exchange.identifier, exchange.method, Subtype.CHALLENGE, attributes)
    return message.build(state.keys.k_aut)


def read_answer(state: Challenged, message: AkaMessage, policy: AkaPolicy) -> Answer:
    """What EAP-Response/AKA-Challenge says, its AT_MAC checked first (RFC 4187 §10.15)."""
    attributes = message.attributes
    if At.KDF in attributes:
        return _negotiate(state, attributes)
    res = attributes.get(At.RES)
    if res is None or At.MAC not in attributes:
        return WrongAnswer("AT_RES or AT_MAC is missing", malformed=True)
    if not message.mac_is_genuine(state.keys.k_aut):
        return WrongAnswer("AT_MAC is wrong")
    if not hmac.compare_digest(res, state.xres):
        return WrongAnswer("RES is wrong")
    checkcode = attributes.get(At.CHECKCODE)
    if checkcode is not None and not hmac.compare_digest(checkcode, state.checkcode):
        return WrongAnswer("AT_CHECKCODE is wrong")
    return Genuine(policy.result_ind and At.RESULT_IND in attributes)


def _negotiate(state: Challenged, attributes: Attributes) -> Answer:
    wanted = attributes.number(At.KDF)
    if wanted is None or len(attributes) != 1:
        return WrongAnswer("AT_KDF does not stand alone", malformed=True)
    # RFC 9048 §3.2: the first is no alternative, and there is one negotiation; after it the list has a double.
    if wanted not in state.kdfs[1:] or len(set(state.kdfs)) != len(state.kdfs):
        return WrongAnswer("AT_KDF asks for what was not on offer")
    return KdfWanted(wanted)
