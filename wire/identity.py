"""IMSI, NAI and what the first character of an EAP identity says (TS 23.003 §14, RFC 4187 §4.1.1.6, RFC 9048 §3)."""

import re
from collections.abc import Callable
from enum import Enum, IntEnum
from functools import lru_cache

from wire.frozen import dataclass
from wire.names import Plmn, nai_realm

__all__ = [
    "EapMethod",
    "Identity",
    "IdentityKind",
    "Imsi",
    "Nai",
    "Plmn",
    "classify",
    "leading_character",
    "permanent_nai",
]

_IMSI_LENGTHS = range(6, 16)
_OPERATORS = ".3gppnetwork.org"
_UNREACHABLE_REALM = f"unreachable{_OPERATORS}"
_EMERGENCY = "sos."


class EapMethod(IntEnum):
    """EAP methods of a (U)SIM by EAP Type (RFC 4186, RFC 4187, RFC 9048)."""

    SIM = 18
    AKA = 23
    AKA_PRIME = 50


class IdentityKind(Enum):
    """What an EAP identity is for."""

    PERMANENT = "permanent"
    PSEUDONYM = "pseudonym"
    REAUTHENTICATION = "fast re-authentication"
    ENCRYPTED = "encrypted permanent"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Imsi:
    """An International Mobile Subscriber Identity of 6 to 15 digits (TS 23.003 §2.2); ValueError for anything else."""

    digits: str

    def __post_init__(self) -> None:
        digits = self.digits
        if not (digits.isdigit() and digits.isascii() and len(digits) in _IMSI_LENGTHS):
            raise ValueError("an IMSI has 6 to 15 digits")

    def __str__(self) -> str:
        return self.digits


@dataclass(frozen=True, slots=True)
class Nai:
    """A Network Access Identifier `[realm!...]username[@realm]` (RFC 7542 §2.2, TS 23.003 §14.4).

    `route` holds the realms in front of the username, the nearest first, so that the last one is the home realm.
    """

    username: str
    realm: str | None = None
    route: tuple[str, ...] = ()

    @classmethod
    def of(cls, text: str) -> "Nai":
        """Split `text`; every text has a reading, the last `@` and every `!` before it separate."""
        realm: str | None
        local, at, realm = text.rpartition("@")
        if not at:
            local, realm = text, None
        if "!" not in local:
            return cls(local, realm)
        *route, username = local.split("!")
        return cls(username, realm, tuple(route))

    @property
    def home_realm(self) -> str | None:
        """The realm that knows the user: the innermost one of a decorated NAI."""
        return self.route[-1] if self.route else self.realm

    @property
    def is_decorated(self) -> bool:
        """Whether it names the way through a visited network (TS 23.003 §14.4)."""
        return bool(self.route)

    @property
    def is_served_by_nobody(self) -> bool:
        """Whether it is the alternative NAI (TS 23.003 §14.6) or in a realm for emergency sessions (§14.8)."""
        return _is_served_by_nobody(self.home_realm or "")

    def __str__(self) -> str:
        local = "!".join((*self.route, self.username))
        return local if self.realm is None else f"{local}@{self.realm}"


@lru_cache(maxsize=256)
def _is_served_by_nobody(realm: str) -> bool:
    """All users of a network say one realm."""
    realm = realm.lower()
    return realm == _UNREACHABLE_REALM or (realm.startswith(_EMERGENCY) and realm.endswith(_OPERATORS))


@dataclass(frozen=True, slots=True)
class Identity:
    """An EAP identity read by its first character; `imsi` is set for PERMANENT alone.

    `method` is None for OTHER and for ENCRYPTED, whose inside says it.
    """

    kind: IdentityKind
    method: EapMethod | None
    imsi: Imsi | None
    nai: Nai

    @property
    def is_served_by_nobody(self) -> bool:
        """Whether no AAA server authenticates in its realm: then it names no method."""
        return self.method is None and self.nai.is_served_by_nobody


# TS 23.003 §14.5; "6", "7" and "8" RFC 9048 §3.
_LEADING = {
    "0": (IdentityKind.PERMANENT, EapMethod.AKA),
    "1": (IdentityKind.PERMANENT, EapMethod.SIM),
    "2": (IdentityKind.PSEUDONYM, EapMethod.AKA),
    "3": (IdentityKind.PSEUDONYM, EapMethod.SIM),
    "4": (IdentityKind.REAUTHENTICATION, EapMethod.AKA),
    "5": (IdentityKind.REAUTHENTICATION, EapMethod.SIM),
    "6": (IdentityKind.PERMANENT, EapMethod.AKA_PRIME),
    "7": (IdentityKind.PSEUDONYM, EapMethod.AKA_PRIME),
    "8": (IdentityKind.REAUTHENTICATION, EapMethod.AKA_PRIME),
}
_permanent = re.compile("([016])([0-9]{6,15})(?:@([^@]*))?").fullmatch
"""An IMSI behind the leading character of a permanent identity, and perhaps a realm."""
_NOBODYS = (IdentityKind.OTHER, None)
_LEADS = {meaning: lead for lead, meaning in _LEADING.items()}


def leading_character(kind: IdentityKind, method: EapMethod) -> str:
    """How a username of that kind begins; KeyError for a kind that has no such character."""
    return _LEADS[kind, method]


def _classified(text: str | bytes) -> Identity:
    if isinstance(text, bytes):
        try:
            text = text.decode()
        except UnicodeDecodeError:
            return Identity(IdentityKind.OTHER, None, None, Nai(""))
    plain = _permanent(text)
    if plain is not None:
        lead, digits, realm = plain.groups()
        if not _is_served_by_nobody(realm or ""):
            return Identity(IdentityKind.PERMANENT, _LEADING[lead][1], Imsi(digits), Nai(lead + digits, realm))
    return _any_other(text)


def _any_other(text: str) -> Identity:
    """And those that `_permanent` finds as well: it is the short way for most of what is said."""
    nai = Nai.of(text)
    if text.startswith("\0"):
        return Identity(IdentityKind.ENCRYPTED, None, None, nai)
    username = nai.username
    kind, method = _LEADING.get(username[:1], _NOBODYS)
    if method is None or len(username) == 1 or nai.is_served_by_nobody:
        return Identity(IdentityKind.OTHER, None, None, nai)
    if kind is not IdentityKind.PERMANENT:
        return Identity(kind, method, None, nai)
    try:
        return Identity(kind, method, Imsi(username[1:]), nai)
    except ValueError:
        return Identity(IdentityKind.OTHER, None, None, nai)


classify: Callable[[str | bytes], Identity] = lru_cache(maxsize=256)(_classified)
"""What a text, as EAP-Response/Identity, AT_IDENTITY or User-Name carry it, identifies.

Never refuses: what is not UTF-8, not an IMSI where one is due, or in a realm that serves nobody, is OTHER.
A permanent identity under the operator's public key begins with NUL (wire.eap.encrypted_identity). What was asked last
is remembered: one conversation asks several times of the same identity.
"""


def permanent_nai(imsi: Imsi, plmn: Plmn, method: EapMethod) -> str:
    """The root NAI of `imsi` for `method` in the home network `plmn` (TS 23.003 §19.3.2)."""
    return f"{leading_character(IdentityKind.PERMANENT, method)}{imsi}@{nai_realm(plmn)}"
