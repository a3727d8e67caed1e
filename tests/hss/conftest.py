"""A migrated database in a file, a vault with a known key, and the subscribers of the published test sets."""

import json
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import Connection, insert, text, update

from hss.auc import SubscriberKeys
from hss.keys.custody import Custodian
from hss.keys.vault import KEY_VERSION, Vault
from hss.models import Apn, Model, Subscriber, SubscriberState
from hss.service import HssService
from hss.store.database import Database
from hss.store.engines import transaction
from hss.store.location import Location
from hss.store.postgres import _SETTINGS
from hss.store.schema import upgrade
from tests.postgres import PostgresServer
from wire.aka.milenage import Milenage
from wire.aka.sqn import conceal
from wire.aka.vector import Auts
from wire.identity import Imsi
from wire.secret import Secret

VECTORS = Path(__file__).parents[1] / "vectors"
FIRST_SET = json.loads((VECTORS / "milenage.json").read_text())["milenage_35_208"][0]
MASTER_KEY = Secret(bytes(range(32)))


@pytest.fixture(scope="session")
def _empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("schema") / "empty.sqlite"
    upgrade(path)
    return path


@pytest.fixture
def database_path(_empty_database: Path, tmp_path: Path) -> Path:
    """A SQLite database that the real migrations made, with nothing in it."""
    path = tmp_path / "akadia.sqlite"
    shutil.copyfile(_empty_database, path)
    return path


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.interop)])
def location(request: pytest.FixtureRequest) -> Location:
    """A database that the real migrations made, with nothing in it, on either engine."""
    if request.param == "sqlite":
        path: Path = request.getfixturevalue("database_path")
        return path
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_database("empty")


@pytest.fixture
def vault() -> Vault:
    """A vault whose nonces are the same in every run."""
    return Vault({KEY_VERSION: MASTER_KEY}, random=Random(1).randbytes)


@dataclass(frozen=True)
class Known:
    """A subscriber whose keys a test knows, and the USIM that has them."""

    imsi: Imsi
    keys: SubscriberKeys

    def auts(self, rand: bytes, sqn_ms: int) -> bytes:
        """What the USIM answers to `rand` when the highest SQN it has accepted is `sqn_ms` (TS 33.102 §6.3.3)."""
        functions = Milenage(self.keys.k, self.keys.opc)
        mac_s = functions.f1star(rand, sqn_ms.to_bytes(6, "big"), b"\0\0")
        return Auts(conceal(sqn_ms, functions.f5star(rand)), mac_s).build()


class Registry:
    """Puts subscribers straight into the tables, without the provisioning that has tests of its own."""

    def __init__(self, location: Location, vault: Vault) -> None:
        self._location = location
        self._vault = vault

    def add(
        self,
        imsi: str = "001010000000001",
        *,
        keys: SubscriberKeys | None = None,
        amf: int = 0,
        seq: int = 0,
        state: SubscriberState = SubscriberState.ENABLED,
        apns: tuple[str, ...] = ("internet",),
    ) -> Known:
        """A subscriber with the keys of TS 35.208 §4.3.1 unless others are given."""
        keys = keys or SubscriberKeys(Secret.fromhex(FIRST_SET["k"]), Secret.fromhex(FIRST_SET["opc"]))
        sealed = {
            column: self._vault.seal(key, table="subscriber", column=column, imsi=imsi)
            for column, key in (("k", keys.k), ("opc", keys.opc))
        }
        with transaction(self._location) as connection:
            connection.execute(insert(Subscriber).values(imsi=imsi, **sealed, amf=amf, seq=seq, state=state))
            for number, name in enumerate(apns, start=1):
                connection.execute(
                    insert(Apn).values(imsi=imsi, context_id=number, name=name, pdn_type=1, is_default=number == 1)
                )
        return Known(Imsi(imsi), keys)

    def set(self, imsi: Imsi, **values: object) -> None:
        """Change columns of a subscriber."""
        with transaction(self._location) as connection:
            connection.execute(update(Subscriber).where(Subscriber.imsi == str(imsi)).values(**values))

    def seq(self, imsi: Imsi) -> int:
        """SEQ_HE as it stands."""
        with transaction(self._location) as connection:
            found = connection.execute(Subscriber.__table__.select().where(Subscriber.imsi == str(imsi))).one()
            return int(found.seq)


@pytest.fixture
def registry(location: Location, vault: Vault) -> Registry:
    """The way to put subscribers into `location`."""
    return Registry(location, vault)


@pytest.fixture
async def database(location: Location) -> AsyncIterator[Database]:
    """The store, open."""
    store = Database(location)
    await store.open()
    yield store
    await store.close()


@pytest.fixture
def service(database: Database, vault: Vault) -> HssService:
    """The HSS, with entropy that is the same in every run."""
    return HssService(database, Custodian(vault), Random(2).randbytes, now_ms)


def now_ms() -> int:
    """A clock that stands at 2027-01-01."""
    return 365 * 86_400_000


def wait_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no engine that is made from now on wait long for another's transaction."""
    monkeypatch.setattr("hss.store.engines.BUSY_TIMEOUT", 0.01)
    monkeypatch.setitem(_SETTINGS, "lock_timeout", "10")


def lock(connection: Connection, model: type[Model]) -> None:
    """Keep everybody else from writing to a table until the transaction ends; SQLite does so by itself."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"LOCK TABLE {model.__tablename__} IN EXCLUSIVE MODE"))
