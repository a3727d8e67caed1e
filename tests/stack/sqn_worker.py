"""One HSS process of many that is killed at any moment: it writes down every vector that it has issued.

`sqn_worker.py DATABASE MASTER_KEY NAME IMSIS REQUESTS JUMP_MS OUTPUT SEED`: a line for each request, in one write of
its own at the end of OUTPUT: NAME, IMSI, and RAND and AUTN of each vector. With JUMP_MS the clock jumps by up to that.
"""

import asyncio
import os
import sys
from pathlib import Path
from random import Random

from sqlalchemy import make_url

from hss.api import Refusal, ServiceRefused, VectorRequest
from hss.counting.wall_clock import wall_clock_ms
from hss.keys.custody import Custodian
from hss.keys.vault import open_vault
from hss.service import HssService
from hss.store.database import Database
from hss.store.location import Location
from wire.identity import Imsi

TASKS = 16


class JumpingClock:
    """The clock on the wall, set back and forth at random."""

    def __init__(self, jump_ms: int, random: Random) -> None:
        self._jump_ms = jump_ms
        self._random = random
        self._ahead_ms = 0

    def __call__(self) -> int:
        if self._jump_ms and self._random.random() < 0.02:
            self._ahead_ms = self._random.randint(-self._jump_ms, self._jump_ms)
        return wall_clock_ms() + self._ahead_ms


async def ask(service: HssService, name: str, imsis: list[str], requests: int, output: int, random: Random) -> None:
    """Ask for vectors of `imsis`, one request at a time, as a UE would have it."""
    for _ in range(requests):
        imsi = random.choice(imsis)
        request = VectorRequest(Imsi(imsi), f"aaa-{name}.example", count=random.choice((1, 1, 1, 2, 3)))
        while True:
            try:
                vectors = await service.vectors(request)
                break
            except ServiceRefused as refused:
                if refused.refusal is not Refusal.TOO_BUSY:
                    raise
        words = (word for vector in vectors for word in (vector.rand.hex(), vector.autn.hex()))
        os.write(output, f"{name} {imsi} {' '.join(words)}\n".encode())


async def main(
    database: str, master_key: str, name: str, imsis: str, requests: str, jump_ms: str, output: str, seed: str
) -> None:
    """Issue, write down, and end."""
    random = Random(seed)
    location: Location = make_url(database) if "://" in database else Path(database)
    store = Database(location)
    await store.open()
    clock = JumpingClock(int(jump_ms), random)
    service = HssService(store, Custodian(open_vault(Path(master_key), os.urandom)), os.urandom, clock, name)
    descriptor = os.open(output, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    users = [f"{int(imsis.split('+', maxsplit=1)[0]) + number:015}" for number in range(int(imsis.split("+")[1]))]
    share, rest = divmod(int(requests), TASKS)
    await asyncio.gather(
        *(
            ask(service, name, users[task::TASKS], share + (task < rest), descriptor, Random(f"{seed}{task}"))
            for task in range(TASKS)
        )
    )
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
