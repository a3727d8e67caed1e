"""eapol_test against every policy of the EAP server: identity rounds, protected success, both, each with a resync."""

import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from aaa.eap.policy import AkaPolicy
from aaa.eap.temporary import Identities
from aaa.explaining.failed import Failures
from aaa.radius.config import RadiusClientConfig, RadiusConfig
from aaa.radius.server import RadiusServer
from aaa.service import EapAuthenticationService
from aaa.sessions import MemoryConversations
from runtime.config import SocketAddress
from tests.aaa.memory_hss import IMSI, PLMN, MemoryHss, usim
from tests.interop.wpa_ctrl import EapolTest, run_eapol_test
from wire.identity import EapMethod, permanent_nai

pytestmark = pytest.mark.interop

SECRET = "testing123"
POLICIES = {
    "identity rounds": AkaPolicy(always_ask_identity=True),
    "protected success": AkaPolicy(result_ind=True),
    "both": AkaPolicy(always_ask_identity=True, result_ind=True),
}


@asynccontextmanager
async def serving(
    folder: Path,
    hss: MemoryHss,
    policy: AkaPolicy,
    identities: Identities | None = None,
    failures: Failures | None = None,
) -> AsyncIterator[tuple[str, int]]:
    """A RADIUS server on loopback; where it listens."""
    secret_file = folder / "radius.secret"
    secret_file.write_text(SECRET, encoding="utf-8")
    secret_file.chmod(0o600)
    known = RadiusClientConfig.model_validate(
        {"name": "lab", "network": "127.0.0.0/8", "secret_file": str(secret_file), "network_name": "WLAN"}
    )
    service = EapAuthenticationService(
        hss=hss,
        conversations=MemoryConversations(random=secrets.token_bytes),
        node="aaa.example",
        clock=time.monotonic,
        random=secrets.token_bytes,
        policy=policy,
        identities=identities,
        failures=failures,
    )
    config = RadiusConfig(auth=SocketAddress("127.0.0.1", 0), client=(known,))
    server = RadiusServer.of(config, service)
    host, port = server.listen(config.auth)[:2]
    try:
        yield host, port
    finally:
        await server.close()


@pytest.mark.parametrize("peer_wants_result_ind", [False, True])
@pytest.mark.parametrize(("method", "kind"), [("AKA", EapMethod.AKA), ("AKA'", EapMethod.AKA_PRIME)])
@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES.keys())
async def test_eapol_test_agrees_under_every_policy(
    tmp_path: Path,
    foreign_peer: Callable[[str], str],
    policy: AkaPolicy,
    method: str,
    kind: EapMethod,
    peer_wants_result_ind: bool,
) -> None:
    program = foreign_peer("eapol_test")
    test = EapolTest(
        program, permanent_nai(IMSI, PLMN, kind), SECRET, method, result_ind=peer_wants_result_ind, timeout=20.0
    )
    async with serving(tmp_path, MemoryHss(), policy) as address:
        report = await run_eapol_test(test, *address, usim(seq=1000))
    assert report.succeeded, report.output[-3000:]
    assert (report.challenges, report.keys_agreed) == (2, 1)
