"""FreeRADIUS's radclient against our server: it signs what we verify and verifies what we sign."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from aaa.messages import AccessAnswer, AccessRequest
from aaa.radius.config import RadiusClientConfig, RadiusConfig
from aaa.radius.server import RadiusServer
from runtime.config import SocketAddress
from tests.aaa.radius.samples import IDENTITY, MSK, StubService, accept

pytestmark = pytest.mark.interop

SECRET = "testing123"


def decide(_request: AccessRequest) -> AccessAnswer:
    """Let everybody in."""
    return accept()


@pytest_asyncio.fixture(params=["127.0.0.1", "::1"])
async def address(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    secret_file = tmp_path / "radius.secret"
    secret_file.write_text(SECRET, encoding="utf-8")
    secret_file.chmod(0o600)
    known = RadiusClientConfig.model_validate(
        {"name": "lab", "network": request.param, "secret_file": str(secret_file)}
    )
    config = RadiusConfig(auth=SocketAddress(request.param, 0), client=(known,))
    server = RadiusServer.of(config, StubService(decide))
    yield str(SocketAddress(*server.listen(config.auth)))
    await server.close()


async def radclient(program: str, address: str, command: str, attributes: str, secret: str = SECRET) -> str:
    """What radclient says after one request with a short wait."""
    process = await asyncio.create_subprocess_exec(
        program, "-x", "-r", "1", "-t", "2", address, command, secret,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    told, _ = await asyncio.wait_for(process.communicate(attributes.encode()), 20)
    return told.decode()


async def test_radclient_hears_that_the_server_lives(address: str, foreign_peer: Callable[[str], str]) -> None:
    # RFC 5997
    told = await radclient(foreign_peer("radclient"), address, "status", "Message-Authenticator = 0x00\n")
    assert "Received Access-Accept" in told


async def test_radclient_reads_the_keys_of_an_accept(address: str, foreign_peer: Callable[[str], str]) -> None:
    attributes = f'User-Name = "ue"\nMessage-Authenticator = 0x00\nEAP-Message = 0x{IDENTITY.hex()}\n'
    told = await radclient(foreign_peer("radclient"), address, "auth", attributes)
    assert "Received Access-Accept" in told
    assert f"MS-MPPE-Recv-Key = 0x{MSK[:32].hex()}" in told
    assert f"MS-MPPE-Send-Key = 0x{MSK[32:].hex()}" in told
    assert "Framed-IPv6-Address = 2001:db8::7" in told


async def test_radclient_with_a_password_is_told_that_eap_is_required(
    address: str, foreign_peer: Callable[[str], str]
) -> None:
    attributes = 'User-Name = "ue"\nUser-Password = "guess"\n'
    program = foreign_peer("radclient")
    # CVE-2024-3596
    assert "Received" not in await radclient(program, address, "auth", attributes)
    told = await radclient(program, address, "auth", attributes + "Message-Authenticator = 0x00\n")
    assert "Received Access-Reject" in told
    assert 'Reply-Message = "EAP is required"' in told


async def test_radclient_with_another_secret_hears_nothing(address: str, foreign_peer: Callable[[str], str]) -> None:
    attributes = "Message-Authenticator = 0x00\n"
    told = await radclient(foreign_peer("radclient"), address, "status", attributes, secret="another")
    assert "Received" not in told
