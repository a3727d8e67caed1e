"""Where the ledger is."""

from pathlib import Path

import pytest

from aaa.ledger import ledger_location, open_configured_ledger, open_shared
from hss.failure_api import Retention
from hss.session_api import SessionQuery
from hss.store.schema import SchemaOutdated, upgrade
from runtime.config import ConfigError, RawConfig, read_config
from tests.hss.sessions.test_failures import IMSI, failed


def config(folder: Path) -> RawConfig:
    path = folder / "akadia.toml"
    path.write_text('[hss]\ndatabase="hss.sqlite"\norigin_host="a"\norigin_realm="b"\nswx="127.0.0.1:0"\n')
    return read_config(path)


def test_ledger_is_in_the_database_of_the_hss_unless_named(tmp_path: Path) -> None:
    assert ledger_location(config(tmp_path), "") == tmp_path / "hss.sqlite"
    assert ledger_location(config(tmp_path), "own.sqlite") == tmp_path / "own.sqlite"
    with pytest.raises(ConfigError, match=r"aaa.database: mysql:// is no store"):
        ledger_location(config(tmp_path), "mysql://x/y")


async def test_ledger_opens_where_it_is(tmp_path: Path) -> None:
    upgrade(tmp_path / "own.sqlite")
    async with open_configured_ledger(config(tmp_path), "own.sqlite") as ledger:
        assert await ledger.sessions(SessionQuery()) == ()


async def test_failures_are_kept_beside_it(tmp_path: Path) -> None:
    upgrade(tmp_path / "own.sqlite")
    async with open_shared(config(tmp_path), "own.sqlite", Retention(records=1)) as shared:
        for reference in ("1", "2"):
            await shared.failures.keep((failed(reference),))
        assert [one.reference for one in await shared.failures.find(str(IMSI), 9)] == ["2"]


@pytest.mark.parametrize(("database", "command"), [("", "db upgrade"), ("own.sqlite", "aaa upgrade")])
async def test_missing_ledger_says_which_command_makes_it(tmp_path: Path, database: str, command: str) -> None:
    with pytest.raises(SchemaOutdated, match=command):
        async with open_configured_ledger(config(tmp_path), database):
            pass
