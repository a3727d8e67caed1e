"""S6a over TCP: a MME gets vectors that a USIM accepts, and an AAA server's peer gets none."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from hss.app import serve
from hss.config import HssConfig
from hss.keys.vault import open_vault, write_master_key
from hss.models import SubscriberState
from hss.store.schema import upgrade
from runtime.config import read_config
from runtime.diameter.client import DiameterClient
from tests.hss.conftest import Known, Registry
from ue_sim.usim import Answer, OutOfSync, SoftwareUsim
from wire.aka.kasme import derive_kasme
from wire.aka.milenage import Milenage
from wire.aka.sqn import reveal, split_sqn
from wire.diameter.applications import Application
from wire.diameter.capabilities import LocalNode, PeerPolicy
from wire.diameter.s6a import (
    AuthenticationInfo,
    AuthenticationInformationAnswer,
    AuthenticationInformationRequest,
    RequestedAuthenticationInfo,
)

pytestmark = pytest.mark.stack

PLMN = b"\x00\xf1\x10"
CONFIG = """
[hss]
origin_host = "hss.example"
origin_realm = "example"
swx = "127.0.0.1:0"
[[hss.peer]]
name = "mme"
origin_host = "mme.example"
origin_realm = "example"
addresses = ["127.0.0.0/8"]
applications = ["s6a"]
[[hss.peer]]
name = "aaa"
origin_host = "aaa.example"
origin_realm = "example"
addresses = ["127.0.0.0/8"]
applications = ["swx"]
"""
ONE = RequestedAuthenticationInfo(number_of_requested_vectors=1)


@dataclass(frozen=True)
class Site:
    """A running HSS, how to change its subscribers, and one of them."""

    address: tuple[str, int]
    registry: Registry
    known: Known


@pytest_asyncio.fixture
async def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    path = tmp_path / "akadia.toml"
    path.write_text(CONFIG)
    config = read_config(path).section("hss", HssConfig)
    upgrade(config.database)
    write_master_key(tmp_path / "master.key", os.urandom)
    registry = Registry(config.database, open_vault(tmp_path / "master.key", os.urandom))
    known = registry.add()
    stop, listening = asyncio.Event(), asyncio.Event()
    monkeypatch.setattr("hss.app.notify_ready", listening.set)
    with capture_logs() as lines:
        task = asyncio.create_task(serve(config, stop))
        await asyncio.wait_for(listening.wait(), 10)
        (ready,) = [line for line in lines if line["event"] == "hss ready"]
        host, _, port = ready["swx"].rpartition(":")
        yield Site((host, int(port)), registry, known)
        stop.set()
        await asyncio.wait_for(task, 10)


def client(site: Site, host: str) -> DiameterClient:
    applications = (Application.SWX, Application.S6A)
    return DiameterClient(
        local=LocalNode(host, "example", applications),
        peer=PeerPolicy("hss", "hss.example", "example", (), applications),
        address=site.address,
        random=os.urandom,
    )


@pytest_asyncio.fixture
async def mme(site: Site) -> AsyncIterator[DiameterClient]:
    """A named MME, connected."""
    one = client(site, "mme.example")
    one.start()
    await one.ready(5)
    yield one
    await one.close()


def air(
    eutran: RequestedAuthenticationInfo | None = ONE, utran: RequestedAuthenticationInfo | None = None
) -> AuthenticationInformationRequest:
    return AuthenticationInformationRequest(
        session_id=f"mme.example;{os.urandom(8).hex()}",
        origin_host="mme.example",
        origin_realm="example",
        destination_realm="example",
        user_name="001010000000001",
        requested_eutran=eutran,
        requested_utran_geran=utran,
        visited_plmn_id=PLMN,
    )


async def info(mme: DiameterClient, request: AuthenticationInformationRequest) -> AuthenticationInfo:
    answer = AuthenticationInformationAnswer.parse(await mme.request(request.message()))
    assert answer.result == "2001 SUCCESS"
    assert answer.authentication_info is not None
    return answer.authentication_info


async def result(mme: DiameterClient, request: AuthenticationInformationRequest) -> str:
    return AuthenticationInformationAnswer.parse(await mme.request(request.message())).result


async def test_usim_accepts_vectors_of_both_kinds(site: Site, mme: DiameterClient) -> None:
    usim = SoftwareUsim(site.known.keys.k, site.known.keys.opc)
    many = replace(ONE, number_of_requested_vectors=9)
    found = await info(mme, air(many, ONE))
    assert (len(found.e_utran_vectors), len(found.utran_vectors)) == (5, 1)
    for eps in found.e_utran_vectors:
        outcome = usim.authenticate(eps.rand, eps.autn)
        assert isinstance(outcome, Answer)
        assert eps.xres == outcome.res
        assert eps.kasme == derive_kasme(outcome.ck, outcome.ik, PLMN, eps.autn[:6])
    (umts,) = found.utran_vectors
    outcome = usim.authenticate(umts.rand, umts.autn)
    assert isinstance(outcome, Answer)
    assert (umts.xres, umts.confidentiality_key, umts.integrity_key) == (outcome.res, outcome.ck, outcome.ik)


async def test_usim_that_is_ahead_needs_one_more_round(site: Site, mme: DiameterClient) -> None:
    ahead = tuple([9000] * 32)
    usim = SoftwareUsim(site.known.keys.k, site.known.keys.opc, ahead)
    (first,) = (await info(mme, air())).e_utran_vectors
    outcome = usim.authenticate(first.rand, first.autn)
    assert isinstance(outcome, OutOfSync)
    again = replace(ONE, re_synchronization_info=first.rand + outcome.auts)
    (second,) = (await info(mme, air(again))).e_utran_vectors
    assert isinstance(usim.authenticate(second.rand, second.autn), Answer)
    assert site.registry.seq(site.known.imsi) == 9001
    forged = replace(ONE, re_synchronization_info=first.rand + bytes(14))
    assert await result(mme, air(forged)) == "4181 AUTHENTICATION_DATA_UNAVAILABLE (3GPP)"
    assert site.registry.seq(site.known.imsi) == 9001


async def test_refusals_have_their_own_results(site: Site, mme: DiameterClient) -> None:
    site.registry.add("001010000000002", state=SubscriberState.BARRED)
    site.registry.add("001010000000003", apns=())
    for imsi, said in (
        ("001010000000002", "5003 AUTHORIZATION_REJECTED"),
        ("001010000000003", "5420 UNKNOWN_EPS_SUBSCRIPTION (3GPP)"),
        ("999990000000000", "5001 USER_UNKNOWN (3GPP)"),
    ):
        assert await result(mme, replace(air(), user_name=imsi)) == said
    answer = await mme.request(air(None).message())
    assert (answer.result_code, answer.text("Error-Message")) == (
        5005,
        "Requested-EUTRAN-Authentication-Info is missing",
    )


async def test_many_requests_share_no_sqn(site: Site, mme: DiameterClient) -> None:
    answers = await asyncio.gather(*(info(mme, air(ONE, ONE)) for _ in range(100)))
    pairs = [(v.rand, v.autn) for one in answers for v in one.e_utran_vectors]
    pairs += [(v.rand, v.autn) for one in answers for v in one.utran_vectors]
    functions = Milenage(site.known.keys.k, site.known.keys.opc)
    sqns = {reveal(autn[:6], functions.f2345(rand)[3]) for rand, autn in pairs}
    assert sorted(split_sqn(sqn)[0] for sqn in sqns) == list(range(1, 201))


async def test_peer_that_may_ask_swx_alone_gets_no_vectors_of_s6a(site: Site) -> None:
    aaa = client(site, "aaa.example")
    aaa.start()
    await aaa.ready(5)
    answer = await aaa.request(replace(air(), origin_host="aaa.example").message())
    await aaa.close()
    assert answer.result_code == 3007
