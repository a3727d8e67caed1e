"""`python -m tests.bench.stages`: what one full EAP-AKA authentication costs the AAA server, stage by stage.

The server is the real one, with its log, its metrics and SQN on disk, asked by `akadia load`. The table of the last run
that was kept is tests/bench/STAGES.md (`--write` makes it anew).
"""

import argparse
import json
import os
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tests.bench.aaa_site import configure
from tests.bench.loading import over_diameter, over_radius
from tests.bench.machine import as_line, describe
from tests.bench.processes import BenchFailed, Daemon
from tests.bench.rows import Round
from tests.bench.workplace import FULL, QUICK, Workplace

TABLE = Path(__file__).parent / "STAGES.md"

STAGES: Sequence[tuple[str, str]] = (
    ("log", r"structlog|logging|runtime\.log|runtime\.record_log"),
    ("metrics", r"prometheus_client|[a-z_.]*\bmetrics\b|runtime\.(counters|histogram)"),
    (
        "decode RADIUS or Diameter",
        r"wire\.(radius|diameter)\.[a-z_.]*:_?(parse|from_avps|read|check|is_|join|admit|first|text|octets|val|find)",
    ),
    ("decode RADIUS or Diameter", r"wire\.diameter\.(framing|grammar|admission)"),
    ("encode RADIUS or Diameter", r"wire\.(radius|diameter)"),
    ("EAP: keys, AT_MAC, messages", r"wire\.eap|wire\.aka\.prime"),
    ("EAP: decisions", r"aaa\.eap"),
    ("state, pseudonyms and identities under seal", r"aaa\.(conversations|identities)"),
    ("AuC: keys and vectors", r"wire\.aka|hss\.(auc|algorithms|keys)"),
    ("SQL", r"sqlalchemy|sqlite3|psycopg|hss\.(store|counting|sessions|registrations|models)"),
    ("HSS: service and policy", r"hss"),
    ("AAA: front, service, sessions", r"aaa"),
    ("sockets and event loop", r"asyncio|selectors|runtime|concurrent"),
)
"""Stages, and which functions (`module:name`) belong to them; the innermost function that belongs to one decides."""
WAITING = "threads of SQL while the loop waits"
OTHER = "the rest"

_COMPILED = [(stage, re.compile(pattern)) for stage, pattern in STAGES]
_IDLE = re.compile(r"selectors:select")


def stage_of(stack: Iterable[str]) -> str:
    """The stage that a stack, the innermost function first, is in."""
    for place, function in enumerate(stack):
        if place == 0 and _IDLE.match(function):
            # the clock ran, and not for the main thread
            return WAITING
        for stage, pattern in _COMPILED:
            if pattern.match(function):
                return stage
    return OTHER


def functions(stacks: Iterable[tuple[Sequence[str], int]], most: int) -> Iterable[str]:
    """Of each stage the functions that were found at work most often, with their share of all."""
    found: dict[str, Counter[str]] = {}
    for stack, count in stacks:
        found.setdefault(stage_of(stack), Counter())[stack[0]] += count
    whole = sum(counts.total() for counts in found.values())
    for stage, counts in sorted(found.items(), key=lambda item: -item[1].total()):
        yield f"{counts.total() / whole:6.1%}  {stage}"
        yield from (f"{count / whole:14.1%}  {function}" for function, count in counts.most_common(most))


def table(costs: dict[str, float]) -> list[str]:
    """Lines of Markdown: microseconds and share of each stage, the largest first."""
    whole = sum(costs.values()) or 1.0
    lines = ["| stage | us | share |", "|---|--:|--:|"]
    ordered = sorted(costs.items(), key=lambda item: -item[1])
    lines += [f"| {stage} | {cost:.0f} | {cost / whole:.0%} |" for stage, cost in ordered]
    return [*lines, f"| **all** | **{sum(costs.values()):.0f}** | |"]


Stacks = list[tuple[list[str], int]]


def measured(workplace: Workplace, carrier: str) -> tuple[Stacks, Round]:
    """How often each stack was found at work during a round of authentications over `carrier`."""
    site = workplace.site("sqlite", workplace.effort.few)
    config, served_by = configure(site, f"sampled-{carrier}")
    output = site.folder / f"{carrier}.json"
    words = [sys.executable, "-m", "tests.bench.sampling", str(config), str(output)]
    daemon = Daemon(words, site.folder / f"sampled-{carrier}.log")
    try:
        daemon.said("aaa ready")
        serving = served_by(daemon.pid)
        ask = over_radius(workplace, serving) if carrier == "RADIUS" else over_diameter(workplace, serving, 1)
        # once so that everything is warm
        ask()
        os.kill(daemon.pid, signal.SIGRTMIN)
        round_ = ask()
        os.kill(daemon.pid, signal.SIGRTMIN)
        sampled = _read(output)
    finally:
        daemon.end()
    return [(stack, count) for stack, count in sampled["stacks"]], round_


def costs_of(stacks: Stacks, round_: Round) -> dict[str, float]:
    """Microseconds of each stage for one authentication."""
    counts: Counter[str] = Counter()
    for stack, count in stacks:
        counts[stage_of(stack)] += count
    each = round_.cpu / round_.operations * 1e6
    return {stage: each * count / counts.total() for stage, count in counts.items()}


def _read(path: Path) -> dict[str, Any]:
    until = time.monotonic() + 10
    while not path.exists():
        if time.monotonic() > until:
            raise BenchFailed("the server told no samples")
        time.sleep(0.05)
    sampled: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return sampled


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; 0 unless it cannot be measured."""
    parser = argparse.ArgumentParser("python -m tests.bench.stages", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short round")
    parser.add_argument("--write", action="store_true", help=f"write {TABLE.name} as well")
    parser.add_argument("--functions", type=int, default=0, metavar="N", help="tell N functions of each stage as well")
    wanted = parser.parse_args(arguments)
    try:
        with Workplace(QUICK if wanted.quick else FULL) as workplace:
            text = "\n".join(_document(workplace, wanted.functions)) + "\n"
    except BenchFailed as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if wanted.write:
        TABLE.write_text(text, encoding="utf-8")
    print(text, end="")
    return 0


def _document(workplace: Workplace, most: int) -> Iterable[str]:
    yield "# What one full EAP-AKA authentication costs the AAA server"
    yield ""
    yield "Made by `python -m tests.bench.stages --write`: one worker, SQN durable in SQLite, 32 at once; CPU of the"
    yield "process in microseconds, from a look at its stack every 2 ms of it."
    yield ""
    busy = f"load average {os.getloadavg()[0]:.1f} before it began"
    yield f"{as_line(describe(workplace.folder))}; {busy}"
    for carrier in ("RADIUS", "Diameter"):
        stacks, round_ = measured(workplace, carrier)
        yield ""
        yield f"## Over {carrier}: {round_.rate:,.0f} a second"
        yield ""
        yield from table(costs_of(stacks, round_))
        if most:
            yield from ("", "```", *functions(stacks, most), "```")


if __name__ == "__main__":
    sys.exit(main())
