"""`akadia load` as the bench runs it: the command itself, in a process of its own, and its report as a round."""

import json
import os
import subprocess
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.aaa_site import PEERS, REALM, ServingAaa
from tests.bench.processes import ROOT, BenchFailed
from tests.bench.rows import Round
from tests.bench.site import akadia_words
from tests.bench.workplace import Workplace

AT_ONCE = 32
"""UEs that authenticate at the same time, unless a row says otherwise."""
RADLOAD = "RADLOAD"
"""The environment variable that may name another generator, to look at ours with: radload."""

SECONDS_BEFORE = 1.0
"""Before the first that counts."""


@dataclass
class Ask:
    """One way of asking a server; a call is one round. What failed, and what the load itself took, adds up."""

    workplace: Workplace
    server: ServingAaa
    carrier: tuple[str, ...] = ("radius",)
    words: tuple[str, ...] = ()
    at_once: int = AT_ONCE
    failures: Counter[str] = field(default_factory=Counter)
    load_cpu_ms: list[float] = field(default_factory=list)
    rounds_each: list[float] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    """What was said of the accounting of each round, where there was any."""

    def __call__(self) -> Round:
        if not self.rounds_each:
            # the first of all waits for what is opened when it is first needed
            self.run("--count", str(self.at_once))
        seconds = self.workplace.effort.seconds
        said = self.run("--seconds", str(seconds), "--warm-up", str(min(SECONDS_BEFORE, seconds)))
        told = said.get("accounting", {"failed": 0, "failures": {}})
        self.records += [told] if "records" in told else []
        for each in (said, told):
            self.failures.update(each["failures"])
        done = said["authentications"]
        if not done:
            raise BenchFailed(f"no authentication succeeded: {said['failures']}")
        self.load_cpu_ms.append(said["generator_cpu_ms"])
        self.rounds_each.append(said["rounds"] / done)
        cpu = {int(pid): each * done / 1e3 for pid, each in said["cpu_ms"].items()}
        return Round(
            done,
            said["seconds"],
            sum(cpu[pid] for pid in self.server.pids),
            0.0 if self.server.postmaster is None else cpu[self.server.postmaster],
            p50_ms=said["p50_ms"],
            p99_ms=said["p99_ms"],
            failed=said["failed"] + told["failed"],
        )

    @property
    def remark(self) -> str:
        """How it was asked, what the load took of the same cores, and what failed."""
        cpu = sum(self.load_cpu_ms) / len(self.load_cpu_ms)
        trips = sum(self.rounds_each) / len(self.rounds_each)
        said = f"{self.at_once} at once, {self.server.subscribers:,} subscribers, {trips:.1f} round trips"
        failed = ", ".join(f"{count:,} times {cause}" for cause, count in self.failures.most_common(3))
        took = f"the load took {cpu * 1e3:.0f} us each{self._of_records()}"
        return f"{said}, {took}{f'; failed: {failed}' if failed else ''}"

    def _of_records(self) -> str:
        """Their times, which are no part of those of the authentications."""
        known = [each for each in self.records if each["records"]]
        if not known:
            return ""
        p50, p99, rate = (median(each[name] for each in known) for name in ("p50_ms", "p99_ms", "per_second"))
        again = sum(each["retransmissions"] for each in known)
        return (
            f"; {rate:,.0f} records/s, p50 {p50:.2f} ms, p99 {p99:.2f} ms{f', {again:,} sent again' if again else ''}"
        )

    def run(self, *until: str) -> dict[str, Any]:
        """Ask until then; what the load says at its end."""
        pids = [*self.server.pids, *([] if self.server.postmaster is None else [self.server.postmaster])]
        words = [
            *akadia_words(Path(os.devnull), "load", *self.carrier),
            *("--realm", REALM, "--subscribers", str(self.workplace.cards(self.server.subscribers))),
            *("--at-once", str(self.at_once), *until, "--json"),
            *(word for pid in pids for word in ("--cpu-of", str(pid))),
            *self.words,
        ]
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
        if not done.stdout:
            raise BenchFailed(f"the load: {(done.stderr.strip().splitlines() or ['said nothing'])[-1]}")
        said: dict[str, Any] = json.loads(done.stdout)
        return said


def over_radius(workplace: Workplace, server: ServingAaa, *words: str, at_once: int = AT_ONCE) -> Ask:
    """By RADIUS, from as many ports as there are UEs."""
    carrier = ("radius", "--server", server.radius, "--secret-file", str(server.secret_file), "--ports", "64")
    return Ask(workplace, server, carrier, words, at_once)


def over_diameter(workplace: Workplace, server: ServingAaa, connections: int, *words: str) -> Ask:
    """By Diameter EAP, each connection from another peer."""
    peers = ("--origin-host", "load{}.example", "--origin-realm", "example", "--destination-realm", "example")
    carrier = ("diameter", "--server", server.diameter, "--connections", str(min(connections, PEERS)), *peers)
    return Ask(workplace, server, carrier, words)


def by_radload(workplace: Workplace, server: ServingAaa) -> Callable[[], Round] | None:
    """The same by the C program that RADLOAD names, to see what a leaner generator finds; None without it."""
    program = os.environ.get(RADLOAD)
    if not program:
        return None

    def measure() -> Round:
        cards = _as_lines(workplace, server)
        host, _, port = server.radius.rpartition(":")
        words = [program, "-s", host, "-p", port, "-S", server.secret_file.read_text(), "-m", "aka", "-n", "100000000"]
        words += ["-c", str(AT_ONCE), "-b", "1", "-R", REALM, "-f", str(cards), "-T", str(workplace.effort.seconds)]
        words += ["-C", ",".join(_family(server.pids))]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if not done.stdout.startswith("{"):
            raise BenchFailed(f"{program}: {(done.stderr.strip().splitlines() or ['said nothing'])[-1]}")
        said = json.loads(done.stdout)
        cpu = said["server_cpu_ms_per_auth"] * said["ok"] / 1e3
        p50, p99 = said["p50_ms"], said["p99_ms"]
        return Round(said["ok"], said["seconds"], cpu, p50_ms=p50, p99_ms=p99, failed=said["failed"])

    return measure


def _as_lines(workplace: Workplace, server: ServingAaa) -> Path:
    cards = workplace.cards(server.subscribers)
    path = cards.with_suffix(".txt")
    if not path.exists():
        rows = (line.split(",")[:3] for line in cards.read_text().splitlines()[1:])
        path.write_text("".join(f"{' '.join(row)}\n" for row in rows))
    return path


def _family(pids: tuple[int, ...]) -> list[str]:
    children = [Path(f"/proc/{pid}/task/{pid}/children").read_text().split() for pid in pids]
    return [*map(str, pids), *(child for each in children for child in each)]
