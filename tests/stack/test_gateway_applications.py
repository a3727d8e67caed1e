"""The gateway asks the AAA server by MIP6I and by Diameter EAP alone, on real sockets: attach, STR, ASR."""

import asyncio
from collections.abc import Iterator
from functools import partial
from ipaddress import IPv6Address

import pytest

from akadia.template import METRICS_PORT
from runtime.config import SocketAddress
from runtime.metrics import reading as metrics
from tests.lab import Lab, running_lab
from tests.stack.test_profile_changes import LIMIT, Logs, phone

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]


@pytest.fixture(name="lab", scope="module", params=["mip6i", "eap"])
def _lab(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A laboratory whose gateway speaks that application; `application` of its folder says which."""
    folder = tmp_path_factory.mktemp(request.param)
    edit = partial(speaking, application=request.param)
    with running_lab(folder, hss="swx", edit=edit) as running:
        yield running


def speaking(text: str, application: str) -> str:
    assert text.count('application = "s6b"') == 1
    return text.replace('application = "s6b"', f'application = "{application}"')


def speaks_mip6i(lab: Lab) -> bool:
    return 'application = "mip6i"' in lab.laboratory.config.read_text()


async def test_ue_attaches_at_its_own_home_address_and_its_session_is_ended(lab: Lab) -> None:
    """A static Home Address is told by MIP6I; application 5 has no words for it (RFC 4072 §4)."""
    plan = lab.laboratory.plan
    static = IPv6Address(int(plan.block.home_prefix.network_address) + 0x777)
    changed = lab.akadia("apn", "update", str(lab.imsi), plan.apn, "--home-address", str(static))
    assert changed.returncode == 0, changed.stderr
    logs = Logs(lab)
    async with phone(lab) as shell:
        attached = await shell.attach()
        assert (attached.home_address == static) == speaks_mip6i(lab)
        assert (await shell.ping(attached.ha_address, 1)).received == 1
        found = await asyncio.to_thread(metrics.read, SocketAddress(str(plan.block.pdngw), METRICS_PORT))
        assert found.value("akadia_pdngw_sessions") == 1
        assert found.value("akadia_pdngw_aaa_round_seconds_count", answer="accept") >= 1
        assert found.value("akadia_pdngw_events_total", event="UE authenticated", level="info") >= 1
        assert await shell.detach() == "detached"
    ended = await logs.next("aaa", "session ended")
    assert ended.details["client"] == "pgw"
    assert "session not ended" not in (lab.folder / "logs" / "pdngw.log").read_text()


async def test_who_is_barred_loses_his_session(lab: Lab) -> None:
    logs = Logs(lab)
    async with phone(lab) as shell:
        await shell.attach()
        assert lab.akadia("subscriber", "disable", str(lab.imsi)).returncode == 0
        async with asyncio.timeout(LIMIT):
            await shell.ended.wait()
    assert (await logs.next("pdngw", "asked to abort a session")).details["result"] == "SUCCESS"
    assert (await logs.next("pdngw", "session ended")).details["cause"] == "the AAA server ended it"
    assert lab.akadia("subscriber", "enable", str(lab.imsi)).returncode == 0
