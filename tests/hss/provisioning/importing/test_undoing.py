"""A rollback removes what its batch brought and nothing else, and tells who serves them."""

import pytest
from sqlalchemy import insert, select, update

from hss.models import Apn, BatchState, Notice, NoticeKind, Registration, Subscriber
from hss.provisioning.importing.batches import ImportRefused
from hss.provisioning.importing.running import opened
from hss.provisioning.importing.undoing import Rollback, Undone
from hss.store.engines import transaction
from tests.hss.provisioning.importing.conftest import Imports, MakePlan, csv_of, imsi_of


def roll_back(imports: Imports, number: int, *, keep_changed: bool = False) -> Undone:
    with opened(imports.location) as writer:
        undo = Rollback(writer, number, keep_changed=keep_changed)
        batch, _ = undo.begin(imports.record)
        removed = 0
        while step := undo.step(batch, 2):
            removed += step
        return undo.finish(batch, removed, imports.record)


def change(imports: Imports, imsi: str) -> None:
    with transaction(imports.location) as connection:
        changed = update(Subscriber).values(revision=Subscriber.revision + 1).where(Subscriber.imsi == imsi)
        connection.execute(changed)


def test_what_the_batch_brought_goes_and_nothing_else(imports: Imports, plan: MakePlan) -> None:
    imports.run(plan(csv_of(2)))
    number = imports.run(plan(csv_of(7), name="more.csv")).batch.id
    undone = roll_back(imports, number)
    assert (undone.removed, undone.kept, undone.batch.state) == (5, 0, BatchState.ROLLED_BACK)
    assert imports.imsis() == [imsi_of(1), imsi_of(2)]
    with transaction(imports.location, read_only=True) as connection:
        assert len(connection.scalars(select(Apn.imsi)).all()) == 2


def test_it_is_audited(imports: Imports, plan: MakePlan) -> None:
    number = imports.run(plan(csv_of(1))).batch.id
    roll_back(imports, number)
    assert [act[0] for act in imports.acts[2:]] == ["import.rollback", "import.rolled-back"]


def test_file_may_be_imported_again_then(imports: Imports, plan: MakePlan) -> None:
    roll_back(imports, imports.run(plan(csv_of(3))).batch.id)
    assert imports.run(plan(csv_of(3))).batch.added == 3


def test_whoever_serves_them_is_told(imports: Imports, plan: MakePlan) -> None:
    number = imports.run(plan(csv_of(3))).batch.id
    with transaction(imports.location) as connection:
        connection.execute(insert(Registration).values(imsi=imsi_of(2), aaa_name="aaa.example"))
    roll_back(imports, number)
    with transaction(imports.location, read_only=True) as connection:
        [notice] = connection.execute(select(Notice.imsi, Notice.aaa_name, Notice.kind)).all()
    assert tuple(notice) == (imsi_of(2), "aaa.example", NoticeKind.DEREGISTER)


def test_changed_subscribers_stop_it(imports: Imports, plan: MakePlan) -> None:
    number = imports.run(plan(csv_of(3))).batch.id
    change(imports, imsi_of(2))
    with pytest.raises(
        ImportRefused, match=f"1 subscribers of import {number} were changed since, such as {imsi_of(2)}"
    ):
        roll_back(imports, number)
    assert len(imports.imsis()) == 3


def test_changed_subscribers_may_be_kept(imports: Imports, plan: MakePlan) -> None:
    number = imports.run(plan(csv_of(3))).batch.id
    change(imports, imsi_of(2))
    undone = roll_back(imports, number, keep_changed=True)
    assert (undone.removed, undone.kept) == (2, 1)
    assert imports.imsis() == [imsi_of(2)]


def test_interrupted_rollback_goes_on(imports: Imports, plan: MakePlan) -> None:
    number = imports.run(plan(csv_of(5))).batch.id
    with opened(imports.location) as writer:
        undo = Rollback(writer, number)
        batch, count = undo.begin(imports.record)
        assert (count, undo.step(batch, 2)) == (5, 2)
    assert roll_back(imports, number).removed == 3
    assert imports.imsis() == []


def test_second_rollback_is_refused(imports: Imports, plan: MakePlan) -> None:
    number = imports.run(plan(csv_of(1))).batch.id
    roll_back(imports, number)
    with pytest.raises(ImportRefused, match="is rolled back already"):
        roll_back(imports, number)


def test_rollback_by_two_at_once_ends_once(imports: Imports, plan: MakePlan) -> None:
    number = imports.run(plan(csv_of(1))).batch.id
    with opened(imports.location) as writer:
        undo = Rollback(writer, number)
        batch, _ = undo.begin(imports.record)
        roll_back(imports, number)
        with pytest.raises(ImportRefused, match="was rolled back by another process"):
            undo.step(batch)
