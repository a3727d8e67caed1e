"""Where the ledger is."""

import stat
from pathlib import Path

import pytest

from aaa.identities.commands import rotate
from aaa.ledger import keyring_door, ledger_location, open_configured_ledger, open_shared
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


def identities(folder: Path, keys: str) -> Path:
    (folder / "akadia.toml").write_text(
        f'[aaa]\norigin_host="a"\norigin_realm="b"\ndatabase="own.sqlite"\n[aaa.identities]\n{keys}\n'
    )
    return folder / "akadia.toml"


def test_identity_keys_are_where_the_configuration_says(tmp_path: Path) -> None:
    upgrade(tmp_path / "own.sqlite")
    for keys in ('keys = "identity.keys"', 'transport_key = "transport.key"'):
        door = keyring_door(identities(tmp_path, keys))
        assert rotate(door).text.startswith("epoch 1 seals from")
        assert len(door.read().epochs) == 1
    assert stat.S_IMODE((tmp_path / "transport.key").stat().st_mode) == 0o600
    with pytest.raises(ConfigError, match="there are no identity keys"):
        keyring_door(identities(tmp_path, ""))
    with pytest.raises(ConfigError, match="write one of them"):
        keyring_door(identities(tmp_path, 'keys = "identity.keys"\ntransport_key = "transport.key"'))


def test_transport_key_that_is_lost_is_not_made_again(tmp_path: Path) -> None:
    upgrade(tmp_path / "own.sqlite")
    door = keyring_door(identities(tmp_path, 'transport_key = "transport.key"'))
    with pytest.raises(ConfigError, match="rotate makes the first one"):
        door.read()
    rotate(door)
    (tmp_path / "transport.key").unlink()
    with pytest.raises(ConfigError, match="every other node needs a copy"):
        rotate(door)
    with pytest.raises(ConfigError, match=r"aaa.identities.transport_key: 'env:1' names no environment variable"):
        rotate(keyring_door(identities(tmp_path, 'transport_key = "env:1"')))
