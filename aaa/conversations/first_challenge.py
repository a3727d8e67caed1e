"""The state that nearly every conversation waits in, in one go: a first challenge to a UE that said its IMSI.

What is written is what StateCodec writes, octet by octet, and read by it; any other state is left to it.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from aaa.conversations.aka_states import kdfs_octets, tag_of
from aaa.conversations.eap_states import PROPOSED
from aaa.conversations.exchanges import FLAGS
from aaa.conversations.packing import BEFORE, PERMANENT, count, ends
from aaa.eap.identity_rounds import LONGEST
from aaa.eap.states import Challenged, EapState, MethodProposed
from aaa.identities.contents import pack_digits
from wire.identity import IdentityKind

_NONE_REFUSED = _NO_ROUNDS = b"\0"
_STOOD_FIRST = bytes((BEFORE, BEFORE))
"""The identity of the exchange, and the one that says whose it is, are that of EAP-Response/Identity."""


@lru_cache(maxsize=64)
def known_realms(realms: Sequence[str]) -> Mapping[bytes, int]:
    """The place of each realm in its list, by how an identity in it ends; 0 for none."""
    known = ends(tuple(realms))
    # Packer takes the first realm that an identity ends with, and that may be a part of another one
    named = {end: at for at, end in enumerate(known, 1) if not any(map(end.endswith, known[: at - 1]))}
    return {b"": 0, **named}


def pack_first_challenge(state: EapState, realms: Mapping[bytes, int]) -> bytes | None:
    """None for any other state; `realms` are `known_realms`."""
    if not isinstance(state, MethodProposed) or state.refused:
        return None
    aka, identity = state.aka, state.identity
    if not isinstance(aka, Challenged) or len(identity) > LONGEST:
        return None
    exchange, digits = aka.exchange, aka.imsi.digits
    end = 1 + len(digits)
    realm = realms.get(identity[end:])
    said_it = identity[1:end] == digits.encode() and exchange.identity == identity
    if realm is None or not said_it or exchange.kind is IdentityKind.REAUTHENTICATION:
        return None
    xres, checkcode = aka.xres, aka.checkcode
    return b"".join(
        (
            _heads(realm),
            identity[:1],
            pack_digits(digits),
            _NONE_REFUSED,
            bytes((FLAGS[exchange.method, exchange.kind, exchange.imsi_shown], exchange.identifier)),
            _STOOD_FIRST,
            aka.rand,
            aka.autn,
            aka.seed,
            count(len(xres)),
            xres,
            count(len(checkcode)) + checkcode if checkcode else _NO_ROUNDS,
            kdfs_octets(aka.kdfs, aka.resynchronised),
        )
    )


@lru_cache(maxsize=8)
def _heads(realm: int) -> bytes:
    """Which state it is, and which form the identity has."""
    return bytes((PROPOSED | tag_of(Challenged), PERMANENT | realm))
