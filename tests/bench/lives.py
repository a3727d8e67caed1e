"""Whole lives of sessions: authentication and the accounting or the STR that follows it, and accounting alone."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field

from sqlalchemy import select

from hss.models import AccessGrant
from hss.store.engines import transaction
from hss.store.location import parse_location
from tests.bench.aaa_site import ServingAaa, serving
from tests.bench.freeradius_site import lacks, serving_freeradius
from tests.bench.loading import AT_ONCE, SECONDS_BEFORE, Ask, over_diameter, over_radius
from tests.bench.processes import ROOT, BenchFailed
from tests.bench.rows import Bar, Round, Row
from tests.bench.session_generator import Job, Report
from tests.bench.site import Site
from tests.bench.workplace import ENGINES, Engine, Workplace

INTERIMS = 1
"""Interim-Updates of a session where accounting is measured alone."""
PATIENCE = 10_000
"""Milliseconds that FreeRADIUS's threads wait for each other at SQLite, where they are to; Debian has 200."""
_LESS = (
    "keeps a row for each session and none for a record; does not look at Class, so it does not know whose"
    " authentication it was, and tells nobody that a user has left"
)
FREERADIUS: Mapping[Engine, str] = {
    "postgresql": _LESS,
    "sqlite": f"{_LESS}; an Interim-Update that comes late overwrites what Stop has said",
}
"""What it does not do of what we do."""

Users = dict[str, tuple[str, str]]
"""User-Name, and Class in hex, by IMSI."""


def over_radius_to_the_end(engine: Engine, workplace: Workplace) -> Iterator[Row]:
    """Full EAP-AKA, Start and Stop, by one worker and by two."""
    site = workplace.site(engine, workplace.effort.few)
    for workers in (1, 2):
        with serving(site, workers, accounting=True) as server:
            ask = over_radius(workplace, server, *_accounting(server))
            what = f"RADIUS EAP-AKA, Start and Stop, {ENGINES[engine]}, {_workers(workers)}"
            yield _row(workplace, f"life-radius-{engine}-{workers}", what, ask)


def over_diameter_to_the_end(engine: Engine, workplace: Workplace) -> Iterator[Row]:
    """Full EAP-AKA over Diameter EAP and STR, by one worker and by two."""
    site = workplace.site(engine, workplace.effort.few)
    for workers, connections in ((1, 1), (2, 8)):
        with serving(site, workers) as server:
            ask = over_diameter(workplace, server, connections, "--end")
            peers = f"{connections} connection{'s'[: connections > 1]}"
            what = f"Diameter EAP-AKA and STR, {ENGINES[engine]}, {_workers(workers)}, {peers}"
            yield _row(workplace, f"life-diameter-{engine}-{workers}", what, ask)


def accounting_alone(engine: Engine, workplace: Workplace) -> Iterator[Row]:
    """Records of sessions whose Class is known, by one worker and by two, and by FreeRADIUS, in turns."""
    site = workplace.site(engine, workplace.effort.few)
    with ExitStack() as running:
        asks: dict[str, Tell] = {}
        users: Users = {}
        for workers in (1, 2):
            server = running.enter_context(serving(site, workers, accounting=True))
            users = users or _let_in(workplace, site, server)
            asks[f"accounting, {ENGINES[engine]}, {_workers(workers)}"] = Tell(workplace, server, users)
        for said, server in _freeradius(workplace, running, engine):
            asks[f"accounting, {ENGINES[engine]}, FreeRADIUS{said}"] = Tell(
                workplace, server, users, FREERADIUS[engine]
            )
        rounds = workplace.in_turns(asks)
    names = ("1", "2", "freeradius", "freeradius-patient")
    for (what, ask), name in zip(asks.items(), names[: len(asks)], strict=True):
        yield Row(f"life-accounting-{engine}-{name}", what, rounds[what], Bar(), ask.remark)


def _freeradius(workplace: Workplace, running: ExitStack, engine: Engine) -> Iterator[tuple[str, ServingAaa]]:
    """As Debian has it; and on SQLite, where its threads are in each other's way, with time to wait as well."""
    missing = lacks(engine)
    if missing:
        workplace.tell(missing)
        return
    yield "", running.enter_context(serving_freeradius(workplace, engine))
    if engine == "sqlite":
        patient = serving_freeradius(workplace, engine, busy_timeout=PATIENCE)
        yield f" with busy_timeout {PATIENCE}", running.enter_context(patient)


@dataclass
class Tell:
    """One way of telling a server of sessions; a call is one round, whose operations are records."""

    workplace: Workplace
    server: ServingAaa
    users: Users
    said: str = ""
    failures: Counter[str] = field(default_factory=Counter)
    retransmissions: int = 0
    load_cpu_us: list[float] = field(default_factory=list)

    def __call__(self) -> Round:
        seconds = self.workplace.effort.seconds
        report = self._run(min(SECONDS_BEFORE, seconds), seconds)
        if not report.records:
            raise BenchFailed(f"no record was answered: {report.failures}")
        self.failures.update(report.failures)
        self.retransmissions += report.retransmissions
        self.load_cpu_us.append(report.load_cpu * 1e6 / report.records)
        own = len(self.server.pids)
        return Round(
            report.records,
            report.seconds,
            sum(report.cpu_of[:own]),
            sum(report.cpu_of[own:]),
            p50_ms=report.p50_ms,
            p99_ms=report.p99_ms,
            failed=sum(report.failures.values()),
        )

    @property
    def remark(self) -> str:
        """How it was told, what the load took of the same cores, and what went wrong."""
        cpu = sum(self.load_cpu_us) / len(self.load_cpu_us)
        records = f"records of Start, {INTERIMS} Interim-Update and Stop, {AT_ONCE} sessions at once"
        again = f", {self.retransmissions:,} sent again" if self.retransmissions else ""
        failed = ", ".join(f"{count:,} times {cause}" for cause, count in self.failures.most_common(3))
        parts = (f"{records}, the load took {cpu:.0f} us each{again}", self.said, failed and f"failed: {failed}")
        return "; ".join(part for part in parts if part)

    def _run(self, warm_up: float, seconds: float) -> Report:
        host, _, port = self.server.accounting.rpartition(":")
        pids = [*self.server.pids, *([] if self.server.postmaster is None else [self.server.postmaster])]
        cards, secret = str(self.workplace.cards(len(self.users))), str(self.server.secret_file)
        job = Job((host, int(port)), secret, cards, self.users, INTERIMS, AT_ONCE, warm_up, seconds, pids)
        words = [sys.executable, "-P", "-m", "tests.bench.session_generator"]
        done = subprocess.run(
            words, cwd=ROOT, input=json.dumps(asdict(job)), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise BenchFailed(f"the sessions: {(done.stderr.strip().splitlines() or ['said nothing'])[-1]}")
        return Report(**json.loads(done.stdout))


def _let_in(workplace: Workplace, site: Site, server: ServingAaa) -> Users:
    """Let every subscriber in once; what the server has called each, and the Class that it has given."""
    over_radius(workplace, server).run("--count", str(site.subscribers))
    granted = select(AccessGrant.imsi, AccessGrant.user_name, AccessGrant.radius_class).order_by(AccessGrant.at)
    with transaction(parse_location(site.database, site.folder)) as connection:
        rows = connection.execute(granted).all()
    users = {imsi: (user_name, radius_class.hex()) for imsi, user_name, radius_class in rows}
    if len(users) != site.subscribers:
        raise BenchFailed(f"of {site.subscribers:,} subscribers {len(users):,} were let in")
    return users


def _accounting(server: ServingAaa) -> tuple[str, ...]:
    return "--accounting", "--accounting-server", server.accounting


def _row(workplace: Workplace, name: str, what: str, ask: Ask) -> Row:
    rounds = workplace.measured(what, ask)
    return Row(name, what, rounds, Bar(), ask.remark)


def _workers(count: int) -> str:
    return f"{count} worker{'s'[: count > 1]}"
