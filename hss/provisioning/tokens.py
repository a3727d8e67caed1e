"""Who may use the REST API: named tokens with roles, of which only a digest is kept."""

import base64
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from hss.models import ApiToken
from hss.provisioning.change import Change, NotThere, ProvisioningRefused
from wire.sansio import RandomBytes
from wire.secret import Secret

TOKEN_OCTETS = 32
"""Random octets of a token: a digest without salt is enough for what cannot be guessed."""
PREFIX = "akadia_"
"""How a token begins, so that whoever finds one in a file knows what it is."""

_NAME = re.compile(r"[A-Za-z0-9._-]{1,32}")


class Role(Enum):
    """What a token may do."""

    READER = "reader"
    PROVISIONER = "provisioner"
    IMPORTER = "importer"
    VECTORS = "vectors"
    ADMIN = "admin"


IMPLIED = {
    Role.PROVISIONER: {Role.READER},
    Role.IMPORTER: {Role.READER},
    Role.ADMIN: {Role.READER, Role.PROVISIONER, Role.IMPORTER},
}
"""What a role may do beside its own; nobody but `vectors` may have vectors."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever shows a token, and all that it may do."""

    name: str
    roles: frozenset[Role]


@dataclass(frozen=True, slots=True)
class TokenLine:
    """A token in a list."""

    name: str
    roles: tuple[Role, ...]
    created: datetime
    expires: datetime | None
    revoked: datetime | None


def issue(change: Change, name: str, roles: Iterable[Role], expires: datetime | None, random: RandomBytes) -> Secret:
    """A new token in ASCII, which nothing shows again; ProvisioningRefused when the name is none or was used before."""
    wanted = tuple(role for role in Role if role in set(roles))
    if not _NAME.fullmatch(name):
        raise ProvisioningRefused(f"{name!r} is no name of a token; write 1 to 32 letters, digits, dots and hyphens")
    if not wanted:
        raise ProvisioningRefused(f"token {name} needs a role: {', '.join(role.value for role in Role)}")
    if change.connection.scalar(select(ApiToken.name).where(ApiToken.name == name)) is not None:
        raise ProvisioningRefused(f"a token {name} is there, or was; the audit trail tells them apart by name")
    token = PREFIX.encode() + base64.urlsafe_b64encode(random(TOKEN_OCTETS)).rstrip(b"=")
    written = ",".join(role.value for role in wanted)
    change.connection.execute(insert(ApiToken).values(name=name, digest=_digest(token), roles=written, expires=expires))
    facts = {"roles": written, "expires": expires.isoformat() if expires else None}
    change.record("token.add", name, after=facts)
    return Secret(token)


def revoke(change: Change, name: str) -> None:
    """Let the token `name` open nothing from now on; NotThere when there is none, or it is revoked already."""
    live = update(ApiToken).where(ApiToken.name == name, ApiToken.revoked.is_(None))
    if change.connection.execute(live.values(revoked=func.current_timestamp())).rowcount == 0:
        raise NotThere(f"there is no token {name} to revoke; see them with: akadia token list")
    change.record("token.revoke", name)


def listed(connection: Connection) -> list[TokenLine]:
    """Every token there is or was, by name."""
    columns = (ApiToken.name, ApiToken.roles, ApiToken.created, ApiToken.expires, ApiToken.revoked)
    rows = connection.execute(select(*columns).order_by(ApiToken.name))
    return [TokenLine(row.name, _roles(row.roles), row.created, row.expires, row.revoked) for row in rows]


def described(line: TokenLine) -> dict[str, Any]:
    """A token as names and values, without anything that opens."""
    moments = {name: getattr(line, name) for name in ("created", "expires", "revoked")}
    shown = {name: moment.isoformat() if moment else None for name, moment in moments.items()}
    return {"name": line.name, "roles": [role.value for role in line.roles], **shown}


def identify(connection: Connection, token: bytes, now: datetime) -> Caller | None:
    """Whose token it is; None when it is nobody's, has expired or was revoked."""
    columns = (ApiToken.name, ApiToken.roles, ApiToken.expires)
    live = select(*columns).where(ApiToken.digest == _digest(token), ApiToken.revoked.is_(None))
    row = connection.execute(live).first()
    if row is None or (row.expires is not None and row.expires <= now):
        return None
    roles = _roles(row.roles)
    return Caller(row.name, frozenset(roles).union(*(IMPLIED.get(role, set()) for role in roles)))


def _digest(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()


def _roles(written: str) -> tuple[Role, ...]:
    return tuple(Role(word) for word in written.split(","))
