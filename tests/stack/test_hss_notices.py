"""RTR and PPR over TCP: what an operator changes reaches the AAA server that serves the user, once."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select, update
from structlog.testing import capture_logs

from hss.app import serve
from hss.config import HssConfig
from hss.keys.vault import open_vault, write_master_key
from hss.models import Apn, Notice, Registration, Subscriber, SubscriberState
from hss.registrations import forget
from hss.store.engines import transaction
from hss.store.schema import upgrade
from hss.telling.notices import tell_deregistered, tell_profile_changed
from runtime.config import read_config
from runtime.diameter.client import DiameterClient
from tests.hss.conftest import Registry
from wire.diameter.applications import Application
from wire.diameter.capabilities import LocalNode, PeerPolicy
from wire.diameter.command import ExperimentalResult
from wire.diameter.enumerations import ReasonCode, ServerAssignmentType
from wire.diameter.message import Message
from wire.diameter.swx import (
    MultimediaAuthRequest,
    PushProfileRequest,
    RegistrationTerminationAnswer,
    RegistrationTerminationRequest,
    ServerAssignmentRequest,
    SipAuthDataItem,
    SwxCommand,
)

pytestmark = pytest.mark.stack

LIMIT = 20.0
IMSI = "001010000000001"
PEER = """
[[hss.peer]]
name = "{name}"
origin_host = "{name}.example"
origin_realm = "example"
addresses = ["127.0.0.0/8"]
applications = ["swx"]
"""
CONFIG = """
[hss]
origin_host = "{host}"
origin_realm = "example"
swx = "127.0.0.1:0"
""" + "".join(PEER.format(name=name) for name in ("aaa", "other"))

Told = RegistrationTerminationRequest | PushProfileRequest


class Aaa:
    """An AAA server that notes what it is told, and answers with `result`, or with `experimental`."""

    def __init__(self, name: str = "aaa") -> None:
        self.name = name
        self.told: list[Told] = []
        self.result: int | None = 2001
        self.experimental: int | None = None
        self._news = asyncio.Event()

    async def serve(self, _peer: str, message: Message) -> Message:
        rtr = message.command == SwxCommand.REGISTRATION_TERMINATION
        self.told.append(RegistrationTerminationRequest.parse(message) if rtr else PushProfileRequest.parse(message))
        self._news.set()
        experimental = None if self.experimental is None else ExperimentalResult(code=self.experimental)
        return RegistrationTerminationAnswer(
            session_id=self.told[-1].session_id,
            origin_host=f"{self.name}.example",
            origin_realm="example",
            result_code=self.result if experimental is None else None,
            experimental_result=experimental,
        ).message(message)

    async def news(self) -> Told:
        """What it is told next."""
        await asyncio.wait_for(self._news.wait(), LIMIT)
        self._news.clear()
        return self.told[-1]

    @asynccontextmanager
    async def connected(self, address: tuple[str, int], hss: str = "hss.example") -> AsyncIterator[DiameterClient]:
        client = DiameterClient(
            local=LocalNode(f"{self.name}.example", "example", (Application.SWX,)),
            peer=PeerPolicy("hss", hss, "example", (), (Application.SWX,)),
            address=address,
            random=os.urandom,
            handler=self.serve,
        )
        client.start()
        await client.ready(LIMIT)
        try:
            yield client
        finally:
            await client.close()


@asynccontextmanager
async def running(config: HssConfig, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[str, int]]:
    stop, listening = asyncio.Event(), asyncio.Event()
    monkeypatch.setattr("hss.app.notify_ready", listening.set)
    with capture_logs() as lines:
        task = asyncio.create_task(serve(config, stop))
        await asyncio.wait_for(listening.wait(), LIMIT)
        ready = next(line for line in reversed(lines) if line["event"] == "hss ready")
        host, _, port = ready["swx"].rpartition(":")
        yield host, int(port)
        stop.set()
        await asyncio.wait_for(task, LIMIT)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("notices") / "akadia.sqlite"
    upgrade(path)
    return path


@pytest.fixture
def configure(tmp_path: Path, migrated: Path) -> Callable[[str], HssConfig]:
    """The configuration of the HSS of that name; all share one database, with a subscriber."""
    shutil.copyfile(migrated, tmp_path / "akadia.sqlite")

    def made(host: str) -> HssConfig:
        path = tmp_path / f"{host}.toml"
        path.write_text(CONFIG.format(host=host))
        return read_config(path).section("hss", HssConfig)

    key = tmp_path / "master.key"
    write_master_key(key, os.urandom)
    Registry(tmp_path / "akadia.sqlite", open_vault(key, os.urandom)).add(IMSI)
    return made


@pytest.fixture
def config(configure: Callable[[str], HssConfig]) -> HssConfig:
    return configure("hss.example")


def sar(aaa: str = "aaa") -> Message:
    return ServerAssignmentRequest(
        session_id=f"{aaa};{os.urandom(8).hex()}",
        origin_host=f"{aaa}.example",
        origin_realm="example",
        destination_realm="example",
        user_name=IMSI,
        server_assignment_type=ServerAssignmentType.REGISTRATION,
    ).message()


def bar(config: HssConfig) -> None:
    """As an operator bars a subscriber."""
    with transaction(config.database) as connection:
        connection.execute(update(Subscriber).values(state=SubscriberState.BARRED))
        tell_deregistered(connection, IMSI, "barred by the operator")
        forget(connection, IMSI)


async def nothing_waits(config: HssConfig) -> None:
    """Return when no notice is left."""

    def left() -> int:
        with transaction(config.database, read_only=True) as connection:
            return len(connection.execute(select(Notice.id)).all())

    async with asyncio.timeout(LIMIT):
        while True:
            if await asyncio.to_thread(left) == 0:
                return
            await asyncio.sleep(0.02)


async def test_barred_user_is_deregistered(config: HssConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    aaa = Aaa()
    async with running(config, monkeypatch) as address, aaa.connected(address) as client:
        assert (await client.request(sar())).result_code == 2001
        bar(config)
        rtr = await aaa.news()
        assert isinstance(rtr, RegistrationTerminationRequest)
        assert (rtr.user_name, rtr.destination_host, rtr.origin_host) == (IMSI, "aaa.example", "hss.example")
        assert rtr.deregistration_reason.reason_code is ReasonCode.PERMANENT_TERMINATION
        assert rtr.deregistration_reason.reason_info == "barred by the operator"
        await nothing_waits(config)
    assert len(aaa.told) == 1


async def test_removed_user_is_deregistered(config: HssConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    aaa = Aaa()
    aaa.experimental = 5001
    async with running(config, monkeypatch) as address, aaa.connected(address) as client:
        await client.request(sar())
        with transaction(config.database) as connection:
            tell_deregistered(connection, IMSI, "removed by the operator")
            connection.execute(delete(Subscriber))
        assert (await aaa.news()).user_name == IMSI
        # that it does not know the user is an answer too
        await nothing_waits(config)
    assert len(aaa.told) == 1


async def test_changed_profile_is_pushed(config: HssConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    aaa = Aaa()
    async with running(config, monkeypatch) as address, aaa.connected(address) as client:
        await client.request(sar())
        with transaction(config.database) as connection:
            connection.execute(insert(Apn).values(imsi=IMSI, context_id=2, name="ims", pdn_type=1))
            tell_profile_changed(connection, IMSI)
        ppr = await aaa.news()
        assert isinstance(ppr, PushProfileRequest)
        assert ppr.non_3gpp_user_data is not None
        apns = [apn.service_selection for apn in ppr.non_3gpp_user_data.apn_configurations]
        assert apns == ["internet", "ims"]
        await nothing_waits(config)
    assert len(aaa.told) == 1


async def test_user_whose_last_apn_goes_is_deregistered(config: HssConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    aaa = Aaa()
    async with running(config, monkeypatch) as address, aaa.connected(address) as client:
        await client.request(sar())
        with transaction(config.database) as connection:
            connection.execute(delete(Apn))
            tell_profile_changed(connection, IMSI)
        rtr = await aaa.news()
        assert isinstance(rtr, RegistrationTerminationRequest)
        await nothing_waits(config)
    with transaction(config.database) as connection:
        assert connection.execute(select(Registration)).all() == []


async def test_server_that_was_away_is_told_once_when_it_is_back(
    config: HssConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    aaa, other = Aaa(), Aaa("other")
    async with running(config, monkeypatch) as address, other.connected(address):
        async with aaa.connected(address) as client:
            await client.request(sar())
        bar(config)
        # what is due for another shows that the sender has looked
        with transaction(config.database) as connection:
            connection.execute(update(Subscriber).values(state=SubscriberState.ENABLED))
            connection.execute(insert(Registration).values(imsi=IMSI, aaa_name="other.example"))
            tell_profile_changed(connection, IMSI)
        await other.news()
        assert aaa.told == []
        async with aaa.connected(address):
            await aaa.news()
            await nothing_waits(config)
    assert [type(one).__name__ for one in aaa.told] == ["RegistrationTerminationRequest"]
    assert len(other.told) == 1


async def test_refused_notice_is_sent_again(config: HssConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hss.telling.notice_sender._FIRST_WAIT", 0)
    aaa = Aaa()
    aaa.result = 3004
    async with running(config, monkeypatch) as address, aaa.connected(address) as client:
        await client.request(sar())
        bar(config)
        await aaa.news()
        aaa.result = 2001
        await aaa.news()
        await nothing_waits(config)
    assert len(aaa.told) == 2


async def test_one_of_two_processes_tells(
    configure: Callable[[str], HssConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An AAA server is connected to both, and each change is told by one of them."""
    aaa = Aaa()
    first, second = configure("hss1.example"), configure("hss2.example")
    async with (
        running(first, monkeypatch) as one,
        running(second, monkeypatch) as two,
        aaa.connected(one, "hss1.example") as client,
        aaa.connected(two, "hss2.example"),
    ):
        await client.request(sar())
        for _ in range(10):
            with transaction(first.database) as connection:
                tell_profile_changed(connection, IMSI)
            await aaa.news()
            await nothing_waits(first)
    assert len(aaa.told) == 10


async def test_server_that_failed_is_told_who_serves_now(config: HssConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    aaa, other = Aaa(), Aaa("other")
    async with (
        running(config, monkeypatch) as address,
        aaa.connected(address) as client,
        other.connected(address) as successor,
    ):
        await client.request(sar())
        refused = await successor.request(mar(failure=None))
        assert (experimental(refused), refused.text("3GPP-AAA-Server-Name")) == (5005, "aaa.example")
        assert (await successor.request(mar(failure=1))).result_code == 2001
        rtr = await aaa.news()
        assert isinstance(rtr, RegistrationTerminationRequest)
        assert rtr.deregistration_reason.reason_code is ReasonCode.NEW_SERVER_ASSIGNED
        assert (await successor.request(sar("other"))).result_code == 2001
        refused = await client.request(sar())
        assert (experimental(refused), refused.text("3GPP-AAA-Server-Name")) == (5005, "other.example")


def mar(failure: int | None) -> Message:
    return MultimediaAuthRequest(
        session_id=f"other;{os.urandom(8).hex()}",
        origin_host="other.example",
        origin_realm="example",
        destination_realm="example",
        user_name=IMSI,
        auth_data_item=SipAuthDataItem(authentication_scheme="EAP-AKA"),
        aaa_failure_indication=failure,
    ).message()


def experimental(answer: Message) -> int | None:
    result = RegistrationTerminationAnswer.parse(answer).experimental_result
    return None if result is None else result.code
