"""SWx MAR and S6a AIR against `akadia hss serve`, over one connection and over eight."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from uuid import uuid4

from tests.bench.asking import Kind
from tests.bench.generator import Job, Report
from tests.bench.processes import ROOT, BenchFailed
from tests.bench.rows import Bar, Round, Row
from tests.bench.site import PEERS, ServingHss, Site
from tests.bench.workplace import ENGINES, Engine, Workplace

IN_FLIGHT = 32
"""Requests that wait for an answer, on all connections together."""
BAR = Bar(rate=5_000, p99_ms=25)

_SECONDS_BEFORE = 1.0
_NAMES: dict[Kind, str] = {"mar": "SWx MAR", "air": "S6a AIR"}


def swx(engine: Engine, workplace: Workplace) -> Iterator[Row]:
    """MAR over one connection and over eight."""
    yield from _one_process(workplace, engine, "mar")


def s6a(engine: Engine, workplace: Workplace) -> Iterator[Row]:
    """AIR over one connection and over eight."""
    yield from _one_process(workplace, engine, "air")


def two_processes(workplace: Workplace) -> Iterator[Row]:
    """Two HSS processes on one PostgreSQL, four connections to each."""
    site = workplace.site("postgresql", workplace.effort.usual)
    with site.serving("hss1") as one, site.serving("hss2") as two:
        for kind in _NAMES:
            yield measured(workplace, site, [one, two], kind, "swx-two" if kind == "mar" else "s6a-two", PEERS)


def _one_process(workplace: Workplace, engine: Engine, kind: Kind) -> Iterator[Row]:
    site = workplace.site(engine, workplace.effort.usual)
    name = f"{'swx' if kind == 'mar' else 's6a'}-{engine}"
    with site.serving() as hss:
        yield measured(workplace, site, [hss], kind, f"{name}-1", 1)
        yield measured(workplace, site, [hss], kind, f"{name}-{PEERS}", PEERS)


def measured(
    workplace: Workplace, site: Site, servers: Sequence[ServingHss], kind: Kind, name: str, connections: int
) -> Row:
    """One row; the connections are dealt out among the `servers`."""
    engine: Engine = "sqlite" if site.postmaster is None else "postgresql"
    processes = f", {len(servers)} HSS processes" if len(servers) > 1 else ""
    what = f"{_NAMES[kind]}, {ENGINES[engine]}, {connections} connection{'s'[: connections > 1]}{processes}"
    refused: Counter[str] = Counter()
    ask = partial(one_round, site, servers, kind, connections, workplace.effort.seconds, refused)
    rounds = workplace.measured(what, ask)
    return Row(name, what, rounds, BAR, _remark(site, refused))


def one_round(
    site: Site, servers: Sequence[ServingHss], kind: Kind, connections: int, seconds: float, refused: Counter[str]
) -> Round:
    """Ask for so long; what was not a success is counted in `refused`."""
    dealt = [(place, servers[place % len(servers)]) for place in range(connections)]
    job = Job(
        kind=kind,
        targets=[(f"aaa{place + 1}.example", server.host, server.port) for place, server in dealt],
        outstanding=IN_FLIGHT // connections,
        subscribers=site.subscribers,
        seconds_before=min(_SECONDS_BEFORE, seconds),
        seconds=seconds,
        tag=uuid4().hex[:8],
        servers=[server.pid for server in servers],
        postmaster=site.postmaster,
    )
    report = _generate(job)
    refused.update(report.refused)
    if not report.operations:
        raise BenchFailed(f"no request succeeded: {report.refused}")
    return Round(
        report.operations, report.seconds, report.cpu, report.database_cpu, p50_ms=report.p50_ms, p99_ms=report.p99_ms
    )


def _generate(job: Job) -> Report:
    words = [sys.executable, "-m", "tests.bench.generator"]
    asked = json.dumps(asdict(job))
    done = subprocess.run(words, input=asked, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchFailed(f"the load generator: {done.stderr.strip().splitlines()[-1]}")
    return Report(**json.loads(done.stdout))


def _remark(site: Site, refused: Counter[str]) -> str:
    not_served = ", ".join(f"{count} times {result}" for result, count in refused.items())
    remark = f"{IN_FLIGHT} outstanding in all, {site.subscribers:,} subscribers"
    return f"{remark}; refused: {not_served}" if not_served else remark
