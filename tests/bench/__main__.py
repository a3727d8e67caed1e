"""`python -m tests.bench`: how fast HSS, AAA server and PDN GW are on this machine, beside what they have to be."""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import partial

from runtime import logs
from tests.bench import at_scale, attaching, auc_socket, in_process, lives, over_diameter, over_radius, tunnelling
from tests.bench.machine import as_line, describe
from tests.bench.processes import BenchFailed
from tests.bench.rows import Row
from tests.bench.table import as_json, as_markdown, as_table
from tests.bench.workplace import FULL, QUICK, Effort, Workplace

MEASUREMENTS: Mapping[str, Callable[[Workplace], Iterator[Row]]] = {
    "vectors-no-sql": in_process.without_sql,
    "vectors-sqlite": in_process.on_sqlite,
    "vectors-postgresql": in_process.on_postgresql,
    "vectors-time-based": in_process.by_the_clock,
    "vectors-token": in_process.in_a_token,
    "swx-sqlite": partial(over_diameter.swx, "sqlite"),
    "swx-postgresql": partial(over_diameter.swx, "postgresql"),
    "s6a-sqlite": partial(over_diameter.s6a, "sqlite"),
    "s6a-postgresql": partial(over_diameter.s6a, "postgresql"),
    "two-processes": over_diameter.two_processes,
    "auc-socket": auc_socket.beside_hlr_auc_gw,
    "import-postgresql": partial(at_scale.imports, "postgresql"),
    "import-sqlite": partial(at_scale.imports, "sqlite"),
    "lookup": at_scale.lookups,
    "size": at_scale.rate_by_size,
    "aaa-radius-sqlite": partial(over_radius.full, "sqlite"),
    "aaa-radius-postgresql": partial(over_radius.full, "postgresql"),
    "aaa-radius-plain": over_radius.without_identities,
    "aaa-time-based": over_radius.by_the_clock,
    "aaa-fast": over_radius.fast,
    "aaa-diameter-sqlite": partial(over_radius.diameter, "sqlite"),
    "aaa-diameter-postgresql": partial(over_radius.diameter, "postgresql"),
    "aaa-hostapd": over_radius.beside_hostapd,
    "aaa-size": over_radius.by_size,
    "life-radius-sqlite": partial(lives.over_radius_to_the_end, "sqlite"),
    "life-radius-postgresql": partial(lives.over_radius_to_the_end, "postgresql"),
    "life-diameter-sqlite": partial(lives.over_diameter_to_the_end, "sqlite"),
    "life-diameter-postgresql": partial(lives.over_diameter_to_the_end, "postgresql"),
    "life-accounting-sqlite": partial(lives.accounting_alone, "sqlite"),
    "life-accounting-postgresql": partial(lives.accounting_alone, "postgresql"),
    "pdngw-chain": attaching.chain,
    "pdngw-alone": attaching.alone,
    "pdngw-strongswan": attaching.beside_strongswan,
    "pdngw-esp": tunnelling.through_esp,
    "pdngw-idle": tunnelling.idle,
    "import-postgresql-many": at_scale.import_of_many_on_postgresql,
}
ON_REQUEST = frozenset({"import-postgresql-many"})
"""What takes so long that it is measured only when it is named."""

EPILOG = f"""\
measurements: {" ".join(MEASUREMENTS)}

  python -m tests.bench                          all of them, which takes long
  python -m tests.bench --quick                  all of them, in short rounds on small stores
  python -m tests.bench --only 'vectors-*'       those whose names match
  python -m tests.bench --only 'aaa-*'           the AAA server alone
  python -m tests.bench --only 'life-*'          whole sessions, and accounting alone beside FreeRADIUS
  python -m tests.bench --only 'pdngw-*'         the PDN GW alone
  python -m tests.bench --only swx-sqlite --json > figures.json
  make bench BENCH="--quick"                     the same from make, which installs the foreign peers first

Every figure is the median of the rounds; min - max are the slowest round and the fastest. CPU is that of the server's
process (or processes) for one operation, DB that of PostgreSQL's, and "cores" how many cores it had: far below 1
for one process, it waited for the disk, for the database, or for neighbours. "slowed" is how much longer a fixed piece
of work took just before the rounds than at its fastest: 2.0x means that neighbours had half of the machine. Only
successes count, and a sample of them is verified with the subscriber's keys; of the AAA server every answer is
verified, and a UE verifies whatever a gateway sends it. With RADLOAD=PATH the rows beside hostapd are also asked by
that program, a generator in C with radload's options and output, to see what ours takes of the machine.

Whoever wants to compare two versions looks at CPU: of all figures it depends least on what else the machine does.
"""


def main(arguments: list[str] | None = None) -> int:
    """Measure what `arguments` ask for; 0 when all of it could be measured, whether or not the bars are met."""
    wanted = _parser().parse_args(arguments)
    names = _chosen(wanted.only)
    if not names:
        print(f"error: no measurement is called {' '.join(wanted.only)}; --help lists them", file=sys.stderr)
        return 2
    logs.silence()
    try:
        with Workplace(_effort(wanted)) as workplace:
            machine = describe(workplace.folder)
            workplace.tell(as_line(machine))
            rows = [row for name in names for row in MEASUREMENTS[name](workplace)]
    except BenchFailed as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if wanted.json:
        print(as_json(machine, rows))
    else:
        print(as_markdown(rows) if wanted.markdown else as_table(as_line(machine), rows))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m tests.bench",
        description=__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", nargs="+", metavar="NAME", help="measure these alone; * stands for anything")
    parser.add_argument("--quick", action="store_true", help="small stores and short rounds")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--markdown", action="store_true", help="print the table for a README")
    parser.add_argument("--rounds", type=int, metavar="N", help="so many rounds of each")
    parser.add_argument("--seconds", type=float, metavar="S", help="so long a round")
    parser.add_argument("--subscribers", type=int, metavar="N", help="so many subscribers at most in each store")
    return parser


def _chosen(patterns: list[str] | None) -> list[str]:
    if patterns is None:
        return [name for name in MEASUREMENTS if name not in ON_REQUEST]
    return [name for name in MEASUREMENTS if any(fnmatchcase(name, pattern) for pattern in patterns)]


def _effort(wanted: argparse.Namespace) -> Effort:
    effort = QUICK if wanted.quick else FULL
    most = wanted.subscribers or effort.many
    return replace(
        effort,
        seconds=wanted.seconds or effort.seconds,
        rounds=wanted.rounds or effort.rounds,
        few=min(effort.few, most // 10),
        usual=min(effort.usual, most // 2),
        imported=min(effort.imported, most // 2),
        many=min(effort.many, most),
    )


if __name__ == "__main__":
    sys.exit(main())
