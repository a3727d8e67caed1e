"""A chunk and the place where the batch goes on are one transaction, on both engines."""

from dataclasses import replace
from random import Random

import pytest
from sqlalchemy import select

from hss.keys.data_keys import make_key
from hss.models import Apn, BatchState, KeyPurpose, Subscriber
from hss.provisioning.change import NotThere
from hss.provisioning.importing import batches
from hss.provisioning.importing.batches import Batch, ImportRefused
from hss.provisioning.importing.causes import Cause
from hss.provisioning.importing.rows import NewRow
from hss.provisioning.importing.source import Chunk
from hss.store.engines import transaction
from tests.hss.provisioning.importing.conftest import Imports, MakePlan, csv_of, imsi_of

DIGEST = bytes(32)


def began(imports: Imports) -> Batch:
    with transaction(imports.location) as connection:
        return batches.begin(
            connection, file_name="cards.csv", digest=DIGEST, mapping="pysim", actor="me", position=12, line=1
        )


def rows_of(plan: MakePlan, text: str) -> tuple[Chunk, list[NewRow]]:
    made = plan(text)
    [chunk] = made.source.chunks(made.position, made.line, 100)
    return chunk, made.rows(chunk)[0]


def test_chunk_and_position_are_there_together(imports: Imports, plan: MakePlan) -> None:
    batch = began(imports)
    chunk, rows = rows_of(plan, csv_of(3))
    with transaction(imports.location) as connection:
        after, refused = batches.write(connection, imports.custodian, batch, chunk, rows, [])
    assert (after.position, after.line, after.added, after.refused, refused) == (chunk.position, 4, 3, 0, [])
    with transaction(imports.location, read_only=True) as connection:
        assert batches.get(connection, batch.id) == after
        assert connection.scalars(select(Subscriber.batch_id)).all() == [batch.id] * 3
        assert connection.scalars(select(Apn.name)).all() == ["internet"] * 3


def test_who_is_there_stays_as_it_is(imports: Imports, plan: MakePlan) -> None:
    first, second = began(imports), began(imports)
    chunk, rows = rows_of(plan, csv_of(1))
    with transaction(imports.location) as connection:
        batches.write(connection, imports.custodian, first, chunk, rows, [])
    chunk, rows = rows_of(plan, csv_of(2) + csv_of(1, first=2).split("\n", 1)[1])
    with transaction(imports.location) as connection:
        after, refused = batches.write(connection, imports.custodian, second, chunk, rows, [])
    assert (after.added, after.refused) == (1, 2)
    assert [(each.line, each.imsi, each.cause) for each in refused] == [
        (2, imsi_of(1), Cause.EXISTS),
        (4, imsi_of(2), Cause.TWICE),
    ]


def test_another_process_on_the_same_batch_writes_nothing(imports: Imports, plan: MakePlan) -> None:
    batch = began(imports)
    chunk, rows = rows_of(plan, csv_of(1))
    with pytest.raises(ImportRefused, match="in another process's hands"), transaction(imports.location) as connection:
        batches.write(connection, imports.custodian, replace(batch, position=5), chunk, rows, [])
    assert imports.imsis() == []


def test_rows_are_sealed_under_the_active_data_key(imports: Imports, plan: MakePlan) -> None:
    batch = began(imports)
    for part in range(2):
        chunk, rows = rows_of(plan, csv_of(1, first=part))
        with transaction(imports.location) as connection:
            batch, _ = batches.write(connection, imports.custodian, batch, chunk, rows, [])
            make_key(connection, imports.custodian.keyring.master, KeyPurpose.SUBSCRIBER, Random(4).randbytes)
    with transaction(imports.location, read_only=True) as connection:
        used = connection.scalars(select(Subscriber.data_key_id).order_by(Subscriber.imsi)).all()
    assert used == [1, 2]


def test_batches_are_found_by_file_and_mapping(imports: Imports) -> None:
    batch = began(imports)
    with transaction(imports.location) as connection:
        assert batches.find(connection, DIGEST, "pysim") == batch
        assert batches.find(connection, DIGEST, "other") is None
        batches.finish(connection, batch, BatchState.ROLLED_BACK)
        assert batches.find(connection, DIGEST, "pysim") is None
        assert batches.get(connection, batch.id).finished is not None


def test_newest_is_listed_first(imports: Imports) -> None:
    numbers = [began(imports).id for _ in range(3)]
    with transaction(imports.location, read_only=True) as connection:
        assert [batch.id for batch in batches.listed(connection, 2)] == numbers[:0:-1]


def test_unknown_batch_is_told(imports: Imports) -> None:
    with pytest.raises(NotThere, match="there is no import 7"), transaction(imports.location) as connection:
        batches.get(connection, 7)
