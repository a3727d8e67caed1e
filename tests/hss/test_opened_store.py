"""The store while it is open."""

from pathlib import Path
from random import Random

import pytest

from hss.config import HssConfig
from hss.keys.vault import write_master_key
from hss.opened_store import open_service, open_store
from hss.store.errors import StoreUnavailable
from hss.store.schema import SchemaOutdated
from wire.identity import Imsi


@pytest.fixture
def config(tmp_path: Path, database_path: Path) -> HssConfig:
    write_master_key(tmp_path / "master.key", Random(3).randbytes)
    raw = {"origin_host": "hss.example", "origin_realm": "example", "swx": "127.0.0.1:0"}
    found = HssConfig.model_validate(raw, context={"folder": tmp_path})
    assert found.database == database_path
    return found


async def test_store_is_closed_at_the_end(config: HssConfig) -> None:
    async with open_store(config) as store:
        assert await store.database.read(lambda connection: connection.dialect.name) == "sqlite"
    with pytest.raises(StoreUnavailable, match="the store is closed"):
        await store.database.read(lambda connection: connection.dialect.name)


async def test_service_is_that_of_the_store(config: HssConfig) -> None:
    from hss.api import Refusal, ServiceRefused, VectorRequest

    async with open_service(config) as service:
        with pytest.raises(ServiceRefused) as refused:
            await service.vectors(VectorRequest(Imsi("001010000000009"), "aaa"))
    assert refused.value.refusal is Refusal.USER_UNKNOWN


async def test_missing_database_is_told_with_its_cure(config: HssConfig, tmp_path: Path) -> None:
    missing = config.model_copy(update={"database": tmp_path / "none.sqlite"})
    with pytest.raises(SchemaOutdated, match="akadia --config FILE db upgrade"):
        async with open_store(missing):
            pass
