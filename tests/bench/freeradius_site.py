"""Debian's FreeRADIUS as an accounting server that writes into SQL, by its own queries and its own schema."""

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg

from tests.bench.aaa_site import SECRET, ServingAaa, free_port
from tests.bench.processes import BenchFailed, Daemon
from tests.bench.workplace import Engine, Workplace, peer

DEBIAN = Path("/etc/freeradius/3.0")
DRIVERS = Path("/usr/lib/freeradius")

_MAIN = """
prefix = /usr
libdir = {drivers}
modconfdir = {debian}/mods-config
run_dir = {folder}
logdir = {folder}
pidfile = {folder}/freeradius.pid
max_requests = 16384
thread pool {{
    start_servers = 5
    max_servers = 32
    min_spare_servers = 3
    max_spare_servers = 10
    max_requests_per_server = 0
}}
modules {{
    $INCLUDE {debian}/mods-available/expr
    $INCLUDE {debian}/mods-available/preprocess
    $INCLUDE {folder}/sql
}}
policy {{
    $INCLUDE {debian}/policy.d/accounting
}}
client loopback {{
    ipaddr = 127.0.0.0/8
    secret = "{secret}"
}}
server accounting {{
    listen {{
        type = acct
        ipaddr = 127.0.0.1
        port = {port}
    }}
    preacct {{
        preprocess
        acct_unique
    }}
    accounting {{
        sql
    }}
}}
"""


def lacks(engine: Engine) -> str:
    """What keeps it from writing there, or ""."""
    if not (DEBIAN / "mods-available" / "sql").is_file():
        return "freeradius is not installed, or its configuration is not ours to read"
    if not (DRIVERS / f"rlm_sql_{engine}.so").is_file():
        return f"freeradius-{engine} is not installed; make peers installs it"
    return ""


@contextmanager
def serving_freeradius(
    workplace: Workplace, engine: Engine, *, busy_timeout: int | None = None
) -> Iterator[ServingAaa]:
    """It, until the end of the block, with its threads as Debian has them and its own empty database.

    With `busy_timeout` its threads wait for each other at SQLite for so many milliseconds, and not for Debian's.
    """
    folder = workplace.folder / f"freeradius-{engine}{busy_timeout or ''}"
    folder.mkdir()
    database, postmaster = folder / "radius.db", None
    where = f'filename = "{database}"'
    if engine == "postgresql":
        where, postmaster = f'radius_db = "{_new_database(workplace)}"', workplace.postmaster
    lines = [where] if busy_timeout is None else [where, f"busy_timeout = {busy_timeout}"]
    (folder / "sql").write_text(_sql(engine, lines))
    port = free_port()
    main = _MAIN.format(drivers=DRIVERS, debian=DEBIAN, folder=folder, secret=SECRET, port=port)
    (folder / "radiusd.conf").write_text(main)
    secret = folder / "radius.secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    words = [peer("freeradius"), "-f", "-l", "stdout", "-d", str(folder), "-n", "radiusd"]
    daemon = Daemon(words, folder / "log")
    try:
        daemon.said("Ready to process requests")
        yield ServingAaa((daemon.pid,), "", "", secret, 0, postmaster, f"127.0.0.1:{port}")
    finally:
        daemon.end()


def _sql(engine: Engine, lines: list[str]) -> str:
    """Debian's configuration of the module with `lines` in it, and the driver of `engine`."""
    text = (DEBIAN / "mods-available" / "sql").read_text(encoding="utf-8")
    for line in (f'dialect = "{engine}"', f'driver = "rlm_sql_{engine}"', *lines):
        pattern = rf"^\t+{line.partition(' ')[0]} = .*$"
        text, count = re.subn(pattern, line, text, count=1, flags=re.MULTILINE)
        if not count:
            raise BenchFailed(f"{DEBIAN}/mods-available/sql has no line like {pattern}")
    return text


def _new_database(workplace: Workplace) -> str:
    """With their tables; how libpq reaches it."""
    url = workplace.postgres.new_database()
    reached = f"dbname={url.database} user={url.username} host={url.query['host']}"
    schema = (DEBIAN / "mods-config" / "sql" / "main" / "postgresql" / "schema.sql").read_text(encoding="utf-8")
    with closing(psycopg.connect(reached, autocommit=True)) as connection:
        connection.execute(schema.encode())
    return reached
