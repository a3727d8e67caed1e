"""A UE that does what it is told on its standard input, a word a line: a program for tests, which run it elsewhere.

Usage: live_ue.py CONFIG. It answers each line with one of its own, which begins with "error" when it did not work.
"""

import asyncio
import sys
from ipaddress import IPv6Address, ip_address
from pathlib import Path

from runtime.config import read_config
from ue_sim.app import open_ue
from ue_sim.shell import UeFailed, UeShell


async def main(config: Path) -> None:
    """Open the UE of `config`, and obey until there is nothing more to read."""
    async with open_ue(read_config(config), lambda _: None) as ue:
        while line := await asyncio.to_thread(sys.stdin.readline):
            try:
                print(await obey(ue, *line.split()), flush=True)
            except (UeFailed, OSError) as error:
                print(f"error: {error}", flush=True)


async def obey(ue: UeShell, order: str, *words: str) -> str:
    """One order, and what came of it."""
    match order, words:
        case "attach", ():
            return str((await ue.attach()).home_address)
        case "ping", (destination,):
            finished = await ue.ping(IPv6Address(destination), 5)
            return f"{finished.received} of {finished.sent}"
        case "rekey", (what,):
            await ue.rekey(ike=what == "ike")
        case "probe", ():
            await ue.probe()
        case "reauthenticate", (way,):
            return str((await ue.reauthenticate(make_before_break=way == "make")).home_address)
        case "move", (address,):
            ue.move(ip_address(address))
        case "detach", ():
            return await ue.detach()
        case _:
            return f"error: no such order as {order}"
    return "ended" if ue.ended.is_set() else "done"


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
