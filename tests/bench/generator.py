"""The load generator, a process of its own: it reads a Job from standard input, and writes what came of it."""

import gc
import json
import selectors
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import count
from random import Random

from tests.bench.asking import Kind, template
from tests.bench.connection import LoadConnection
from tests.bench.processes import BenchFailed, cpu_seconds, family_cpu_seconds
from tests.bench.rows import in_ms
from tests.bench.verifying import verify_answer


@dataclass(frozen=True, slots=True)
class Job:
    """What to ask: `targets` have a connection each (our Origin-Host, address, port), with `outstanding` requests."""

    kind: Kind
    targets: list[tuple[str, str, int]]
    outstanding: int
    subscribers: int
    seconds_before: float
    seconds: float
    tag: str
    servers: list[int]
    postmaster: int | None


@dataclass(frozen=True, slots=True)
class Report:
    """What came of it, in seconds and milliseconds."""

    operations: int
    seconds: float
    cpu: float
    database_cpu: float
    p50_ms: float | None
    p99_ms: float | None
    refused: dict[str, int]
    verified: int


def run(job: Job) -> Report:
    """Ask as `job` says, from the first to the last; BenchFailed for an answer that is wrong."""
    connections = [
        LoadConnection(host, (address, port), _maker(job, host, place))
        for place, (host, address, port) in enumerate(job.targets)
    ]
    gc.freeze()
    selector = selectors.DefaultSelector()
    for each in connections:
        selector.register(each.socket, selectors.EVENT_READ, each)
        each.start(job.outstanding)
    _turn(selector, time.perf_counter() + job.seconds_before)
    for each in connections:
        each.counting = True
    cpu, database_cpu = cpu_seconds(job.servers), family_cpu_seconds(job.postmaster)
    began = time.perf_counter()
    _turn(selector, began + job.seconds)
    took = time.perf_counter() - began
    cpu, database_cpu = cpu_seconds(job.servers) - cpu, family_cpu_seconds(job.postmaster) - database_cpu
    for each in connections:
        each.counting = False
    _finish(selector, connections)
    times = [second for each in connections for second in each.seconds]
    refused = sum((each.refused for each in connections), Counter[str]())
    sample = [octets for each in connections for octets in each.sample]
    for octets in sample:
        verify_answer(octets)
    return Report(len(times), took, cpu, database_cpu, *in_ms(times), dict(refused), len(sample))


def _maker(job: Job, host: str, place: int) -> Callable[[], tuple[int, bytes]]:
    make = template(job.kind, host, job.tag)
    numbers, users = count(1), Random(f"{job.tag}{place}")

    def following() -> tuple[int, bytes]:
        number = next(numbers)
        return number, make(number, int(users.random() * job.subscribers))

    return following


def _turn(selector: selectors.BaseSelector, until: float) -> None:
    while (left := until - time.perf_counter()) > 0:
        for key, _ in selector.select(left):
            key.data.readable(more=True)


def _finish(selector: selectors.BaseSelector, connections: list[LoadConnection]) -> None:
    until = time.perf_counter() + 10
    while not all(each.idle for each in connections):
        ready = selector.select(until - time.perf_counter())
        if not ready:
            raise BenchFailed("the HSS leaves requests without an answer")
        for key, _ in ready:
            key.data.readable(more=False)
    for each in connections:
        each.close()


def main() -> int:
    """The process: 0, and a Report as JSON; or 1, and a line that says why."""
    try:
        report = run(Job(**json.load(sys.stdin)))
    except (BenchFailed, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(asdict(report)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
