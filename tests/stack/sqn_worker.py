"""One HSS process of many on one database, which issues vectors until it is killed.

`sqn_worker.py DATABASE MASTER_KEY INSTANCE SUBSCRIBERS LOG CLOCK`: a line `IMSI RAND AUTN` for each vector, written
when it has been issued. CLOCK is `steady` or `jumping`.
"""

import asyncio
import os
import random
import sys
from pathlib import Path

from hss.api import VectorRequest
from hss.app import wall_clock_ms
from hss.custody import Custodian
from hss.database import Database
from hss.location import parse_location
from hss.service import HssService
from hss.vault import open_vault
from wire.identity import Imsi

TASKS = 10
JUMP_MS = 600_000
"""How far a jumping clock is from the true one, at most, either way."""


class JumpingClock:
    """A clock that somebody keeps setting wrong."""

    def __init__(self) -> None:
        self._chance = random.Random()
        self._off = 0

    def __call__(self) -> int:
        if self._chance.random() < 0.02:
            self._off = self._chance.randint(-JUMP_MS, JUMP_MS)
        return wall_clock_ms() + self._off


async def issue(service: HssService, instance: str, imsis: list[Imsi], log: int) -> None:
    """Ask for each of `imsis` in turn, for ever: nobody else in this process asks for them."""
    while True:
        for imsi in imsis:
            (vector,) = await service.vectors(VectorRequest(imsi, f"node-{instance}", from_aaa=False))
            os.write(log, f"{imsi} {vector.rand.hex()} {vector.autn.hex()}\n".encode())


async def main(database: str, master_key: str, instance: str, subscribers: str, log: str, clock: str) -> None:
    """Issue until killed."""
    store = Database(parse_location(database, Path()))
    await store.open()
    ticking = JumpingClock() if clock == "jumping" else wall_clock_ms
    custodian = Custodian(open_vault(Path(master_key), os.urandom))
    service = HssService(store, custodian, os.urandom, ticking, instance)
    imsis = [Imsi(imsi) for imsi in subscribers.split(",")]
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    await asyncio.gather(*(issue(service, instance, imsis[task::TASKS], descriptor) for task in range(TASKS)))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
