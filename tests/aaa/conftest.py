"""A database that the processes of an AAA server share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aaa.ledger import SharedStore
from hss.store.database import Database
from tests.hss.conftest import _empty_database, database_path

__all__ = ["_empty_database", "database_path"]


@pytest.fixture
async def shared(database_path: Path) -> AsyncIterator[SharedStore]:
    """Everything that is in it, as one process has it open."""
    database = Database(database_path)
    await database.open()
    yield SharedStore.on(database)
    await database.close()
