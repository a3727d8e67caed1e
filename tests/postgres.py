"""A PostgreSQL server of the tests' own: a cluster in a temporary folder, reached by a socket in it alone."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, text

from hss.store.schema import upgrade

_NUMBERS = count(1)
_LIMIT = 60.0
_SETTINGS = {"listen_addresses": "", "max_connections": "100", "shared_buffers": "64MB"}
_ACCOUNT = "postgres"


@dataclass(frozen=True)
class PostgresServer:
    """A running server; `folder` holds its data and its socket."""

    folder: Path
    binaries: Path

    def url(self, database: str) -> URL:
        """How to reach `database`."""
        return URL.create("postgresql+psycopg", username=_ACCOUNT, database=database, query={"host": str(self.folder)})

    def new_database(self, template: str = "template1") -> URL:
        """An empty database, or a copy of `template`, for one test."""
        name = f"test{next(_NUMBERS)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def execute(self, statement: str) -> None:
        """Run one statement outside of any transaction."""
        engine = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()

    def start(self, **settings: str) -> None:
        """Start it, as it does again after `stop`."""
        options = " ".join(f"-c {name}='{value}'" for name, value in (_SETTINGS | settings).items())
        self._control("start", "-w", "-o", f"-k {self.folder} {options}", "-l", str(self.folder / "log"))

    def stop(self) -> None:
        """Stop it at once, as a crash would, with its connections."""
        self._control("stop", "-m", "immediate")

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the server and each of its processes."""
        postmaster = int((self.folder / "data" / "postmaster.pid").read_text().splitlines()[0])
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        for process in (postmaster, *map(int, children)):
            os.kill(process, number)

    def promote(self) -> None:
        """Let a standby take over."""
        self._control("promote", "-w")

    def _control(self, *words: str) -> None:
        run_as_owner(self.folder, str(self.binaries / "pg_ctl"), "-D", str(self.folder / "data"), *words)


@pytest.fixture(scope="session")
def postgres(foreign_peer: Callable[[str], str]) -> Iterator[PostgresServer]:
    """One server for all tests that do not stop it; what only a crash of the machine would lose may be lost.

    Its database "empty" has our schema, and is a template for those of the tests.
    """
    with running_server(foreign_peer, fsync="off", synchronous_commit="off", full_page_writes="off") as server:
        server.execute("CREATE DATABASE empty")
        upgrade(server.url("empty"))
        yield server


def run_as_owner(folder: Path, *words: str) -> None:
    """Run a program of PostgreSQL's in `folder`: it refuses to run as root."""
    account = pwd.getpwnam(_ACCOUNT) if os.getuid() == 0 else None
    with (folder / "output").open("a") as output:
        subprocess.run(
            words,
            check=True,
            timeout=_LIMIT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )


def binaries() -> Path | None:
    """Where Debian keeps the newest server, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


@contextmanager
def running_server(foreign_peer: Callable[[str], str], **settings: str) -> Iterator[PostgresServer]:
    """A server for as long as it is needed; the test is skipped where there is none to be had."""
    place = binaries()
    # the name that a missing peer is reported by
    found = place or Path(foreign_peer("postgres")).parent
    folder = Path(tempfile.mkdtemp(prefix="akpg"))
    if os.getuid() == 0:
        shutil.chown(folder, _ACCOUNT, _ACCOUNT)
    (folder / "output").touch()
    server = PostgresServer(folder, found)
    try:
        initdb = (str(found / "initdb"), "-D", str(folder / "data"), "-U", _ACCOUNT, "-A", "trust", "--no-sync")
        run_as_owner(folder, *initdb)
        server.start(**settings)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


@contextmanager
def running_standby(primary: PostgresServer) -> Iterator[PostgresServer]:
    """A standby of `primary`, without which that commits nothing as long as it is there (synchronous replication)."""
    folder = Path(tempfile.mkdtemp(prefix="akpg"))
    if os.getuid() == 0:
        shutil.chown(folder, _ACCOUNT, _ACCOUNT)
    (folder / "output").touch()
    standby = PostgresServer(folder, primary.binaries)
    copy = ("-h", str(primary.folder), "-U", _ACCOUNT, "-D", str(folder / "data"), "-R", "-c", "fast", "--no-sync")
    try:
        run_as_owner(folder, str(primary.binaries / "pg_basebackup"), *copy)
        standby.start()
        try:
            primary.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            primary.execute("SELECT pg_reload_conf()")
            yield standby
        finally:
            standby.stop()
    finally:
        shutil.rmtree(folder)
