"""What a load says at its end, to people and to programs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ue_sim.load.latencies import Latencies
from ue_sim.load.tally import AccountingTally, Tally

_SHARES = (("p50_ms", 0.5), ("p99_ms", 0.99), ("p99_9_ms", 0.999))


@dataclass(frozen=True, slots=True)
class Report:
    """`what` was done to `server`, and `tally` came of it; with `has_sessions` their records as well."""

    what: str
    server: str
    subscribers: int
    at_once: int
    processes: int
    tally: Tally
    has_sessions: bool = False

    @property
    def succeeded(self) -> bool:
        """Whether there was any authentication and, of sessions, any record, and none failed."""
        accounting = self.tally.accounting
        told = not self.has_sessions or (accounting.records and not accounting.failures)
        return bool(self.tally.successes and told) and not self.tally.failures

    def fields(self) -> dict[str, Any]:
        """The report for a program."""
        tally = self.tally
        return {
            "what": self.what,
            "server": self.server,
            "subscribers": self.subscribers,
            "at_once": self.at_once,
            "processes": self.processes,
            "seconds": tally.seconds,
            "authentications": tally.successes,
            "per_second": tally.successes / tally.seconds if tally.seconds else 0.0,
            **_times(tally.times),
            "full": {"authentications": tally.full, **_times(tally.full_times)},
            "fast": {"authentications": tally.fast, **_times(tally.fast_times)},
            "failed": tally.failures.total(),
            "failures": dict(tally.failures.most_common()),
            "rounds": tally.rounds,
            "retransmissions": tally.retransmissions,
            "resynchronisations": tally.resynchronisations,
            "discarded": tally.discarded,
            "generator_cpu_ms": _each(tally.cpu_seconds, tally),
            "cpu_ms": {str(pid): _each(seconds, tally) for pid, seconds in tally.cpu_of.items()},
            **({"accounting": _accounting(tally.accounting, tally.seconds)} if self.has_sessions else {}),
        }

    def text(self) -> str:
        """The report for people."""
        said = self.fields()
        rate = f"{said['authentications']:,} in {said['seconds']:.2f} s: {said['per_second']:,.0f} per second"
        lines = [
            f"{self.what}, {self.server}: {said['at_once']} at once, {self.subscribers:,} subscribers",
            f"{rate} ({self.tally.full:,} full, {self.tally.fast:,} fast)",
        ]
        both = self.tally.full and self.tally.fast
        kinds = [("full", said["full"]), ("fast", said["fast"])] if both else [("latency", said)]
        lines += [_line(name, times) for name, times in kinds if times["p50_ms"] is not None]
        if self.tally.successes:
            ours, theirs = said["generator_cpu_ms"], said["cpu_ms"]
            of = "".join(f", process {pid} {cpu:.3f} ms" for pid, cpu in theirs.items())
            lines.append(f"rounds {self.tally.rounds / self.tally.successes:.2f}, CPU: load {ours:.3f} ms{of} each")
        odd = ("retransmissions", "resynchronisations", "discarded")
        lines += [f"{name}: {said[name]:,}" for name in odd if said[name]]
        lines.append(f"failed: {said['failed']:,}")
        lines += [f"  {count:,} {cause}" for cause, count in said["failures"].items()]
        if self.has_sessions:
            lines += _accounting_lines(said["accounting"])
        return "\n".join(lines)


def _accounting(tally: AccountingTally, seconds: float) -> dict[str, Any]:
    return {
        "records": tally.records,
        "per_second": tally.records / seconds if seconds else 0.0,
        **_times(tally.times),
        "failed": tally.failures.total(),
        "failures": dict(tally.failures.most_common()),
        "retransmissions": tally.retransmissions,
        "discarded": tally.discarded,
    }


def _accounting_lines(said: dict[str, Any]) -> Iterator[str]:
    yield f"accounting: {said['records']:,} records: {said['per_second']:,.0f} per second"
    if said["p50_ms"] is not None:
        yield _line("accounting latency", said)
    for name in ("retransmissions", "discarded"):
        if said[name]:
            yield f"accounting {name}: {said[name]:,}"
    yield f"accounting failed: {said['failed']:,}"
    for cause, count in said["failures"].items():
        yield f"  {count:,} {cause}"


def _times(times: Latencies) -> dict[str, float | None]:
    return {name: times.percentile_ms(share) for name, share in _SHARES}


def _line(name: str, times: dict[str, Any]) -> str:
    return f"{name}: p50 {times['p50_ms']:.2f} ms, p99 {times['p99_ms']:.2f} ms, p99.9 {times['p99_9_ms']:.2f} ms"


def _each(seconds: float, tally: Tally) -> float:
    return seconds * 1e3 / tally.successes if tally.successes else 0.0
