"""Eight HSS processes, killed at random, clocks that jump: no SQN twice, and every vector is fresh to its USIM.

The IND of a node whose process was killed is freed, and whoever asks next has it.

SQN_PROOF=100000 makes it that many requests for each way of counting (`make sqn-proof`).
"""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import URL, insert, select

from hss.counting.nodes import give_back, ind_of, lock_inds
from hss.keys.vault import KEY_VERSION, Vault, read_master_key, write_master_key
from hss.models import Algorithm, AlgorithmProfile, RequestingNode, Scheme, Subscriber
from hss.store.engines import transaction
from hss.store.location import Location
from hss.store.schema import upgrade
from tests.postgres import PostgresServer, running_server
from ue_sim.usim import Answer, SoftwareUsim
from wire.aka.milenage import Milenage
from wire.aka.sqn import reveal
from wire.aka.vector import Autn
from wire.secret import Secret

REQUESTS = int(os.environ.get("SQN_PROOF", "1600"))
PROCESSES = 8
SUBSCRIBERS = 50
FIRST = 1010000000001
KILLS = 4 if REQUESTS < 10_000 else 40
JUMP_MS = 1_200_000
WORKER = Path(__file__).with_name("sqn_worker.py")
PROFILES: dict[str, dict[str, object]] = {
    "counter": {},
    "reserve": {"reserve": 32},
    "clock": {"scheme": Scheme.TIME, "clock_unit_ms": 100},
}


class Proof:
    """Subscribers in a database, processes that serve them, and the USIMs that judge."""

    def __init__(self, location: Location, folder: Path, profile: str) -> None:
        self.folder = folder
        self.output = folder / "issued"
        self.output.touch()
        self._profile = profile
        self._random = Random(profile)
        self._database = location.render_as_string(hide_password=False) if isinstance(location, URL) else str(location)
        self._keys = {
            f"{FIRST + number:015}": (Secret(self._random.randbytes(16)), Secret(self._random.randbytes(16)))
            for number in range(SUBSCRIBERS)
        }
        self._location = location
        self._populate(location)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._done: Counter[str] = Counter()
        self._position = 0
        self.kills = 0

    def _populate(self, location: Location) -> None:
        write_master_key(self.folder / "master.key", os.urandom)
        vault = Vault({KEY_VERSION: read_master_key(self.folder / "master.key")}, random=os.urandom)
        with transaction(location) as connection:
            profile = {"name": self._profile, "algorithm": Algorithm.MILENAGE} | PROFILES[self._profile]
            connection.execute(insert(AlgorithmProfile).values(**profile))
            for imsi, keys in self._keys.items():
                sealed = {
                    column: vault.seal(key, table="subscriber", column=column, imsi=imsi)
                    for column, key in zip(("k", "opc"), keys, strict=True)
                }
                connection.execute(insert(Subscriber).values(imsi=imsi, amf=0, profile=self._profile, **sealed))
            for number in range(32 - PROCESSES):
                ind_of(connection, f"silent-{number}.example")

    def run(self) -> None:
        """Serve REQUESTS with eight processes; one is killed each time that another part of them is done."""
        names = [f"p{number}" for number in range(PROCESSES)]
        for name in names:
            self._start(name)
        while self._processes:
            for name, process in list(self._processes.items()):
                try:
                    code = process.wait(timeout=0.01)
                except subprocess.TimeoutExpired:
                    continue
                assert code == 0, (self.folder / f"{name}.log").read_text()[-2000:]
                del self._processes[name]
            self._count()
            if self._processes and self._done.total() > REQUESTS * (self.kills + 1) // (KILLS + 1):
                # who has asked for nothing yet has no IND that could be freed
                asking = [name for name in self._processes if self._done[name]]
                self._kill(self._random.choice(sorted(asking or self._processes)))

    def _start(self, name: str) -> None:
        left = REQUESTS // PROCESSES - self._done[name]
        jump = JUMP_MS if self._profile == "clock" else 0
        words = (self._database, self.folder / "master.key", name, f"{FIRST}+{SUBSCRIBERS}", max(left, 0), jump)
        seed = f"{name}.{self.kills}"
        with (self.folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, WORKER, *map(str, words), self.output, seed], stdout=log, stderr=log, cwd=Path.cwd()
            )

    def _kill(self, name: str) -> None:
        self._processes[name].kill()
        self._processes[name].wait()
        self.kills += 1
        self._count()
        self._free(f"aaa-{name}.example")
        self._start(name)

    def _free(self, node: str) -> None:
        with transaction(self._location) as connection:
            lock_inds(connection)
            held = select(RequestingNode.name, RequestingNode.ind_bits).where(RequestingNode.name.startswith(node))
            for name, ind_bits in connection.execute(held).all():
                give_back(connection, name, ind_bits)

    def reused(self) -> int:
        """How many nodes have an IND that another one had before."""
        # by the clock the first owner has it in epoch 1
        first = 1 if self._profile == "clock" else 0
        with transaction(self._location, read_only=True) as connection:
            return len(connection.scalars(select(RequestingNode.epoch).where(RequestingNode.epoch > first)).all())

    def _count(self) -> None:
        with self.output.open("rb") as file:
            file.seek(self._position)
            for line in file:
                self._done[line.split(b" ", 1)[0].decode()] += 1
                self._position += len(line)

    def close(self) -> None:
        """End what still runs."""
        for process in self._processes.values():
            process.kill()
            process.wait()

    def judge(self) -> tuple[int, int]:
        """(requests, vectors); fails at the first SQN that comes twice, or that its USIM does not find fresh."""
        usims = {imsi: SoftwareUsim(*keys) for imsi, keys in self._keys.items()}
        functions = {imsi: Milenage(*keys) for imsi, keys in self._keys.items()}
        seen: set[tuple[str, int]] = set()
        lines = self.output.read_text().splitlines()
        for number, line in enumerate(lines, start=1):
            name, imsi, *words = line.split()
            for rand, autn in zip(map(bytes.fromhex, words[::2]), map(bytes.fromhex, words[1::2]), strict=True):
                sqn = reveal(Autn.parse(autn).concealed_sqn, functions[imsi].f2345(rand)[3])
                assert (imsi, sqn) not in seen, f"line {number}: {name} issued SQN {sqn:012x} of {imsi} again"
                seen.add((imsi, sqn))
                outcome = usims[imsi].authenticate(rand, autn)
                assert isinstance(outcome, Answer), f"line {number}: SQN {sqn:012x} of {imsi} is not fresh"
        return len(lines), len(seen)


def prove(location: Location, folder: Path, profile: str, engine: str) -> None:
    proof = Proof(location, folder, profile)
    began = time.monotonic()
    try:
        proof.run()
    finally:
        proof.close()
    seconds = time.monotonic() - began
    requests, vectors = proof.judge()
    assert requests >= REQUESTS // PROCESSES * PROCESSES
    # the last of them may come too late, when all is done
    assert proof.kills > KILLS // 2
    assert proof.reused() > 0
    rate = f"{requests / seconds:.0f} requests/s"
    print(
        f"\n{engine}, {profile}: {requests} requests, {vectors} vectors, {PROCESSES} processes, {proof.kills} kills, "
        f"{seconds:.0f} s ({rate}): no SQN twice, all fresh by Annex C.2"
    )


@pytest.fixture(scope="module")
def server(foreign_peer: Callable[[str], str]) -> Iterator[PostgresServer]:
    """One that keeps what it says it has kept, because the rate is told."""
    with running_server(foreign_peer) as one:
        yield one


@pytest.mark.stack
@pytest.mark.timeout(60 + REQUESTS // 50)
@pytest.mark.parametrize("profile", PROFILES)
def test_no_sqn_twice_on_sqlite(tmp_path: Path, profile: str) -> None:
    database = tmp_path / "akadia.sqlite"
    upgrade(database)
    prove(database, tmp_path, profile, "SQLite")


@pytest.mark.interop
@pytest.mark.timeout(60 + REQUESTS // 50)
@pytest.mark.parametrize("profile", PROFILES)
def test_no_sqn_twice_on_postgresql(tmp_path: Path, profile: str, server: PostgresServer) -> None:
    database = server.new_database()
    upgrade(database)
    prove(database, tmp_path, profile, "PostgreSQL")
