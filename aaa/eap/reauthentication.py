"""AKA-Reauthentication: the request, and what its answer proves (RFC 4187 §5, §9.7, §9.8)."""

from hmac import compare_digest

from aaa.eap.challenge import Genuine, WrongAnswer
from aaa.eap.policy import AkaPolicy
from aaa.eap.states import Exchange, Proven, Reauthenticating
from aaa.eap.temporary import Identities, Resumable
from wire.eap.aka import AkaMessage, signed_message
from wire.eap.aka_keys import reauth_session_id, rederive_keys
from wire.eap.attributes import At, build_attribute
from wire.eap.constants import Subtype
from wire.eap.encrypted import IV_LENGTH, seal_octets
from wire.eap.packet import EapCode
from wire.errors import DecodeError
from wire.frozen import dataclass
from wire.identity import EapMethod
from wire.sansio import RandomBytes

NONCE_LENGTH = MAC_LENGTH = 16
_COUNTER_LENGTH = 2
_COUNTER = build_attribute(At.COUNTER, bytes(_COUNTER_LENGTH))[:-_COUNTER_LENGTH]
_NONCE_S = build_attribute(At.NONCE_S, bytes(NONCE_LENGTH))[:-NONCE_LENGTH]
_RESULT_IND = build_attribute(At.RESULT_IND)
_CHECKCODE, _NEXT_REAUTH_ID = At.CHECKCODE, At.NEXT_REAUTH_ID
_REQUEST, _REAUTHENTICATION, _SIM = EapCode.REQUEST, Subtype.REAUTHENTICATION, EapMethod.SIM


@dataclass(frozen=True, slots=True)
class CounterTooSmall:
    """The UE has seen this counter before: a full authentication is due (RFC 4187 §5.5)."""


Answer = Genuine | CounterTooSmall | WrongAnswer


def reauthenticating(
    exchange: Exchange,
    resumable: Resumable,
    checkcode: bytes,
    *,
    policy: AkaPolicy,
    identities: Identities,
    random: RandomBytes,
) -> tuple[Reauthenticating, bytes]:
    """The state in which EAP-Request/AKA-Reauthentication is out, and that packet.

    NONCE_S is new in every exchange, so that the keys are, even when an old identity should come twice (RFC 4187 §5.1).
    """
    method, keys, counter = exchange.method, resumable.keys, resumable.counter
    nonce_s = random(NONCE_LENGTH)
    inside = b"".join((_COUNTER, counter.to_bytes(_COUNTER_LENGTH, "big"), _NONCE_S, nonce_s))
    following = Resumable(resumable.imsi, keys, counter + 1, resumable.since)
    once = identities.next_reauthentication(following, policy.name_for(method))
    if once is not None:
        inside += build_attribute(_NEXT_REAUTH_ID, once)
    attributes = seal_octets(inside, keys.k_encr, random(IV_LENGTH))
    if method is not _SIM:
        attributes += build_attribute(_CHECKCODE, checkcode)
    if policy.result_ind:
        attributes += _RESULT_IND
    packet = signed_message(_REQUEST, exchange.identifier, method, _REAUTHENTICATION, attributes, keys.k_aut)
    msk = rederive_keys(keys, exchange.identity, counter, nonce_s, emsk=False).msk
    session_id = reauth_session_id(method, nonce_s, packet[-MAC_LENGTH:])
    return Reauthenticating(exchange, resumable, nonce_s, msk, session_id, checkcode), packet


def read_answer(state: Reauthenticating, message: AkaMessage, policy: AkaPolicy) -> Answer:
    """What EAP-Response/AKA-Reauthentication says: AT_MAC first, then what is encrypted (RFC 4187 §10.15)."""
    keys = state.resumable.keys
    if not message.mac_is_genuine(keys.k_aut, state.nonce_s):
        return WrongAnswer("AT_MAC is wrong")
    try:
        inside = message.parse_encrypted(keys.k_encr)
    except DecodeError as error:
        return WrongAnswer(f"AT_ENCR_DATA: {error.reason}", malformed=True)
    if inside.number(At.COUNTER) != state.resumable.counter:
        return WrongAnswer("AT_COUNTER is another")
    checkcode = message.attributes.get(_CHECKCODE)
    if checkcode is not None and not compare_digest(checkcode, state.checkcode):
        return WrongAnswer("AT_CHECKCODE is wrong")
    if At.COUNTER_TOO_SMALL in inside:
        return CounterTooSmall()
    return Genuine(policy.result_ind and At.RESULT_IND in message.attributes)


def proven(state: Reauthenticating) -> Proven:
    """What a genuine answer leaves both ends with."""
    resumable = state.resumable
    return Proven(resumable.imsi, resumable.keys, state.msk, state.session_id, resumable.counter)
