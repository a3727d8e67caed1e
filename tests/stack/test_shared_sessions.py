"""Two nodes of two workers on one PostgreSQL, RADIUS and Diameter at once, and every 2 s a process killed by -9.

Every UE gets in, no SQN comes twice, no accounting record is lost, and in the end SQL has the sessions of the clients,
neither more nor fewer. Then the HSS ends some of them, whichever process it asks and whichever has the connection.
SHARED_SESSIONS_KILLS=100 makes it that many kills.
"""

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import URL, func, select

from akadia.laboratory import Laboratory, create
from akadia.template import DIAMETER_PORT, RADIUS_ACCT_PORT
from hss.keys.vault import open_vault
from hss.models import AccessSession, AccountingEntry, DiameterSession, Registration
from hss.store.engines import transaction
from tests.hss.conftest import Registry
from tests.lab import AKADIA
from tests.postgres import PostgresServer
from tests.stack.diameter_load import DiameterUe, Gateway, make_diameter_ues
from tests.stack.radius_load import Tally, Timing, Ue, make_ues
from tests.stack.test_any_worker import ROOT, UES, Node, judge, second_node, serving
from wire.diameter.command import Identity
from wire.identity import Imsi
from wire.radius.accounting import AcctStatusType
from wire.secret import Secret

pytestmark = [pytest.mark.stack, pytest.mark.interop, pytest.mark.timeout(400)]

KILLS = int(os.environ.get("SHARED_SESSIONS_KILLS", "8"))
EVERY = 2.0
SETTLED = 60.0
"""Seconds in which what was written has to be acted upon."""
BARRED = 6
PATIENT = Timing(patience=60.0)


@dataclass
class AccountedUe:
    """A UE behind a RADIUS client that accounts for each of its sessions, one in the place of the last."""

    ue: Ue
    accounted: list[tuple[str, AcctStatusType]] = field(default_factory=list)
    session: tuple[str, bytes] | None = None

    async def authenticate(self) -> None:
        """Once; the session of before ends now and then before that, and else after it."""
        if self.ue.turns % 3 == 0:
            await self.leave()
        await self.ue.authenticate()
        radius_class = self.ue.nas.radius_class
        if radius_class is not None:
            session = (f"{self.ue.imsi}-{len(self.accounted)}", radius_class)
            await self._account(AcctStatusType.START, *session)
            await self.leave()
            self.session = session

    async def leave(self) -> None:
        """End the session, if there is one."""
        before, self.session = self.session, None
        if before is not None:
            await self._account(AcctStatusType.STOP, *before)

    async def _account(self, status: AcctStatusType, session_id: str, radius_class: bytes) -> None:
        await self.ue.nas.account(status, session_id, radius_class, RADIUS_ACCT_PORT)
        self.accounted.append((session_id, status))


@dataclass
class Site:
    """Two nodes, their database, and everybody who uses them."""

    laboratory: Laboratory
    location: URL
    nodes: list[Node]
    tally: Tally
    gateway: Gateway
    at_nas: list[AccountedUe]
    at_gateway: list[DiameterUe]

    def registered(self) -> set[str]:
        """Whom the HSS holds registered."""
        with transaction(self.location, read_only=True) as connection:
            return set(connection.scalars(select(Registration.imsi)))

    def sessions(self) -> tuple[set[str], set[str]]:
        """Acct-Session-Ids and Session-Ids that SQL has as open."""
        with transaction(self.location, read_only=True) as connection:
            at_nas = set(connection.scalars(select(AccessSession.session_id).where(AccessSession.ended.is_(None))))
            return at_nas, set(connection.scalars(select(DiameterSession.session_id)))

    def of_the_clients(self) -> tuple[set[str], set[str]]:
        """The same as the clients have it."""
        return {ue.session[0] for ue in self.at_nas if ue.session}, set(self.gateway.open)

    def records(self) -> int:
        """How many accounting records were kept."""
        with transaction(self.location, read_only=True) as connection:
            return connection.scalar(select(func.count()).select_from(AccountingEntry)) or 0


async def kill_every_two_seconds(nodes: Sequence[Node], chance: random.Random) -> None:
    """One of all the processes that serve, but never the last one: that nobody at all serves is not what is shown."""
    killed = 0
    while killed < KILLS:
        await asyncio.sleep(EVERY)
        workers = [worker for node in nodes for worker in node.serving()]
        if len(workers) > 1:
            with suppress(ProcessLookupError):
                os.kill(chance.choice(workers), signal.SIGKILL)
                killed += 1


async def endure(site: Site) -> None:
    """Load and kills, until there was enough of both."""
    over = asyncio.Event()

    async def again_and_again(authenticate: Callable[[], "asyncio.Future[None]"]) -> None:
        while not over.is_set():
            await authenticate()
            await asyncio.sleep(0.05)

    async with asyncio.TaskGroup() as group:
        for ue in (*site.at_nas, *site.at_gateway):
            group.create_task(again_and_again(lambda ue=ue: asyncio.ensure_future(ue.authenticate())))  # type: ignore[misc]
        rotating = asyncio.to_thread(akadia, site.laboratory, "aaa", "identity-keys", "rotate", "--delay", "5")
        rotated = asyncio.create_task(rotating)
        await kill_every_two_seconds(site.nodes, random.Random(9))
        await rotated
        async with asyncio.timeout(SETTLED):
            while min(site.tally.full, site.tally.fast) <= 2 * UES:  # noqa: ASYNC110 - it is about a load
                await asyncio.sleep(0.1)
        over.set()


async def until(holds: Callable[[], bool], what: Callable[[], object]) -> None:
    """Wait until it holds; otherwise say what is."""
    try:
        async with asyncio.timeout(SETTLED):
            while not await asyncio.to_thread(holds):  # noqa: ASYNC110 - it is about other processes
                await asyncio.sleep(0.2)
    except TimeoutError:
        pytest.fail(str(what()))


def subscribe(laboratory: Laboratory, location: URL) -> list[tuple[Imsi, Secret, Secret]]:
    """Twice as many subscribers as there are UEs of each kind."""
    registry = Registry(location, open_vault(laboratory.folder / "master.key", os.urandom))
    known = [registry.add(f"0010100000001{number:02}") for number in range(2 * UES)]
    return [(one.imsi, one.keys.k, one.keys.opc) for one in known]


def akadia(laboratory: Laboratory, *words: str) -> None:
    """Run a command to its good end."""
    done = subprocess.run(
        [*AKADIA, "--config", str(laboratory.config), *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def share_keys_in_the_database(laboratory: Laboratory) -> None:
    """No node has the file: what one of them seals, every other opens by the database."""
    text = laboratory.config.read_text()
    text = text.replace('keys = "identity.keys"', 'keys = ""').replace('transport_key = ""', 'transport_key = "t.key"')
    laboratory.config.write_text(text)
    (laboratory.folder / "identity.keys").unlink()
    akadia(laboratory, "aaa", "identity-keys", "rotate")


async def end_some_by_the_hss(site: Site) -> None:
    """RTR at whichever process, ASR by the one that has a connection to the gateway, STR wherever it goes."""
    await site.gateway.leave_all_but_one()
    barred = [ue.imsi for ue in site.at_gateway[:BARRED]]
    for imsi in barred:
        await asyncio.to_thread(akadia, site.laboratory, "subscriber", "disable", str(imsi))
    await until(
        lambda: set(barred) <= set(site.gateway.aborted) and not set(barred) & set(site.gateway.open.values()),
        lambda: (barred, site.gateway.aborted),
    )
    await until(lambda: site.sessions()[1] == set(site.gateway.open), lambda: (site.sessions(), site.gateway.open))


async def leave_all(site: Site) -> None:
    """Everybody goes; the HSS hears of each when the last session is over."""
    for ue in site.at_nas:
        await ue.leave()
    for session_id in tuple(site.gateway.open):
        await site.gateway.terminate(session_id)
    await until(lambda: site.sessions() == (set(), set()), site.sessions)
    await until(lambda: site.registered() == set(), site.registered)


async def test_sessions_are_those_of_the_clients_whoever_is_killed(tmp_path: Path, postgres: PostgresServer) -> None:
    with ExitStack() as stack:
        url = postgres.new_database()
        plain = url.render_as_string(hide_password=False).replace("+psycopg", "")
        laboratory = create(tmp_path / "lab", database=plain)
        subscribers = subscribe(laboratory, url)
        share_keys_in_the_database(laboratory)
        secret, tally = laboratory.radius_secret.read_bytes().strip(), Tally()
        path, other = second_node(laboratory)
        own, plan = str(laboratory.plan.block.aaa), laboratory.plan
        nodes = [
            stack.enter_context(serving(laboratory.config, own, tmp_path / "one.log")),
            stack.enter_context(serving(path, other, tmp_path / "two.log")),
        ]
        for node in nodes:
            await node.until("workers ready")
        gateway = Gateway(
            Identity(plan.host("tester"), plan.realm), Identity(plan.host("aaa"), plan.realm), (own, other),
            DIAMETER_PORT, tally,
        )  # fmt: skip
        await gateway.start()
        ues = make_ues(subscribers[:UES], [node.address for node in nodes], secret, tally, PATIENT)
        for ue in ues:
            stack.callback(ue.nas.close)
        site = Site(
            laboratory, url, nodes, tally, gateway, [AccountedUe(ue) for ue in ues],
            make_diameter_ues(subscribers[UES:], gateway),
        )  # fmt: skip
        await endure(site)
        judge(tally)
        assert site.sessions() == site.of_the_clients()
        assert site.records() == sum(len(ue.accounted) for ue in site.at_nas)
        everybody = {str(imsi) for imsi, _, _ in subscribers}
        await until(lambda: site.registered() == everybody, site.registered)
        await end_some_by_the_hss(site)
        await leave_all(site)
        await gateway.close()
        logs = "".join(node.log.read_text() for node in nodes)
        assert "Traceback" not in logs
        assert "a conversation ends with its process" not in logs
        assert " identity keys read epochs=2" in logs
        errands = logs.count(" errand done")
        assert errands > 0, "one process of four has the connection, and each is asked in its turn"
        print(f"\n{tally}, {site.records()} records, {KILLS} kills, {errands} errands", file=sys.stderr)
