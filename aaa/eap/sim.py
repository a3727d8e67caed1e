"""EAP-SIM's own messages at the server: SIM-Start and SIM-Challenge (RFC 4186 §9.1 to §9.4).

Triplets come out of AKA vectors by c2 and c3 (TS 33.102 §6.8.1.2), as a USIM in a GSM context computes them.
"""

from collections.abc import Sequence

from aaa.eap.challenge import Genuine, WrongAnswer
from aaa.eap.identity_rounds import ID_REQUESTS
from aaa.eap.policy import AkaPolicy
from aaa.eap.states import AwaitingVector, Exchange, IdRequest, SimChallenged
from wire.aka.gsm import kc, sres
from wire.aka.vector import AuthVector
from wire.eap.aka import AkaMessage, signed_message
from wire.eap.attributes import At, Attribute, Attributes, build_attribute
from wire.eap.constants import SIM_VERSION, Subtype
from wire.eap.packet import EapCode
from wire.eap.sim_keys import derive_sim_keys
from wire.frozen import dataclass
from wire.secret import Secret

TRIPLETS = 3
"""RANDs in a challenge: the most that RFC 4186 §10.9 allows, for the strongest keys."""

_VERSION_LIST = SIM_VERSION.to_bytes(2, "big")


@dataclass(frozen=True, slots=True)
class Started:
    """What SIM-Start answers: `nonce_mt` is empty from a UE that shows a fast re-authentication identity."""

    identity: bytes | None
    nonce_mt: bytes


def start_request(exchange: Exchange, asked: IdRequest | None) -> bytes:
    """EAP-Request/SIM-Start, which asks for an identity or for NONCE_MT alone."""
    items = [Attribute(At.VERSION_LIST, _VERSION_LIST)]
    items += [] if asked is None else [Attribute(ID_REQUESTS[asked])]
    message = AkaMessage(
        EapCode.REQUEST, exchange.identifier, exchange.method, Subtype.SIM_START, Attributes(tuple(items))
    )
    return message.build()


def read_start(message: AkaMessage) -> Started | WrongAnswer:
    """What EAP-Response/SIM-Start says (RFC 4186 §9.2)."""
    attributes = message.attributes
    nonce_mt, version = attributes.get(At.NONCE_MT), attributes.number(At.SELECTED_VERSION)
    if (nonce_mt is None) != (version is None):
        return WrongAnswer("AT_NONCE_MT and AT_SELECTED_VERSION go together", malformed=True)
    if version not in (None, SIM_VERSION):
        return WrongAnswer("AT_SELECTED_VERSION was not on offer")
    return Started(attributes.get(At.IDENTITY), nonce_mt or b"")


def sim_challenged(state: AwaitingVector, vectors: Sequence[AuthVector], exchange: Exchange) -> SimChallenged:
    """The state in which a challenge with the triplets of `vectors` is out, its keys derived."""
    keys = derive_sim_keys(exchange.identity, [kc(one.ck, one.ik) for one in vectors], state.nonce_mt, emsk=False)
    rands = b"".join(one.rand for one in vectors)
    expected = Secret(b"".join(sres(one.xres) for one in vectors))
    return SimChallenged(exchange, state.imsi, rands, expected, keys, state.nonce_mt)


def sim_challenge_request(state: SimChallenged, policy: AkaPolicy, encrypted: bytes = b"") -> bytes:
    """EAP-Request/SIM-Challenge; its AT_MAC covers NONCE_MT as well, so that it cannot be an old one.

    `encrypted` is AT_IV and AT_ENCR_DATA, or nothing.
    """
    attributes = build_attribute(At.RAND, state.rands) + encrypted
    if policy.result_ind:
        attributes += build_attribute(At.RESULT_IND)
    exchange = state.exchange
    return signed_message(
        EapCode.REQUEST,
        exchange.identifier,
        exchange.method,
        Subtype.SIM_CHALLENGE,
        attributes,
        state.keys.k_aut,
        state.nonce_mt,
    )


def read_sim_answer(state: SimChallenged, message: AkaMessage, policy: AkaPolicy) -> Genuine | WrongAnswer:
    """What EAP-Response/SIM-Challenge proves: AT_MAC over the packet and every SRES (RFC 4186 §9.4)."""
    if not message.mac_is_genuine(state.keys.k_aut, state.sres):
        return WrongAnswer("AT_MAC is wrong")
    return Genuine(policy.result_ind and At.RESULT_IND in message.attributes)
