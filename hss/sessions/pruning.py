"""What is old enough to be deleted, a few rows a transaction."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, delete, select

from hss.models import AccessGrant, AccessSession, AccountingEntry, FailedAuthentication

AT_ONCE = 2000
"""How many rows one transaction deletes, so that nobody waits long for it."""


def prune_records(before: datetime, connection: Connection) -> int:
    """Records that arrived earlier."""
    old = select(AccountingEntry.id).where(AccountingEntry.received < before).limit(AT_ONCE)
    return connection.execute(delete(AccountingEntry).where(AccountingEntry.id.in_(old))).rowcount


def prune_sessions(before: datetime, connection: Connection) -> int:
    """Sessions that ended earlier."""
    old = select(AccessSession.id).where(AccessSession.ended < before).limit(AT_ONCE)
    return connection.execute(delete(AccessSession).where(AccessSession.id.in_(old))).rowcount


def prune_grants(before: datetime, connection: Connection) -> int:
    """Authentications that were accepted earlier; the sessions that they began know whose they are."""
    old = select(AccessGrant.radius_class).where(AccessGrant.at < before).limit(AT_ONCE)
    return connection.execute(delete(AccessGrant).where(AccessGrant.radius_class.in_(old))).rowcount


def prune_failures(before: datetime, connection: Connection) -> int:
    """Authentications that failed earlier; of those that another process deletes at this moment, none."""
    old = select(FailedAuthentication.id).where(FailedAuthentication.at < before)
    locked = old.limit(AT_ONCE).with_for_update(skip_locked=True)
    return connection.execute(delete(FailedAuthentication).where(FailedAuthentication.id.in_(locked))).rowcount


PRUNINGS: tuple[Callable[[datetime, Connection], int], ...] = (
    prune_records,
    prune_sessions,
    prune_grants,
    prune_failures,
)
