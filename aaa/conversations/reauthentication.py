"""What a UE waits in that came back by a fast re-authentication identity of ours, in one go.

What is written is what StateCodec writes, octet by octet, and read by it; any other state is left to it.
"""

from collections.abc import Mapping
from functools import lru_cache

from aaa.conversations.aka_states import tag_of
from aaa.conversations.eap_states import PROPOSED
from aaa.conversations.exchanges import FLAGS
from aaa.conversations.packing import BEFORE, SEALED, count, spelled
from aaa.conversations.proofs import IN_IDENTITY, MAC_LENGTH
from aaa.eap.identity_rounds import LONGEST
from aaa.eap.states import EapState, MethodProposed, Reauthenticating

_NONE_REFUSED = b"\0"
_SAID_BY_IT = bytes((BEFORE, IN_IDENTITY))
"""The identity of the exchange is that of EAP-Response/Identity, and holds what the re-authentication goes on from."""


def pack_reauthentication(state: EapState, realms: Mapping[bytes, int]) -> bytes | None:
    """None for any other state; `realms` are `known_realms` of the packing."""
    if not isinstance(state, MethodProposed) or state.refused:
        return None
    aka, identity = state.aka, state.identity
    if not isinstance(aka, Reauthenticating) or len(identity) > LONGEST:
        return None
    exchange = aka.exchange
    username, at, realm = identity.partition(b"@")
    place, raw = realms.get(at + realm), spelled(username[1:])
    if place is None or not raw or not identity == exchange.identity == aka.resumable.identity:
        return None
    return b"".join(
        (
            _heads(place),
            identity[:1],
            count(len(raw)),
            raw,
            _NONE_REFUSED,
            bytes((FLAGS[exchange.method, exchange.kind, exchange.imsi_shown], exchange.identifier)),
            _SAID_BY_IT,
            aka.nonce_s,
            aka.session_id[-MAC_LENGTH:],
            count(len(aka.checkcode)),
            aka.checkcode,
        )
    )


@lru_cache(maxsize=8)
def _heads(realm: int) -> bytes:
    """Which state it is, and which form the identity has."""
    return bytes((PROPOSED | tag_of(Reauthenticating), SEALED | realm))
