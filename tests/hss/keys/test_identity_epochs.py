"""The epochs of identity keys in SQL: sealed, changed by one at a time, gone when retired."""

from collections.abc import AsyncIterator
from random import Random

import pytest
from sqlalchemy import select, update

from hss.active_api import StoredEpoch, StoredEpochs
from hss.keys.identity_epochs import SqlKeyEpochs, any_epoch
from hss.keys.vault import KEY_VERSION, Vault
from hss.models import IdentityEpoch
from hss.session_api import LedgerUnavailable
from hss.store.database import Database
from hss.store.engines import transaction
from hss.store.location import Location
from tests.leaks import forms
from wire.identity import Imsi
from wire.secret import Secret

FIRST = StoredEpoch(1, 100, Secret(bytes(range(32))))
SECOND = StoredEpoch(2, 200, Secret(bytes(range(1, 33))))
IMSI = Imsi("001010000000001")
NOTHING = StoredEpochs()
BOTH = StoredEpochs((FIRST, SECOND), ((IMSI, 150),))


@pytest.fixture
async def database(location: Location) -> AsyncIterator[Database]:
    opened = Database(location)
    await opened.open()
    yield opened
    await opened.close()


def epochs_of(database: Database, key: int = 7) -> SqlKeyEpochs:
    """One process with the transport key."""
    return SqlKeyEpochs(database, Vault({KEY_VERSION: Secret(bytes([key]) * 32)}, random=Random(1).randbytes))


async def test_what_one_process_makes_another_has(database: Database) -> None:
    one, other = epochs_of(database), epochs_of(database)
    assert await one.read() == NOTHING
    assert not await any_epoch(database)
    assert await one.change(NOTHING, BOTH)
    assert await any_epoch(database)
    assert await other.read() == BOTH
    retired = StoredEpochs((StoredEpoch(1, 100), SECOND), ((IMSI, 170),))
    assert await other.change(BOTH, retired)
    assert await one.read() == retired


async def test_change_of_what_has_changed_meanwhile_is_none(database: Database) -> None:
    one, other = epochs_of(database), epochs_of(database)
    only = StoredEpochs((FIRST,))
    assert await one.change(NOTHING, only)
    assert not await other.change(NOTHING, StoredEpochs((SECOND,)))
    assert await one.read() == only


async def test_no_key_is_in_the_table_and_none_is_left_of_a_retired_one(database: Database, location: Location) -> None:
    await epochs_of(database).change(NOTHING, BOTH)
    with transaction(location, read_only=True) as connection:
        sealed = [bytes(row) for row in connection.scalars(select(IdentityEpoch.sealed)) if row is not None]
    assert len(sealed) == 2
    for epoch in BOTH.epochs:
        assert not any(form in row for form in forms(bytes(epoch.key)) for row in sealed)
    await epochs_of(database).change(BOTH, StoredEpochs((StoredEpoch(1, 100), SECOND), BOTH.revoked))
    with transaction(location, read_only=True) as connection:
        row = connection.execute(
            select(IdentityEpoch.sealed, IdentityEpoch.retired).where(IdentityEpoch.number == 1)
        ).one()
    assert row.sealed is None
    assert row.retired is not None


async def test_another_transport_key_is_told(database: Database) -> None:
    await epochs_of(database).change(NOTHING, BOTH)
    with pytest.raises(LedgerUnavailable, match=r"epoch 1 .* under another transport key; name the right one"):
        await epochs_of(database, key=8).read()


async def test_key_of_another_epoch_does_not_open(database: Database, location: Location) -> None:
    await epochs_of(database).change(NOTHING, BOTH)
    with transaction(location) as connection:
        first = connection.scalar(select(IdentityEpoch.sealed).where(IdentityEpoch.number == 1))
        connection.execute(update(IdentityEpoch).where(IdentityEpoch.number == 2).values(sealed=first))
    with pytest.raises(LedgerUnavailable, match="epoch 2 of the identity keys does not open"):
        await epochs_of(database).read()
