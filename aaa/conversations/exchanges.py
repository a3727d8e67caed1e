"""The part that all states of a method have, as octets: method, identities, Identifier, and whose they are."""

from collections.abc import Callable

from aaa.conversations.packing import Packer, Unpacker, is_imsi
from aaa.eap.states import Exchange
from aaa.eap.temporary import Resumable
from wire.identity import EapMethod, IdentityKind, Imsi

Recall = Callable[[bytes], Resumable | None]
"""Opens a fast re-authentication identity once more; None when it is none of ours, or opens no more."""

METHODS = tuple(EapMethod)
KINDS = tuple(IdentityKind)

_SHOWN = 0x80
_UNUSED = 0x60
FLAGS = {
    (method, kind, shown): (_SHOWN if shown else 0) | kind_at << 2 | method_at
    for method_at, method in enumerate(METHODS)
    for kind_at, kind in enumerate(KINDS)
    for shown in (False, True)
}
"""Method, kind of identity and whether the IMSI was shown, in one octet."""


def pack_exchange(packer: Packer, exchange: Exchange) -> None:
    """Method, kind and whether the IMSI was shown in one octet; Identifier; identity."""
    flags = FLAGS[exchange.method, exchange.kind, exchange.imsi_shown]
    packer.octets(bytes((flags, exchange.identifier)))
    packer.identity(exchange.identity)


def unpack_exchange(unpacker: Unpacker) -> Exchange:
    """What `pack_exchange` wrote."""
    flags = unpacker.u8()
    method, kind = flags & 3, flags >> 2 & 7
    if method >= len(METHODS) or kind >= len(KINDS) or flags & _UNUSED:
        raise unpacker.error("no such method or kind of identity")
    identifier, identity = unpacker.u8(), unpacker.identity()
    return Exchange(METHODS[method], identity, identifier, KINDS[kind], bool(flags & _SHOWN))


def pack_imsi_of(packer: Packer, exchange: Exchange, imsi: Imsi | None, recall: Recall) -> None:
    """The identity of the exchange where it says this IMSI, else a permanent one without realm; "" for None."""
    if imsi is None:
        packer.identity(b"")
    elif _digits(exchange.identity) == imsi.digits.encode() or _recalled(exchange, recall) == imsi:
        packer.identity(exchange.identity)
    else:
        packer.identity(b"0" + imsi.digits.encode())


def unpack_imsi_of(unpacker: Unpacker, recall: Recall) -> Imsi | None:
    """What `pack_imsi_of` wrote; None as well where an identity that said it opens no more."""
    identity = unpacker.identity()
    digits = _digits(identity)
    if is_imsi(digits):
        return Imsi(digits.decode())
    recalled = recall(identity) if identity else None
    return None if recalled is None else recalled.imsi


def _recalled(exchange: Exchange, recall: Recall) -> Imsi | None:
    """Of an identity for fast re-authentication, which is the longest; to open any other would be a waste of time."""
    recalled = recall(exchange.identity) if exchange.kind is IdentityKind.REAUTHENTICATION else None
    return None if recalled is None else recalled.imsi


def _digits(identity: bytes) -> bytes:
    return identity.partition(b"@")[0][1:]
