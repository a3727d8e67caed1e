"""The PDN GW's own process takes thousands of datagrams of nonsense: a UE stays attached, and the next one attaches."""

import asyncio
import resource
import socket
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from akadia.laboratory import Laboratory, create
from akadia.supervisor import Supervisor, daemons_of
from akadia.template import DSMIP_PORT, IKE_PORT, NATT_PORT
from runtime.config import RawConfig, read_config
from runtime.taps import Address
from tests.fuzz.mutation import mutate
from tests.stack.floods import FLOOD
from ue_sim import app
from ue_sim.card import StoredUsim
from ue_sim.shell import UeShell
from wire.esp.encapsulation import NON_ESP_MARKER

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

DATAGRAMS = FLOOD
BURST = 100
PORTS = (IKE_PORT, NATT_PORT, DSMIP_PORT)
MOST_GROWTH_KIB = 16 * 1024


@dataclass
class Recorder:
    """Keeps what a UE sends to each port of the gateway."""

    sent: dict[int, list[bytes]] = field(default_factory=lambda: {port: [] for port in PORTS})

    def udp(self, *, source: Address, destination: Address, payload: bytes) -> None:
        if source[0] != destination[0] and destination[1] in PORTS:
            self.sent[destination[1]].append(payload)

    def seeds(self, port: int) -> list[bytes]:
        """What to mutate for a port; the gateway takes IKE and ESP on both of the first two, marked or not."""
        if port == DSMIP_PORT:
            return self.sent[DSMIP_PORT]
        octets = self.sent[NATT_PORT]
        unmarked = [one.removeprefix(NON_ESP_MARKER) for one in octets] if port == IKE_PORT else []
        # IKE_SA_INIT is what a stranger gets furthest with.
        return [*octets, *unmarked, *[octets[0]] * 5]


class Flooder:
    """A stranger on an address of its own."""

    def __init__(self, laboratory: Laboratory, chance: Random) -> None:
        self._gateway = str(laboratory.plan.block.pdngw)
        self._chance = chance
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((str(laboratory.plan.block.host(66)), 0))
        self._socket.settimeout(20)
        self.answers = 0

    def burst(self, recorder: Recorder) -> None:
        """Some nonsense for every port, and wait until the gateway has read it."""
        for turn in range(BURST):
            port = PORTS[turn % len(PORTS)]
            self._socket.sendto(self._nonsense(recorder.seeds(port), turn), (self._gateway, port))
        for port in (IKE_PORT, NATT_PORT):
            self._await_reading(port)

    def _nonsense(self, seeds: list[bytes], turn: int) -> bytes:
        if turn % 5 == 0:
            return self._chance.randbytes(self._chance.randrange(600))
        octets = mutate(self._chance.choice(seeds), self._chance)
        return with_true_length(octets) if turn % 2 else octets

    def _await_reading(self, port: int) -> None:
        """Whatever was sent before a message of IKEv3 has been read when INVALID_MAJOR_VERSION comes back."""
        spi = self._chance.randbytes(8)
        header = spi + bytes(8) + bytes((33, 0x30, 34, 0x08)) + bytes(4) + (28).to_bytes(4, "big")
        self._socket.sendto(NON_ESP_MARKER + header, (self._gateway, port))
        while self._socket.recv(65535)[4:12] != spi:
            self.answers += 1

    def close(self) -> None:
        self._socket.close()


def with_true_length(octets: bytes) -> bytes:
    """An IKE message that says how long it is after all, so that its payloads are read too."""
    marker = NON_ESP_MARKER if octets.startswith(NON_ESP_MARKER) else b""
    message = octets[len(marker) :]
    return marker + message[:24] + len(message).to_bytes(4, "big") + message[28:] if len(message) >= 28 else octets


def resident_kib(process: int) -> int:
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1024


async def attach_and_ping(raw: RawConfig) -> int:
    """How many of three pings of a new UE come back."""
    async with app.open_ue(raw, lambda _report: None) as ue:
        attached = await ue.attach()
        finished = await ue.ping(attached.ha_address, 3)
        await ue.detach()
    return finished.received


async def test_gateway_serves_the_next_ue_after_a_flood(tmp_path: Path) -> None:
    laboratory = create(tmp_path / "lab")
    raw = read_config(laboratory.config)
    recorder = Recorder()
    async with Supervisor(daemons_of(raw), logs=laboratory.folder / "logs") as supervisor:
        gateway = supervisor.process_id("pdngw")
        assert await attach_and_ping(raw) == 3
        async with attached_ue(raw, laboratory, recorder) as patient:
            attached = await patient.attach()
            assert (await patient.ping(attached.ha_address, 3)).received == 3
            before = resident_kib(gateway)
            flooder = Flooder(laboratory, Random("gateway"))
            for _ in range(DATAGRAMS // BURST):
                flooder.burst(recorder)
                await asyncio.sleep(0)
            # The limit gives a line a second, and that one tells how many were withheld.
            await asyncio.sleep(1.1)
            flooder.burst(recorder)
            flooder.close()
            grown = resident_kib(gateway) - before
            assert (await patient.ping(attached.ha_address, 3)).received == 3, "a flood is no reason to be detached"
            await patient.detach()
        assert await attach_and_ping(raw) == 3
    assert flooder.answers > 100, "no mutated IKE_SA_INIT was answered: the flood was not real"
    assert grown < MOST_GROWTH_KIB
    check_log((laboratory.folder / "logs" / "pdngw.log").read_text(encoding="utf-8"))


def attached_ue(raw: RawConfig, laboratory: Laboratory, recorder: Recorder) -> UeShell:
    """A UE whose datagrams are recorded."""
    card = StoredUsim(laboratory.usim)
    return UeShell(app.settings_of(raw, card.imsi), card, on_step=lambda _report: None, capture=recorder)


def check_log(text: str) -> None:
    """Some lines with a cause, as few as the limit allows, and no traceback."""
    lines = text.splitlines()
    dropped = [line for line in lines if "datagram dropped" in line]
    assert "Traceback" not in text
    assert [line for line in lines if " error " in line] == []
    assert all(" cause=" in line and " source=" in line for line in dropped)
    assert any(" withheld=" in line for line in dropped)
    assert 10 <= len(dropped) < 200
    assert len(lines) < 500
