"""Workers killed at random under a load, and exchanged under another: every UE gets in, and no SQN comes twice.

ANY_WORKER_KILLS=100 makes it that many kills, one each second.
"""

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from akadia.laboratory import Laboratory, create
from akadia.template import RADIUS_PORT
from hss.keys.vault import open_vault
from hss.store.location import Location
from tests.hss.conftest import Registry
from tests.lab import AKADIA
from tests.postgres import PostgresServer
from tests.stack.radius_load import Tally, Timing, Ue, make_ues
from tests.stack.test_aaa_flood import client, request
from ue_sim.card import StoredUsim
from ue_sim.eap_peer import AkaPeer, EapArrived, KeysDerived, SendEap
from wire.diameter.eap import DiameterEapAnswer
from wire.eap.packet import identity_response
from wire.identity import Imsi
from wire.secret import Secret

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]

ROOT = Path(__file__).resolve().parents[2]
KILLS = int(os.environ.get("ANY_WORKER_KILLS", "5"))
UES = 12
READY = 120.0
"""Seconds for what only a machine that is busy otherwise takes long for."""


@dataclass
class Node:
    """One AAA server: its parent process, where it listens, and its log."""

    parent: int
    address: tuple[str, int]
    log: Path

    def workers(self) -> list[int]:
        """The processes of its children, ready or not."""
        with suppress(OSError):
            found = Path(f"/proc/{self.parent}/task/{self.parent}/children").read_text().split()
            return [int(child) for child in found]
        return []

    def serving(self) -> list[int]:
        """Those of them that have the port of RADIUS."""
        lines = Path("/proc/net/udp").read_text().splitlines()[1:]
        ours = {f"socket:[{line.split()[9]}]" for line in lines if line.split()[1].endswith(f":{RADIUS_PORT:04X}")}
        return [worker for worker in self.workers() if ours & set(_descriptors(worker))]

    def events(self, event: str) -> int:
        """How many lines say `event`."""
        return self.log.read_text().count(f" {event}")

    async def until(self, event: str, times: int = 1) -> None:
        """Wait until so many lines say `event`."""
        async with asyncio.timeout(READY):
            while self.events(event) < times:  # noqa: ASYNC110 - it is about another process
                await asyncio.sleep(0.05)


def _descriptors(process: int) -> Iterator[str]:
    with suppress(OSError):
        for descriptor in Path(f"/proc/{process}/fd").iterdir():
            with suppress(OSError):
                yield str(descriptor.readlink())


@contextmanager
def serving(config: Path, address: str, log: Path, workers: int = 2) -> Iterator[Node]:
    """A node for as long as it is needed; it ends politely."""
    with log.open("wb") as output:
        words = [*AKADIA, "--config", str(config), "aaa", "serve", "--workers", str(workers)]
        parent = subprocess.Popen(words, cwd=ROOT, stderr=output)
    try:
        yield Node(parent.pid, (address, RADIUS_PORT), log)
    finally:
        parent.terminate()
        assert parent.wait(READY) == 0, log.read_text()[-2000:]


def subscribe(laboratory: Laboratory, location: Location) -> list[tuple[Imsi, Secret, Secret]]:
    """Subscribers beside the laboratory's own, each with keys of its own."""
    registry = Registry(location, open_vault(laboratory.folder / "master.key", os.urandom))
    known = [registry.add(f"0010100000001{number:02}") for number in range(UES)]
    return [(one.imsi, one.keys.k, one.keys.opc) for one in known]


def second_node(laboratory: Laboratory) -> tuple[Path, str]:
    """The same configuration at another address."""
    own, other = str(laboratory.plan.block.aaa), str(laboratory.plan.block.host(33))
    path = laboratory.folder / "second.toml"
    path.write_text(laboratory.config.read_text().replace(f'"{own}:', f'"{other}:'))
    return path, other


async def kill_at_random(nodes: Sequence[Node], chance: random.Random) -> int:
    """Every second one of all the processes that serve, but never the last one.

    How soon a machine that is busy otherwise has another process is not what is shown.
    """
    killed = 0
    while killed < KILLS:
        await asyncio.sleep(1.0)
        workers = [worker for node in nodes for worker in node.serving()]
        if len(workers) > 1:
            with suppress(ProcessLookupError):
                os.kill(chance.choice(workers), signal.SIGKILL)
                killed += 1
    return killed


async def attach_until(over: asyncio.Event, ue: Ue, pause: float = 0.1) -> None:
    while not over.is_set():
        await ue.authenticate()
        await asyncio.sleep(pause)


async def load(ues: Sequence[Ue], meanwhile: Callable[[], "asyncio.Future[None]"]) -> None:
    """Every UE authenticates again and again until `meanwhile` is done."""
    over = asyncio.Event()
    try:
        async with asyncio.TaskGroup() as group:
            for ue in ues:
                group.create_task(attach_until(over, ue))
            await meanwhile()
            over.set()
    finally:
        for ue in ues:
            ue.nas.close()


def judge(tally: Tally) -> None:
    """Nobody was left outside, no SQN came twice, both ways of authenticating were taken."""
    assert tally.failed == []
    assert tally.out_of_step == 0, "an SQN came again, or an older one after a newer"
    for sqns in tally.sqns.values():
        assert len(set(sqns)) == len(sqns) > 0
    assert min(tally.full, tally.fast) > UES


async def endure(nodes: Sequence[Node], subscribers: list[tuple[Imsi, Secret, Secret]], secret: bytes) -> Tally:
    """Load and kills, until there were enough of both."""
    tally = Tally()
    for node in nodes:
        await node.until("workers ready")
    ues = make_ues(subscribers, [node.address for node in nodes], secret, tally)

    async def meanwhile() -> None:
        assert await kill_at_random(nodes, random.Random(9)) == KILLS
        async with asyncio.timeout(READY):
            while min(tally.full, tally.fast) <= UES:  # noqa: ASYNC110 - it is about a load
                await asyncio.sleep(0.1)

    await load(ues, lambda: asyncio.ensure_future(meanwhile()))
    return tally


async def test_every_ue_gets_in_while_workers_are_killed(tmp_path: Path) -> None:
    laboratory = create(tmp_path / "lab")
    subscribers = subscribe(laboratory, laboratory.folder / "akadia.sqlite")
    secret = laboratory.radius_secret.read_bytes().strip()
    with serving(laboratory.config, str(laboratory.plan.block.aaa), tmp_path / "aaa.log") as node:
        tally = await endure([node], subscribers, secret)
        judge(tally)
        assert "Traceback" not in node.log.read_text()
        assert node.events("worker ended") > 0
    print(
        f"\n{tally.full} full, {tally.fast} fast, {tally.retransmitted} retransmissions, {KILLS} kills", file=sys.stderr
    )


@pytest.mark.interop
async def test_every_ue_gets_in_while_workers_of_two_nodes_are_killed(tmp_path: Path, postgres: PostgresServer) -> None:
    with ExitStack() as stack:
        url = postgres.new_database()
        laboratory = create(
            tmp_path / "lab", database=url.render_as_string(hide_password=False).replace("+psycopg", "")
        )
        subscribers = subscribe(laboratory, url)
        secret = laboratory.radius_secret.read_bytes().strip()
        path, address = second_node(laboratory)
        nodes = [
            stack.enter_context(serving(laboratory.config, str(laboratory.plan.block.aaa), tmp_path / "one.log")),
            stack.enter_context(serving(path, address, tmp_path / "two.log")),
        ]
        tally = await endure(nodes, subscribers, secret)
        judge(tally)
    print(
        f"\n{tally.full} full, {tally.fast} fast, {tally.retransmitted} retransmissions, {KILLS} kills", file=sys.stderr
    )


async def test_reload_loses_no_request(tmp_path: Path) -> None:
    laboratory = create(tmp_path / "lab")
    subscribers = subscribe(laboratory, laboratory.folder / "akadia.sqlite")
    secret = laboratory.radius_secret.read_bytes().strip()
    tally = Tally()
    with serving(laboratory.config, str(laboratory.plan.block.aaa), tmp_path / "aaa.log") as node:
        await node.until("workers ready")
        before = set(node.workers())
        ues = make_ues(subscribers, [node.address], secret, tally, Timing(first=8.0, patience=8.0))

        async def reload() -> None:
            for turn in range(3):
                os.kill(node.parent, signal.SIGHUP)
                await node.until("configuration read again", turn + 1)

        await load(ues, lambda: asyncio.ensure_future(reload()))
        judge(tally)
        assert tally.retransmitted == 0, "a request or an answer was lost"
        assert not before & set(node.workers())
        broken = laboratory.config.read_text()
        laboratory.config.write_text(broken.replace("[aaa.radius]", "[aaa.radios]"))
        serving_now = set(node.workers())
        os.kill(node.parent, signal.SIGHUP)
        await node.until("configuration not read again")
        assert serving_now == set(node.workers())
    print(f"\n{tally}", file=sys.stderr)


@contextmanager
def up(laboratory: Laboratory, output: Path) -> Iterator[subprocess.Popen[str]]:
    """All daemons of a laboratory whose AAA server has two workers."""
    text = laboratory.config.read_text()
    laboratory.config.write_text(text.replace("workers = 1 ", "workers = 2 "))
    with output.open("w") as errors:
        words = [*AKADIA, "--config", str(laboratory.config), "up"]
        process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", output.read_text()
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=READY)
        assert process.returncode == 0


def aaa_of(process: subprocess.Popen[str], laboratory: Laboratory) -> Node:
    """The AAA server's parent among the daemons."""
    log = laboratory.folder / "logs" / "aaa.log"
    for child in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
        if b"\0aaa\0serve" in Path(f"/proc/{child}/cmdline").read_bytes():
            return Node(int(child), (str(laboratory.plan.block.aaa), RADIUS_PORT), log)
    raise AssertionError("no AAA server runs")


async def test_workers_share_an_hss_over_swx_and_a_gateway_goes_on_at_another(tmp_path: Path) -> None:
    laboratory = create(tmp_path / "lab", hss="swx")
    subscribers = subscribe(laboratory, laboratory.folder / "akadia.sqlite")
    secret, tally = laboratory.radius_secret.read_bytes().strip(), Tally()
    with up(laboratory, tmp_path / "up.txt") as process:
        node = aaa_of(process, laboratory)
        assert (laboratory.folder / "logs" / "hss.log").read_text().count("peer connected peer=aaa") == 2
        ues = make_ues(subscribers, [node.address], secret, tally)

        async def meanwhile() -> None:
            await asyncio.sleep(1.0)
            os.kill(node.workers()[0], signal.SIGKILL)
            await node.until("worker replaced")

        await load(ues, lambda: asyncio.ensure_future(meanwhile()))
        judge(tally)
        await attach_over_diameter(laboratory, node)


async def attach_over_diameter(laboratory: Laboratory, node: Node) -> None:
    """Every worker is killed between two rounds: the gateway connects again and brings the State."""
    usim = StoredUsim(laboratory.usim)
    peer = AkaPeer(usim=usim, imsi=usim.imsi, plmn=laboratory.plan.plmn)
    asking = client(laboratory, tls=False)
    await asking.ready(READY)
    first = DiameterEapAnswer.parse(await asking.request(request(laboratory, identity_response(1, peer.identity))))
    for worker in node.workers():
        os.kill(worker, signal.SIGKILL)
    (effect,) = peer.handle(EapArrived(first.eap_payload or b""), 0.0)
    assert isinstance(effect, SendEap)
    while asking.connected:  # noqa: ASYNC110 - it is about another process
        await asyncio.sleep(0.01)
    await asking.ready(READY)
    answer = DiameterEapAnswer.parse(await asking.request(request(laboratory, effect.packet, first.states)))
    (keys,) = peer.handle(EapArrived(answer.eap_payload or b""), 0.0)
    assert isinstance(keys, KeysDerived)
    assert answer.eap_master_session_key == keys.msk
    await asking.close()
