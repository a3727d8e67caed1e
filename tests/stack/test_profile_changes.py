"""What an operator changes at the HSS reaches the session of a UE that is attached: RTR and ASR, PPR, RAR and AAR."""

import asyncio
from collections.abc import Iterator

import pytest

from runtime.config import read_config
from tests.lab import Lab, LogLine, running_lab
from ue_sim import app
from ue_sim.shell import UeShell
from ue_sim.usim import SoftwareUsim

pytestmark = pytest.mark.stack

DAEMONS = ("hss", "aaa", "pdngw")
LIMIT = 20.0


@pytest.fixture(scope="module", params=["swx", "local"])
def lab(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Lab]:
    """With the HSS at a distance, and in the AAA server's own process."""
    with running_lab(tmp_path_factory.mktemp("changes"), hss=request.param) as running:
        yield running


def phone(lab: Lab) -> UeShell:
    settings = app.settings_of(read_config(lab.laboratory.config), lab.imsi)
    return UeShell(settings, SoftwareUsim(*lab.keys), on_step=lambda _report: None)


class Logs:
    """What the daemons say from now on, each line once."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._said: dict[str, list[LogLine]] = {daemon: [] for daemon in DAEMONS}
        for daemon in DAEMONS:
            lab.new_lines(daemon)

    async def next(self, daemon: str, event: str) -> LogLine:
        """The first line of a daemon that says `event`, after the one that was found last."""
        said = self._said[daemon]
        async with asyncio.timeout(LIMIT):
            while True:
                said += self._lab.new_lines(daemon)
                for at, found in enumerate(said):
                    if found.event == event:
                        del said[: at + 1]
                        return found
                await asyncio.sleep(0.05)


async def test_who_is_barred_loses_his_session_and_comes_back_when_he_is_let_in(lab: Lab) -> None:
    logs = Logs(lab)
    async with phone(lab) as shell:
        await shell.attach()
        assert lab.akadia("subscriber", "disable", str(lab.imsi)).returncode == 0
        async with asyncio.timeout(LIMIT):
            await shell.ended.wait()
    assert "revoked the binding: 1 (administrative reason)" in shell.end
    assert (await logs.next("aaa", "asked by the hss")).details["command"] == "RTR"
    assert (await logs.next("pdngw", "asked to abort a session")).details["result"] == "SUCCESS"
    assert (await logs.next("pdngw", "session ended")).details["cause"] == "the AAA server ended it"
    teller = "aaa" if lab.laboratory.plan.hss == "local" else "hss"
    assert (await logs.next(teller, "aaa server told")).details["result"] == "2001 SUCCESS"
    assert lab.akadia("subscriber", "enable", str(lab.imsi)).returncode == 0
    async with phone(lab) as again:
        await again.attach()
        assert await again.detach() == "detached"


async def test_new_profile_is_pushed_and_the_session_authorized_anew(lab: Lab) -> None:
    imsi, apn = str(lab.imsi), lab.laboratory.plan.apn
    logs = Logs(lab)
    async with phone(lab) as shell:
        await shell.attach()
        changed = lab.akadia("apn", "update", imsi, apn, "--ambr-up", "1000000", "--ambr-down", "2000000")
        assert changed.returncode == 0, changed.stderr
        assert (await logs.next("aaa", "asked by the hss")).details["command"] == "PPR"
        assert (await logs.next("pdngw", "session authorized anew")).level == "info"
        assert not shell.ended.is_set()
        assert lab.akadia("apn", "add", imsi, "other", "--default").returncode == 0
        assert (await logs.next("pdngw", "session authorized anew")).level == "info"
        assert lab.akadia("apn", "remove", imsi, apn).returncode == 0
        async with asyncio.timeout(LIMIT):
            await shell.ended.wait()
    assert "revoked the binding: 1 (administrative reason)" in shell.end
