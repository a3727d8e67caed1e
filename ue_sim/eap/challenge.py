"""The peer's judgement of an AKA-Challenge (RFC 4187 §6.3.1, §9.3; RFC 9048 §3, §4)."""

import hmac
from dataclasses import dataclass, replace

from ue_sim.eap import answers
from ue_sim.eap.derivation import KdfRefused, KdfWanted, is_network_name, judge_kdfs
from ue_sim.eap.states import Answered, AwaitingChallenge, Refused
from ue_sim.eap.temporary import Kept, learned
from ue_sim.usim import Answer, Forged, OutOfSync, Usim
from wire.aka.prime import derive_prime
from wire.aka.vector import Autn
from wire.eap.aka import AkaMessage
from wire.eap.aka_keys import Keys, derive_keys, session_id
from wire.eap.attributes import At, Attribute
from wire.eap.checkcode import checkcode
from wire.eap.constants import BIDDING_PREFERS_AKA_PRIME
from wire.errors import DecodeError
from wire.identity import EapMethod

_MAX_FAILURES = 3


@dataclass(frozen=True, slots=True)
class Policy:
    """What a UE may decide about a challenge.

    `methods` are the ones it runs, the preferred first; `network_name` the access network it believes to be in (any,
    when None); `result_ind` whether it wants a protected success.
    """

    methods: tuple[EapMethod, ...]
    network_name: str | None
    result_ind: bool


Verdict = tuple[bytes, AwaitingChallenge | Answered | Refused]


def judge_challenge(
    message: AkaMessage, state: AwaitingChallenge, usim: Usim, policy: Policy, kept: Kept | None = None
) -> Verdict:
    """The response to `message` and the state that follows; `kept` is what the UE has kept until now."""
    method, identifier = state.method, message.identifier
    rand, autn = message.attributes.get(At.RAND) or b"", message.attributes.get(At.AUTN) or b""
    kdfs = message.attributes.numbers(At.KDF)
    if method is EapMethod.AKA_PRIME:
        match judge_kdfs(kdfs, state.offered):
            case KdfRefused(reason):
                return _reject(method, identifier, reason)
            case KdfWanted(kdf):
                return answers.wanted_kdf(identifier, kdf), _waiting_again(state, offered=kdfs)
            case _:
                pass
        refusal = _wrong_for_prime(message, autn, policy)
        if refusal:
            return _reject(method, identifier, refusal)
    match usim.authenticate(rand, autn):
        case Forged():
            return _reject(method, identifier, "MAC of AUTN is wrong: the network does not hold the USIM's key")
        case OutOfSync(auts):
            return _resynchronise(message, state, auts, kdfs)
        case Answer() as answer:
            return _answer(message, state, answer, policy, kept or Kept())


def _reject(method: EapMethod, identifier: int, cause: str) -> Verdict:
    return answers.authentication_reject(method, identifier), Refused(cause)


def _error(message: AkaMessage, cause: str) -> Verdict:
    return answers.client_error(message.method, message.identifier), Refused(cause)


def _waiting_again(state: AwaitingChallenge, offered: tuple[int, ...], failures: int = 0) -> AwaitingChallenge:
    return replace(state, asked=_NO_MORE_IDENTITIES, offered=offered, failures=failures)


_NO_MORE_IDENTITIES = 3


def _wrong_for_prime(message: AkaMessage, autn: bytes, policy: Policy) -> str | None:
    if not is_network_name(message.attributes.get(At.KDF_INPUT) or b"", policy.network_name):
        return "AT_KDF_INPUT does not name this access network"
    # RFC 9048 §3.3: a vector that may serve elsewhere too proves nothing about the access network.
    return None if Autn.parse(autn).separation else "the AMF separation bit of AUTN is 0"


def _resynchronise(message: AkaMessage, state: AwaitingChallenge, auts: bytes, kdfs: tuple[int, ...]) -> Verdict:
    failures = state.failures + 1
    if failures > _MAX_FAILURES:
        return _error(message, f"SQN is not fresh after {_MAX_FAILURES} resynchronisations")
    packet = answers.synchronization_failure(state.method, message.identifier, auts, kdfs)
    # RFC 9048 §3.2: the next challenge repeats the AT_KDF list that was negotiated.
    return packet, _waiting_again(state, state.offered, failures)


def _answer(message: AkaMessage, state: AwaitingChallenge, answer: Answer, policy: Policy, kept: Kept) -> Verdict:
    rand, autn = message.attributes.get(At.RAND) or b"", message.attributes.get(At.AUTN) or b""
    keys = _keys(message, state, answer, autn)
    if not message.mac_is_genuine(keys.k_aut):
        return _error(message, "AT_MAC of the challenge is wrong")
    try:
        inside = message.parse_encrypted(keys.k_encr)
    except DecodeError as error:
        return _error(message, f"AT_ENCR_DATA: {error.reason}")
    expected = checkcode(state.method, state.rounds)
    received = message.attributes.get(At.CHECKCODE)
    if received is not None and not hmac.compare_digest(received, expected):
        return _error(message, "AT_CHECKCODE: the identity rounds were tampered with")
    bidding = message.attributes.number(At.BIDDING) or 0
    if _was_bid_down(state.method, bidding, policy):
        return _reject(state.method, message.identifier, "AT_BIDDING: both sides prefer EAP-AKA'")
    agreed = policy.result_ind and At.RESULT_IND in message.attributes
    offers = [] if received is None else [Attribute(At.CHECKCODE, expected)]
    offers += [Attribute(At.RESULT_IND)] if agreed else []
    packet = answers.challenge(state.method, message.identifier, answer.res, offers, keys.k_aut)
    session = session_id(state.method, rand, autn)
    return packet, Answered(state.method, keys, session, agreed, learned(kept, inside, keys, 1))


def _keys(message: AkaMessage, state: AwaitingChallenge, answer: Answer, autn: bytes) -> Keys:
    ck, ik = answer.ck, answer.ik
    if state.method is EapMethod.AKA_PRIME:
        ck, ik = derive_prime(ck, ik, message.attributes.get(At.KDF_INPUT) or b"", autn[:6])
    return derive_keys(state.method, state.identity, ck, ik)


def _was_bid_down(method: EapMethod, bidding: int, policy: Policy) -> bool:
    """RFC 9048 §4: both ends would rather have run EAP-AKA', so somebody between them removed it."""
    prefers_prime = policy.methods[0] is EapMethod.AKA_PRIME
    return method is EapMethod.AKA and prefers_prime and bool(bidding & BIDDING_PREFERS_AKA_PRIME)
