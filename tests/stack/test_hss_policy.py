"""Policies over TCP: what a peer may not ask is refused with its code, and a HSS that learns proposes a policy."""

import asyncio
import os
import shutil
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from hss.app import serve
from hss.config import HssConfig
from hss.keys.vault import open_vault, write_master_key
from hss.store.schema import upgrade
from runtime.config import read_config
from runtime.diameter.client import DiameterClient
from tests.hss.conftest import Registry
from wire.diameter.applications import Application
from wire.diameter.capabilities import LocalNode, PeerPolicy
from wire.diameter.s6a import AuthenticationInformationRequest, RequestedAuthenticationInfo
from wire.diameter.swx import MultimediaAuthRequest, SipAuthDataItem

pytestmark = pytest.mark.stack

LIMIT = 20.0
IMSI, FOREIGN = "001010000000001", "262010000000001"
CONFIG = """
[hss]
origin_host = "hss.example"
origin_realm = "example"
swx = "127.0.0.1:0"
policy = "{policy}"
[[hss.peer]]
name = "node"
origin_host = "node.example"
origin_realm = "example"
addresses = ["127.0.0.0/8"]
applications = ["swx"]
imsi_prefixes = ["00101"]
realms = ["example"]
vectors_per_minute = 6
"""
MAR = MultimediaAuthRequest(
    session_id="node.example;1",
    origin_host="node.example",
    origin_realm="example",
    destination_realm="example",
    user_name=IMSI,
    auth_data_item=SipAuthDataItem(authentication_scheme="EAP-AKA"),
    number_auth_items=3,
)
AIR = AuthenticationInformationRequest(
    session_id="node.example;2",
    origin_host="node.example",
    origin_realm="example",
    destination_realm="example",
    user_name=FOREIGN,
    requested_eutran=RequestedAuthenticationInfo(number_of_requested_vectors=1),
    visited_plmn_id=b"\x00\xf1\x10",
)


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("policy") / "akadia.sqlite"
    upgrade(path)
    return path


@pytest.fixture
def site(tmp_path: Path, migrated: Path) -> Path:
    shutil.copyfile(migrated, tmp_path / "akadia.sqlite")
    write_master_key(tmp_path / "master.key", os.urandom)
    registry = Registry(tmp_path / "akadia.sqlite", open_vault(tmp_path / "master.key", os.urandom))
    for imsi in (IMSI, FOREIGN):
        registry.add(imsi)
    return tmp_path


@asynccontextmanager
async def peer_of(site: Path, policy: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiameterClient]:
    """A connected peer of an HSS that runs as long."""
    path = site / "akadia.toml"
    path.write_text(CONFIG.format(policy=policy))
    stop, listening = asyncio.Event(), asyncio.Event()
    monkeypatch.setattr("hss.app.notify_ready", listening.set)
    with capture_logs() as lines:
        config = read_config(path).section("hss", HssConfig)
        task = asyncio.create_task(serve(config, stop, config_path=path))
        await asyncio.wait_for(listening.wait(), LIMIT)
        (ready,) = [line for line in lines if line["event"] == "hss ready"]
    client = DiameterClient(
        local=LocalNode("node.example", "example", (Application.SWX, Application.S6A)),
        peer=PeerPolicy("hss", "hss.example", "example", (), (Application.SWX, Application.S6A)),
        address=("127.0.0.1", int(ready["swx"].rpartition(":")[2])),
        random=os.urandom,
    )
    client.start()
    await client.ready(LIMIT)
    try:
        yield client
    finally:
        await client.close()
        stop.set()
        await asyncio.wait_for(task, LIMIT)


async def test_what_a_peer_may_not_ask_is_refused_with_one_line(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with peer_of(site, "enforce", monkeypatch) as client:
        with capture_logs() as lines:
            answers = [
                await client.request(message)
                for message in (
                    replace(MAR, user_name=FOREIGN).message(),
                    replace(MAR, user_name=f"0{IMSI}@elsewhere").message(),
                    MAR.message(),
                    MAR.message(),
                    MAR.message(),
                )
            ]
    assert [answer.result_code for answer in answers] == [5003, 5003, 2001, 2001, 3004]
    assert all(answer.is_error for answer in answers if answer.result_code != 2001)
    refused = [line["cause"] for line in lines if line["event"] == "request refused"]
    assert refused == [
        "the IMSI has none of the imsi_prefixes of node",
        "'elsewhere' is none of the realms of node",
        "node has had its 6 vectors of this minute",
    ]


async def test_learning_refuses_nothing_and_proposes_what_it_saw(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with peer_of(site, "learn", monkeypatch) as client:
        for _ in range(3):
            assert (await client.request(MAR.message())).result_code == 2001
        assert (await client.request(AIR.message())).result_code == 2001
    path = site / "proposed-policy.toml"
    assert path.stat().st_mode & 0o777 == 0o600
    (proposed,) = tomllib.loads(path.read_text())["hss"]["peer"]
    rate = proposed.pop("vectors_per_minute")
    assert 10 <= rate <= 20, "a minute may have ended between two requests"
    assert proposed == {
        "name": "node",
        "applications": ["s6a", "swx"],
        "realms": ["example"],
        "imsi_prefixes": ["00101", "26201"],
    }
    assert IMSI not in path.read_text()
