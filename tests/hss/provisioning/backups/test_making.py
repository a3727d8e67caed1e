"""A backup has every row, as of one moment, and no key in the clear."""

from typing import Any

from hss.keys.vault import Vault
from hss.models import Subscriber
from hss.provisioning.backups.making import rows_in
from hss.provisioning.backups.rows import lines
from hss.store.engines import transaction
from hss.store.location import Location
from hss.store.schema import head
from tests.hss.conftest import FIRST_SET, Registry
from tests.hss.provisioning.backups.conftest import FIRST, backup_of, fill, opened_backup
from tests.leaks import forms


def test_every_row_is_in_it(location: Location, registry: Registry, vault: Vault) -> None:
    fill(location, registry)
    told: list[int] = []
    found: list[Any] = list(lines(iter([opened_backup(backup_of(location, vault, tell=told.append), vault)])))
    with transaction(location, read_only=True) as connection:
        total = rows_in(connection)
    assert found[0] == {"schema": head()}
    assert sum(found[-1]["rows"].values()) == total == len(found) - 2 == told[-1]
    assert found[-1]["rows"]["subscriber"] == 2


def test_keys_stay_sealed_even_inside(location: Location, registry: Registry, vault: Vault) -> None:
    fill(location, registry)
    octets = backup_of(location, vault)
    inside = opened_backup(octets, vault)
    assert FIRST.encode() in inside
    assert FIRST.encode() not in octets
    for name in ("k", "op", "opc"):
        for form in forms(bytes.fromhex(FIRST_SET[name])):
            assert form not in octets
            assert form not in inside


def test_it_is_of_one_moment(location: Location, registry: Registry, vault: Vault) -> None:
    known = fill(location, registry)

    def meddle(_: int) -> None:
        registry.set(known.imsi, seq=Subscriber.seq + 1)

    rows = list(lines(iter([opened_backup(backup_of(location, vault, tell=meddle), vault)])))
    place = [column.name for column in Subscriber.__table__.c].index("seq")
    assert [line[1][place] for line in rows if isinstance(line, list) and line[0] == "subscriber"] == [1000, 7]
    assert registry.seq(known.imsi) > 1000
