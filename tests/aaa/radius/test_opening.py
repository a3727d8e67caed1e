"""Which ports are opened, and how they are left."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from aaa.radius.config import RadiusConfig
from aaa.radius.opening import Leaving, Process, open_radius
from hss.session_api import SessionLedger
from runtime.capture import NullCapture
from runtime.taps import Address
from runtime.udp import UdpEndpoint
from tests.aaa.radius.accounting.reports import MemoryLedger
from tests.aaa.radius.samples import StubService, challenge
from tests.aaa.radius.test_server import FakeEndpoint


class Opened:
    """What was bound, with which options, and how often the ledger was opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bound: list[tuple[Address, object]] = []
        self.endpoints: list[FakeEndpoint] = []
        self.ledgers = 0

        def bind(local: Address, deliver: object, *, reuse_port: bool = False, **_options: object) -> FakeEndpoint:
            self.bound.append((local, reuse_port))
            self.endpoints.append(FakeEndpoint(deliver))  # type: ignore[arg-type]
            return self.endpoints[-1]

        monkeypatch.setattr(UdpEndpoint, "bind", bind)

    @asynccontextmanager
    async def ledger(self) -> AsyncIterator[SessionLedger]:
        self.ledgers += 1
        yield MemoryLedger()


def config(folder: Path, **more: object) -> RadiusConfig:
    (folder / "secret").write_bytes(b"a secret of some length")
    (folder / "secret").chmod(0o600)
    client = {"name": "lab", "network": "127.0.0.0/8", "secret_file": "secret"}
    return RadiusConfig.model_validate(
        {"auth": "127.0.0.3:1812", "client": [client], **more}, context={"folder": folder}
    )


@pytest.mark.parametrize("is_worker", [False, True])
async def test_every_port_is_shared_by_workers_and_drained(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, is_worker: bool
) -> None:
    opened, leaving = Opened(monkeypatch), Leaving()
    settings = config(tmp_path, acct="127.0.0.3:1813", more_auth=["[::1]:1812"])
    async with AsyncExitStack() as stack:
        process = Process(NullCapture(), stack, leaving, is_worker=is_worker)
        await open_radius(settings, StubService(lambda _: challenge()), opened.ledger, process, node="aaa.example")
        assert opened.bound == [
            (("127.0.0.3", 1813), is_worker),
            (("127.0.0.3", 1812), is_worker),
            (("::1", 1812), is_worker),
        ]
        for leave in leaving:
            await leave()
        assert [endpoint.withdrawn for endpoint in opened.endpoints] == [True] * 3
        assert opened.ledgers == 1
    assert [endpoint.closed for endpoint in opened.endpoints] == [True] * 3


async def test_ledger_is_opened_where_accounting_is_served_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    opened = Opened(monkeypatch)
    async with AsyncExitStack() as stack:
        process = Process(NullCapture(), stack, [], is_worker=False)
        service = StubService(lambda _: challenge())
        await open_radius(config(tmp_path), service, opened.ledger, process, node="aaa.example")
    assert (opened.ledgers, len(opened.bound)) == (0, 1)
