"""The AAA server over RADIUS and Diameter: full and fast, one worker and two, few cards and many, beside hostapd."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from tests.bench import auc_socket
from tests.bench.aaa_site import ServingAaa, register_all, serving, serving_hostapd
from tests.bench.loading import Ask, by_radload, over_diameter, over_radius
from tests.bench.processes import ROOT, Daemon
from tests.bench.rows import Bar, Round, Row
from tests.bench.site import Site, akadia_words
from tests.bench.workplace import ENGINES, Engine, Workplace, peer

FULL_RATE = 4_000
"""Full authentications a second with SQN on disk, by two workers; 5,000 is what hostapd does with nothing on disk."""
CPU_US = 300
FULL_BAR = Bar(rate=FULL_RATE, cpu_us=CPU_US, p99_ms=25)
CLOCK_BAR = Bar(rate=6_000, cpu_us=CPU_US, p99_ms=25)
DIAMETER_BAR = Bar(rate=6_000, p99_ms=25)
ALONE_BAR = Bar(p50_ms=1)
FAST_SHARE = 1.5
"""A fast re-authentication is so many times as fast as a full one."""
NO_SLOWER = 0.9
"""With many subscribers it has at least this share of the rate with few."""
UNLIMITED = ROOT / ".venv" / "peers" / "hostapd-unlimited"
"""Where `make bench` leaves the hostapd that tests/bench/hostap.sh builds."""


def full(engine: Engine, workplace: Workplace) -> Iterator[Row]:
    """Full EAP-AKA with SQN on disk, by one worker and by two, and one UE alone."""
    site = workplace.site(engine, workplace.effort.few)
    for workers in (1, 2):
        with serving(site, workers) as server:
            name, what = f"aaa-radius-{engine}-{workers}", f"{_full(engine)}, {_workers(workers)}"
            bar = FULL_BAR if workers == 2 else Bar(cpu_us=CPU_US)
            yield _row(workplace, name, what, over_radius(workplace, server), bar)
            if workers == 1:
                alone = over_radius(workplace, server, at_once=1)
                yield _row(workplace, f"aaa-radius-{engine}-alone", f"{_full(engine)}, one alone", alone, ALONE_BAR)


def without_identities(workplace: Workplace) -> Iterator[Row]:
    """As hostapd does where it is not told to: neither pseudonyms nor identities for fast re-authentication."""
    site = workplace.site("sqlite", workplace.effort.few)
    for workers in (1, 2):
        with serving(site, workers, identities=False) as server:
            what = f"{_full('sqlite')}, IMSIs alone, {_workers(workers)}"
            bar = FULL_BAR if workers == 2 else Bar(cpu_us=CPU_US)
            yield _row(workplace, f"aaa-radius-plain-{workers}", what, over_radius(workplace, server), bar)


def by_the_clock(workplace: Workplace) -> Iterator[Row]:
    """Time-based SQN: no vector writes."""
    site = workplace.site("sqlite", workplace.effort.few, "clock")
    with serving(site, 2) as server:
        what = "RADIUS EAP-AKA, SQLite, time-based, 2 workers"
        yield _row(workplace, "aaa-radius-time-based", what, over_radius(workplace, server), CLOCK_BAR)


def fast(workplace: Workplace) -> Iterator[Row]:
    """Fast re-authentication beside full authentication in turns, and EAP-AKA'."""
    site = workplace.site("sqlite", workplace.effort.few)
    with serving(site, 2) as server:
        asks = {
            "RADIUS EAP-AKA, SQLite, full beside fast, 2 workers": over_radius(workplace, server),
            "RADIUS EAP-AKA, SQLite, 50 of 51 fast, 2 workers": over_radius(workplace, server, "--fast", "50"),
            "RADIUS EAP-AKA', SQLite, 2 workers": over_radius(workplace, server, "--method", "aka-prime"),
        }
        rounds = workplace.in_turns(asks)
    (usual, again, prime), (first, second, third) = asks, asks.values()
    beside = Row("aaa-radius-full-beside-fast", usual, rounds[usual], Bar(), first.remark)
    yield beside
    yield Row("aaa-radius-fast", again, rounds[again], Bar(rate=beside.rate * FAST_SHARE), second.remark)
    yield Row("aaa-radius-prime", prime, rounds[prime], Bar(), third.remark)


def by_size(workplace: Workplace) -> Iterator[Row]:
    """Few subscribers and many, in turns, so that both meet the same machine.

    First as they come: of the many nearly each logs in for the first time, which takes a commit more. Then when the
    server serves all of them already, as it does all of the few after a moment.
    """
    sites = [workplace.site("sqlite", count) for count in (workplace.effort.few, workplace.effort.many)]
    with serving(sites[0], 2) as few, serving(sites[1], 2) as many:
        yield from _in_both(workplace, "aaa-size", "", few, many)
        register_all(sites[1])
        yield from _in_both(workplace, "aaa-size-registered", ", registered", few, many)


def _in_both(workplace: Workplace, name: str, said: str, few: ServingAaa, many: ServingAaa) -> Iterator[Row]:
    asks = {f"{_by_size(server)}{said}": over_radius(workplace, server) for server in (few, many)}
    rounds = workplace.in_turns(asks)
    bar = Bar()
    for (what, ask), server in zip(asks.items(), (few, many), strict=True):
        row = Row(f"{name}-{server.subscribers}", what, rounds[what], bar, ask.remark)
        yield row
        bar = Bar(rate=row.rate * NO_SLOWER)


def _by_size(server: ServingAaa) -> str:
    return f"RADIUS EAP-AKA, SQLite, 2 workers, {server.subscribers:,} subscribers"


def diameter(engine: Engine, workplace: Workplace) -> Iterator[Row]:
    """Full EAP-AKA over Diameter EAP, one connection and eight, by two workers."""
    site = workplace.site(engine, workplace.effort.few)
    with serving(site, 2) as server:
        for connections in (1, 8):
            name = f"aaa-diameter-{engine}-{connections}"
            what = f"Diameter EAP-AKA, {ENGINES[engine]}, 2 workers, {connections} connection{'s'[: connections > 1]}"
            yield _row(workplace, name, what, over_diameter(workplace, server, connections), DIAMETER_BAR)


def beside_hostapd(workplace: Workplace) -> Iterator[Row]:
    """hostapd as Debian has it and with its limits lifted, asking our socket or its own centre, and ours, in turns."""
    site = workplace.site("sqlite", workplace.effort.few)
    with ExitStack() as running:
        servers = dict(_servers(workplace, running, site))
        asks: dict[str, Callable[[], Round]] = {what: over_radius(workplace, each) for what, each in servers.items()}
        for what, each in servers.items():
            lean = by_radload(workplace, each)
            if lean is not None:
                asks[f"{what}, asked by radload"] = lean
        rounds = workplace.in_turns(asks)
    for number, (what, ask) in enumerate(asks.items(), 1):
        remark = ask.remark if isinstance(ask, Ask) else "asked by another generator"
        yield Row(f"aaa-hostapd-{number}", what, rounds[what], Bar(), remark)


def _servers(workplace: Workplace, running: ExitStack, site: Site) -> Iterator[tuple[str, ServingAaa]]:
    vectors, ours = _centre(running, site)
    hostapd = peer("hostapd")
    shipped = serving_hostapd(site, hostapd, "hostapd-shipped", vectors, ours)
    yield "hostapd as Debian has it, our AuC socket, SQLite", running.enter_context(shipped)
    if UNLIMITED.exists():
        lifted = serving_hostapd(site, str(UNLIMITED), "hostapd-lifted", vectors, ours)
        yield "hostapd, limits lifted, our AuC socket, SQLite", running.enter_context(lifted)
        theirs = _their_centre(running, site)
        if theirs is not None:
            memory = serving_hostapd(site, str(UNLIMITED), "hostapd-memory", *theirs)
            yield "hostapd, limits lifted, hlr_auc_gw, all in memory", running.enter_context(memory)
    else:
        workplace.tell("hostapd without limits is not here: tests/bench/hostap.sh builds it")
    for workers in (1, 2):
        yield f"ours beside it, SQLite, {_workers(workers)}", running.enter_context(serving(site, workers))


def _centre(running: ExitStack, site: Site) -> tuple[Path, int]:
    """Our authentication centre for hostapd: its socket and its process."""
    path = site.folder / "hostapd.sock"
    daemon = Daemon(akadia_words(site.config(), "hss", "auc-socket", str(path)), site.folder / "hostapd-auc.log")
    running.callback(daemon.end)
    daemon.said("auc socket ready")
    return path, daemon.pid


def _their_centre(running: ExitStack, site: Site) -> tuple[Path, int] | None:
    """hlr_auc_gw with its keys and SQN in memory; None where it is not built."""
    program = auc_socket.found()
    if program is None:
        return None
    folder = site.folder / "hlr"
    folder.mkdir(exist_ok=True)
    auc_socket.write_file(folder / "milenage", site.subscribers)
    path = folder / "hlr.sock"
    daemon = Daemon([program, f"-s{path}", f"-m{folder / 'milenage'}"], folder / "log")
    running.callback(daemon.end)
    daemon.made(path)
    return path, daemon.pid


def _row(workplace: Workplace, name: str, what: str, ask: Ask, bar: Bar) -> Row:
    rounds = workplace.measured(what, ask)
    return Row(name, what, rounds, bar, ask.remark)


def _full(engine: Engine) -> str:
    return f"RADIUS EAP-AKA, {ENGINES[engine]}, durable"


def _workers(count: int) -> str:
    return f"{count} worker{'s'[: count > 1]}"
