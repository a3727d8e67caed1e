"""Every port of [aaa.radius] listens, shares its clients, and closes."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from aaa.radius.config import RadiusClientConfig, RadiusConfig
from aaa.radius.opening import Surroundings, open_radius
from aaa.radius.radsec.config import RadsecClientConfig, RadsecConfig
from akadia.pki import Authority
from hss.session_api import SessionLedger
from runtime.capture import NullCapture
from runtime.config import ConfigError, SocketAddress
from tests.aaa.radius.accounting.reports import MemoryLedger
from tests.aaa.radius.samples import StubService, challenge
from wire.diameter.command import Identity

pytestmark = pytest.mark.stack

ANY = SocketAddress("127.0.0.1", 0)
AAA = Identity("aaa.example", "example")


def config(folder: Path, tls_name: str = "proxy", *, acct: bool = True) -> RadiusConfig:
    issued = Authority("test", now=datetime.now(UTC)).issue(names=("aaa.example.org",))
    for name, octets in (("aaa.pem", issued.certificate), ("aaa.key", issued.key), ("secret", b"xyzzy5461")):
        (folder / name).write_bytes(octets)
        (folder / name).chmod(0o600)
    client = RadiusClientConfig.model_validate(
        {"name": "lab", "network": "127.0.0.0/8", "secret_file": str(folder / "secret")}
    )
    return RadiusConfig(
        auth=ANY,
        more_auth=(SocketAddress("::1", 0),),
        acct=ANY if acct else None,
        client=(client,),
        radsec=RadsecConfig(
            address=ANY,
            certificate=folder / "aaa.pem",
            key=folder / "aaa.key",
            ca=folder / "aaa.pem",
            client=(RadsecClientConfig(name=tls_name, certificate_names=("x",)),),
        ),
    )


@asynccontextmanager
async def memory() -> AsyncIterator[SessionLedger]:
    yield MemoryLedger()


async def test_every_port_listens_and_closes(tmp_path: Path) -> None:
    leaving: list[Callable[[], Awaitable[None]]] = []
    with capture_logs() as lines:
        async with AsyncExitStack() as stack:
            around = Surroundings(AAA, memory, stack, leaving, NullCapture())
            host, port = await open_radius(config(tmp_path), StubService(lambda _: challenge()), around)
            assert (host, port > 0) == ("127.0.0.1", True)
            for leave in leaving:
                await leave()
    assert [line["event"] for line in lines] == ["accounting ready", "radsec ready"]
    assert len(leaving) == 2


async def test_names_are_given_once_across_transports(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        around = Surroundings(AAA, memory, stack, [], NullCapture())
        with pytest.raises(ConfigError, match="lab: the name is taken"):
            await open_radius(config(tmp_path, "lab", acct=False), StubService(lambda _: challenge()), around)
