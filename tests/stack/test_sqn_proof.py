"""Many processes, killed at random, on one database: no SQN is used twice, and a USIM accepts every vector in order.

SQN_PROOF=100000 asks for so many vectors (make sqn-proof); the suite asks for few.
"""

import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import insert

from hss.engines import transaction
from hss.location import Location
from hss.models import Algorithm, AlgorithmProfile, Scheme
from hss.schema import upgrade
from hss.vault import open_vault, write_master_key
from tests.hss.conftest import FIRST_SET, Registry
from tests.postgres import PostgresServer, running_server
from ue_sim.usim import Answer, SoftwareUsim
from wire.aka.milenage import Milenage
from wire.aka.sqn import reveal, split_sqn
from wire.aka.vector import Autn
from wire.secret import Secret

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]

VECTORS = int(os.environ.get("SQN_PROOF", "1500"))
PROCESSES = 8
KILLS = max(3, VECTORS // 2500)
SUBSCRIBERS = [f"00101{number:010}" for number in range(50)]
WORKER = Path(__file__).with_name("sqn_worker.py")
ROOT = Path(__file__).parents[2]
K, OPC = Secret.fromhex(FIRST_SET["k"]), Secret.fromhex(FIRST_SET["opc"])
LIMIT = 600.0
CHANCE = random.Random(20261127)


@dataclass
class Site:
    """A database that processes share, and the folder of what they write."""

    location: Location
    folder: Path

    @property
    def master_key(self) -> Path:
        """What the keys are sealed under."""
        return self.folder / "master.key"

    def start(self, number: int, clock: str) -> subprocess.Popen[bytes]:
        """Start process `number`, again if it was there before: it is the same instance."""
        database = str(self.location) if isinstance(self.location, Path) else self.location.render_as_string(False)
        database = database.replace("postgresql+psycopg", "postgresql")
        words = (database, self.master_key, number, ",".join(SUBSCRIBERS), self.log(number), clock)
        with (self.folder / "errors").open("ab") as errors:
            return subprocess.Popen(
                [sys.executable, str(WORKER), *map(str, words)],
                cwd=ROOT,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                stderr=errors,
            )

    def log(self, number: int) -> Path:
        """Where process `number` writes what it has issued."""
        return self.folder / f"issued-{number}"

    def lines(self, number: int) -> list[list[str]]:
        """What process `number` has issued, in its order; a last line that was cut by a kill is none."""
        text = self.log(number).read_text() if self.log(number).exists() else ""
        return [line.split() for line in text.split("\n")[:-1]]


@pytest.fixture(scope="module")
def durable_server(foreign_peer: object) -> Iterator[PostgresServer]:
    with running_server(foreign_peer) as server:  # type: ignore[arg-type]
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.interop)])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    location: Location = tmp_path / "akadia.sqlite"
    if request.param == "postgresql":
        location = request.getfixturevalue("durable_server").new_database()
    upgrade(location)
    one = Site(location, tmp_path)
    write_master_key(one.master_key, os.urandom)
    return one


def prepare(site: Site, **profile: object) -> None:
    with transaction(site.location) as connection:
        connection.execute(insert(AlgorithmProfile).values(name="mine", algorithm=Algorithm.MILENAGE, **profile))
    registry = Registry(site.location, open_vault(site.master_key, os.urandom))
    for imsi in SUBSCRIBERS:
        registry.set(registry.add(imsi, apns=()).imsi, profile="mine")


def run(site: Site, clock: str) -> int:
    """Let the processes issue, and kill one of them now and then; how many were killed."""
    processes = [site.start(number, clock) for number in range(PROCESSES)]
    end = time.monotonic() + LIMIT
    before = [0] * PROCESSES
    kills = 0
    try:
        while True:
            issued = [len(site.lines(number)) for number in range(PROCESSES)]
            if sum(issued) >= VECTORS and kills >= KILLS and all(issued):
                break
            assert time.monotonic() < end, f"{issued} vectors in {LIMIT:g} s; {(site.folder / 'errors').read_text()}"
            # whoever is in the midst of it
            at_work = [number for number in range(PROCESSES) if issued[number] > before[number]]
            if at_work:
                victim = CHANCE.choice(at_work)
                processes[victim].kill()
                assert processes[victim].wait() == -9, (site.folder / "errors").read_text()
                kills += 1
                before[victim] = len(site.lines(victim))
                processes[victim] = site.start(victim, clock)
            time.sleep(CHANCE.uniform(0.2, 1.5))
    finally:
        for process in processes:
            process.kill()
            process.wait()
    return kills


def judge(site: Site, ind_bits: int) -> Counter[str]:
    """Give every vector to its subscriber's USIM, for each IND in the order of its issue."""
    usims = {imsi: SoftwareUsim(K, OPC, ind_bits=ind_bits) for imsi in SUBSCRIBERS}
    seen: set[tuple[str, int]] = set()
    last: dict[tuple[str, int], int] = {}
    counts: Counter[str] = Counter()
    for number in range(PROCESSES):
        for imsi, rand, autn in site.lines(number):
            outcome = usims[imsi].authenticate(bytes.fromhex(rand), bytes.fromhex(autn))
            counts[type(outcome).__name__] += 1
            sqn = sqn_of(bytes.fromhex(rand), bytes.fromhex(autn))
            seq, ind = split_sqn(sqn, ind_bits)
            counts["twice"] += (imsi, sqn) in seen
            counts["not rising"] += seq <= last.get((imsi, ind), -1)
            seen.add((imsi, sqn))
            last[imsi, ind] = seq
    counts["INDs"] = len({ind for _, ind in last})
    return counts


def sqn_of(rand: bytes, autn: bytes) -> int:
    return reveal(Autn.parse(autn).concealed_sqn, Milenage(K, OPC).f2345(rand)[3])


Profile = dict[str, object]
SCHEMES: dict[str, tuple[Profile, str, int]] = {
    "counter": ({}, "steady", 5),
    "reserve": ({"reserve": 8, "ind_bits": 6}, "steady", 6),
    "clock": ({"scheme": Scheme.TIME, "clock_unit_ms": 1000}, "jumping", 5),
}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_sqn_is_used_twice(site: Site, scheme: str, capsys: pytest.CaptureFixture[str]) -> None:
    profile, clock, ind_bits = SCHEMES[scheme]
    prepare(site, **profile)
    start = time.monotonic()
    kills = run(site, clock)
    seconds = time.monotonic() - start
    counts = judge(site, ind_bits)
    engine = "SQLite" if isinstance(site.location, Path) else "PostgreSQL"
    with capsys.disabled():
        print(
            f"\n{engine}, {scheme}: {counts[Answer.__name__]} vectors by {PROCESSES} processes for {len(SUBSCRIBERS)} "
            f"subscribers in {seconds:.0f} s, {kills} kills -9; used twice {counts['twice']}, "
            f"not rising {counts['not rising']}, refused by the USIM {counts['OutOfSync'] + counts['Forged']}"
        )
    shutil.rmtree(site.folder, ignore_errors=True)
    assert (counts["twice"], counts["not rising"], counts["OutOfSync"], counts["Forged"]) == (0, 0, 0, 0)
    assert counts[Answer.__name__] >= VECTORS
    assert counts["INDs"] == PROCESSES
