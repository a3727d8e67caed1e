"""Undoing an import: what the batch brought goes, and nothing else (RTR to who serves it: TS 29.273 §8.1.2.3)."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, delete, func, select

from hss.models import BatchState, Registration, Subscriber
from hss.provisioning.importing import batches
from hss.provisioning.importing.batches import Batch, ImportRefused
from hss.provisioning.importing.running import CHUNK, Record, Writer
from hss.telling.notices import tell_deregistered

REASON = "the subscription was withdrawn"
EXAMPLES = 5

_ANEW = 1
"""The revision of a subscriber that nobody has changed since it came."""


@dataclass(frozen=True, slots=True)
class Undone:
    """What a rollback did; `kept` are the subscribers that an operator had changed since."""

    batch: Batch
    removed: int
    kept: int


class Rollback:
    """Removes the subscribers of one batch, chunk by chunk; after an interruption it goes on with those left."""

    def __init__(self, writer: Writer, number: int, *, keep_changed: bool = False) -> None:
        self._writer = writer
        self._number = number
        self._keep = keep_changed
        self._last = ""

    def begin(self, record: Record) -> tuple[Batch, int]:
        """The batch, and how many subscribers will go.

        ImportRefused when it is rolled back already, or when some were changed since and may not be kept.
        """
        with self._writer.transaction() as connection:
            batch = batches.get(connection, self._number)
            if batch.state is BatchState.ROLLED_BACK:
                raise ImportRefused(f"import {batch.id} is rolled back already")
            if not self._keep:
                self._require_unchanged(connection)
            record(connection, "import.rollback", batch)
            return batch, _count(connection, self._mine(changed=False))

    def step(self, batch: Batch, rows: int = CHUNK) -> int:
        """Remove some, by IMSI, and tell who serves them; how many these were, 0 when none is left."""
        with self._writer.transaction() as connection:
            if batches.get(connection, batch.id).state is BatchState.ROLLED_BACK:
                raise ImportRefused(f"import {batch.id} was rolled back by another process meanwhile")
            following = and_(self._mine(changed=False), Subscriber.imsi > self._last)
            chosen = select(Subscriber.imsi).where(following).order_by(Subscriber.imsi).limit(rows)
            # whoever changes one of them at this moment comes first or finds nothing
            imsis = connection.scalars(chosen.with_for_update()).all()
            if imsis:
                _tell(connection, imsis)
                connection.execute(delete(Subscriber).where(Subscriber.imsi.in_(imsis)))
        self._last = imsis[-1] if imsis else self._last
        return len(imsis)

    def finish(self, batch: Batch, removed: int, record: Record) -> Undone:
        """The batch counts as rolled back from now on."""
        with self._writer.transaction() as connection:
            kept = _count(connection, self._mine(changed=True))
            batches.finish(connection, batch, BatchState.ROLLED_BACK)
            after = batches.get(connection, batch.id)
            record(connection, "import.rolled-back", after)
            return Undone(after, removed, kept)

    def _mine(self, *, changed: bool) -> ColumnElement[bool]:
        same = Subscriber.revision != _ANEW if changed else Subscriber.revision == _ANEW
        return and_(Subscriber.batch_id == self._number, same)

    def _require_unchanged(self, connection: Connection) -> None:
        changed = _count(connection, self._mine(changed=True))
        if not changed:
            return
        first = select(Subscriber.imsi).where(self._mine(changed=True)).order_by(Subscriber.imsi).limit(EXAMPLES)
        names = ", ".join(connection.scalars(first))
        many = f"{changed} subscribers of import {self._number} were changed since, such as {names}"
        raise ImportRefused(f"{many}; keep those with --keep-changed, or remove them one by one")


def _count(connection: Connection, condition: ColumnElement[bool]) -> int:
    return connection.execute(select(func.count()).select_from(Subscriber).where(condition)).scalar_one()


def _tell(connection: Connection, imsis: Sequence[str]) -> None:
    for imsi in connection.scalars(select(Registration.imsi).where(Registration.imsi.in_(imsis))).all():
        tell_deregistered(connection, imsi, REASON)
