"""Which identities a UE may have derived its keys from, beside the one that it should have (RFC 4187 §7)."""

from collections.abc import Iterator
from dataclasses import dataclass

from aaa.eap.states import MethodProposed
from aaa.explaining.failed import FailedAttempt
from wire.eap.aka import AkaMessage
from wire.eap.attributes import At
from wire.eap.packet import EapCode, EapPacket, EapType
from wire.errors import DecodeError
from wire.identity import EapMethod, IdentityKind, Imsi, leading_character

_HOME, _WLAN = "nai.epc.", "wlan."


@dataclass(frozen=True, slots=True)
class Candidate:
    """An identity of the dialogue or a way to write one; `name` says which, without showing it."""

    name: str
    octets: bytes


def candidates(attempt: FailedAttempt, agreed: bytes, imsi: Imsi, method: EapMethod) -> tuple[Candidate, ...]:
    """All but `agreed`, each once: those that were seen in the dialogue first."""
    found: dict[bytes, Candidate] = {}
    for one in (*seen(attempt), *_forms(agreed, imsi, method)):
        if one.octets and one.octets != agreed:
            found.setdefault(one.octets, one)
    return tuple(found.values())


def seen(attempt: FailedAttempt) -> Iterator[Candidate]:
    """Every identity that this process saw in the dialogue, or that travelled with it."""
    if attempt.request.user_name:
        yield Candidate("User-Name of the request", attempt.request.user_name.encode())
    if isinstance(attempt.conversation.eap, MethodProposed):
        yield Candidate("that of EAP-Response/Identity", attempt.conversation.eap.identity)
    for octets in attempt.conversation.dialogue:
        yield from _said(octets)


def _said(octets: bytes) -> Iterator[Candidate]:
    try:
        packet = EapPacket.parse(octets)
        if packet.code is EapCode.RESPONSE and packet.type == EapType.IDENTITY:
            yield Candidate("that of EAP-Response/Identity", packet.type_data)
        elif packet.code is EapCode.RESPONSE:
            identity = AkaMessage.parse(octets).attributes.get(At.IDENTITY)
            yield Candidate("that of an AT_IDENTITY before", identity or b"")
    except DecodeError:
        return


def _forms(agreed: bytes, imsi: Imsi, method: EapMethod) -> Iterator[Candidate]:
    """Other ways to write the identity that was agreed upon."""
    user, _, realm = agreed.partition(b"@")
    yield Candidate("the agreed one without its realm", user)
    yield Candidate("the agreed one with a NUL at its end", agreed + b"\0")
    yield Candidate("the agreed one with its realm in small letters", user + b"@" + realm.lower() if realm else b"")
    realms = _realms(realm.decode(errors="ignore"))
    for other in (method, *(one for one in EapMethod if one is not method)):
        permanent = leading_character(IdentityKind.PERMANENT, other) + str(imsi)
        kind = "the permanent one" if other is method else f"the permanent one of {other.name}"
        yield from (Candidate(f"{kind} at realm {one}", f"{permanent}@{one}".encode()) for one in realms)
        yield Candidate(f"{kind} without realm", permanent.encode())
    yield Candidate("the IMSI alone", str(imsi).encode())
    yield from (Candidate(f"the IMSI at realm {one}", f"{imsi}@{one}".encode()) for one in realms)


def _realms(realm: str) -> tuple[str, ...]:
    """The realm of the identity, and the same network's in the other form of TS 23.003 §14.2, §19.3.2."""
    if realm.startswith(_HOME):
        return realm, _WLAN + realm.removeprefix(_HOME)
    if realm.startswith(_WLAN):
        return realm, _HOME + realm.removeprefix(_WLAN)
    return (realm,) if realm else ()
