"""Every state of a method that waits for the UE, as octets: what is needed to go on, and no key that follows.

Of keys it holds seeds: CK|IK of EAP-AKA, CK'|IK' of EAP-AKA' (32 octets), MK of EAP-SIM (20). Of a fast
re-authentication it holds neither: its identity does. What nothing that follows needs is left out: of a failure that
was notified the identity and the end of a long detail, of a success the grant, for which the HSS is asked again.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache

from aaa.conversations.exchanges import Recall, pack_exchange, pack_imsi_of, unpack_exchange, unpack_imsi_of
from aaa.conversations.packing import Packer, Unpacker
from aaa.conversations.proofs import (
    MAC_LENGTH,
    NONCE_LENGTH,
    pack_proven,
    pack_resumable,
    unpack_proven,
    unpack_resumable,
)
from aaa.conversations.rounds import ASKED, pack_checkcode, pack_rounds, unpack_checkcode, unpack_rounds
from aaa.eap.states import (
    AkaState,
    AwaitingIdentity,
    Challenged,
    Exchange,
    FailureNotified,
    Reauthenticating,
    SimChallenged,
    SuccessNotified,
)
from aaa.messages import RejectCause
from wire.eap.aka_keys import derive_keys, keys_of_master, reauth_session_id, rederive_keys
from wire.errors import EncodeError
from wire.identity import EapMethod, Imsi
from wire.secret import Secret

CAUSES = tuple(RejectCause)
LONGEST_DETAIL = 100

_RESYNCHRONISED = 0x80
_MASTER_LENGTH, _RAND_LENGTH = 20, 16


def tag_of(kind: type[AkaState]) -> int:
    """The number of a kind of state, 1 to 6; EncodeError for one that does not wait for the UE."""
    tag = _TAGS.get(kind)
    if tag is None:
        raise EncodeError(f"{kind.__name__} does not wait for the UE")
    return tag


def pack_aka(packer: Packer, aka: AkaState, recall: Recall) -> None:
    """All but its kind; `recall` opens a fast re-authentication identity of ours once more."""
    match aka:
        case Challenged():
            _pack_challenged(packer, aka, recall)
        case AwaitingIdentity():
            _pack_awaiting(packer, aka, recall)
        case SimChallenged():
            _pack_sim(packer, aka, recall)
        case Reauthenticating():
            _pack_reauthenticating(packer, aka, recall)
        case SuccessNotified():
            pack_exchange(packer, aka.exchange)
            pack_proven(packer, aka.exchange, aka.proven, recall)
        case FailureNotified():
            _pack_failure(packer, aka, recall)


def unpack_aka(unpacker: Unpacker, tag: int, recall: Recall) -> AkaState:
    """The state of that kind."""
    if tag not in _UNPACKERS:
        raise unpacker.error("no such state")
    return _UNPACKERS[tag](unpacker, unpack_exchange(unpacker), recall)


def _pack_awaiting(packer: Packer, state: AwaitingIdentity, recall: Recall) -> None:
    pack_exchange(packer, state.exchange)
    packer.number(ASKED.index(state.asked))
    pack_imsi_of(packer, state.exchange, state.known, recall)
    pack_rounds(packer, state.exchange.method, state.rounds)


def _unpack_awaiting(unpacker: Unpacker, exchange: Exchange, recall: Recall) -> AwaitingIdentity:
    asked, known = ASKED[unpacker.choice(len(ASKED))], unpack_imsi_of(unpacker, recall)
    return AwaitingIdentity(exchange, asked, unpack_rounds(unpacker, exchange.method), known)


def _pack_challenged(packer: Packer, state: Challenged, recall: Recall) -> None:
    pack_exchange(packer, state.exchange)
    pack_imsi_of(packer, state.exchange, state.imsi, recall)
    packer.octets(state.rand + state.autn + state.seed)
    packer.varied(state.xres)
    pack_checkcode(packer, state.exchange, state.checkcode)
    packer.octets(kdfs_octets(state.kdfs, state.resynchronised))


@lru_cache(maxsize=64)
def kdfs_octets(kdfs: tuple[int, ...], resynchronised: bool) -> bytes:
    """How many there are and whether it is for a USIM that was out of step, in one octet; then each in two."""
    flags = (_RESYNCHRONISED if resynchronised else 0) | len(kdfs)
    return bytes((flags,)) + b"".join(kdf.to_bytes(2, "big") for kdf in kdfs)


def _unpack_challenged(unpacker: Unpacker, exchange: Exchange, recall: Recall) -> Challenged:
    imsi = _subscriber(unpacker, recall)
    rand, autn, ck, ik = (unpacker.take(_RAND_LENGTH) for _ in range(4))
    xres, checkcode, flags = Secret(unpacker.varied()), unpack_checkcode(unpacker, exchange), unpacker.u8()
    kdfs = tuple(unpacker.u16() for _ in range(flags & ~_RESYNCHRONISED))
    keys = derive_keys(exchange.method, exchange.identity, ck, ik, emsk=False)
    resynchronised = bool(flags & _RESYNCHRONISED)
    return Challenged(exchange, imsi, rand, autn, xres, keys, checkcode, kdfs, resynchronised, Secret(ck + ik))


def _pack_sim(packer: Packer, state: SimChallenged, recall: Recall) -> None:
    pack_exchange(packer, state.exchange)
    pack_imsi_of(packer, state.exchange, state.imsi, recall)
    packer.octets(state.keys.mk)
    for value in (state.rands, state.sres, state.nonce_mt):
        packer.varied(value)


def _unpack_sim(unpacker: Unpacker, exchange: Exchange, recall: Recall) -> SimChallenged:
    imsi, keys = _subscriber(unpacker, recall), keys_of_master(EapMethod.SIM, unpacker.take(_MASTER_LENGTH), emsk=False)
    rands, sres, nonce_mt = (unpacker.varied() for _ in range(3))
    return SimChallenged(exchange, imsi, rands, Secret(sres), keys, nonce_mt)


def _pack_reauthenticating(packer: Packer, state: Reauthenticating, recall: Recall) -> None:
    pack_exchange(packer, state.exchange)
    pack_resumable(packer, state.exchange, state.resumable, recall)
    packer.octets(state.nonce_s + state.session_id[-MAC_LENGTH:])
    packer.varied(state.checkcode)


def _unpack_reauthenticating(unpacker: Unpacker, exchange: Exchange, recall: Recall) -> Reauthenticating:
    resumable = unpack_resumable(unpacker, exchange, recall)
    nonce_s, mac = unpacker.take(NONCE_LENGTH), unpacker.take(MAC_LENGTH)
    msk = rederive_keys(resumable.keys, exchange.identity, resumable.counter, nonce_s, emsk=False).msk
    session_id = reauth_session_id(exchange.method, nonce_s, mac)
    return Reauthenticating(exchange, resumable, nonce_s, msk, session_id, unpacker.varied())


def _unpack_success(unpacker: Unpacker, exchange: Exchange, recall: Recall) -> SuccessNotified:
    return SuccessNotified(exchange, unpack_proven(unpacker, exchange, recall), None)


def _pack_failure(packer: Packer, state: FailureNotified, recall: Recall) -> None:
    exchange = replace(state.exchange, identity=b"")
    pack_exchange(packer, exchange)
    pack_imsi_of(packer, exchange, state.imsi, recall)
    packer.number(CAUSES.index(state.cause))
    packer.varied(state.detail.encode(errors="replace")[:LONGEST_DETAIL])


def _unpack_failure(unpacker: Unpacker, exchange: Exchange, recall: Recall) -> FailureNotified:
    imsi, cause = unpack_imsi_of(unpacker, recall), CAUSES[unpacker.choice(len(CAUSES))]
    return FailureNotified(exchange, cause, unpacker.varied().decode(errors="ignore"), imsi)


def _subscriber(unpacker: Unpacker, recall: Recall) -> Imsi:
    imsi = unpack_imsi_of(unpacker, recall)
    if imsi is None:
        raise unpacker.error("an IMSI is due")
    return imsi


_TAGS: Mapping[type[AkaState], int] = {
    AwaitingIdentity: 1,
    Challenged: 2,
    SimChallenged: 3,
    Reauthenticating: 4,
    SuccessNotified: 5,
    FailureNotified: 6,
}

_UNPACKERS: Mapping[int, Callable[[Unpacker, Exchange, Recall], AkaState]] = {
    1: _unpack_awaiting,
    2: _unpack_challenged,
    3: _unpack_sim,
    4: _unpack_reauthenticating,
    5: _unpack_success,
    6: _unpack_failure,
}
