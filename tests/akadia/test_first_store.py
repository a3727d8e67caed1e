"""What a laboratory's store holds at first."""

from pathlib import Path
from random import Random

import pytest

from akadia.first_store import fill, require_fresh
from hss.config import HssConfig
from hss.provisioning import subscribers, tokens
from hss.provisioning.change import ProvisioningRefused
from hss.provisioning.tokens import Role
from hss.store import schema
from hss.store.engines import transaction
from runtime.config import read_config
from tests.postgres import PostgresServer
from wire.identity import Imsi

IMSI = Imsi("001010000000001")


def test_subscriber_and_token_are_there(tmp_path: Path) -> None:
    config = tmp_path / "akadia.toml"
    config.write_text('[hss]\norigin_host = "hss.example"\norigin_realm = "example"\nswx = "127.0.0.1:0"\n')
    first = fill(config, IMSI, "internet", Random(1).randbytes)
    assert f'imsi = "{IMSI}"' in first.card
    database = read_config(config).section("hss", HssConfig).database
    with transaction(database, read_only=True) as connection:
        assert subscribers.show(connection, IMSI).amf == 0x8000
        (line,) = tokens.listed(connection)
        caller = tokens.identify(connection, bytes(first.token), line.created)
    assert caller is not None
    assert caller.roles == set(Role)


@pytest.mark.parametrize(
    ("database", "said"), [("a.sqlite", "leave it out for SQLite"), ("mysql://x/y", "is no store; write postgresql")]
)
def test_other_database_is_refused(database: str, said: str) -> None:
    with pytest.raises(ProvisioningRefused, match=said):
        require_fresh(database)


@pytest.mark.interop
def test_database_with_a_store_is_left_alone(postgres: PostgresServer) -> None:
    location = postgres.new_database()
    url = location.set(drivername="postgresql").render_as_string(hide_password=False)
    require_fresh(url)
    schema.upgrade(location)
    with pytest.raises(ProvisioningRefused, match="holds a store already"):
        require_fresh(url)
