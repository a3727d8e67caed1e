"""An import from its first line to its last, chunk by chunk: each is on disk before the next one is read."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine

from hss.audit import Actor, AuditTrail
from hss.keys.custody import Custodian
from hss.models import BatchState
from hss.provisioning.importing import batches
from hss.provisioning.importing.batches import Batch, ImportRefused, Refused
from hss.provisioning.importing.preparing import Plan
from hss.provisioning.importing.quarantine import Quarantine
from hss.provisioning.importing.source import Chunk
from hss.store.engines import require_store, writer_engine
from hss.store.errors import StoreBusy, StoreConflict, store_errors
from hss.store.location import Location

CHUNK = 1000
"""Rows of one transaction."""
TRIES = 5

Record = Callable[[Connection, str, Batch], None]
"""Puts an action, such as import.begin, and the batch as it is into the audit trail, in the given transaction."""
Tell = Callable[[Batch], None]
"""Hears how far the batch is."""


def audited(trail: AuditTrail, actor: Actor) -> Record:
    """A `Record` into `trail`, by `actor`."""

    def record(connection: Connection, action: str, batch: Batch) -> None:
        trail.record(connection, actor, action, str(batch.id), after=batches.described(batch))

    return record


@dataclass(slots=True)
class Outcome:
    """What this run has done: the batch as it is, and what it refused, by cause."""

    batch: Batch
    causes: Counter[str] = field(default_factory=Counter)


class Writer:
    """A store that stays open from one transaction to the next."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One transaction; StoreError when it fails."""
        with store_errors(), self._engine.begin() as connection:
            yield connection


@contextmanager
def opened(location: Location) -> Iterator[Writer]:
    """The store at `location`, to be written to."""
    require_store(location)
    engine = writer_engine(location)
    try:
        yield Writer(engine)
    finally:
        engine.dispose()


def begin(writer: Writer, plan: Plan, *, actor: str, record: Record) -> tuple[Batch, bool]:
    """The batch of the plan's file, and whether it goes on after an interruption.

    ImportRefused when the same file was imported before.
    """
    digest = plan.source.digest()
    plan.source.require_unchanged()
    with writer.transaction() as connection:
        batches.take_turn(connection)
        found = batches.find(connection, digest, plan.mapping.identity)
        if found is not None and found.state is BatchState.DONE:
            undo = f"akadia import rollback {found.id}"
            raise ImportRefused(f"{plan.source.name} was imported already, as {found.id}; undo that with: {undo}")
        if found is not None:
            return found, True
        batch = batches.begin(
            connection,
            file_name=plan.source.name,
            digest=digest,
            mapping=plan.mapping.identity,
            actor=actor,
            position=plan.position,
            line=plan.line,
        )
        record(connection, "import.begin", batch)
        return batch, False


class Importer:
    """Runs a batch from where it is to its end."""

    def __init__(self, writer: Writer, custodian: Custodian, plan: Plan, quarantine: Quarantine) -> None:
        self._writer = writer
        self._custodian = custodian
        self._plan = plan
        self._quarantine = quarantine

    def run(self, batch: Batch, *, record: Record, tell: Tell, chunk_rows: int = CHUNK) -> Outcome:
        """Import what is left; raise StoreError or ImportRefused with everything before that chunk done for good."""
        outcome = Outcome(batch)
        for chunk in self._plan.source.chunks(batch.position, batch.line, chunk_rows):
            self._plan.source.require_unchanged()
            outcome.batch, refused = self._one(outcome.batch, chunk)
            outcome.causes.update(each.cause.value for each in refused)
            tell(outcome.batch)
        with self._writer.transaction() as connection:
            batches.finish(connection, outcome.batch, BatchState.DONE)
            outcome.batch = batches.get(connection, batch.id)
            record(connection, "import.end", outcome.batch)
        return outcome

    def _one(self, batch: Batch, chunk: Chunk) -> tuple[Batch, list[Refused]]:
        rows, refused = self._plan.rows(chunk)
        lines = dict(chunk.lines)
        for tried in range(1, TRIES + 1):
            try:
                with self._writer.transaction() as connection:
                    after, bad = batches.write(connection, self._custodian, batch, chunk, rows, refused)
                    # before the commit: a crash between the two is mended by what `resume` cuts off
                    self._quarantine.write(bad, lines)
            except (StoreConflict, StoreBusy):
                self._quarantine.resume(batch.line)
                if tried == TRIES:
                    raise
            else:
                return after, bad
        raise ImportRefused(f"import {batch.id} does not go on; run it again")
