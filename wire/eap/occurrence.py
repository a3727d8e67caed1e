"""Which attribute may occur how often in which message (RFC 4187 §10.1, RFC 9048 §3.5 and §4.1, RFC 4186 §10.1)."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from operator import itemgetter

from wire.eap.attributes import FIRST_SKIPPABLE, At, Attributes, attribute_name
from wire.eap.constants import Subtype
from wire.eap.packet import EapCode
from wire.identity import EapMethod

Times = tuple[int, int]
Rules = Mapping[int, Times]
Message = tuple[Subtype, EapCode]

ONCE: Times = (1, 1)
AT_MOST_ONCE: Times = (0, 1)
ANY_NUMBER: Times = (0, 255)
AT_LEAST_ONCE: Times = (1, 255)
_NEVER: Times = (0, 0)

_REQUEST, _RESPONSE = EapCode.REQUEST, EapCode.RESPONSE
_ENCRYPTED: Rules = {At.IV: AT_MOST_ONCE, At.ENCR_DATA: AT_MOST_ONCE}
_OFFERS: Rules = {At.CHECKCODE: AT_MOST_ONCE, At.RESULT_IND: AT_MOST_ONCE}
_REAUTHENTICATION: Rules = {At.IV: ONCE, At.ENCR_DATA: ONCE, At.MAC: ONCE, **_OFFERS}
_ID_REQUESTS = (At.PERMANENT_ID_REQ, At.ANY_ID_REQ, At.FULLAUTH_ID_REQ)

_IN_CLEAR: Mapping[Message, Rules] = {
    (Subtype.IDENTITY, _REQUEST): dict.fromkeys(_ID_REQUESTS, AT_MOST_ONCE),
    (Subtype.IDENTITY, _RESPONSE): {At.IDENTITY: ONCE},
    (Subtype.CHALLENGE, _REQUEST): {At.RAND: ONCE, At.AUTN: ONCE, At.MAC: ONCE, **_ENCRYPTED, **_OFFERS},
    (Subtype.CHALLENGE, _RESPONSE): {At.RES: ONCE, At.MAC: ONCE, **_ENCRYPTED, **_OFFERS},
    (Subtype.NOTIFICATION, _REQUEST): {At.NOTIFICATION: ONCE, At.MAC: AT_MOST_ONCE, **_ENCRYPTED},
    (Subtype.NOTIFICATION, _RESPONSE): {At.MAC: AT_MOST_ONCE, **_ENCRYPTED},
    (Subtype.REAUTHENTICATION, _REQUEST): _REAUTHENTICATION,
    (Subtype.REAUTHENTICATION, _RESPONSE): _REAUTHENTICATION,
    (Subtype.CLIENT_ERROR, _RESPONSE): {At.CLIENT_ERROR_CODE: ONCE},
    (Subtype.AUTHENTICATION_REJECT, _RESPONSE): {},
    (Subtype.SYNCHRONIZATION_FAILURE, _RESPONSE): {At.AUTS: ONCE},
}
# A peer rejects the network, and does not report an error, when AT_KDF or AT_KDF_INPUT is missing or wrong
# (RFC 9048 §3.1, §3.2), so that their absence is no fault of form. The answer of a negotiation is one AT_KDF alone.
_IN_CLEAR_PRIME: Mapping[Message, Rules] = {
    (Subtype.CHALLENGE, _REQUEST): {At.KDF: ANY_NUMBER, At.KDF_INPUT: AT_MOST_ONCE},
    (Subtype.CHALLENGE, _RESPONSE): {At.KDF: AT_MOST_ONCE, At.RES: AT_MOST_ONCE, At.MAC: AT_MOST_ONCE},
    (Subtype.SYNCHRONIZATION_FAILURE, _RESPONSE): {At.KDF: AT_LEAST_ONCE},
}
_SIM_REAUTHENTICATION: Rules = {At.IV: ONCE, At.ENCR_DATA: ONCE, At.MAC: ONCE, At.RESULT_IND: AT_MOST_ONCE}
_START: Rules = {At.VERSION_LIST: ONCE, **dict.fromkeys(_ID_REQUESTS, AT_MOST_ONCE)}
_STARTED: Rules = dict.fromkeys((At.NONCE_MT, At.SELECTED_VERSION, At.IDENTITY), AT_MOST_ONCE)
_IN_CLEAR_SIM: Mapping[Message, Rules] = {
    (Subtype.SIM_START, _REQUEST): _START,
    (Subtype.SIM_START, _RESPONSE): _STARTED,
    (Subtype.SIM_CHALLENGE, _REQUEST): {
        At.RAND: ONCE,
        At.MAC: ONCE,
        At.RESULT_IND: AT_MOST_ONCE,
        **_ENCRYPTED,
    },
    (Subtype.SIM_CHALLENGE, _RESPONSE): {At.MAC: ONCE, At.RESULT_IND: AT_MOST_ONCE, **_ENCRYPTED},
    (Subtype.NOTIFICATION, _REQUEST): _IN_CLEAR[Subtype.NOTIFICATION, _REQUEST],
    (Subtype.NOTIFICATION, _RESPONSE): _IN_CLEAR[Subtype.NOTIFICATION, _RESPONSE],
    (Subtype.REAUTHENTICATION, _REQUEST): _SIM_REAUTHENTICATION,
    (Subtype.REAUTHENTICATION, _RESPONSE): _SIM_REAUTHENTICATION,
    (Subtype.CLIENT_ERROR, _RESPONSE): _IN_CLEAR[Subtype.CLIENT_ERROR, _RESPONSE],
}
_INSIDE: Mapping[Message, Rules] = {
    (Subtype.CHALLENGE, _REQUEST): {At.NEXT_PSEUDONYM: AT_MOST_ONCE, At.NEXT_REAUTH_ID: AT_MOST_ONCE},
    (Subtype.CHALLENGE, _RESPONSE): {},
    (Subtype.SIM_CHALLENGE, _REQUEST): {At.NEXT_PSEUDONYM: AT_MOST_ONCE, At.NEXT_REAUTH_ID: AT_MOST_ONCE},
    (Subtype.SIM_CHALLENGE, _RESPONSE): {},
    (Subtype.NOTIFICATION, _REQUEST): {At.COUNTER: ONCE},
    (Subtype.NOTIFICATION, _RESPONSE): {At.COUNTER: ONCE},
    (Subtype.REAUTHENTICATION, _REQUEST): {At.COUNTER: ONCE, At.NONCE_S: ONCE, At.NEXT_REAUTH_ID: AT_MOST_ONCE},
    (Subtype.REAUTHENTICATION, _RESPONSE): {At.COUNTER: ONCE, At.COUNTER_TOO_SMALL: AT_MOST_ONCE},
}

# Skippable attributes with a place of their own; other skippable ones may be anywhere (RFC 4187 §8.1).
_PLACED = frozenset((At.IV, At.ENCR_DATA, At.NEXT_PSEUDONYM, At.NEXT_REAUTH_ID, At.CHECKCODE, At.RESULT_IND))


_type_of = itemgetter(0)


def misplaced(method: EapMethod, subtype: Subtype, code: EapCode, attributes: Attributes) -> str | None:
    """What is wrong with the attributes that `method`'s message carries in clear, or None."""
    return _misplaced(method, subtype, code, tuple(map(_type_of, attributes.items)))


@lru_cache(maxsize=1024)
def _misplaced(method: EapMethod, subtype: Subtype, code: EapCode, kinds: tuple[int, ...]) -> str | None:
    """By the types alone, of which good messages show few: what was judged is remembered."""
    message = (subtype, code)
    rules = (_IN_CLEAR_SIM if method is EapMethod.SIM else _IN_CLEAR).get(message)
    if rules is None:
        return f"{subtype.name} is no EAP {code.name.lower()}"
    if method is EapMethod.AKA_PRIME:
        rules = {**rules, **_IN_CLEAR_PRIME.get(message, {})}
    if (At.IV in kinds) != (At.ENCR_DATA in kinds):
        return "AT_IV and AT_ENCR_DATA go together"
    asked = sum(kind in kinds for kind in _ID_REQUESTS)
    if message == (Subtype.IDENTITY, _REQUEST) and asked != 1:
        return "AKA-Identity asks for exactly one identity"
    if asked > 1:
        return "SIM-Start asks for more than one identity"
    return _against(rules, kinds)


def misplaced_inside(subtype: Subtype, code: EapCode, attributes: Attributes) -> str | None:
    """What is wrong with the attributes inside AT_ENCR_DATA of such a message, or None."""
    return _misplaced_inside(subtype, code, tuple(map(_type_of, attributes.items)))


@lru_cache(maxsize=1024)
def _misplaced_inside(subtype: Subtype, code: EapCode, kinds: tuple[int, ...]) -> str | None:
    rules = _INSIDE.get((subtype, code))
    if rules is None:
        return f"nothing is encrypted in {subtype.name}"
    return _against({**rules, At.PADDING: AT_MOST_ONCE}, kinds)


def _against(rules: Rules, kinds: Sequence[int]) -> str | None:
    counts: dict[int, int] = {}
    for kind in kinds:
        counts[kind] = counts.get(kind, 0) + 1
    for number, count in counts.items():
        if number not in rules and number >= FIRST_SKIPPABLE and number not in _PLACED:
            continue
        if count > rules.get(number, _NEVER)[1]:
            return f"{attribute_name(number)} occurs {count} times"
    missing = next((number for number, times in rules.items() if counts.get(number, 0) < times[0]), None)
    return None if missing is None else f"{attribute_name(missing)} is missing"
