"""What the HSS needs before it serves, and what it says when that is not there."""

import asyncio
from pathlib import Path
from random import Random

import pytest

from hss.api import VectorRequest
from hss.app import main, serve
from hss.config import HssConfig
from hss.keys.vault import MasterKeyRefused, open_vault, write_master_key
from hss.opened_store import open_service
from hss.store.errors import StoreUnavailable
from hss.store.schema import SchemaOutdated
from runtime.config import ConfigError, read_config
from tests.hss.conftest import Registry

CONFIG = '[hss]\norigin_host = "hss.example"\norigin_realm = "example"\nswx = "127.0.0.1:0"\n'


@pytest.fixture
def path(tmp_path: Path, database_path: Path) -> Path:
    """A configuration with everything that it names."""
    write_master_key(tmp_path / "master.key", Random(3).randbytes)
    path = tmp_path / "akadia.toml"
    path.write_text(CONFIG)
    (tmp_path / "empty.sqlite").touch()
    assert database_path.parent == tmp_path
    return path


@pytest.fixture
def config(path: Path) -> HssConfig:
    return read_config(path).section("hss", HssConfig)


def path_of(config: HssConfig) -> Path:
    assert isinstance(config.master_key, Path)
    return config.master_key


async def test_service_serves_while_it_is_open(config: HssConfig, database_path: Path) -> None:
    known = Registry(database_path, open_vault(path_of(config), Random(4).randbytes)).add()
    async with open_service(config) as service:
        first = await service.vectors(VectorRequest(known.imsi, "aaa"))
        second = await service.vectors(VectorRequest(known.imsi, "aaa"))
    assert first[0].rand != second[0].rand, "RAND comes from the system"


async def test_old_schema_is_said_with_its_cure(config: HssConfig, path: Path) -> None:
    for name, said in (("none.sqlite", "there is no database"), ("empty.sqlite", "has schema none")):
        old = config.model_copy(update={"database": path.with_name(name)})
        with pytest.raises(SchemaOutdated, match=f"{said}.*akadia --config {path} db upgrade"):
            await serve(old, asyncio.Event(), config_path=path)


async def test_open_master_key_is_refused(config: HssConfig) -> None:
    path_of(config).chmod(0o644)
    with pytest.raises(MasterKeyRefused, match="chmod 600"):
        await serve(config, asyncio.Event())


@pytest.mark.parametrize("location", ["sqlite"], indirect=True)
async def test_wrong_master_key_is_refused_at_start(config: HssConfig, registry: Registry) -> None:
    registry.add()
    with pytest.raises(StoreUnavailable, match="was sealed under another master key"):
        await serve(config, asyncio.Event())


def test_missing_configuration_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file"):
        main(tmp_path / "akadia.toml")
