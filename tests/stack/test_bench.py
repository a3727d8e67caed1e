"""The bench runs and counts right; how fast anything is, it says itself, and no test does."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.bench.rows import Bar, Round, Row, in_ms, percentile
from tests.bench.stages import OTHER, WAITING, stage_of, table
from tests.bench.table import as_markdown, as_table
from tests.namespaces import NewNamespace

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("vectors-no-sql", "vectors-sqlite", "vectors-time-based", "swx-sqlite", "s6a-sqlite", "auc-socket")
NAMES_AT_SCALE = ("import-sqlite", "lookup", "size")
TINY = ("--quick", "--rounds", "1", "--seconds", "0.3", "--subscribers", "200", "--json")
UES = 18
"""How many attach in a round of so long."""


def bench(*words: str) -> tuple[dict[str, Any], str]:
    """What it measured, and its progress."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.bench", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    measured: dict[str, Any] = json.loads(run.stdout)
    return measured, run.stderr


def test_every_way_of_asking_is_measured() -> None:
    measured, progress = bench(*TINY, "--only", *NAMES)
    rows = {row["name"]: row for row in measured["rows"]}
    assert {"vectors-no-sql", "vectors-sqlite", "vectors-time-based", "auc-socket"} <= set(rows)
    assert {"swx-sqlite-1", "swx-sqlite-8", "s6a-sqlite-1", "s6a-sqlite-8"} <= set(rows)
    for row in rows.values():
        assert row["operations"] > 0
        assert row["least_per_second"] <= row["per_second"] <= row["most_per_second"]
        assert "refused" not in row["remark"]
    assert set(measured["machine"]) == {"cpu", "cores", "python", "kernel", "postgresql", "fdatasync"}
    assert "round 1 of 1" in progress


def test_imports_and_large_stores_are_measured() -> None:
    measured, _ = bench(*TINY, "--only", *NAMES_AT_SCALE)
    rows = {row["name"]: row for row in measured["rows"]}
    assert list(rows) == ["import-sqlite-100", "import-sqlite-200", "lookup-20", "lookup-200", "size-20", "size-200"]
    assert rows["import-sqlite-200"]["operations"] == 200
    assert rows["import-sqlite-200"]["peak_mb"] > 10


def test_aaa_server_is_measured_beside_its_bars() -> None:
    # a second: in a tenth of one a busy machine may not finish any authentication
    measured, _ = bench(*TINY, "--seconds", "1", "--only", "aaa-radius-sqlite", "aaa-diameter-sqlite")
    rows = {row["name"]: row for row in measured["rows"]}
    radius = {f"aaa-radius-sqlite-{which}" for which in ("1", "2", "alone")}
    assert set(rows) == {*radius, "aaa-diameter-sqlite-1", "aaa-diameter-sqlite-8"}
    for row in rows.values():
        assert row["operations"] > 0
        assert row["failed"] == 0
        assert row["cpu_us"] > 0
        assert "20 subscribers" in row["remark"]
    assert rows["aaa-radius-sqlite-2"]["bar"] == "4,000/s, 300 us, p99 25 ms"


@pytest.mark.parametrize("carrier", ["radius", "diameter"])
def test_whole_lives_are_measured(carrier: str) -> None:
    measured, _ = bench(*TINY, "--seconds", "1", "--only", f"life-{carrier}-sqlite")
    rows = measured["rows"]
    assert [row["name"] for row in rows] == [f"life-{carrier}-sqlite-{workers}" for workers in (1, 2)]
    for row in rows:
        assert row["operations"] > 0
        assert row["failed"] == 0
        assert row["cpu_us"] > 0
        assert (" records/s, p50 " in row["remark"]) == (carrier == "radius")


def test_accounting_is_measured_beside_freeradius(foreign_peer: Callable[[str], str]) -> None:
    foreign_peer("freeradius")
    measured, _ = bench(*TINY, "--seconds", "1", "--only", "life-accounting-sqlite")
    rows = {row["name"]: row for row in measured["rows"]}
    assert list(rows) == [f"life-accounting-sqlite-{who}" for who in ("1", "2", "freeradius", "freeradius-patient")]
    assert all(row["operations"] > 0 for row in rows.values())
    assert rows["life-accounting-sqlite-1"]["failed"] == rows["life-accounting-sqlite-2"]["failed"] == 0
    assert "does not look at Class" in rows["life-accounting-sqlite-freeradius"]["remark"]


def test_gateway_is_measured_in_the_whole_chain_and_alone() -> None:
    measured, _ = bench(*TINY, "--only", "pdngw-chain", "pdngw-alone")
    rows = {row["name"]: row for row in measured["rows"]}
    suites = ("modp2048-rsa", "x25519-ecdsa")
    assert list(rows) == [f"pdngw-{which}-{suite}" for which in ("chain", "alone") for suite in suites]
    for row in rows.values():
        assert (row["operations"], row["failed"]) == (UES, 0)
        assert row["cpu_us"] > 0
        assert row["p50_ms"] <= row["p99_ms"]
    assert rows["pdngw-alone-x25519-ecdsa"]["bar"] == "4,000 us"


def test_idle_sessions_are_weighed() -> None:
    measured, _ = bench(*TINY, "--only", "pdngw-idle")
    (row,) = measured["rows"]
    assert (row["operations"], row["what"], row["bar"]) == (40, "40 idle sessions", "peak 2 MB")
    assert row["peak_mb"] > 0
    assert "kB a session" in row["remark"]


def test_packets_and_downloads_through_esp_are_measured_beside_strongswan(
    namespace: NewNamespace, foreign_peer: Callable[[str], str]
) -> None:
    require_strongswan(namespace, foreign_peer)
    measured, _ = bench(*TINY, "--only", "pdngw-esp")
    rows = {row["name"]: row for row in measured["rows"]}
    whats = ("tcp-{}aes256gcm16", "packets-{}1400", "packets-{}200", "tcp-{}aes256-sha256")
    assert list(rows) == [f"pdngw-{what.format(whose)}" for what in whats for whose in ("", "strongswan-")]
    assert all(row["operations"] > 0 for row in rows.values())


def test_strongswan_is_measured_before_the_same_ues(
    namespace: NewNamespace, foreign_peer: Callable[[str], str]
) -> None:
    require_strongswan(namespace, foreign_peer)
    measured, _ = bench(*TINY, "--only", "pdngw-strongswan")
    suites = ("modp2048-rsa", "x25519-ecdsa")
    assert [row["name"] for row in measured["rows"]] == [
        f"pdngw-{which}-{suite}" for suite in suites for which in ("strongswan", "beside-strongswan")
    ]
    assert all((row["operations"], row["failed"]) == (UES, 0) for row in measured["rows"])


def require_strongswan(namespace: NewNamespace, foreign_peer: Callable[[str], str]) -> None:
    """Skip where namespaces or programs are missing."""
    namespace()
    for name in ("charon-systemd", "swanctl"):
        foreign_peer(name)


def test_hostapd_is_asked_the_same(foreign_peer: Callable[[str], str]) -> None:
    foreign_peer("hostapd")
    measured, _ = bench(*TINY, "--only", "aaa-hostapd")
    asked = {row["what"]: row for row in measured["rows"]}
    as_debian_has_it = "hostapd as Debian has it, our AuC socket, SQLite"
    assert {as_debian_has_it, "ours beside it, SQLite, 2 workers"} <= set(asked)
    assert all(row["operations"] > 0 for row in asked.values())
    # with its limits it refuses whom it has no room for, and how soon that is depends on the machine
    assert all(row["failed"] == 0 for what, row in asked.items() if what != as_debian_has_it)


def test_cost_of_each_stage_is_told() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.bench.stages", "--quick", "--functions", "2"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    radius, diameter = run.stdout.split("## Over ")[1:]
    for part in (radius, diameter):
        assert "| EAP: keys, AT_MAC, messages |" in part
        assert "| SQL |" in part
        assert "| **all** | **" in part
        assert re.search(r"\d%  EAP: keys, AT_MAC, messages\n +\d+\.\d%  [\w.]+:\w+", part)


@pytest.mark.parametrize(
    ("stack", "stage"),
    [
        (["selectors:select", "asyncio.base_events:_run_once"], WAITING),
        (["hmac:digest", "wire.eap.mac:mac_is_genuine", "aaa.eap.challenge:judge"], "EAP: keys, AT_MAC, messages"),
        (["wire.radius.codec:parse_packet", "aaa.radius.decisions:admit"], "decode RADIUS or Diameter"),
        (["wire.radius.messages:reply"], "encode RADIUS or Diameter"),
        (["json.encoder:encode", "structlog._base:_proxy", "aaa.service:serve"], "log"),
        (["sqlalchemy.engine.base:execute", "hss.store.lane:run"], "SQL"),
        (["asyncio.events:_run"], "sockets and event loop"),
        (["__main__:<module>"], OTHER),
    ],
)
def test_stage_is_that_of_the_innermost_function_that_has_one(stack: list[str], stage: str) -> None:
    assert stage_of(stack) == stage


def test_costs_are_ordered_and_summed() -> None:
    assert table({"log": 10.0, "SQL": 30.0})[2:] == [
        "| SQL | 30 | 75% |",
        "| log | 10 | 25% |",
        "| **all** | **40** | |",
    ]


def test_unknown_measurement_is_named() -> None:
    words = [sys.executable, "-m", "tests.bench", "--only", "tea"]
    run = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert run.stderr == "error: no measurement is called tea; --help lists them\n"


# --- arithmetic -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("share", "value"), [(0.5, 50), (0.99, 99), (0.991, 100), (1.0, 100), (0.0, 1)])
def test_percentile_is_the_nearest_rank(share: float, value: int) -> None:
    assert percentile(range(1, 101), share) == value


def test_times_are_put_in_order() -> None:
    assert in_ms([0.003, 0.001, 0.002]) == (2.0, 3.0)
    assert in_ms([]) == (None, None)


def row(*rates: int, bar: Bar) -> Row:
    rounds = tuple(Round(rate, 1.0, 0.5, 0.25, 1.0, float(rate), 100.0, 0.5, rate // 100) for rate in rates)
    return Row("name", "what", rounds, bar, "a remark")


def test_row_has_medians_and_says_what_is_missed() -> None:
    one = row(100, 400, 200, bar=Bar(rate=250, p99_ms=150, peak_mb=90))
    assert (one.rate, one.extent, one.cpu_us, one.database_cpu_us) == (200, (100, 400), 2500, 1250)
    assert one.verdict == "20% too slow; p99 50.0 ms too long; 10 MB too much; 7 failed"
    assert row(99, bar=Bar(rate=99, p50_ms=1, cpu_us=6000)).verdict == "met"
    assert row(50, bar=Bar(p50_ms=0.5, cpu_us=8000)).verdict == "25% too much CPU; p50 0.5 ms too long"
    assert str(Bar(rate=4000, p50_ms=0.5, cpu_us=300)) == "4,000/s, 300 us, p50 0.5 ms"
    assert row(300, bar=Bar()).verdict == ""


def test_table_names_the_machine_and_each_row() -> None:
    rows = [row(100, bar=Bar(rate=250, p99_ms=25)), row(3000, bar=Bar())]
    lines = as_table("a machine", rows).splitlines()
    assert lines[0] == "a machine"
    assert len({line.index("100 - 100") for line in lines if "100 - 100" in line}) == 1
    assert "250/s, p99 25 ms" in lines[4]
    assert "3,000" in lines[5]
    assert lines[-1] == "name: a remark"
    assert as_markdown(rows).splitlines()[1].startswith("| --- | ---: |")
