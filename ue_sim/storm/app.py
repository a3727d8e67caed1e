"""`akadia ue storm`: the UEs of many cards on sockets of their own, and what came of them."""

import asyncio
import resource
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from runtime.config import LogConfig, read_config
from runtime.logs import configure
from runtime.process import run
from ue_sim.app import settings_of
from ue_sim.card import CardKeys
from ue_sim.shell import UeShell
from ue_sim.storm.crowd import Crowd, Pace
from ue_sim.storm.tally import Tally
from ue_sim.ue_events import Channel
from ue_sim.usim import SoftwareUsim

_FILES_OF_A_UE = len(Channel)
_OTHER_FILES = 256


def storm(config: Path, cards: Sequence[CardKeys], pace: Pace, told: Callable[[Tally], None]) -> Tally:
    """One UE for each card, until all have been attached or SIGTERM or Ctrl-C; `told` hears after each of them."""
    raw = read_config(config)
    log = raw.section("log", LogConfig)
    configure("error" if log.level == "info" else log.level, log.format)
    make_room_for_files(len(cards) * _FILES_OF_A_UE + _OTHER_FILES)
    done: list[Tally] = []

    @asynccontextmanager
    async def open_ue(card: CardKeys) -> AsyncIterator[UeShell]:
        usim = SoftwareUsim(card.k, card.opc, algorithm=card.algorithm)
        # they share one address, so that each has a port that it gets
        settings = replace(settings_of(raw, card.imsi), own_port=0)
        async with UeShell(settings, usim, on_step=lambda _report: None) as ue:
            yield ue

    async def crowd(stop: asyncio.Event) -> None:
        ues = Crowd(open_ue, pace, clock=asyncio.get_running_loop().time, told=told)
        watching = asyncio.create_task(_stop_with(stop, ues))
        done.append(await ues.run(cards))
        watching.cancel()

    run(crowd)
    return done[0] if done else Tally()


def make_room_for_files(count: int) -> None:
    """Let this process have `count` files open, or as many as it may; a UE has a socket for each of its channels."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


async def _stop_with(stop: asyncio.Event, crowd: Crowd) -> None:
    await stop.wait()
    crowd.stop()
