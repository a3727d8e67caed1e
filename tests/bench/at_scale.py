"""Imports, and whether a store of 1,000,000 subscribers is as fast as one of 1,000."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from random import Random

from hss.provisioning.subscribers import show
from hss.store.engines import reader_engine
from tests.bench.cards import imsi_of
from tests.bench.over_diameter import one_round
from tests.bench.processes import family_cpu_seconds
from tests.bench.rows import Bar, Round, Row, in_ms
from tests.bench.site import Site, run_import
from tests.bench.workplace import ENGINES, Engine, Workplace
from wire.identity import Imsi

ROWS_A_SECOND = 6_000
NO_SLOWER = 0.9
"""A store of many subscribers has at least this share of the rate of one with few."""
NO_LARGER = 1.1
"""An import of many rows takes at most so many times the memory of one of few."""
CONNECTIONS = 8


def imports(engine: Engine, workplace: Workplace) -> Iterator[Row]:
    """`akadia import` of 100,000 rows and, on SQLite, of 1,000,000, whose store stays for what comes after."""
    effort = workplace.effort
    first = _imported(workplace, engine, effort.imported, Bar(rate=ROWS_A_SECOND))
    yield first
    if engine == "sqlite":
        yield _imported_many(workplace, engine, first)


def import_of_many_on_postgresql(workplace: Workplace) -> Iterator[Row]:
    """1,000,000 rows there as well."""
    first = _imported(workplace, "postgresql", workplace.effort.imported, Bar(rate=ROWS_A_SECOND))
    yield first
    yield _imported_many(workplace, "postgresql", first)


def _imported_many(workplace: Workplace, engine: Engine, first: Row) -> Row:
    bar = Bar(rate=ROWS_A_SECOND, peak_mb=round((first.peak_mb or 0) * NO_LARGER))
    return _imported(workplace, engine, workplace.effort.many, bar)


def _imported(workplace: Workplace, engine: Engine, count: int, bar: Bar) -> Row:
    cards = workplace.cards(count)
    what = f"import of {count:,} rows, {ENGINES[engine]}"
    rounds = workplace.measured(what, partial(_import, workplace, engine, count, cards))
    row = Row(f"import-{engine}-{count}", what, rounds, bar)
    return Row(row.name, what, rounds, bar, f"K and OPc sealed, an APN each; at most {row.peak_mb:.0f} MB of memory")


def _import(workplace: Workplace, engine: Engine, count: int, cards: Path) -> Round:
    site = workplace.empty_site(engine, count)
    done = run_import(site, cards, workplace.tell)
    workplace.keep(site, engine)
    return done


def lookups(workplace: Workplace) -> Iterator[Row]:
    """What `akadia subscriber show` reads, from a store with few subscribers and from one with many."""
    for count in (workplace.effort.few, workplace.effort.many):
        site = workplace.site("sqlite", count)
        what = f"lookup among {count:,}, SQLite"
        rounds = workplace.measured(what, partial(_look_up, site, workplace.effort.seconds))
        yield Row(f"lookup-{count}", what, rounds, Bar(), "subscriber with its APNs, another each time, one at a time")


def _look_up(site: Site, seconds: float) -> Round:
    times: list[float] = []
    random = Random(site.subscribers)
    with closing(reader_engine(site.settings.database, 1).connect()) as connection:
        cpu, database_cpu = time.process_time(), family_cpu_seconds(site.postmaster)
        began = now = time.perf_counter()
        while now - began < seconds:
            with connection.begin():
                show(connection, Imsi(imsi_of(random.randrange(site.subscribers))))
            before, now = now, time.perf_counter()
            times.append(now - before)
        cpu, database_cpu = time.process_time() - cpu, family_cpu_seconds(site.postmaster) - database_cpu
    return Round(len(times), now - began, cpu, database_cpu, *in_ms(times))


def rate_by_size(workplace: Workplace) -> Iterator[Row]:
    """MAR/s with few subscribers and with many, in turns, so that both meet the same machine."""
    few, many = (workplace.site("sqlite", count) for count in (workplace.effort.few, workplace.effort.many))
    refused: Counter[str] = Counter()
    with few.serving() as small, many.serving() as large:
        rounds = workplace.in_turns(
            {
                _by_size(site): partial(one_round, site, [hss], "mar", CONNECTIONS, workplace.effort.seconds, refused)
                for site, hss in ((few, small), (many, large))
            }
        )
    remark = f"in turns; refused: {refused.total()}"
    first = Row(f"size-{few.subscribers}", _by_size(few), rounds[_by_size(few)], Bar(), remark)
    yield first
    bar = Bar(rate=first.rate * NO_SLOWER)
    yield Row(f"size-{many.subscribers}", _by_size(many), rounds[_by_size(many)], bar, f"{remark}; 90 % is the bar")


def _by_size(site: Site) -> str:
    return f"SWx MAR, SQLite, {site.subscribers:,} subscribers"
