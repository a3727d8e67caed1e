"""Accounting alone, in a process of its own: it reads a Job from standard input, and writes what came of it.

The sessions are those of `akadia load radius --accounting`, but nobody authenticates between them.
"""

import gc
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from runtime.secret_file import read_secret
from ue_sim.load.accounting import Accounting
from ue_sim.load.accounting_packets import AccountingPackets
from ue_sim.load.exchanges import Sockets
from ue_sim.load.loop import Loop
from ue_sim.load.pace import Pace
from ue_sim.load.subscribers import CardFile, Cards, LoadRefused
from ue_sim.load.tally import Tally
from ue_sim.load.turns import Behaviour, Turns, Ue
from wire.identity import EapMethod
from wire.radius.exchange import Timers

_FEW_COLLECTIONS = 200_000
NAS = "load"
"""As `akadia load` calls itself."""


@dataclass(frozen=True, slots=True)
class Job:
    """Whom to tell (address and port), and of whom: `users` has User-Name and Class, in hex, by IMSI."""

    server: tuple[str, int]
    secret_file: str
    cards: str
    users: dict[str, tuple[str, str]]
    interims: int
    at_once: int
    warm_up: float
    seconds: float
    cpu_of: list[int]


@dataclass(frozen=True, slots=True)
class Report:
    """What came of it, in seconds and milliseconds; `cpu_of` is in the order of the Job."""

    records: int
    seconds: float
    p50_ms: float | None
    p99_ms: float | None
    retransmissions: int
    failures: dict[str, int]
    load_cpu: float
    cpu_of: list[float]


class Sessions:
    """A client of the loop that begins with the session: who it is, is known."""

    def __init__(self, accounting: Accounting, sockets: Sockets, users: Mapping[str, tuple[bytes, bytes]]) -> None:
        self._accounting = accounting
        self._sockets = sockets
        self._users = users

    def begin(self, ue: Ue, now: float) -> None:
        """Send its Start."""
        self._accounting.begin(ue, *self._users[ue.imsi], now)

    def wait(self, seconds: float, clock: Callable[[], float]) -> None:
        """Take what arrives."""
        self._sockets.wait(seconds, clock)

    def overdue(self, now: float) -> None:
        """Send again what has waited its time."""
        self._accounting.overdue(now)

    def close(self) -> None:
        """Give the sockets back."""
        self._sockets.close()
        self._accounting.close()


def run(job: Job) -> Report:
    """Tell as `job` says; LoadRefused when that cannot be."""
    tally, sockets = Tally(), Sockets()
    turns = Turns(Cards(CardFile(Path(job.cards))), Behaviour(EapMethod.AKA, "realm"), bytes)
    pace = Pace(job.at_once, seconds=job.seconds, warm_up=job.warm_up)
    loop = Loop(turns, pace, tally, cpu_of=job.cpu_of, told=lambda _: None)
    packets = AccountingPackets(read_secret(Path(job.secret_file)), NAS)
    accounting = Accounting(
        job.server, packets, tally.accounting, loop, sockets, interims=job.interims, at_once=job.at_once, ports=64,
        timers=Timers(),
    )  # fmt: skip
    client = Sessions(accounting, sockets, {imsi: _known(*user) for imsi, user in job.users.items()})
    gc.freeze()
    gc.set_threshold(_FEW_COLLECTIONS)
    try:
        loop.run(client)
    finally:
        client.close()
    told = tally.accounting
    p50, p99 = (told.times.percentile_ms(share) for share in (0.5, 0.99))
    return Report(
        told.records, tally.seconds, p50, p99, told.retransmissions, dict(told.failures.most_common()),
        tally.cpu_seconds, [tally.cpu_of[pid] for pid in job.cpu_of],
    )  # fmt: skip


def _known(user_name: str, radius_class: str) -> tuple[bytes, bytes]:
    """The name, and the whole attribute."""
    value = bytes.fromhex(radius_class)
    return user_name.encode(), bytes((25, 2 + len(value))) + value


def main() -> int:
    """The process: 0, and a Report as JSON; or 1, and a line that says why."""
    given = json.load(sys.stdin)
    try:
        report = run(Job(**{**given, "server": tuple(given["server"])}))
    except (LoadRefused, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(asdict(report)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
