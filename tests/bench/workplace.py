"""Where the bench works: a temporary folder, a PostgreSQL server when one is needed, and stores that are shared."""

import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal, Self

from tests import softhsm
from tests.bench.cards import write_cards
from tests.bench.machine import probe_us
from tests.bench.processes import BenchFailed
from tests.bench.rows import Round
from tests.bench.site import Site, populate, prepare
from tests.postgres import PostgresServer, running_server

Engine = Literal["sqlite", "postgresql"]
ENGINES: dict[Engine, str] = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
"""As people write them."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured: `rounds` of `seconds` each, on stores of so many subscribers."""

    seconds: float
    rounds: int
    few: int
    usual: int
    imported: int
    many: int


FULL = Effort(seconds=5.0, rounds=3, few=1_000, usual=10_000, imported=100_000, many=1_000_000)
QUICK = Effort(seconds=1.0, rounds=3, few=1_000, usual=2_000, imported=5_000, many=10_000)


class Workplace:
    """A context: at its end every process is gone, and the folder with them."""

    def __init__(self, effort: Effort) -> None:
        self.effort = effort
        self._open = ExitStack()
        self._sites: dict[tuple[Engine, str, int], Site] = {}
        self._began = time.monotonic()

    def __enter__(self) -> Self:
        self._open.__enter__()
        self.folder = Path(self._open.enter_context(tempfile.TemporaryDirectory(prefix="akbench")))
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def tell(self, text: str) -> None:
        """A line of progress."""
        minutes, seconds = divmod(int(time.monotonic() - self._began), 60)
        print(f"[{minutes:02d}:{seconds:02d}] {text}", file=sys.stderr, flush=True)

    @cached_property
    def postgres(self) -> PostgresServer:
        """The server, with the durability that it has by default."""
        self.tell("starts PostgreSQL")
        return self._open.enter_context(running_server(peer))

    @cached_property
    def postmaster(self) -> int:
        """The server's first process."""
        return int((self.postgres.folder / "data" / "postmaster.pid").read_text().splitlines()[0])

    def site(self, engine: Engine, subscribers: int, profile: str = "milenage") -> Site:
        """A store with so many subscribers of `profile`, made when it is first asked for."""
        known = self._sites.get((engine, profile, subscribers))
        if known is None:
            known = self.empty_site(engine, subscribers, profile)
            self.tell(f"makes a store of {subscribers:,} subscribers: {engine}, {profile}")
            populate(known, profile, self.tell)
            self.keep(known, engine, profile)
        return known

    def cards(self, count: int) -> Path:
        """A file of so many cards, made when it is first asked for."""
        path = self.folder / f"cards{count}.csv"
        if not path.exists():
            self.tell(f"makes a file of {count:,} cards")
            write_cards(path, count, "milenage")
        return path

    def keep(self, site: Site, engine: Engine, profile: str = "milenage") -> None:
        """Let others use this store."""
        self._sites[engine, profile, site.subscribers] = site

    def empty_site(self, engine: Engine, subscribers: int, profile: str = "milenage") -> Site:
        """A new store, to be filled."""
        folder = Path(tempfile.mkdtemp(prefix=f"{engine}{subscribers}", dir=self.folder))
        master_key = self._token(folder) if profile == "token" else "master.key"
        postmaster = None
        database = "akadia.sqlite"
        if engine == "postgresql":
            url = self.postgres.new_database()
            database, postmaster = url.set(drivername="postgresql").render_as_string(), self.postmaster
        site = Site(folder, database, master_key, subscribers, postmaster)
        prepare(site, profile)
        return site

    def measured(self, what: str, measure: Callable[[], Round]) -> tuple[Round, ...]:
        """Every round of one measurement."""
        return self.in_turns({what: measure})[what]

    def in_turns(self, measures: Mapping[str, Callable[[], Round]]) -> dict[str, tuple[Round, ...]]:
        """Every round of some measurements that are to be compared: round by round, on the same machine."""
        rounds: dict[str, tuple[Round, ...]] = dict.fromkeys(measures, ())
        for number in range(1, self.effort.rounds + 1):
            for what, measure in measures.items():
                probe = probe_us()
                self.tell(f"{what}: round {number} of {self.effort.rounds}")
                rounds[what] += (replace(measure(), probe_us=probe),)
        return rounds

    def _token(self, folder: Path) -> str:
        source = softhsm.new_source(folder, peer)
        return f"{source}?module-path={source.module}&pin-source=file:{source.pin_file}"


def peer(name: str) -> str:
    """The path of a foreign program; BenchFailed without it."""
    path = shutil.which(name, path="/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
    if path is None:
        raise BenchFailed(f"{name} is not installed; make peers installs it")
    return path
