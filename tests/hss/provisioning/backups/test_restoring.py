"""A restored store is what was backed up, with every SEQ ahead; or nothing of it is there."""

import pytest
from sqlalchemy import Connection, insert, select, update

from hss.counting.sqn import SEQ_MAX
from hss.keys.custody import Custodian
from hss.keys.vault import Vault
from hss.models import DataKey, ImportBatch, KeyPurpose, KeyState, RequestingNode, Subscriber
from hss.provisioning.backups.ahead import AHEAD
from hss.provisioning.backups.container import BackupRefused
from hss.provisioning.backups.restoring import restore
from hss.provisioning.backups.rows import tables
from hss.store.engines import transaction
from hss.store.location import Location
from hss.store.schema import upgrade
from tests.hss.conftest import Registry
from tests.hss.provisioning.backups.conftest import FIRST, SECOND, backup_of, fill, restore_into
from wire.identity import Imsi

MOVED = {"seq", "time_offset", "epoch", "generation"}


def contents(location: Location) -> dict[str, list[dict[str, object]]]:
    with transaction(location, read_only=True) as connection:
        return {
            table.name: [
                {name: value for name, value in row.items() if name not in MOVED}
                for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()
            ]
            for table in tables()
        }


def seqs(location: Location) -> list[tuple[int, int]]:
    with transaction(location, read_only=True) as connection:
        rows = connection.execute(select(Subscriber.seq, Subscriber.time_offset).order_by(Subscriber.imsi))
        return [(row.seq, row.time_offset) for row in rows]


def test_everything_is_there_again(
    location: Location, other_location: Location, registry: Registry, vault: Vault
) -> None:
    fill(location, registry)
    restored = restore_into(other_location, backup_of(location, vault), vault)
    assert contents(other_location) == contents(location)
    assert restored.rows == {name: len(rows) for name, rows in contents(location).items()}
    assert restored.exhausted == 0


def test_no_sqn_can_be_used_again(
    location: Location, other_location: Location, registry: Registry, vault: Vault
) -> None:
    fill(location, registry)
    registry.set(Imsi(SECOND), profile="timed", time_offset=50)
    restore_into(other_location, backup_of(location, vault), vault)
    assert seqs(other_location) == [(1000 + AHEAD, 0), (7 + AHEAD, 0)]
    with transaction(other_location, read_only=True) as connection:
        [node] = connection.execute(select(RequestingNode.horizon, RequestingNode.epoch)).all()
    assert tuple(node) == (77, 5)


def test_seq_stops_at_its_end(location: Location, other_location: Location, registry: Registry, vault: Vault) -> None:
    registry.add(FIRST, seq=SEQ_MAX - AHEAD + 1)
    registry.add(SECOND, seq=SEQ_MAX - AHEAD)
    assert restore_into(other_location, backup_of(location, vault), vault).exhausted == 1
    assert [seq for seq, _ in seqs(other_location)] == [SEQ_MAX, SEQ_MAX]


def test_numbers_go_on_behind_those_restored(
    location: Location, other_location: Location, registry: Registry, vault: Vault
) -> None:
    fill(location, registry)
    restore_into(other_location, backup_of(location, vault), vault)
    with transaction(other_location) as connection:
        columns = [ImportBatch.file_name, ImportBatch.file_digest, ImportBatch.mapping, ImportBatch.state]
        old = connection.execute(select(*columns, ImportBatch.actor)).mappings().one()
        assert connection.execute(insert(ImportBatch).values(**old).returning(ImportBatch.id)).scalar_one() == 2


def test_store_with_a_subscriber_is_not_overwritten(location: Location, registry: Registry, vault: Vault) -> None:
    fill(location, registry)
    octets = backup_of(location, vault)
    before = contents(location)
    with pytest.raises(BackupRefused, match=r"the store holds .* rows; restore into an empty one"):
        restore_into(location, octets, vault)
    assert contents(location) == before


def test_data_keys_that_nothing_uses_yet_give_way(
    location: Location, other_location: Location, registry: Registry, vault: Vault
) -> None:
    registry.add(FIRST)
    with transaction(other_location) as connection:
        values = {"purpose": KeyPurpose.SUBSCRIBER, "master": "m", "state": KeyState.ACTIVE, "wrapped": b"w"}
        connection.execute(insert(DataKey).values(**values))
    restore_into(other_location, backup_of(location, vault), vault)
    assert contents(other_location)["data_key"] == []


def test_keys_that_do_not_open_stop_it(
    location: Location, other_location: Location, registry: Registry, vault: Vault
) -> None:
    fill(location, registry)
    with transaction(location) as connection:
        others = select(Subscriber.k).where(Subscriber.imsi == FIRST).scalar_subquery()
        connection.execute(update(Subscriber).values(k=others).where(Subscriber.imsi == SECOND))
    with pytest.raises(BackupRefused, match=f"keys do not open: subscriber.k of {SECOND}: was sealed for another"):
        restore_into(other_location, backup_of(location, vault), vault)
    assert contents(other_location)["subscriber"] == []


def test_backup_cut_short_leaves_nothing(
    location: Location, other_location: Location, registry: Registry, vault: Vault
) -> None:
    fill(location, registry)
    before = contents(other_location)
    with pytest.raises(BackupRefused, match="ends too early"):
        restore_into(other_location, backup_of(location, vault)[:-1], vault)
    assert contents(other_location) == before


def test_audit_that_does_not_verify_stops_it(
    location: Location, other_location: Location, registry: Registry, vault: Vault
) -> None:
    fill(location, registry)

    def broken(_: Connection) -> None:
        raise BackupRefused("entry 3 was altered")

    with pytest.raises(BackupRefused, match="entry 3 was altered"):
        restore_into(other_location, backup_of(location, vault), vault, verify_audit=broken)
    assert contents(other_location)["subscriber"] == []


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ([], "has schema None, this program 0013"),
        ([{"schema": "0001"}], "has schema 0001, this program 0013"),
        ([{"schema": "0013"}], "has no last line"),
        ([{"schema": "0013"}, {"rows": {"subscriber": 1}}], "counts other rows than it has"),
    ],
)
def test_other_contents_are_refused(location: Location, vault: Vault, found: list[object], message: str) -> None:
    with pytest.raises(BackupRefused, match=message), transaction(location) as connection:
        restore(
            connection,
            iter(found),
            custodian=Custodian(vault),
            verify_audit=lambda _: None,
            tell=lambda _: None,
        )


@pytest.mark.interop
def test_sqlite_becomes_postgresql_and_comes_back(request: pytest.FixtureRequest, vault: Vault) -> None:
    path = request.getfixturevalue("database_path")
    url = request.getfixturevalue("postgres").new_database("empty")
    fill(path, Registry(path, vault))
    restore_into(url, backup_of(path, vault), vault)
    assert contents(url) == contents(path)
    back = path.with_name("back.sqlite")
    upgrade(back)
    restore_into(back, backup_of(url, vault), vault)
    assert contents(back) == contents(path)
    assert seqs(back) == [(1000 + 2 * AHEAD, 0), (7 + 2 * AHEAD, 0)]
