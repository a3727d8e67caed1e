"""AAA servers that die under a gateway: in the middle of an EAP conversation, and all of them for a while.

Two nodes share database and identity keys. The card of the UE kills the node that has challenged it, before it answers.
"""

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from akadia.laboratory import Laboratory, create
from akadia.template import DIAMETER_PORT, RADIUS_ACCT_PORT, RADIUS_PORT, AaaChoice
from runtime.config import read_config
from tests.lab import AKADIA
from tests.stack.test_any_worker import ROOT, second_node, subscribe
from ue_sim import app
from ue_sim.card import StoredUsim
from ue_sim.shell import UeFailed, UeShell
from ue_sim.ue_events import Step
from ue_sim.usim import Outcome, SoftwareUsim, Usim
from wire.identity import Imsi
from wire.secret import Secret

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]

READY = 60.0
LIMIT = 4.0
"""Seconds for which the gateway waits for an AAA server, whatever it asks by."""
AWAY = 1.0
NETWORK_FAILURE = "the gateway answers IKE_AUTH with NETWORK_FAILURE"


@dataclass
class Daemon:
    """A daemon of its own with its log."""

    process: subprocess.Popen[bytes]
    log: Path

    def kill(self) -> None:
        """It and its workers, by -9."""
        self.tell(signal.SIGKILL)
        self.process.wait(READY)

    def tell(self, number: signal.Signals) -> None:
        """A signal to it and its workers."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for each in (self.process.pid, *map(int, children)):
            with suppress(ProcessLookupError):
                os.kill(each, number)

    async def until(self, event: str, times: int = 1) -> None:
        """Wait until so many lines say `event`."""
        async with asyncio.timeout(READY):
            while self.log.read_text().count(event) < times:  # noqa: ASYNC110 - it is about another process
                await asyncio.sleep(0.05)


@dataclass
class Site:
    """A gateway and the two configurations of its AAA servers."""

    laboratory: Laboratory
    second: Path
    pdngw: Daemon
    subscribers: list[tuple[Imsi, Secret, Secret]]

    @contextmanager
    def aaa(self, which: int) -> Iterator[Daemon]:
        """AAA server 1 or 2, for as long as it is needed or lives."""
        config = (self.laboratory.config, self.second)[which - 1]
        with running(config, "aaa", self.laboratory.folder / f"aaa{which}.log") as daemon:
            yield daemon

    def ue(self, usim: Usim) -> UeShell:
        """The laboratory's subscriber with that card."""
        settings = app.settings_of(read_config(self.laboratory.config), StoredUsim(self.laboratory.usim).imsi)
        return UeShell(settings, usim, on_step=lambda _report: None)

    def another(self, which: int) -> UeShell:
        """A subscriber beside that."""
        imsi, k, opc = self.subscribers[which]
        settings = app.settings_of(read_config(self.laboratory.config), imsi)
        return UeShell(settings, SoftwareUsim(k, opc), on_step=lambda _report: None)


class Killing:
    """A card that has something done before it answers, once."""

    def __init__(self, card: Usim, deed: Callable[[], None]) -> None:
        self._card = card
        self._deeds = [deed]

    def authenticate(self, rand: bytes, autn: bytes) -> Outcome:
        """As the card."""
        while self._deeds:
            self._deeds.pop()()
        return self._card.authenticate(rand, autn)


@contextmanager
def running(config: Path, daemon: str, log: Path) -> Iterator[Daemon]:
    with log.open("ab") as output:
        process = subprocess.Popen([*AKADIA, "--config", str(config), daemon, "serve"], cwd=ROOT, stderr=output)
    try:
        yield Daemon(process, log)
    finally:
        process.terminate()
        process.wait(READY)


def with_alternate(laboratory: Laboratory, other: str) -> None:
    """Both links know both servers, and do not wait long for them."""
    plan, text = laboratory.plan, laboratory.config.read_text()
    for table in ("[pdngw.diameter]", "[pdngw.radius]"):
        assert text.count(table) == 1
        text = text.replace(table, f"{table}\nlimit = {LIMIT}")
    more = f"""
[[pdngw.diameter.alternate]]
aaa = "{other}:{DIAMETER_PORT}"
aaa_origin_host = "{plan.host("aaa")}"
aaa_realm = "{plan.realm}"
[[pdngw.radius.alternate]]
aaa = "{other}:{RADIUS_PORT}"
acct = "{other}:{RADIUS_ACCT_PORT}"
secret_file = "radius.secret"
"""
    laboratory.config.write_text(text + more)


@pytest.fixture(name="site", params=["diameter", "radius"])
def _site(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Site]:
    choice: AaaChoice = request.param
    laboratory = create(tmp_path / "lab", aaa=choice)
    second, other = second_node(laboratory)
    with_alternate(laboratory, other)
    folder = laboratory.folder
    with (
        running(laboratory.config, "dns", folder / "dns.log"),
        running(laboratory.config, "pdngw", folder / "pdngw.log") as pdngw,
    ):
        yield Site(laboratory, second, pdngw, subscribe(laboratory, folder / "akadia.sqlite"))


def card(site: Site) -> StoredUsim:
    return StoredUsim(site.laboratory.usim)


async def test_conversation_goes_on_at_the_other_server_when_the_first_is_killed(site: Site) -> None:
    with site.aaa(1) as first, site.aaa(2) as second:
        for each in (first, second):
            await each.until("aaa ready")
        await site.pdngw.until("pdngw ready")
        async with site.ue(Killing(card(site), first.kill)) as shell:
            attached = await shell.attach()
            assert first.process.returncode == -signal.SIGKILL
            assert (await shell.ping(attached.ha_address, 1)).received == 1
            assert await shell.detach() == "detached"
        accepted = [each.log.read_text().count("authentication accepted") for each in (first, second)]
        assert accepted == [0, 1]
        assert "Traceback" not in site.pdngw.log.read_text() + second.log.read_text()


async def test_session_outlives_the_servers_and_new_ones_wait_and_are_refused(site: Site) -> None:
    with site.aaa(1) as first:
        await first.until("aaa ready")
        await site.pdngw.until("pdngw ready")
        async with site.ue(card(site)) as here:
            attached = await here.attach()
            first.kill()
            began = asyncio.get_running_loop().time()
            async with site.another(0) as shell:
                with pytest.raises(UeFailed) as caught:
                    await shell.attach()
            assert (caught.value.step, caught.value.cause) == (Step.EAP, NETWORK_FAILURE)
            assert asyncio.get_running_loop().time() - began >= LIMIT - 1.0, "it waited for a server to come back"
            assert not here.ended.is_set()
            assert (await here.ping(attached.ha_address, 1)).received == 1
            with site.aaa(2) as second:
                await is_asked(site, second)
                await waits_for_a_server_that_is_slow(site, second)
                assert await here.detach() == "detached"
        assert "Traceback" not in site.pdngw.log.read_text()


async def is_asked(site: Site, aaa: Daemon) -> None:
    """Wait until the gateway has a way to that server: RADIUS has no connections, Diameter has one."""
    await aaa.until("aaa ready")
    if site.laboratory.plan.aaa == "diameter":
        await aaa.until("peer connected peer=pgw")


async def waits_for_a_server_that_is_slow(site: Site, aaa: Daemon) -> None:
    """A UE that begins while nobody answers is only delayed."""
    aaa.tell(signal.SIGSTOP)
    try:
        async with site.another(1) as shell:
            began = asyncio.get_running_loop().time()
            attaching = asyncio.ensure_future(shell.attach())
            await asyncio.sleep(AWAY)
            aaa.tell(signal.SIGCONT)
            await attaching
            assert asyncio.get_running_loop().time() - began >= AWAY
            assert await shell.detach() == "detached"
    finally:
        aaa.tell(signal.SIGCONT)
