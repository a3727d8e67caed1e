"""The HSS as it really runs: processes on one database, and SWx over TCP with strangers at the door."""

import asyncio
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from pathlib import Path
from unittest.mock import Mock

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from hss.api import VectorRequest
from hss.app import serve
from hss.config import HssConfig
from hss.counting.wall_clock import wall_clock_ms
from hss.keys.custody import Custodian
from hss.keys.vault import open_vault, write_master_key
from hss.service import HssService
from hss.store.database import Database
from hss.store.engines import transaction
from hss.store.schema import upgrade
from runtime.config import SocketAddress, read_config
from runtime.diameter.client import DiameterClient
from runtime.diameter.metrics import SERVED
from runtime.diameter.settings import DiameterUnavailable
from tests.hss.conftest import Known, Registry
from tests.stack.floods import FLOOD
from tests.stack.hss_flood import flood, mutated
from wire.aka.milenage import Milenage
from wire.aka.sqn import join_sqn, reveal, split_sqn
from wire.aka.vector import Autn
from wire.diameter.applications import Application
from wire.diameter.capabilities import LocalNode, PeerPolicy, advertise
from wire.diameter.enumerations import ServerAssignmentType
from wire.diameter.message import Message
from wire.diameter.s6a import AuthenticationInformationRequest, RequestedAuthenticationInfo
from wire.diameter.swx import (
    MultimediaAuthAnswer,
    MultimediaAuthRequest,
    ServerAssignmentAnswer,
    ServerAssignmentRequest,
    SipAuthDataItem,
)
from wire.secret import Secret

pytestmark = pytest.mark.stack

ROOT = Path(__file__).resolve().parents[2]
NODE = Path(__file__).with_name("hss_node.py")
SEGMENTS = FLOOD
TROUBLE = 60.0
CONFIG = """
[log]
level = "debug"
[hss]
origin_host = "hss.example"
origin_realm = "example"
swx = "127.0.0.1:0"
[[hss.peer]]
name = "aaa"
origin_host = "aaa.example"
origin_realm = "example"
addresses = ["127.0.0.0/8", "::1/128"]
applications = ["swx", "s6a"]
"""


@dataclass(frozen=True)
class Site:
    """A configuration with its database and master key, and one subscriber in it."""

    path: Path
    config: HssConfig
    registry: Registry
    known: Known


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hss") / "akadia.sqlite"
    upgrade(path)
    return path


@pytest.fixture
def site(tmp_path: Path, migrated: Path) -> Site:
    path = tmp_path / "akadia.toml"
    path.write_text(CONFIG)
    config = read_config(path).section("hss", HssConfig)
    shutil.copyfile(migrated, tmp_path / "akadia.sqlite")
    write_master_key(tmp_path / "master.key", os.urandom)
    registry = Registry(config.database, open_vault(tmp_path / "master.key", os.urandom))
    return Site(path, config, registry, registry.add())


# --- one database, many who ask ---------------------------------------------------------------------------------------


def sqn(known: Known, rand: str, autn: str) -> int:
    ak = Milenage(known.keys.k, known.keys.opc).f2345(bytes.fromhex(rand))[3]
    return reveal(Autn.parse(bytes.fromhex(autn)).concealed_sqn, ak)


def start_node(site: Site, node: str, count: int) -> subprocess.Popen[str]:
    words = (site.config.database, site.config.master_key, node, site.known.imsi, count)
    return subprocess.Popen(
        [sys.executable, str(NODE), *map(str, words)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )


def sqns_of(site: Site, output: str) -> list[int]:
    return [sqn(site.known, *line.split()) for line in output.splitlines() if len(line) == 65]


def test_four_processes_share_no_sqn(site: Site) -> None:
    processes = [start_node(site, f"aaa{number}", 250) for number in range(4)]
    runs = [sqns_of(site, process.communicate(timeout=TROUBLE)[0]) for process in processes]
    assert [process.returncode for process in processes] == [0] * 4
    assert [len(run) for run in runs] == [250] * 4
    seqs = [split_sqn(one)[0] for run in runs for one in run]
    assert sorted(seqs) == list(range(1, 1001))
    assert [len({split_sqn(one)[1] for one in run}) for run in runs] == [1] * 4
    assert len({split_sqn(run[0])[1] for run in runs}) == 4
    for run in runs:
        assert run == sorted(run), "a node's own SQNs rise"


def test_killed_process_leaves_no_sqn_twice(site: Site) -> None:
    doomed, other = start_node(site, "aaa1", 1000), start_node(site, "aaa2", 250)
    assert doomed.stdout is not None
    first = doomed.stdout.readline()
    doomed.kill()
    runs = [sqns_of(site, first + doomed.communicate()[0]), sqns_of(site, other.communicate(timeout=TROUBLE)[0])]
    again = start_node(site, "aaa1", 250)
    runs.append(sqns_of(site, again.communicate(timeout=TROUBLE)[0]))
    seqs = [split_sqn(one)[0] for run in runs for one in run]
    assert len(seqs) > 500
    assert len(set(seqs)) == len(seqs)


def test_threads_share_no_sqn(site: Site) -> None:
    found: list[int] = []

    async def ask(node: str) -> None:
        store = Database(site.config.database)
        await store.open()
        service = HssService(
            store, Custodian(open_vault(site.path.parent / "master.key", os.urandom)), os.urandom, wall_clock_ms
        )
        request = VectorRequest(site.known.imsi, node, count=5)
        for vectors in await asyncio.gather(*(service.vectors(request) for _ in range(40))):
            found.extend(sqn(site.known, vector.rand.hex(), vector.autn.hex()) for vector in vectors)
        await store.close()

    threads = [threading.Thread(target=lambda n=n: asyncio.run(ask(f"aaa{n}"))) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TROUBLE)
    assert sorted(split_sqn(one)[0] for one in found) == list(range(1, 801))


# --- SWx --------------------------------------------------------------------------------------------------------------


def client(address: tuple[str, int], host: str = "aaa.example") -> DiameterClient:
    return DiameterClient(
        local=LocalNode(host, "example", (Application.SWX,)),
        peer=PeerPolicy("hss", "hss.example", "example", (), (Application.SWX,)),
        address=address,
        random=os.urandom,
    )


@asynccontextmanager
async def running(config: HssConfig, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[str, int]]:
    """An HSS in this process, and its first address."""
    stop, listening = asyncio.Event(), asyncio.Event()
    monkeypatch.setattr("hss.app.notify_ready", listening.set)
    with capture_logs() as lines:
        task = asyncio.create_task(serve(config, stop))
        await asyncio.wait_for(listening.wait(), 10)
        (ready,) = [line for line in lines if line["event"] == "hss ready"]
        host, _, port = ready["swx"].rpartition(":")
        yield host, int(port)
        stop.set()
        await asyncio.wait_for(task, 10)


@pytest_asyncio.fixture
async def swx(site: Site, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[str, int]]:
    """The address of a running HSS."""
    async with running(site.config, monkeypatch) as address:
        yield address


@pytest_asyncio.fixture
async def aaa(swx: tuple[str, int]) -> AsyncIterator[DiameterClient]:
    """A named AAA server, connected."""
    one = client(swx)
    one.start()
    await one.ready(5)
    yield one
    await one.close()


def mar(site: Site, **item: object) -> MultimediaAuthRequest:
    return MultimediaAuthRequest(
        session_id=f"aaa.example;{os.urandom(8).hex()}",
        origin_host="aaa.example",
        origin_realm="example",
        destination_realm="example",
        user_name=str(site.known.imsi),
        auth_data_item=SipAuthDataItem(**({"authentication_scheme": "EAP-AKA"} | item)),  # type: ignore[arg-type]
        number_auth_items=2,
    )


def sar(site: Site, kind: ServerAssignmentType) -> ServerAssignmentRequest:
    return ServerAssignmentRequest(
        session_id=f"aaa.example;{os.urandom(8).hex()}",
        origin_host="aaa.example",
        origin_realm="example",
        destination_realm="example",
        user_name=str(site.known.imsi),
        server_assignment_type=kind,
    )


def air(site: Site) -> Message:
    """What a MME asks, from the same peer."""
    asked = RequestedAuthenticationInfo(number_of_requested_vectors=2, re_synchronization_info=bytes(30))
    return AuthenticationInformationRequest(
        session_id=f"aaa.example;{os.urandom(8).hex()}",
        origin_host="aaa.example",
        origin_realm="example",
        destination_realm="example",
        user_name=str(site.known.imsi),
        requested_eutran=replace(asked, re_synchronization_info=None),
        requested_utran_geran=asked,
        visited_plmn_id=b"\x00\xf1\x10",
    ).message()


def seqs(site: Site, answer: Message) -> list[int]:
    items = MultimediaAuthAnswer.parse(answer).auth_data_items
    pairs = [item.authenticate.hex() for item in items if item.authenticate is not None]
    return [split_sqn(sqn(site.known, pair[:32], pair[32:]))[0] for pair in pairs]


async def test_hss_serves_at_every_address(
    site: Site, monkeypatch: pytest.MonkeyPatch, unused_tcp_port_factory: Callable[[], int]
) -> None:
    more = ("::1", unused_tcp_port_factory())
    config = site.config.model_copy(update={"more_swx": (SocketAddress(*more),)})
    async with running(config, monkeypatch) as first:
        for address, expected in ((first, [1, 2]), (more, [3, 4])):
            one = client(address)
            one.start()
            await one.ready(5)
            assert seqs(site, await one.request(mar(site).message())) == expected
            await one.close()


async def test_aaa_server_gets_vectors_and_resynchronises(site: Site, aaa: DiameterClient) -> None:
    assert seqs(site, await aaa.request(mar(site).message())) == [1, 2]
    rand = os.urandom(16)
    auts = site.known.auts(rand, join_sqn(7000, 3))
    answer = await aaa.request(mar(site, authorization=Secret(rand + auts)).message())
    assert seqs(site, answer) == [7001, 7002]
    forged = await aaa.request(mar(site, authorization=Secret(rand + bytes(14))).message())
    assert MultimediaAuthAnswer.parse(forged).result == "4181 AUTHENTICATION_DATA_UNAVAILABLE (3GPP)"
    assert site.registry.seq(site.known.imsi) == 7002


async def test_aaa_server_registers_and_deregisters(site: Site, aaa: DiameterClient) -> None:
    answer = ServerAssignmentAnswer.parse(await aaa.request(sar(site, ServerAssignmentType.REGISTRATION).message()))
    assert answer.non_3gpp_user_data is not None
    assert answer.non_3gpp_user_data.apn_configurations[0].service_selection == "internet"
    gone = await aaa.request(sar(site, ServerAssignmentType.USER_DEREGISTRATION).message())
    assert ServerAssignmentAnswer.parse(gone).result == "2001 SUCCESS"


async def test_unknown_user_is_answered_and_logged(site: Site, aaa: DiameterClient) -> None:
    with capture_logs() as lines:
        answer = await aaa.request(replace(mar(site), user_name="999990000000000").message())
    assert MultimediaAuthAnswer.parse(answer).result == "5001 USER_UNKNOWN (3GPP)"
    (line,) = [line for line in lines if line["log_level"] == "warning"]
    assert (line["event"], line["cause"]) == ("vectors refused", "user unknown: no subscriber 999990000000000")


async def test_missing_anid_is_named(site: Site, aaa: DiameterClient) -> None:
    answer = await aaa.request(mar(site, authentication_scheme="EAP-AKA'").message())
    assert (answer.result_code, answer.text("Error-Message")) == (5005, "ANID is missing")


async def test_many_requests_share_commits_and_no_sqn(site: Site, aaa: DiameterClient) -> None:
    answers = await asyncio.gather(*(aaa.request(mar(site).message()) for _ in range(150)))
    assert sorted(seq for answer in answers for seq in seqs(site, answer)) == list(range(1, 301))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hss.store.engines.BUSY_TIMEOUT", 0.05)


async def test_locked_database_is_answered_in_time(impatient: None, site: Site, aaa: DiameterClient) -> None:
    assert seqs(site, await aaa.request(mar(site).message())) == [1, 2]
    with transaction(site.config.database):
        answer = await aaa.request(mar(site).message())
    assert MultimediaAuthAnswer.parse(answer).result == "3004 TOO_BUSY"
    assert answer.is_error


async def test_unnamed_peer_is_turned_away(swx: tuple[str, int]) -> None:
    stranger = client(swx, "stranger.example")
    stranger.start()
    with capture_logs() as lines, pytest.raises(DiameterUnavailable):
        await stranger.ready(1)
    await stranger.close()
    assert any("no peer 'stranger.example' is configured" in str(line.get("cause")) for line in lines)


async def test_hss_serves_the_next_good_client_after_a_flood(
    site: Site, swx: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = Mock(wraps=SERVED.count)
    monkeypatch.setattr(SERVED, "count", answered)
    chance = random.Random(29273)
    recorded = [mar(site).message(), sar(site, ServerAssignmentType.REGISTRATION).message(), air(site), hello()]
    broken: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: broken.append(context))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with capture_logs() as lines:
        for burst in range(SEGMENTS // 200):
            segments = [mutated(chance, recorded) for _ in range(199)]
            await flood(swx, [hello().build() if burst % 8 else chance.randbytes(99), *segments])
        good = client(swx)
        good.start()
        await good.ready(10)
        answer = await good.request(mar(site).message())
        await good.close()
    assert MultimediaAuthAnswer.parse(answer).result == "2001 SUCCESS"
    assert broken == []
    assert [line for line in lines if line["log_level"] == "error"] == []
    # one line tells of many: what was refused is counted by its Result-Code, which the HSS's own results are not
    refused = [call.args[2] for call in answered.call_args_list if call.args[2] != "2001" and ":" not in call.args[2]]
    told = [line for line in lines if line["event"] == "request refused"]
    assert 0 < len(told) < 1000 < len(refused), "the flood was not real"
    assert site.registry.seq(site.known.imsi) > 500, "the flood was not real"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


def hello() -> Message:
    """A good CER, so that what follows it reaches the HSS's own code."""
    local = LocalNode("aaa.example", "example", (Application.SWX, Application.S6A))
    return advertise(local, (IPv4Address("127.0.0.1"),)).message().numbered(hop_by_hop=1, end_to_end=2)


# --- the process ------------------------------------------------------------------------------------------------------


@pytest.fixture
def process(site: Site) -> Iterator[subprocess.Popen[str]]:
    started = subprocess.Popen(
        [sys.executable, "-m", "akadia", "--config", str(site.path), "hss", "serve"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield started
    started.kill()
    started.communicate()


async def test_daemon_serves_until_it_is_told_to_stop(site: Site, process: subprocess.Popen[str]) -> None:
    assert process.stderr is not None
    ready = await asyncio.to_thread(process.stderr.readline)
    found = re.search(r"hss ready swx=(\S+):(\d+) peers=1", ready)
    assert found is not None, ready
    aaa = client((found[1], int(found[2])))
    aaa.start()
    await aaa.ready(5)
    answer = MultimediaAuthAnswer.parse(await aaa.request(mar(site).message()))
    process.send_signal(signal.SIGTERM)
    out, err = await asyncio.to_thread(process.communicate, timeout=10)
    await aaa.close()
    assert process.returncode == 0
    assert "Traceback" not in err
    secrets = [site.known.keys.k, site.known.keys.opc]
    for item in answer.auth_data_items:
        secrets += [key for key in (item.authorization, item.confidentiality_key, item.integrity_key) if key]
    assert len(secrets) == 8
    assert [key for key in secrets if key.hex() in (ready + out + err).lower()] == []


def test_daemon_says_what_it_lacks(site: Site, process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()
    (site.path.parent / "akadia.sqlite").unlink()
    failed = subprocess.run(process.args, cwd=ROOT, capture_output=True, text=True, timeout=TROUBLE, check=False)
    assert failed.returncode == 1
    assert failed.stderr.splitlines()[-1].endswith(f"akadia --config {site.path} db upgrade")
