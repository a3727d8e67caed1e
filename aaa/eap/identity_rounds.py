"""Which identity to ask for next (the table of RFC 4187 §4.1.7), and the AKA-Identity request that asks."""

import re
from dataclasses import field

from aaa.eap.states import Exchange, IdRequest
from aaa.eap.temporary import Identities, Resumable
from wire.eap.aka import AkaMessage
from wire.eap.attributes import At, Attribute, Attributes
from wire.eap.constants import Subtype
from wire.eap.packet import EapCode
from wire.frozen import dataclass
from wire.identity import EapMethod, Identity, IdentityKind, Imsi, Nai, classify

LONGEST = 253
"""Octets of a NAI that RADIUS can carry (RFC 7542 §2.3)."""

_is_domain_name = re.compile(r"[A-Za-z0-9.-]*").fullmatch
ID_REQUESTS = {
    IdRequest.ANY: At.ANY_ID_REQ,
    IdRequest.FULLAUTH: At.FULLAUTH_ID_REQ,
    IdRequest.PERMANENT: At.PERMANENT_ID_REQ,
}


@dataclass(frozen=True, slots=True)
class Known:
    """It is this subscriber, and a full authentication is due; keys are derived from `identity`."""

    imsi: Imsi
    identity: bytes
    kind: IdentityKind


@dataclass(frozen=True, slots=True)
class Resume:
    """It is a subscriber who may re-authenticate without a vector."""

    resumable: Resumable


@dataclass(frozen=True, slots=True)
class Ask:
    """One more AKA-Identity round."""

    request: IdRequest


@dataclass(frozen=True, slots=True)
class Unknown:
    """The peer was asked for its permanent identity and gave none: `reason` says what instead, `imsi` whose it is."""

    reason: str = field(default="the UE gives no permanent identity", compare=False)
    imsi: Imsi | None = field(default=None, compare=False)


Judgement = Known | Resume | Ask | Unknown


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges the identities of one exchange: its method, its access network, and whoever knows hidden identities."""

    method: EapMethod
    identities: Identities
    network_name: str | None = None

    def judge(self, asked: IdRequest | None, octets: bytes) -> Judgement:
        """What to do with an identity: `asked` is the request it answers, None for EAP-Response/Identity."""
        identity = classify(octets)
        known: Known | Resume | Ask | None = None
        if identity.method is self.method and _is_plain(octets, identity.nai):
            if identity.imsi is not None:
                return Known(identity.imsi, octets, identity.kind)
            known = self._temporary(asked, octets, identity)
        elif identity.kind is IdentityKind.ENCRYPTED:
            known = self._encrypted(octets)
        return known or self._ask(asked, identity)

    def _encrypted(self, octets: bytes) -> Known | None:
        inside = self.identities.reveal(octets)
        if inside is None:
            return None
        identity = classify(inside)
        if identity.imsi is None or identity.method is not self.method or not _is_plain(inside, identity.nai):
            return None
        return Known(identity.imsi, inside, IdentityKind.ENCRYPTED)

    def _temporary(self, asked: IdRequest | None, octets: bytes, identity: Identity) -> Known | Resume | Ask | None:
        found: Resumable | Imsi | None = None
        if identity.kind is IdentityKind.PSEUDONYM and asked is not IdRequest.PERMANENT:
            found = self.identities.subscriber(identity)
        # RFC 4187 §4.1.5: only AT_ANY_ID_REQ asks for a fast re-authentication identity.
        if identity.kind is IdentityKind.REAUTHENTICATION and asked in (None, IdRequest.ANY):
            found = self.identities.resume(identity, self.network_name)
        if isinstance(found, Resumable):
            return Resume(found)
        if found is not None and asked is None and identity.kind is IdentityKind.REAUTHENTICATION:
            # A challenge might follow at once, but hostap's peer then derives its keys from another identity.
            return Ask(IdRequest.FULLAUTH)
        return None if found is None else Known(found, octets, identity.kind)

    def _ask(self, asked: IdRequest | None, identity: Identity) -> Ask | Unknown:
        match asked:
            case None:
                return Ask(IdRequest.ANY)
            case IdRequest.ANY:
                pseudonym = identity.kind is IdentityKind.PSEUDONYM
                return Ask(IdRequest.PERMANENT if pseudonym else IdRequest.FULLAUTH)
            case IdRequest.FULLAUTH:
                return Ask(IdRequest.PERMANENT)
            case IdRequest.PERMANENT:
                return self._unknown(identity)

    def _unknown(self, identity: Identity) -> Unknown:
        if identity.kind is IdentityKind.ENCRYPTED:
            return Unknown("the UE's encrypted identity opens by no key of privacy_keys, or is one of another method")
        if identity.kind is not IdentityKind.PERMANENT or identity.method is None:
            return Unknown()
        given = "the permanent identity that the UE gives is"
        if identity.method is self.method:
            return Unknown(f"{given} decorated, or its realm is no domain name", identity.imsi)
        return Unknown(f"{given} one of {identity.method.name}", identity.imsi)


def _is_plain(octets: bytes, nai: Nai) -> bool:
    """Whether it may be taken for an identity at all.

    EAP-Response/Identity may be a decorated NAI, and then the server must ask; AT_IDENTITY may not (RFC 4187 §4.1.1.4,
    §4.1.2.2). Nor is it one whose realm is no domain name or that no User-Name could carry, for that is where it goes.
    """
    return len(octets) <= LONGEST and not nai.route and _is_domain_name(nai.realm or "") is not None


def identity_request(exchange: Exchange, asked: IdRequest) -> bytes:
    """EAP-Request/AKA-Identity with the exchange's identifier."""
    attributes = Attributes((Attribute(ID_REQUESTS[asked]),))
    return AkaMessage(EapCode.REQUEST, exchange.identifier, exchange.method, Subtype.IDENTITY, attributes).build()
