"""A change that an operator makes: one transaction, who makes it, and what the audit trail says of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from hss.audit import Actor, AuditTrail, Facts
from hss.keys.custody import Custodian
from hss.store.engines import transaction
from hss.store.location import Location


class ProvisioningRefused(Exception):
    """It cannot be done; one line that says what to do instead."""


class NotThere(ProvisioningRefused):
    """There is nothing of that name."""


class Conflict(ProvisioningRefused):
    """Somebody else has changed it meanwhile."""


@dataclass(frozen=True, slots=True)
class Change:
    """What every change needs; `custodian.keyring` is prepared for this transaction."""

    connection: Connection
    custodian: Custodian
    trail: AuditTrail
    actor: Actor

    def record(
        self, action: str, subject: str | None, *, before: Facts | None = None, after: Facts | None = None
    ) -> None:
        """Tell the audit trail, in this transaction."""
        self.trail.record(self.connection, self.actor, action, subject, before=before, after=after)


@contextmanager
def changing(location: Location, custodian: Custodian, actor: Actor, clock: Callable[[], datetime]) -> Iterator[Change]:
    """One change, committed at the end unless something is raised; StoreError when it fails."""
    with transaction(location) as connection:
        yield begin(connection, custodian, actor, clock)


def begin(connection: Connection, custodian: Custodian, actor: Actor, clock: Callable[[], datetime]) -> Change:
    """A change in a transaction that is there already."""
    custodian.keyring.prepare(connection)
    return Change(connection, custodian, AuditTrail(custodian.keyring, clock), actor)
