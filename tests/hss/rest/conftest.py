"""The API before a store, and clients with one role each."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from hss.audit import Actor
from hss.keys.custody import Custodian
from hss.keys.vault import Vault
from hss.provisioning import tokens
from hss.provisioning.change import changing
from hss.provisioning.tokens import Role
from hss.rest.app import build
from hss.rest.gate import Gate
from hss.rest.import_desk import ImportDesk, Place
from hss.rest.transactions import Transactions
from hss.service import HssService
from hss.store.database import Database
from hss.store.location import Location
from tests.hss.conftest import now_ms
from tests.hss.rest.asking import Client

NOW = datetime(2027, 1, 1, 12, tzinfo=UTC)
IMSI = "001010000000001"
K = "465b5ce8b199b49faa5f0a2ee238a6bc"
OP = "cdc202d5123e20f62b6d676ac72cb318"
OPC = "cd63cb71954a9f4e48a5994e37a02baf"
KEYS = {"k": K, "op": OP}
SUBSCRIBER = {"keys": KEYS, "apns": [{"name": "internet"}]}


@dataclass
class Api:
    """The API in this process; `changes` counts what it has told of, and `clock` is what its gate reads."""

    gate: Gate
    transactions: Transactions
    desk: ImportDesk
    location: Location
    issue: Callable[..., str]
    changes: list[None]
    clock: list[float]

    def client(self, *roles: Role, name: str = "") -> Client:
        """A client with a token of these roles."""
        return Client(self.gate, self.issue(name or "-".join(role.value for role in roles), *roles))


@pytest.fixture
async def api(location: Location, vault: Vault, tmp_path: Path) -> AsyncIterator[Api]:
    """The whole of it, but sockets."""
    custodian = Custodian(vault)
    database = Database(location)
    await database.open()
    changes: list[None] = []
    clock = [100.0]
    transactions = Transactions(database, custodian, lambda: NOW, lambda: changes.append(None))
    place = Place(location, vault, tmp_path / "imports", tmp_path / "mappings", "internet")
    (tmp_path / "mappings").mkdir()
    desk = ImportDesk(place, lambda: NOW, lambda: changes.append(None))
    desk.open()
    service = HssService(database, custodian, Random(2).randbytes, now_ms)
    app = build(transactions, service, desk, location, Random(5).randbytes)
    gate = Gate(app, transactions, rate=1000, strangers=1, file_max=10_000, clock=lambda: clock[0])
    random = Random(6)

    def issue(name: str, *roles: Role) -> str:
        with changing(location, Custodian(vault), Actor("somebody", "test here"), lambda: NOW) as change:
            return bytes(tokens.issue(change, name, roles, NOW + timedelta(days=1), random.randbytes)).decode()

    yield Api(gate, transactions, desk, location, issue, changes, clock)
    await desk.close()
    await database.close()


@pytest.fixture
def provisioner(api: Api) -> Client:
    """A client that reads and changes."""
    return api.client(Role.PROVISIONER)


@pytest.fixture
def admin(api: Api) -> Client:
    """A client that may do everything but have vectors."""
    return api.client(Role.ADMIN)
