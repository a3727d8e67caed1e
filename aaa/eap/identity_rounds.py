"""Which identity to ask for next (the table of RFC 4187 §4.1.7), and the AKA-Identity request that asks."""

import re
from dataclasses import dataclass
from typing import Protocol

from aaa.eap.states import Exchange, IdRequest
from wire.eap.aka import AkaMessage
from wire.eap.attributes import At, Attribute, Attributes
from wire.eap.constants import Subtype
from wire.eap.packet import EapCode
from wire.identity import EapMethod, Identity, IdentityKind, Imsi, classify

LONGEST = 253
"""Octets of a NAI that RADIUS can carry (RFC 7542 §2.3)."""

_REALM = re.compile(r"[A-Za-z0-9.-]*")
_ATTRIBUTE = {
    IdRequest.ANY: At.ANY_ID_REQ,
    IdRequest.FULLAUTH: At.FULLAUTH_ID_REQ,
    IdRequest.PERMANENT: At.PERMANENT_ID_REQ,
}


class Identities(Protocol):
    """Who is behind an identity that this server gave out itself (RFC 4187 §4.1.1.7)."""

    def subscriber(self, identity: Identity) -> Imsi | None:
        """The subscriber of a pseudonym; None when it is not, or no longer, one of ours."""


class NoTemporaryIdentities:
    """A server that gives out none knows none."""

    def subscriber(self, identity: Identity) -> Imsi | None:  # noqa: ARG002
        """Nobody."""
        return None


@dataclass(frozen=True, slots=True)
class Known:
    """It is this subscriber."""

    imsi: Imsi


@dataclass(frozen=True, slots=True)
class Ask:
    """One more AKA-Identity round."""

    request: IdRequest


@dataclass(frozen=True, slots=True)
class Unknown:
    """The peer was asked for its permanent identity and gave none."""


Judgement = Known | Ask | Unknown


def judge(asked: IdRequest | None, octets: bytes, method: EapMethod, identities: Identities) -> Judgement:
    """What to do with an identity: `asked` is the request it answers, None for EAP-Response/Identity.

    A decorated NAI is never taken for an identity: EAP-Response/Identity may be one, and then the server must ask;
    AT_IDENTITY may not (RFC 4187 §4.1.1.4, §4.1.2.2). Nor is one whose realm is no domain name or that no User-Name
    could carry, for that is where it goes.
    """
    identity = classify(octets)
    is_plain = len(octets) <= LONGEST and not identity.nai.is_decorated and _REALM.fullmatch(identity.nai.realm or "")
    known = _subscriber(asked, identity, method, identities) if is_plain else None
    if known is not None:
        return Known(known)
    match asked:
        case None:
            return Ask(IdRequest.ANY)
        case IdRequest.ANY:
            pseudonym = identity.kind is IdentityKind.PSEUDONYM
            return Ask(IdRequest.PERMANENT if pseudonym else IdRequest.FULLAUTH)
        case IdRequest.FULLAUTH:
            return Ask(IdRequest.PERMANENT)
        case IdRequest.PERMANENT:
            return Unknown()


def _subscriber(asked: IdRequest | None, identity: Identity, method: EapMethod, identities: Identities) -> Imsi | None:
    if identity.method is not method:
        return None
    if identity.kind is IdentityKind.PSEUDONYM and asked is not IdRequest.PERMANENT:
        return identities.subscriber(identity)
    return identity.imsi


def identity_request(exchange: Exchange, asked: IdRequest) -> bytes:
    """EAP-Request/AKA-Identity with the exchange's identifier."""
    attributes = Attributes((Attribute(_ATTRIBUTE[asked]),))
    return AkaMessage(EapCode.REQUEST, exchange.identifier, exchange.method, Subtype.IDENTITY, attributes).build()
