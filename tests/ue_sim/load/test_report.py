"""What is said at the end."""

import json

import pytest

from tests.ue_sim.load.test_tally import peer
from ue_sim.load.report import Report
from ue_sim.load.tally import AccountingTally, Tally


def report(*, failures: int = 0, fast: int = 1) -> Report:
    tally = Tally(rounds=5, seconds=0.5, cpu_seconds=0.003, cpu_of={42: 0.006}, retransmissions=2)
    for _ in range(2):
        tally.succeeded(peer(fast=False), 0.010)
    for _ in range(fast):
        tally.succeeded(peer(fast=True), 0.005)
    for _ in range(failures):
        tally.failed("AT_MAC is wrong")
    return Report("EAP-AKA over RADIUS", "127.0.0.1 port 1812", 1000, 32, 1, tally)


def test_people_read_rate_times_and_causes() -> None:
    lines = report(failures=3).text().splitlines()
    assert lines[0] == "EAP-AKA over RADIUS, 127.0.0.1 port 1812: 32 at once, 1,000 subscribers"
    assert lines[1] == "3 in 0.50 s: 6 per second (2 full, 1 fast)"
    assert lines[2].startswith("full: p50 9.98 ms, p99 9.98 ms")
    assert lines[3].startswith("fast: p50 5.02")
    assert lines[4] == "rounds 1.67, CPU: load 1.000 ms, process 42 2.000 ms each"
    assert lines[5:] == ["retransmissions: 2", "failed: 3", "  3 AT_MAC is wrong"]
    assert report(fast=0).text().splitlines()[2].startswith("latency: p50 9.98")


def test_programs_read_the_same() -> None:
    said = json.loads(json.dumps(report(failures=1).fields()))
    assert said["per_second"] == 6
    assert (said["authentications"], said["failed"], said["failures"]) == (3, 1, {"AT_MAC is wrong": 1})
    assert said["full"]["p99_9_ms"] == pytest.approx(10, rel=0.01)
    assert said["cpu_ms"] == {"42": pytest.approx(2)}


def test_it_succeeded_when_nothing_failed_and_something_was_done() -> None:
    assert report().succeeded
    assert not report(failures=1).succeeded
    nothing = Report("EAP-AKA over RADIUS", "nowhere", 1, 1, 1, Tally())
    assert not nothing.succeeded
    assert nothing.text().splitlines()[1:] == ["0 in 0.00 s: 0 per second (0 full, 0 fast)", "failed: 0"]


def with_sessions(*, records: int = 3, lost: int = 0) -> Report:
    tally = Tally(seconds=0.5, accounting=AccountingTally(retransmissions=2))
    tally.succeeded(peer(fast=False), 0.010)
    for _ in range(records):
        tally.accounting.kept(0.005)
    for _ in range(lost):
        tally.accounting.lost("Accounting-Request Stop: no answer")
    return Report("EAP-AKA over RADIUS with accounting", "127.0.0.1 port 1812", 1, 1, 1, tally, has_sessions=True)


def test_records_of_sessions_are_told_beside_the_authentications() -> None:
    told = with_sessions(lost=1)
    assert told.text().splitlines()[4:] == [
        "failed: 0",
        "accounting: 3 records: 6 per second",
        "accounting latency: p50 5.02 ms, p99 5.02 ms, p99.9 5.02 ms",
        "accounting retransmissions: 2",
        "accounting failed: 1",
        "  1 Accounting-Request Stop: no answer",
    ]
    said = json.loads(json.dumps(told.fields()))["accounting"]
    assert (said["records"], said["per_second"], said["retransmissions"]) == (3, 6, 2)
    assert (said["failed"], said["failures"]) == (1, {"Accounting-Request Stop: no answer": 1})
    assert said["p99_ms"] == pytest.approx(5, rel=0.01)
    assert "accounting" not in report().fields()


def test_it_failed_when_a_record_was_lost_or_none_was_told() -> None:
    assert with_sessions().succeeded
    assert not with_sessions(lost=1).succeeded
    assert not with_sessions(records=0).succeeded
    assert with_sessions(records=0).text().splitlines()[5:] == [
        "accounting: 0 records: 0 per second",
        "accounting retransmissions: 2",
        "accounting failed: 0",
    ]
