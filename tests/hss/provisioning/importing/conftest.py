"""Files as vendors send them, and imports of them without a command line."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from hss.algorithms import AlgorithmSettings
from hss.keys.custody import Custodian, SealedKeys
from hss.keys.vault import Vault
from hss.models import Subscriber
from hss.provisioning.importing.batches import Batch
from hss.provisioning.importing.mapping import Mapping, load
from hss.provisioning.importing.preparing import Plan, prepare
from hss.provisioning.importing.quarantine import Quarantine
from hss.provisioning.importing.running import Importer, Outcome, begin, opened
from hss.provisioning.importing.source import Source
from hss.store.engines import transaction
from hss.store.location import Location

K = "465b5ce8b199b49faa5f0a2ee238a6bc"
OP = "cdc202d5123e20f62b6d676ac72cb318"
OPC = "cd63cb71954a9f4e48a5994e37a02baf"
"""TS 35.208 §4.3.1."""

SETTINGS = {"milenage": AlgorithmSettings("milenage")}

MakePlan = Callable[..., Plan]


def imsi_of(number: int) -> str:
    """An IMSI with leading zeros."""
    return f"00101{number:010d}"


def csv_of(count: int, *, first: int = 1) -> str:
    """A file of `count` good rows with pySim's columns."""
    rows = [f"{imsi_of(number)},{K},{OPC}\n" for number in range(first, first + count)]
    return "".join(["IMSI,KI,OPC\n", *rows])


def mapping_of(folder: Path, text: str) -> Mapping:
    """The mapping of this TOML text."""
    path = folder / "vendor.toml"
    path.write_text(text)
    return load(str(path))


@pytest.fixture
def source_of(tmp_path: Path) -> Iterator[Callable[[bytes, str], Source]]:
    """`source_of(octets, name)`: a file of these octets, open."""
    with ExitStack() as opened_files:

        def make(octets: bytes, name: str = "cards.csv") -> Source:
            path = tmp_path / name
            path.write_bytes(octets)
            return opened_files.enter_context(closing(Source.open(path)))

        yield make


@pytest.fixture
def plan(source_of: Callable[[bytes, str], Source]) -> MakePlan:
    """`plan(text, mapping)`: a file of this text, ready to be imported."""

    def make(text: str, mapping: str = "pysim", *, name: str = "cards.csv") -> Plan:
        return prepare(source_of(text.encode(), name), load(mapping), SETTINGS, {}, default_apn="internet")

    return make


class Imports:
    """Imports into one store; `acts` are what the audit trail would have."""

    def __init__(self, location: Location, custodian: Custodian, folder: Path) -> None:
        self.location = location
        self.custodian = custodian
        self.acts: list[tuple[str, int, int, int]] = []
        self._folder = folder

    def record(self, _connection: Connection, action: str, batch: Batch) -> None:
        """Note an act."""
        self.acts.append((action, batch.id, batch.added, batch.refused))

    def run(self, plan: Plan, *, chunk_rows: int = 10, with_rows: bool = False) -> Outcome:
        """A whole import."""
        with opened(self.location) as writer:
            batch, goes_on = begin(writer, plan, actor="tester", record=self.record)
            with closing(self.quarantine(batch.id, with_rows=with_rows)) as kept:
                kept.resume(batch.line) if goes_on else kept.begin()
                importer = Importer(writer, self.custodian, plan, kept)
                return importer.run(batch, record=self.record, tell=lambda _: None, chunk_rows=chunk_rows)

    def quarantine(self, number: int, *, with_rows: bool = False) -> Quarantine:
        """Where the bad rows of a batch go."""
        return Quarantine(self._folder / f"{number}.quarantine", with_rows=with_rows)

    def imsis(self) -> list[str]:
        """Who is there."""
        with transaction(self.location, read_only=True) as connection:
            return list(connection.scalars(select(Subscriber.imsi).order_by(Subscriber.imsi)))

    def keys(self, imsi: str) -> tuple[str, str]:
        """K and OPc of a subscriber, out of their seal."""
        columns = [getattr(Subscriber, name) for name in SealedKeys.__dataclass_fields__]
        with transaction(self.location, read_only=True) as connection:
            self.custodian.keyring.load(connection)
            row = connection.execute(select(*columns).where(Subscriber.imsi == imsi)).one()
        found = self.custodian.open(SealedKeys(*row))
        return found.k.hex(), found.opc.hex()


@pytest.fixture
def imports(location: Location, vault: Vault, tmp_path: Path) -> Imports:
    """The way to import into an empty store, on either engine."""
    return Imports(location, Custodian(vault), tmp_path)
