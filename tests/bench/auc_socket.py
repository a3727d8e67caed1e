"""hostapd's own authentication centre beside ours: the same requests on the same kind of socket, in turns."""

import shutil
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

from tests.bench.cards import imsi_of, keys_of
from tests.bench.processes import ROOT, BenchFailed, Daemon, cpu_seconds
from tests.bench.rows import Bar, Round, Row, in_ms
from tests.bench.site import akadia_words
from tests.bench.verifying import verify_auc_answer
from tests.bench.workplace import Workplace

PROGRAM = "hlr_auc_gw"
BUILT = ROOT / ".venv" / "peers" / PROGRAM
"""Where `make bench` leaves it; Debian has it in no package."""
IN_FLIGHT = 8
"""No more than a Unix datagram socket holds by default (net.unix.max_dgram_qlen), less a little."""

_SAMPLE = 97
_TIMEOUT = 10.0
_SCHEMA = (
    "CREATE TABLE milenage (imsi INTEGER PRIMARY KEY NOT NULL, ki CHAR(32) NOT NULL, opc CHAR(32) NOT NULL, "
    "amf CHAR(4) NOT NULL, sqn CHAR(12) NOT NULL, res_len INTEGER)"
)


@dataclass(frozen=True)
class Centre:
    """One of those who are asked."""

    name: str
    what: str
    pid: int
    path: Path


def beside_hlr_auc_gw(workplace: Workplace) -> Iterator[Row]:
    """hlr_auc_gw with its file, with SQLite, and `akadia hss auc-socket`; without it ours alone."""
    count = workplace.effort.few
    with ExitStack() as running:
        centres = [_ours(workplace, running, count)]
        program = found()
        if program is None:
            workplace.tell(f"{PROGRAM} is not here: tests/bench/hostap.sh builds it")
        else:
            centres[:0] = _theirs(workplace, running, program, count)
        asks = {each.what: partial(_ask, each, workplace.folder, count, workplace.effort.seconds) for each in centres}
        rounds = workplace.in_turns(asks)
    yield from _rows(centres, rounds, f"{IN_FLIGHT} outstanding, {count:,} subscribers")


def found() -> str | None:
    """The path of hostapd's authentication centre, or None."""
    return shutil.which(PROGRAM) or (str(BUILT) if BUILT.exists() else None)


def write_file(path: Path, count: int) -> None:
    """Its file of so many cards, whose SQN begin anew."""
    users = [(imsi, *(key.hex() for key in keys_of(imsi))) for imsi in map(imsi_of, range(count))]
    path.write_text("".join(f"{imsi} {k} {opc} 8000 000000000000\n" for imsi, k, opc in users))


def _rows(centres: Sequence[Centre], rounds: Mapping[str, tuple[Round, ...]], remark: str) -> Iterator[Row]:
    bar = Bar()
    for each in centres:
        row = Row(each.name, each.what, rounds[each.what], bar, remark)
        yield row
        # ours comes last: as fast as theirs where both keep SQN on disk
        bar = Bar(rate=row.rate) if each.name == "auc-socket-peer-sqlite" else bar


def _ours(workplace: Workplace, running: ExitStack, count: int) -> Centre:
    site = workplace.site("sqlite", count)
    path = site.folder / "auc.sock"
    daemon = Daemon(akadia_words(site.config(), "hss", "auc-socket", str(path)), site.folder / "auc.log")
    running.callback(daemon.end)
    daemon.said("auc socket ready")
    return Centre("auc-socket", "akadia hss auc-socket, sealed keys in SQLite, durable", daemon.pid, path)


def _theirs(workplace: Workplace, running: ExitStack, program: str, count: int) -> list[Centre]:
    folder = workplace.folder / PROGRAM
    folder.mkdir(exist_ok=True)
    cards, database = folder / "milenage", folder / "milenage.sqlite"
    _write_keys(cards, database, count)
    ways = (
        ("auc-socket-peer-memory", f"{PROGRAM}, keys in a file, SQN in memory", f"-m{cards}"),
        ("auc-socket-peer-sqlite", f"{PROGRAM}, plain keys in SQLite, durable", f"-D{database}"),
    )
    return [_started(running, folder, program, *way) for way in ways]


def _started(running: ExitStack, folder: Path, program: str, name: str, what: str, option: str) -> Centre:
    path = folder / f"{name}.sock"
    daemon = Daemon([program, f"-s{path}", option], folder / f"{name}.log")
    running.callback(daemon.end)
    daemon.made(path)
    return Centre(name, what, daemon.pid, path)


def _write_keys(cards: Path, database: Path, count: int) -> None:
    write_file(cards, count)
    users = [(imsi, *(key.hex() for key in keys_of(imsi))) for imsi in map(imsi_of, range(count))]
    connection = sqlite3.connect(database)
    with connection:
        connection.execute(_SCHEMA)
        rows = [(int(imsi), k, opc, "8000", "000000000000") for imsi, k, opc in users]
        connection.executemany("INSERT INTO milenage VALUES (?, ?, ?, ?, ?, NULL)", rows)
    connection.close()


def _ask(centre: Centre, folder: Path, count: int, seconds: float) -> Round:
    own = folder / "asker.sock"
    random = Random(seconds)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as asker:
        asker.settimeout(_TIMEOUT)
        asker.bind(str(own))
        asker.connect(str(centre.path))
        try:
            return _asked(asker, lambda: imsi_of(random.randrange(count)), centre.pid, seconds)
        except OSError as error:
            raise BenchFailed(f"{centre.what}: {error}") from None
        finally:
            own.unlink()


def _asked(asker: socket.socket, imsi: Callable[[], str], pid: int, seconds: float) -> Round:
    """Keep so many requests outstanding; the oldest request of a subscriber has the next answer for it."""
    sent: dict[bytes, list[float]] = {}
    times: list[float] = []
    sample: list[bytes] = []

    def ask(now: float) -> None:
        digits = imsi().encode()
        sent.setdefault(digits, []).append(now)
        asker.send(b"AKA-REQ-AUTH " + digits)

    cpu, began = cpu_seconds([pid]), time.perf_counter()
    now = began
    for _ in range(IN_FLIGHT):
        ask(now)
    while now - began < seconds:
        answer = asker.recv(1024)
        now = time.perf_counter()
        times.append(now - sent[answer[14:29]].pop(0))
        if len(times) % _SAMPLE == 1:
            sample.append(answer)
        ask(now)
    took, cpu = now - began, cpu_seconds([pid]) - cpu
    sample.extend(asker.recv(1024) for _ in range(IN_FLIGHT))
    for answer in sample:
        verify_auc_answer(answer)
    return Round(len(times), took, cpu, 0.0, *in_ms(times))
