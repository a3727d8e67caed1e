"""One process of several that ask one database for vectors: `hss_node.py DATABASE MASTER_KEY NODE IMSI COUNT`."""

import asyncio
import os
import sys
from pathlib import Path

from hss.api import VectorRequest
from hss.counting.wall_clock import wall_clock_ms
from hss.keys.custody import Custodian
from hss.keys.vault import open_vault
from hss.service import HssService
from hss.store.database import Database
from wire.identity import Imsi


async def main(database: str, master_key: str, node: str, imsi: str, count: str) -> None:
    """Print RAND and AUTN of each vector, a line each, once it is there."""
    store = Database(Path(database))
    await store.open()
    service = HssService(store, Custodian(open_vault(Path(master_key), os.urandom)), os.urandom, wall_clock_ms)
    for _ in range(int(count) // 10):
        answers = await asyncio.gather(*(service.vectors(VectorRequest(Imsi(imsi), node)) for _ in range(10)))
        for (vector,) in answers:
            print(vector.rand.hex(), vector.autn.hex(), flush=True)
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
