"""AKA-Reauthentication: the request, and what its answer proves (RFC 4187 §5, §9.7, §9.8)."""

import hmac
from dataclasses import replace

from aaa.eap.challenge import Genuine, WrongAnswer
from aaa.eap.policy import AkaPolicy
from aaa.eap.states import Exchange, Proven, Reauthenticating
from aaa.eap.temporary import Identities, Resumable
from wire.eap.aka import AkaMessage
from wire.eap.aka_keys import reauth_session_id, rederive_keys
from wire.eap.attributes import At, Attribute, Attributes
from wire.eap.constants import Subtype
from wire.eap.encrypted import IV_LENGTH, seal
from wire.eap.packet import EapCode
from wire.errors import DecodeError
from wire.frozen import dataclass
from wire.identity import EapMethod
from wire.sansio import RandomBytes

NONCE_LENGTH = 16


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
    nonce_s = random(NONCE_LENGTH)
    inside = [Attribute.number(At.COUNTER, resumable.counter), Attribute(At.NONCE_S, nonce_s)]
    following = replace(resumable, counter=resumable.counter + 1)
    once = identities.next_reauthentication(following, policy.name_for(exchange.method))
    inside += [] if once is None else [Attribute(At.NEXT_REAUTH_ID, once)]
    keys = resumable.keys
    items = [*seal(inside, keys.k_encr, random(IV_LENGTH))]
    items += [] if exchange.method is EapMethod.SIM else [Attribute(At.CHECKCODE, checkcode)]
    items += [Attribute(At.RESULT_IND)] if policy.result_ind else []
    message = AkaMessage(
        EapCode.REQUEST, exchange.identifier, exchange.method, Subtype.REAUTHENTICATION, Attributes(tuple(items))
    )
    packet = message.build(keys.k_aut)
    mac = AkaMessage.parse(packet).attributes.get(At.MAC) or b""
    msk = rederive_keys(keys, exchange.identity, resumable.counter, nonce_s, emsk=False).msk
    session_id = reauth_session_id(exchange.method, nonce_s, mac)
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
    checkcode = message.attributes.get(At.CHECKCODE)
    if checkcode is not None and not hmac.compare_digest(checkcode, state.checkcode):
        return WrongAnswer("AT_CHECKCODE is wrong")
    if At.COUNTER_TOO_SMALL in inside:
        return CounterTooSmall()
    return Genuine(policy.result_ind and At.RESULT_IND in message.attributes)


def proven(state: Reauthenticating) -> Proven:
    """What a genuine answer leaves both ends with."""
    resumable = state.resumable
    return Proven(resumable.imsi, resumable.keys, state.msk, state.session_id, resumable.counter)
