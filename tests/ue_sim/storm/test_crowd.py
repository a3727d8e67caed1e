"""A crowd on a loop: who begins when, what is counted, and that everybody leaves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from ue_sim.card import CardKeys
from ue_sim.shell import UeFailed
from ue_sim.storm.crowd import Crowd, Pace
from ue_sim.ue_events import Step
from wire.identity import Imsi
from wire.secret import Secret

CARDS = [CardKeys(Imsi(f"00101000000000{number}"), Secret(bytes(16)), Secret(bytes(16))) for number in range(6)]


@dataclass
class Network:
    """Attaches every UE after a while, but the one with the IMSI that it `hates`; `log` is what happened."""

    hates: str = ""
    has_no_socket_for: str = ""
    lets_in_after: float = 0.0
    attaching: int = 0
    most_at_once: int = 0
    log: list[tuple[str, str]] = field(default_factory=list)
    somebody: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def open_ue(self, card: CardKeys) -> AsyncIterator["Ue"]:
        if str(card.imsi) == self.has_no_socket_for:
            raise OSError(24, "Too many open files")
        try:
            yield Ue(self, str(card.imsi))
        finally:
            self.log.append(("closed", str(card.imsi)))

    def of(self, what: str) -> list[str]:
        return [imsi for happened, imsi in self.log if happened == what]


@dataclass
class Ue:
    network: Network
    imsi: str

    async def attach(self) -> object:
        self.network.attaching += 1
        self.network.most_at_once = max(self.network.most_at_once, self.network.attaching)
        await asyncio.sleep(self.network.lets_in_after)
        self.network.attaching -= 1
        if self.imsi == self.network.hates:
            raise UeFailed(Step.EAP, "MAC of AUTN is wrong")
        self.network.log.append(("attached", self.imsi))
        self.network.somebody.set()
        return None

    async def detach(self) -> str:
        self.network.log.append(("detached", self.imsi))
        return "detached"


def crowd(network: Network, pace: Pace, told: list[int] | None = None) -> Crowd:
    heard: list[int] = [] if told is None else told
    clock = asyncio.get_running_loop().time
    return Crowd(network.open_ue, pace, clock=clock, told=lambda tally: heard.append(tally.attached + tally.failed))


async def test_everybody_attaches_in_turn_and_leaves() -> None:
    network, told = Network(), list[int]()
    tally = await crowd(network, Pace(1000.0, 0.0), told).run(CARDS)
    imsis = [str(card.imsi) for card in CARDS]
    assert network.of("attached") == imsis
    assert sorted(network.of("detached")) == sorted(network.of("closed")) == imsis
    assert (tally.attached, tally.failed, told) == (6, 0, [1, 2, 3, 4, 5, 6])
    assert tally.seconds > 0


async def test_no_more_attach_at_once_than_may() -> None:
    network = Network(hates=str(CARDS[1].imsi), lets_in_after=0.001)
    tally = await crowd(network, Pace(1e6, 0.0, at_once=2)).run(CARDS)
    assert (tally.attached, tally.failed, network.most_at_once) == (5, 1, 2)
    network = Network(lets_in_after=0.001)
    await crowd(network, Pace(1e6, 0.0)).run(CARDS)
    assert network.most_at_once == len(CARDS)


async def test_failures_are_counted_by_cause_and_stop_nobody_else() -> None:
    network = Network(hates=str(CARDS[1].imsi), has_no_socket_for=str(CARDS[3].imsi))
    tally = await crowd(network, Pace(1000.0, 0.0)).run(CARDS)
    assert tally.attached == 4
    assert dict(tally.causes) == {
        "step 3: MAC of AUTN is wrong": 1,
        "the UE has no socket: Too many open files": 1,
    }


@pytest.mark.parametrize("pace", [Pace(1.0, 0.0), Pace(1000.0, 3600.0)])
async def test_crowd_that_is_stopped_begins_no_more_and_leaves(pace: Pace) -> None:
    network = Network()
    ues = crowd(network, pace)
    running = asyncio.create_task(ues.run(CARDS))
    await network.somebody.wait()
    ues.stop()
    await running
    assert network.of("attached") == network.of("detached")
    assert network.of("closed")
