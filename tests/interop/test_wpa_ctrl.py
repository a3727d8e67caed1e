"""eapol_test, with our USIM behind its control socket, against our RADIUS front and EAP server (RFC 3579)."""

import secrets
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from aaa.radius.config import RadiusClientConfig, RadiusConfig
from aaa.radius.server import RadiusServer
from aaa.service import EapAuthenticationService
from aaa.sessions import MemoryConversations
from hss.api import ApnProfile, AssignmentRequest, Profile, Refusal, ServiceRefused, VectorRequest
from runtime.config import SocketAddress
from tests.interop.wpa_ctrl import EapolTest, Report, run_eapol_test
from ue_sim.usim import SoftwareUsim
from wire.aka.milenage import Milenage
from wire.aka.prime import derive_prime
from wire.aka.sqn import conceal, join_sqn, reveal, split_sqn
from wire.aka.vector import AuthVector, Autn, Auts
from wire.identity import EapMethod, Imsi, Plmn, permanent_nai
from wire.secret import Secret

pytestmark = pytest.mark.interop

SECRET = "testing123"
K, OPC = Secret(bytes(range(16))), Secret(bytes(range(16, 32)))
IMSI, PLMN = Imsi("001010000000001"), Plmn("001", "01")
METHODS = [("AKA", EapMethod.AKA), ("AKA'", EapMethod.AKA_PRIME)]


class OneSubscriberHss:
    """An HSS that knows one subscriber, in memory; `resynchronised` counts the AUTS that it believed."""

    def __init__(self) -> None:
        self._milenage = Milenage(K, OPC)
        self._seq = 0
        self.resynchronised = 0

    async def vectors(self, request: VectorRequest) -> tuple[AuthVector, ...]:
        if request.imsi != IMSI:
            raise ServiceRefused(Refusal.USER_UNKNOWN)
        if request.resynchronisation is not None:
            auts = Auts.parse(request.resynchronisation.auts)
            sqn_ms = reveal(auts.concealed_sqn, self._milenage.f5star(request.resynchronisation.rand))
            self._seq = split_sqn(sqn_ms)[0]
            self.resynchronised += 1
        self._seq += 1
        rand, sqn = secrets.token_bytes(16), join_sqn(self._seq, 0)
        amf = b"\x80\x00"
        mac_a, xres, ck, ik, ak = self._milenage.vector(rand, sqn.to_bytes(6, "big"), amf)
        concealed = conceal(sqn, ak)
        if request.network_name is not None and request.method is EapMethod.AKA_PRIME:
            ck, ik = derive_prime(ck, ik, request.network_name.encode(), concealed)
        return (AuthVector(rand, Autn(concealed, amf, mac_a).build(), xres, ck, ik),)

    async def assign(self, request: AssignmentRequest) -> Profile | None:
        return Profile(request.imsi, (ApnProfile(1, "internet"),), default_context_id=1)


class Laboratory:
    """A RADIUS server on loopback before that HSS."""

    def __init__(self, address: tuple[str, int], hss: OneSubscriberHss, program: str) -> None:
        self._address = address
        self._program = program
        self.hss = hss

    async def run(self, usim: SoftwareUsim, method: str, kind: EapMethod, *, imsi: Imsi = IMSI) -> Report:
        """eapol_test with `usim`."""
        identity = permanent_nai(imsi, PLMN, kind)
        test = EapolTest(self._program, identity, SECRET, method, timeout=20.0)
        return await run_eapol_test(test, *self._address, usim)


@pytest_asyncio.fixture
async def laboratory(tmp_path: Path, foreign_peer: Callable[[str], str]) -> AsyncIterator[Laboratory]:
    secret_file = tmp_path / "radius.secret"
    secret_file.write_text(SECRET, encoding="utf-8")
    secret_file.chmod(0o600)
    known = RadiusClientConfig.model_validate(
        {"name": "lab", "network": "127.0.0.0/8", "secret_file": str(secret_file), "network_name": "WLAN"}
    )
    hss = OneSubscriberHss()
    service = EapAuthenticationService(
        hss=hss,
        conversations=MemoryConversations(random=secrets.token_bytes),
        node="aaa.epc.mnc001.mcc001.3gppnetwork.org",
        clock=time.monotonic,
        random=secrets.token_bytes,
    )
    config = RadiusConfig(auth=SocketAddress("127.0.0.1", 0), client=(known,))
    server = RadiusServer.of(config, service)
    host, port = server.listen(config.auth)[:2]
    yield Laboratory((host, port), hss, foreign_peer("eapol_test"))
    await server.close()


@pytest.mark.parametrize(("method", "kind"), METHODS)
async def test_eapol_test_authenticates_and_agrees_on_keys(
    laboratory: Laboratory, method: str, kind: EapMethod
) -> None:
    report = await laboratory.run(SoftwareUsim(K, OPC), method, kind)
    assert report.succeeded, report.output[-3000:]
    assert (report.challenges, report.keys_agreed) == (1, 1)
    assert len(report.msks) == 1
    assert len(report.msks[0]) == 64


@pytest.mark.parametrize(("method", "kind"), METHODS)
async def test_eapol_test_resynchronises_and_then_succeeds(
    laboratory: Laboratory, method: str, kind: EapMethod
) -> None:
    report = await laboratory.run(SoftwareUsim(K, OPC, (1000,) * 32), method, kind)
    assert report.succeeded, report.output[-3000:]
    assert (report.challenges, laboratory.hss.resynchronised) == (2, 1)


@pytest.mark.parametrize(("method", "kind"), METHODS)
async def test_eapol_test_with_a_wrong_key_is_rejected(laboratory: Laboratory, method: str, kind: EapMethod) -> None:
    report = await laboratory.run(SoftwareUsim(Secret(bytes(16)), OPC), method, kind)
    assert not report.succeeded
    assert "FAILURE" in report.output
    assert report.msks == ()


async def test_eapol_test_of_an_unknown_user_is_rejected(laboratory: Laboratory) -> None:
    stranger = Imsi("001010000000099")
    report = await laboratory.run(SoftwareUsim(K, OPC), "AKA", EapMethod.AKA, imsi=stranger)
    assert not report.succeeded
    assert report.challenges == 0
