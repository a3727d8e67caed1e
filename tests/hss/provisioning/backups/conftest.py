"""A store with a row in many tables, and its backup in memory."""

import io
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import Connection, insert

from hss.keys.custody import Custodian
from hss.keys.vault import Vault
from hss.models import (
    Algorithm,
    AlgorithmProfile,
    ApiToken,
    BatchState,
    ImportBatch,
    Notice,
    NoticeKind,
    Registration,
    RequestingNode,
    Scheme,
    ServingGateway,
)
from hss.provisioning.backups.container import BackupWriter, read_backup
from hss.provisioning.backups.making import make
from hss.provisioning.backups.restoring import Restored, restore
from hss.provisioning.backups.rows import lines
from hss.provisioning.backups.wrapping import MasterWrapper
from hss.store.engines import transaction
from hss.store.location import Location
from tests.hss.conftest import Known, Registry

FIRST, SECOND = "001010000000001", "001010000000002"


def fill(location: Location, registry: Registry) -> Known:
    """Two subscribers, of whom one is registered, and something in every table that has no owner elsewhere."""
    known = registry.add(FIRST, seq=1000, apns=("internet", "ims"))
    registry.add(SECOND, seq=7)
    with transaction(location) as connection:
        timed = {"name": "timed", "algorithm": Algorithm.MILENAGE, "scheme": Scheme.TIME}
        connection.execute(insert(AlgorithmProfile).values(**timed))
        node = {"name": "aaa.example|a", "ind_bits": 5, "ind": 3, "horizon": 77, "epoch": 4}
        connection.execute(insert(RequestingNode).values(**node))
        connection.execute(insert(Registration).values(imsi=FIRST, aaa_name="aaa.example"))
        connection.execute(insert(ServingGateway).values(imsi=FIRST, apn="internet", address="2001:db8::1"))
        connection.execute(insert(Notice).values(imsi=FIRST, aaa_name="aaa.example", kind=NoticeKind.UPDATE_PROFILE))
        batch = {"file_name": "f", "file_digest": bytes(32), "mapping": "m", "state": BatchState.DONE, "actor": "me"}
        connection.execute(insert(ImportBatch).values(**batch))
        connection.execute(insert(ApiToken).values(name="reader", digest=bytes(32), roles="reader"))
    registry.set(known.imsi, batch_id=1)
    return known


def backup_of(location: Location, vault: Vault, *, tell: Callable[[int], None] = lambda _: None) -> bytes:
    """The backup of a store."""
    file = io.BytesIO()
    with transaction(location, read_only=True) as connection:
        make(connection, BackupWriter(file, MasterWrapper(vault), Random(9).randbytes), tell=tell)
    return file.getvalue()


def restore_into(
    location: Location,
    octets: bytes,
    vault: Vault,
    *,
    verify_audit: Callable[[Connection], None] = lambda _: None,
) -> Restored:
    """Restore a backup."""
    with transaction(location) as connection:
        return restore(
            connection,
            lines(read_backup(io.BytesIO(octets), MasterWrapper(vault))),
            custodian=Custodian(vault),
            verify_audit=verify_audit,
            tell=lambda _: None,
        )


@pytest.fixture
def other_location(request: pytest.FixtureRequest, location: Location) -> Location:
    """A second empty store on the same engine as `location`."""
    if isinstance(location, Path):
        other = location.with_name("other.sqlite")
        shutil.copyfile(request.getfixturevalue("_empty_database"), other)
        return other
    return request.getfixturevalue("postgres").new_database("empty")  # type: ignore[no-any-return]


def opened_backup(octets: bytes, vault: Vault) -> bytes:
    """What is inside."""
    return b"".join(read_backup(io.BytesIO(octets), MasterWrapper(vault)))
