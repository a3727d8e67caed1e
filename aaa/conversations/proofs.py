"""What a fast re-authentication goes on from, and what a UE has proved, as octets.

A fast re-authentication identity of ours holds IMSI, counter and keys already: then one octet says so. Whatever else
may stand there is written out.
"""

from aaa.conversations.exchanges import Recall, pack_imsi_of, unpack_imsi_of
from aaa.conversations.packing import Packer, Unpacker
from aaa.eap.states import Exchange, Proven
from aaa.eap.temporary import Resumable
from wire.eap.aka_keys import (
    derive_keys,
    keys_of_master,
    reauth_session_id,
    rederive_keys,
    resumed_keys,
    resumption_secret,
)
from wire.identity import EapMethod
from wire.secret import Secret

NONCE_LENGTH = MAC_LENGTH = 16
KEY_LENGTH, MASTER_LENGTH = 16, 20
COUNTER_LENGTH, SINCE_LENGTH = 2, 5

_WRITTEN_OUT, IN_IDENTITY = range(2)
_FULL, _FAST = range(2)


def pack_resumable(packer: Packer, exchange: Exchange, resumable: Resumable, recall: Recall) -> None:
    """1 octet where the identity says it all; else 30 at least for EAP-AKA and 90 for EAP-AKA'."""
    if resumable.identity == exchange.identity or recall(exchange.identity) == resumable:
        packer.number(IN_IDENTITY)
        return
    packer.number(_WRITTEN_OUT)
    pack_imsi_of(packer, exchange, resumable.imsi, recall)
    packer.number(resumable.counter, COUNTER_LENGTH)
    packer.number(0 if resumable.since is None else resumable.since + 1, SINCE_LENGTH)
    packer.varied(resumption_secret(resumable.keys))


def unpack_resumable(unpacker: Unpacker, exchange: Exchange, recall: Recall) -> Resumable:
    """What `pack_resumable` wrote; DecodeError when the identity opens no more."""
    if unpacker.choice(2) == IN_IDENTITY:
        recalled = recall(exchange.identity)
        if recalled is None:
            raise unpacker.error("the identity of the re-authentication opens no more")
        return recalled
    imsi = unpack_imsi_of(unpacker, recall)
    if imsi is None:
        raise unpacker.error("an IMSI is due")
    counter, since = unpacker.number(COUNTER_LENGTH), unpacker.number(SINCE_LENGTH)
    keys = resumed_keys(exchange.method, unpacker.varied())
    return Resumable(imsi, keys, counter, None if since == 0 else since - 1)


def pack_proven(packer: Packer, exchange: Exchange, proven: Proven, recall: Recall) -> None:
    """After a re-authentication its nonce and MAC, of which the Session-Id is made; else the keys' seed and that."""
    if proven.counter is None:
        packer.number(_FULL)
        pack_imsi_of(packer, exchange, proven.imsi, recall)
        packer.varied(proven.seed)
        packer.varied(proven.session_id)
        return
    packer.number(_FAST)
    pack_resumable(packer, exchange, _resumed(exchange, proven, recall), recall)
    packer.octets(proven.session_id[-NONCE_LENGTH - MAC_LENGTH :])


def _resumed(exchange: Exchange, proven: Proven, recall: Recall) -> Resumable:
    """What the re-authentication went on from; since when is of no use after it."""
    recalled = recall(exchange.identity)
    if recalled is not None and (recalled.imsi, recalled.counter) == (proven.imsi, proven.counter):
        return recalled
    return Resumable(proven.imsi, proven.keys, proven.counter or 0)


def unpack_proven(unpacker: Unpacker, exchange: Exchange, recall: Recall) -> Proven:
    """What `pack_proven` wrote."""
    if unpacker.choice(2) == _FULL:
        return _full(unpacker, exchange, recall)
    resumable = unpack_resumable(unpacker, exchange, recall)
    nonce_s, mac = unpacker.take(NONCE_LENGTH), unpacker.take(MAC_LENGTH)
    msk = rederive_keys(resumable.keys, exchange.identity, resumable.counter, nonce_s, emsk=False).msk
    identity = reauth_session_id(exchange.method, nonce_s, mac)
    return Proven(resumable.imsi, resumable.keys, msk, identity, resumable.counter)


def _full(unpacker: Unpacker, exchange: Exchange, recall: Recall) -> Proven:
    imsi, seed = unpack_imsi_of(unpacker, recall), Secret(unpacker.varied())
    if imsi is None:
        raise unpacker.error("an IMSI is due")
    if exchange.method is EapMethod.SIM and len(seed) == MASTER_LENGTH:
        keys = keys_of_master(exchange.method, seed, emsk=False)
    elif exchange.method is not EapMethod.SIM and len(seed) == 2 * KEY_LENGTH:
        keys = derive_keys(exchange.method, exchange.identity, seed[:KEY_LENGTH], seed[KEY_LENGTH:], emsk=False)
    else:
        raise unpacker.error(f"{len(seed)} octets are no seed of keys")
    return Proven(imsi, keys, keys.msk, unpacker.varied(), None, seed)
