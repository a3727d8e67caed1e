"""What an operator does with algorithm profiles; one that subscribers use does not change (TS 33.102 Annex C)."""

import json
import re
from dataclasses import asdict
from enum import Enum
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from hss.algorithms import AlgorithmSettings, ProfileRefused, check_settings, read_settings
from hss.models import DEFAULT_PROFILE, AlgorithmProfile, AuditEntry, Scheme, Subscriber
from hss.provisioning.change import Change, NotThere, ProvisioningRefused

_NAME = re.compile(r"[A-Za-z0-9._-]{1,32}")
_DELTA_MAX = (1 << 48) - 1
_REMOVED = "profile.remove"


def described(settings: AlgorithmSettings) -> dict[str, Any]:
    """A profile as names and values."""
    return {name: value.value if isinstance(value, Enum) else value for name, value in asdict(settings).items()}


def add(change: Change, settings: AlgorithmSettings) -> None:
    """Add a profile; ProvisioningRefused when the name is none, is or was another's, or nothing can compute it."""
    if not _NAME.fullmatch(settings.name):
        raise ProvisioningRefused(
            f"{settings.name!r} is no name of a profile; write 1 to 32 letters, digits, dots and hyphens"
        )
    if settings.name in read_settings(change.connection):
        raise ProvisioningRefused(f"profile {settings.name} is there already; choose another name")
    _refuse_other_meaning(change.connection, settings)
    try:
        check_settings(settings)
    except ProfileRefused as error:
        raise ProvisioningRefused(str(error)) from None
    _check_counting(settings)
    change.connection.execute(insert(AlgorithmProfile).values(**asdict(settings)))
    change.record("profile.add", settings.name, after=described(settings))


def remove(change: Change, name: str) -> None:
    """Take a profile away; ProvisioningRefused while subscribers use it."""
    found = read_settings(change.connection).get(name)
    if found is None:
        raise NotThere(f"there is no profile {name}; see them with: akadia profile list")
    users = users_of(change.connection, name)
    if users or name == DEFAULT_PROFILE:
        why = f"{users} subscribers use it" if users else "it is the one that new subscribers get"
        raise ProvisioningRefused(f"profile {name} stays: {why}")
    change.connection.execute(delete(AlgorithmProfile).where(AlgorithmProfile.name == name))
    change.record(_REMOVED, name, before=described(found))


def users_of(connection: Connection, name: str) -> int:
    """How many subscribers have this profile."""
    return connection.scalar(select(func.count()).select_from(Subscriber).where(Subscriber.profile == name)) or 0


def _refuse_other_meaning(connection: Connection, settings: AlgorithmSettings) -> None:
    """A process that serves has read a profile once: by what it knew under this name it would give SQNs twice."""
    gone = select(AuditEntry.before).where(AuditEntry.subject == settings.name, AuditEntry.action == _REMOVED)
    if any(json.loads(before or "{}") != described(settings) for before in connection.scalars(gone)):
        raise ProvisioningRefused(
            f"there was a profile {settings.name} with other values, and what runs may know it yet; choose another name"
        )


def _check_counting(settings: AlgorithmSettings) -> None:
    if settings.scheme is Scheme.TIME and settings.reserve != 1:
        raise ProvisioningRefused("a time-based profile reserves nothing; leave --reserve out")
    if not 1 <= settings.ind_bits <= 16:
        raise ProvisioningRefused(f"IND has 1 to 16 bits, not {settings.ind_bits}; the usual length is 5")
    if not 1 <= settings.reserve <= 65536 or not 1 <= settings.clock_unit_ms <= 60000:
        raise ProvisioningRefused("reserve is 1 to 65536, clock unit 1 to 60000 ms")
    if not 1 <= settings.delta <= _DELTA_MAX:
        raise ProvisioningRefused(f"delta is 1 to {_DELTA_MAX}; the usual one is {1 << 28}")
