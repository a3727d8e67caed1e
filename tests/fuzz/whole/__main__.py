"""`python -m tests.fuzz.whole --cases 1000000 eap radius diameter`: whole servers against mutated conversations.

It ends with one line of JSON, and with --record a row of tests/fuzz/RECORD.md: how many cases of each kind were run, in
how many seconds, and how large the process was after the first tenth and at the end. SIGTERM and Ctrl-C end it early,
with the same line. A property that does not hold ends it with exit code 1 and says the case.
"""

import argparse
import asyncio
import json
import signal
import sys
import time
from collections.abc import Callable

from tests.fuzz.whole import record
from tests.fuzz.whole.accounting import AccountingTarget
from tests.fuzz.whole.diameter import DiameterTarget
from tests.fuzz.whole.eap import EapTarget
from tests.fuzz.whole.hss import HssTarget
from tests.fuzz.whole.pdngw import PdngwTarget
from tests.fuzz.whole.proxy import ProxyTarget
from tests.fuzz.whole.radius import RadiusTarget
from tests.fuzz.whole.radsec import RadsecTarget
from tests.fuzz.whole.running import Progress, Target, megabytes, run
from tests.fuzz.whole.server import Broken, hear_errors
from tests.fuzz.whole.swx import SwxTarget
from tests.fuzz.whole.ue import UeTarget

TARGETS: dict[str, Callable[[int], Target]] = {
    "eap": EapTarget,
    "radius": RadiusTarget,
    "accounting": AccountingTarget,
    "diameter": DiameterTarget,
    "swx": SwxTarget,
    "pdngw": PdngwTarget,
    "ue": UeTarget,
    "radsec": RadsecTarget,
    "proxy": ProxyTarget,
    "hss": HssTarget,
}


def main() -> int:
    """Run what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.whole", description=__doc__)
    parser.add_argument("targets", nargs="*", help=f"of {', '.join(TARGETS)}; all of them when none is named")
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--record", action="store_true", help="add a row to tests/fuzz/RECORD.md")
    chosen = parser.parse_args()
    strange = set(chosen.targets) - set(TARGETS)
    if strange:
        parser.error(f"there is no {', '.join(sorted(strange))} to fuzz, but {', '.join(TARGETS)}")
    progress, commit, found = Progress(chosen.cases), record.commit_of(), "nothing"
    try:
        asyncio.run(_run(chosen, progress))
    except Broken as broken:
        sys.stderr.write(f"seed {chosen.seed}, {progress.line()}\n{broken}\n")
        found = "a fault"
    if chosen.record:
        record.append(record.row(progress, list(TARGETS), commit, chosen.seed, found))
    if found != "nothing":
        return 1
    told = {"seed": chosen.seed, "cases": dict(progress.done), "seconds": round(progress.seconds)}
    sys.stdout.write(json.dumps(told | {"mb_at_a_tenth": progress.early, "mb": megabytes()}) + "\n")
    return 0


async def _run(chosen: argparse.Namespace, progress: Progress) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, progress.stop)
    errors = hear_errors()
    loop.set_exception_handler(lambda _loop, about: errors.append(repr(about)))
    await run([TARGETS[name](chosen.seed) for name in chosen.targets or TARGETS], progress, errors)


if __name__ == "__main__":
    sys.exit(main())
