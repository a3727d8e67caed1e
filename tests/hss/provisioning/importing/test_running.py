"""Imports from the first line to the last: gone on with, refused twice, and never a row too many."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from threading import Thread

import pytest
from sqlalchemy import select, update

from hss.models import BatchState, ImportBatch, Subscriber
from hss.provisioning.importing.batches import Batch, ImportRefused, Refused
from hss.provisioning.importing.preparing import Plan
from hss.provisioning.importing.quarantine import Quarantine
from hss.provisioning.importing.running import Importer, begin, opened
from hss.provisioning.importing.source import SourceRefused
from hss.store.engines import transaction
from hss.store.errors import StoreConflict
from tests.hss.provisioning.importing.conftest import OPC, Imports, K, MakePlan, csv_of, imsi_of


class Interrupted(Exception):
    pass


def interrupted_after(imports: Imports, plan: MakePlan, text: str, chunks: int) -> Batch:
    """An import that ends, as by a crash, when `chunks` chunks of 2 are done."""
    done: list[Batch] = []

    def tell(batch: Batch) -> None:
        done.append(batch)
        if len(done) == chunks:
            raise Interrupted

    with pytest.raises(Interrupted):
        told_run(imports, plan(text), tell)
    return done[-1]


def told_run(imports: Imports, plan: Plan, tell: Callable[[Batch], None]) -> None:
    """An import in chunks of 2, of whose progress `tell` hears."""
    with opened(imports.location) as writer:
        batch, _ = begin(writer, plan, actor="tester", record=imports.record)
        with closing(imports.quarantine(batch.id)) as kept:
            importer = Importer(writer, imports.custodian, plan, kept)
            importer.run(batch, record=imports.record, tell=tell, chunk_rows=2)


def test_file_comes_in(imports: Imports, plan: MakePlan) -> None:
    outcome = imports.run(plan(csv_of(25)))
    assert imports.imsis() == [imsi_of(number) for number in range(1, 26)]
    assert imports.keys(imsi_of(25)) == (K, OPC)
    assert (outcome.batch.state, outcome.batch.added, outcome.batch.refused) == (BatchState.DONE, 25, 0)
    assert outcome.batch.finished is not None


def test_file_that_is_imported_twice_at_once_is_one_batch(imports: Imports, plan: MakePlan) -> None:
    first, second = plan(csv_of(2)), plan(csv_of(2), name="again.csv")
    begun: list[tuple[int, bool]] = []

    def begin_as_well() -> None:
        with opened(imports.location) as writer:
            batch, goes_on = begin(writer, second, actor="other", record=imports.record)
            begun.append((batch.id, goes_on))

    thread = Thread(target=begin_as_well)

    def record(*_: object) -> None:
        # the transaction of the first one is not at its end
        thread.start()
        thread.join(0.3)

    with opened(imports.location) as writer:
        batch, goes_on = begin(writer, first, actor="tester", record=record)
    thread.join()
    assert (goes_on, begun) == (False, [(batch.id, True)])


def test_it_is_one_act_with_its_counts(imports: Imports, plan: MakePlan) -> None:
    number = imports.run(plan(csv_of(25) + "rubbish\n")).batch.id
    assert imports.acts == [("import.begin", number, 0, 0), ("import.end", number, 25, 1)]


def test_bad_rows_go_to_quarantine_and_the_rest_goes_on(imports: Imports, plan: MakePlan) -> None:
    text = csv_of(3) + f"{imsi_of(2)},{K},{OPC}\n{imsi_of(9)},{K}\n" + csv_of(3, first=4).split("\n", 1)[1]
    outcome = imports.run(plan(text), chunk_rows=2)
    assert len(imports.imsis()) == 6
    assert outcome.causes == {"twice": 1, "form": 1}
    kept = imports.quarantine(outcome.batch.id).path.read_text().splitlines()
    assert [line.split(",")[:3] for line in kept[1:]] == [["5", imsi_of(2), "twice"], ["6", "", "form"]]


def test_interrupted_import_goes_on_without_doubles(imports: Imports, plan: MakePlan) -> None:
    text = csv_of(3) + "rubbish\n" + csv_of(4, first=4).split("\n", 1)[1]
    stopped = interrupted_after(imports, plan, text, 2)
    assert len(imports.imsis()) == 3
    outcome = imports.run(plan(text), chunk_rows=2)
    assert outcome.batch.id == stopped.id
    assert (outcome.batch.added, outcome.batch.refused) == (7, 1)
    assert imports.imsis() == [imsi_of(number) for number in range(1, 8)]
    assert imports.quarantine(stopped.id).path.read_text().count("\n") == 2


def test_same_file_is_not_imported_twice(imports: Imports, plan: MakePlan) -> None:
    number = imports.run(plan(csv_of(2))).batch.id
    with pytest.raises(ImportRefused, match=f"was imported already, as {number}; undo that with: akadia import rollba"):
        imports.run(plan(csv_of(2)))


def test_changed_file_is_another_import(imports: Imports, plan: MakePlan) -> None:
    first = interrupted_after(imports, plan, csv_of(4), 1)
    second = imports.run(plan(csv_of(5)))
    assert second.batch.id != first.id
    assert (second.batch.added, second.causes) == (3, {"exists": 2})


def test_file_that_changes_meanwhile_stops_it(imports: Imports, plan: MakePlan) -> None:
    made = plan(csv_of(4))

    def meddle(_: Batch) -> None:
        made.source.path.write_text("other")

    with pytest.raises(SourceRefused, match="has changed"):
        told_run(imports, made, meddle)
    assert len(imports.imsis()) == 2


def test_conflict_is_tried_again_and_quarantined_once(
    imports: Imports, plan: MakePlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[int] = []
    real = Quarantine.write

    def write(self: Quarantine, refused: Sequence[Refused], lines: Mapping[int, bytes]) -> None:
        real(self, refused, lines)
        tries.append(1)
        if len(tries) < 3:
            raise StoreConflict("somebody was first")

    monkeypatch.setattr(Quarantine, "write", write)
    outcome = imports.run(plan(csv_of(2) + "rubbish\n"))
    assert (len(tries), outcome.batch.added, outcome.batch.refused) == (3, 2, 1)
    assert imports.quarantine(outcome.batch.id).path.read_text().count("\n") == 2


def test_batch_rolled_back_meanwhile_is_noticed(imports: Imports, plan: MakePlan) -> None:
    def undo(_: Batch) -> None:
        with transaction(imports.location) as connection:
            connection.execute(update(ImportBatch).values(state=BatchState.ROLLED_BACK))

    with pytest.raises(ImportRefused, match="in another process's hands"):
        told_run(imports, plan(csv_of(4)), undo)
    with transaction(imports.location, read_only=True) as connection:
        assert len(connection.scalars(select(Subscriber.imsi)).all()) == 2
