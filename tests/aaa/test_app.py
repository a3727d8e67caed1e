"""The AAA server as a daemon, on real sockets: every way in, every way to the HSS, and how it stops."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import NoReturn

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from aaa.app import main, serve
from aaa.config import read_settings
from aaa.identities.commands import rotate
from aaa.identities.keyring_file import KeyringPath
from hss.app import serve as serve_hss
from hss.config import HssConfig
from hss.keys.vault import open_vault, write_master_key
from hss.store.schema import upgrade
from runtime.config import ConfigError, read_config
from runtime.diameter.client import DiameterClient
from runtime.worker import Worker
from tests.hss.conftest import Known, Registry
from ue_sim.eap_peer import AkaPeer, EapArrived, KeysDerived, SendEap
from ue_sim.usim import SoftwareUsim
from wire.diameter.applications import Application
from wire.diameter.capabilities import LocalNode, PeerPolicy
from wire.diameter.message import Message
from wire.diameter.s6b import S6bEapAnswer, S6bEapRequest
from wire.eap.packet import identity_response
from wire.identity import EapMethod, Plmn

pytestmark = pytest.mark.stack

PLMN = Plmn("001", "01")


async def nobody(_peer: str, _message: Message) -> NoReturn:
    raise AssertionError("no HSS is there to ask")


CONFIG = """
[hss]
origin_host = "hss.example"
origin_realm = "example"
swx = "{hss}"
[[hss.peer]]
name = "aaa"
origin_host = "aaa.example"
origin_realm = "example"
addresses = ["127.0.0.0/8"]
applications = ["swx"]
[aaa]
origin_host = "aaa.example"
origin_realm = "example"
hss = "{kind}"
[aaa.swx]
hss = "{hss}"
hss_origin_host = "hss.example"
hss_realm = "example"
local = "127.44.0.3"
[aaa.diameter]
address = "127.0.0.1:0"
[[aaa.diameter.peer]]
name = "pgw"
origin_host = "pgw.example"
origin_realm = "example"
addresses = ["127.0.0.0/8"]
applications = ["eap", "s6b"]
network_name = "WLAN"
"""


@pytest.fixture(name="known")
def _known(tmp_path: Path) -> Known:
    """The one subscriber of a database beside the configuration."""
    database = tmp_path / "akadia.sqlite"
    upgrade(database)
    write_master_key(tmp_path / "master.key", Random(3).randbytes)
    return Registry(database, open_vault(tmp_path / "master.key", Random(4).randbytes)).add()


@asynccontextmanager
async def running(path: Path, lines: list[EventDict], worker: Worker | None = None) -> AsyncIterator[tuple[str, int]]:
    """A whole AAA server; where its Diameter front listens."""
    raw = read_config(path)
    stop = asyncio.Event()
    task = asyncio.create_task(serve(raw, read_settings(raw), stop, worker))
    try:
        ready = await said(lines, "aaa ready", task)
        host, _, port = ready["diameter"].rpartition(":")
        yield host, int(port)
    finally:
        stop.set()
        await asyncio.wait_for(task, 10)


async def said(lines: list[EventDict], event: str, task: "asyncio.Task[None]") -> EventDict:
    """The first line that says `event`."""
    async with asyncio.timeout(15):
        while not task.done():
            found = [line for line in lines if line["event"] == event]
            if found:
                return found[0]
            await asyncio.sleep(0.01)
    await task
    raise AssertionError("it stopped before it was ready")


async def attach(address: tuple[str, int], known: Known, method: EapMethod) -> tuple[S6bEapAnswer, object]:
    """A UE behind a PDN GW, over S6b: the last DEA, and what the UE made of it."""
    ue = AkaPeer(usim=SoftwareUsim(known.keys.k, known.keys.opc), imsi=known.imsi, plmn=PLMN, methods=(method,))
    client = DiameterClient(
        local=LocalNode("pgw.example", "example", (Application.S6B,)),
        peer=PeerPolicy("aaa", "aaa.example", "example", applications=(Application.S6B,)),
        address=address,
        random=Random(5).randbytes,
    )
    client.start()
    await client.ready(5)
    eap = identity_response(1, ue.identity)
    states: tuple[bytes, ...] = ()
    try:
        while True:
            der = S6bEapRequest(
                session_id="pgw.example;1;1",
                origin_host="pgw.example",
                origin_realm="example",
                destination_realm="example",
                eap_payload=eap,
                states=states,
                service_selection="internet",
            )
            dea = S6bEapAnswer.parse(await client.request(der.message()))
            (effect,) = ue.handle(EapArrived(dea.eap_payload or b""), 0.0)
            if not isinstance(effect, SendEap):
                return dea, effect
            eap, states = effect.packet, dea.states
    finally:
        await client.close()


@pytest.mark.parametrize("method", [EapMethod.AKA, EapMethod.AKA_PRIME])
async def test_daemon_authenticates_with_the_hss_in_process(tmp_path: Path, known: Known, method: EapMethod) -> None:
    path = tmp_path / "akadia.toml"
    path.write_text(CONFIG.format(hss="127.0.0.1:3868", kind="local"))
    with capture_logs() as lines:
        async with running(path, lines) as address:
            dea, keys = await attach(address, known, method)
    assert isinstance(keys, KeysDerived)
    assert dea.eap_master_session_key == keys.msk
    assert "authentication accepted" in [line["event"] for line in lines]
    assert keys.msk.hex() not in repr(lines)


async def test_daemon_authenticates_with_the_hss_over_swx(tmp_path: Path, known: Known) -> None:
    path = tmp_path / "akadia.toml"
    path.write_text(CONFIG.format(hss="127.0.0.1:0", kind="swx"))
    stop = asyncio.Event()
    with capture_logs() as lines:
        hss = asyncio.create_task(serve_hss(read_config(path).section("hss", HssConfig), stop))
        where = (await said(lines, "hss ready", hss))["swx"]
        path.write_text(CONFIG.format(hss=where, kind="swx"))
        async with running(path, lines) as address:
            dea, keys = await attach(address, known, EapMethod.AKA)
        stop.set()
        await asyncio.wait_for(hss, 10)
    assert isinstance(keys, KeysDerived)
    assert dea.eap_master_session_key == keys.msk
    connected = {(line["peer"], line["remote"]) for line in lines if line["event"] == "peer connected"}
    assert ("aaa", "127.44.0.3") in connected


async def test_daemon_serves_refusals_while_the_hss_is_away(
    tmp_path: Path, known: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aaa.swx_opening.HSS_WAIT", 0.05)
    path = tmp_path / "akadia.toml"
    path.write_text(CONFIG.format(hss="127.0.0.1:9", kind="swx"))
    with capture_logs() as lines:
        async with running(path, lines) as address:
            dea, _ = await attach(address, known, EapMethod.AKA)
    assert dea.result_code == 5012
    causes = [line.get("cause") for line in lines if line["event"] == "authentication rejected"]
    assert causes == ["the HSS does not answer"]
    assert "hss not connected yet" in [line["event"] for line in lines]


def test_daemon_names_a_missing_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file"):
        main(tmp_path / "akadia.toml")


async def test_workers_share_a_port_and_go_on_with_each_others_conversations(tmp_path: Path, known: Known) -> None:
    path = tmp_path / "akadia.toml"
    rotate(KeyringPath(tmp_path / "identity.keys"), now=int(time.time()) - 10)
    text = CONFIG.format(hss="127.0.0.1:3868", kind="local") + '[aaa.identities]\nkeys = "identity.keys"\n'
    path.write_text(text)
    with capture_logs() as lines:
        async with running(path, lines, Worker(1, 1000)) as (host, port):
            path.write_text(text.replace("127.0.0.1:0", f"{host}:{port}"))
            lines.clear()
            async with running(path, lines, Worker(2, 1000)):
                for _ in range(4):
                    _, keys = await attach((host, port), known, EapMethod.AKA)
                    assert isinstance(keys, KeysDerived)
    assert "a conversation ends with its process" not in [line["event"] for line in lines]
