"""The state that nearly every conversation waits in, in one go: a first challenge to whom an IMSI or pseudonym names.

What is written is what StateCodec writes, octet by octet, and read by it; any other state is left to it.
"""

from collections.abc import Mapping
from functools import lru_cache

from aaa.conversations.aka_states import kdfs_octets, tag_of
from aaa.conversations.eap_states import PROPOSED
from aaa.conversations.exchanges import FLAGS
from aaa.conversations.packing import BEFORE, PERMANENT, SEALED, count, spelled
from aaa.eap.identity_rounds import LONGEST
from aaa.eap.states import Challenged, EapState, MethodProposed
from aaa.identities.contents import pack_digits
from wire.identity import IdentityKind

_NONE_REFUSED = _NO_ROUNDS = b"\0"
_STOOD_FIRST = _SAYS_IT = bytes((BEFORE,))
"""The identity of the exchange, and perhaps the one that says whose it is, are that of EAP-Response/Identity."""
_PERMANENT = bytes((PERMANENT,)) + b"0"
"""How the one begins that is written for whose it is, where no other says it."""
_BY_REAUTHENTICATION = IdentityKind.REAUTHENTICATION


def pack_first_challenge(state: EapState, realms: Mapping[bytes, int]) -> bytes | None:
    """None for any other state; `realms` are `known_realms` of the packing."""
    if not isinstance(state, MethodProposed) or state.refused:
        return None
    aka, identity = state.aka, state.identity
    if not isinstance(aka, Challenged) or len(identity) > LONGEST:
        return None
    exchange, xres, checkcode = aka.exchange, aka.xres, aka.checkcode
    if exchange.identity != identity or exchange.kind is _BY_REAUTHENTICATION:
        return None
    digits = aka.imsi.digits
    end = 1 + len(digits)
    if identity[1:end] == digits.encode():
        realm, said, whose = realms.get(identity[end:]), pack_digits(digits), _SAYS_IT
        form = PERMANENT
    else:
        username, at, name = identity.partition(b"@")
        realm, raw = realms.get(at + name), spelled(username[1:])
        if not raw:
            return None
        form, said, whose = SEALED, count(len(raw)) + raw, _PERMANENT + pack_digits(digits)
    if realm is None:
        return None
    return b"".join(
        (
            _heads(form | realm),
            identity[:1],
            said,
            _NONE_REFUSED,
            bytes((FLAGS[exchange.method, exchange.kind, exchange.imsi_shown], exchange.identifier)),
            _STOOD_FIRST,
            whose,
            aka.rand,
            aka.autn,
            aka.seed,
            count(len(xres)),
            xres,
            count(len(checkcode)) + checkcode if checkcode else _NO_ROUNDS,
            kdfs_octets(aka.kdfs, aka.resynchronised),
        )
    )


@lru_cache(maxsize=16)
def _heads(form: int) -> bytes:
    """Which state it is, and which form the identity has."""
    return bytes((PROPOSED | tag_of(Challenged), form))
