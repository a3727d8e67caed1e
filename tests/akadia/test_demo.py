"""`akadia demo`: what it tells of a run that held, of one that did not, and what it leaves behind."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from pathlib import Path
from typing import Self

import pytest

from akadia import demo
from akadia.demo import Outcome
from akadia.laboratory import Laboratory, create
from akadia.supervisor import DaemonFailed
from runtime import pcapng
from runtime.capture import open_capture
from runtime.config import RawConfig
from ue_sim.pinger import PingFinished
from ue_sim.shell import StepReport, UeFailed
from ue_sim.ue_events import STEP_NAMES, Attached, Step

HOME, AGENT = IPv6Address("2001:db8::100"), IPv6Address("2001:db8::1")


def held(*steps: Step) -> list[StepReport]:
    return [StepReport(step, 1.25, {"fact": str(step.value)}) for step in steps]


def good() -> Outcome:
    return Outcome("diameter", held(*Step), None, str(HOME), 5, 5)


# What it tells


def test_run_in_which_all_held_is_told_to_a_program() -> None:
    told = json.loads(json.dumps(good().as_object()))
    assert list(told) == ["ok", "aaa", "steps", "home_address", "ping"]
    assert (told["ok"], told["aaa"], told["home_address"]) == (True, "diameter", str(HOME))
    assert told["ping"] == {"sent": 5, "received": 5}
    assert [step["n"] for step in told["steps"]] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [list(step) for step in told["steps"]] == [["n", "name", "ok", "ms", "evidence"]] * 8
    assert told["steps"][0] == {
        "n": 1,
        "name": "PDN GW discovered",
        "ok": True,
        "ms": 1.2,
        "evidence": {"fact": "1"},
    }


def test_run_that_failed_tells_every_step_and_the_cause_at_its_own() -> None:
    outcome = Outcome("radius", held(Step.DISCOVERY, Step.IKE_SA_INIT), (Step.EAP, "wrong K"))
    told = outcome.as_object()
    assert (told["ok"], told["aaa"], told["home_address"]) == (False, "radius", None)
    assert told["ping"] == {"sent": 0, "received": 0}
    steps = told["steps"]
    assert isinstance(steps, list)
    assert [step["ok"] for step in steps] == [True, True] + [False] * 6
    assert [step["name"] for step in steps] == list(STEP_NAMES.values())
    assert steps[2] == {"n": 3, "name": STEP_NAMES[Step.EAP], "ok": False, "ms": None, "evidence": {"cause": "wrong K"}}
    assert steps[3]["evidence"] == {}


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome("diameter"),
        Outcome("diameter", held(*Step)[:-1], None, str(HOME), 5, 5),
        Outcome("diameter", held(*Step), (Step.TUNNEL, "why"), str(HOME), 5, 5),
        Outcome("diameter", held(*Step), None, str(HOME), 5, 4),
        Outcome("diameter", held(*Step), None, str(HOME), 0, 0),
    ],
)
def test_run_is_good_only_when_all_eight_steps_held_and_no_ping_was_lost(outcome: Outcome) -> None:
    assert good().ok
    assert not outcome.ok


def test_closing_words_say_that_all_held() -> None:
    assert demo._closing_words(good(), None) == "all eight steps held"


def test_closing_words_name_the_step_and_the_cause() -> None:
    outcome = Outcome("diameter", held(Step.DISCOVERY), (Step.IKE_SA_INIT, "no answer"))
    assert demo._closing_words(outcome, None) == "2  IKE_SA_INIT failed\n     cause  no answer"


def test_closing_words_say_how_to_look_at_what_was_kept(tmp_path: Path) -> None:
    last = demo._closing_words(good(), tmp_path).splitlines()[-1]
    assert last == (
        f"all traffic: WIRESHARK_CONFIG_DIR={tmp_path}/capture/wireshark wireshark {tmp_path}/capture/all.pcapng"
    )


# A run without processes


@dataclass
class ScriptedUe:
    """Stands in for UeShell."""

    fails: UeFailed | None = None
    received: int = 5
    stalls: bool = False
    done: list[str] = field(default_factory=list)
    tell: Callable[[StepReport], None] = lambda _report: None

    async def attach(self) -> Attached:
        self.done.append("attach")
        if self.stalls:
            await asyncio.sleep(60)
        for report in held(*Step)[:2]:
            self.tell(report)
        if self.fails is not None:
            raise self.fails
        for report in held(*Step)[2:7]:
            self.tell(report)
        return Attached(HOME, AGENT)

    async def ping(self, destination: IPv6Address, count: int) -> PingFinished:
        self.done.append(f"ping {destination} {count}")
        return PingFinished(count, self.received, (0.001,) * self.received)

    async def detach(self) -> str:
        self.done.append("detach")
        return "detached"

    def step_done(self, step: Step, evidence: dict[str, str]) -> None:
        self.tell(StepReport(step, 2.0, evidence))


@dataclass
class ScriptedSupervisor:
    """Stands in for Supervisor: nothing is started."""

    fails: DaemonFailed | None = None
    stopped: bool = False

    def __call__(self, _daemons: object, *, logs: Path) -> "ScriptedSupervisor":
        assert logs.name == "logs"
        return self

    async def __aenter__(self) -> Self:
        if self.fails is not None:
            raise self.fails
        return self

    async def __aexit__(self, *_exception: object) -> None:
        self.stopped = True


@dataclass
class Stage:
    """Where a demo plays without processes."""

    ue: ScriptedUe = field(default_factory=ScriptedUe)
    supervisor: ScriptedSupervisor = field(default_factory=ScriptedSupervisor)
    laboratories: list[Laboratory] = field(default_factory=list)
    stop_after: float | None = None


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    stage = Stage()

    @asynccontextmanager
    async def open_ue(_raw: RawConfig, tell: Callable[[StepReport], None]) -> AsyncIterator[ScriptedUe]:
        stage.ue.tell = tell
        yield stage.ue

    def create_without_sockets(folder: Path, **choices: str) -> Laboratory:
        laboratory = create(folder, is_free=lambda _block: True, **choices)  # type: ignore[arg-type]
        stage.laboratories.append(laboratory)
        return laboratory

    def run(play: Callable[[asyncio.Event], Awaitable[None]]) -> int:
        async def playing() -> None:
            stop = asyncio.Event()
            if stage.stop_after is not None:
                asyncio.get_running_loop().call_later(stage.stop_after, stop.set)
            await play(stop)

        asyncio.run(playing())
        return 0

    monkeypatch.setattr(demo, "open_ue", open_ue)
    monkeypatch.setattr(demo, "Supervisor", stage.supervisor)
    monkeypatch.setattr(demo, "create", create_without_sockets)
    monkeypatch.setattr(demo, "run_until_stopped", run)
    monkeypatch.setattr(demo, "configure", lambda _level: None)
    return stage


def test_demo_shows_all_and_leaves_nothing(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    assert demo.run(aaa="diameter", as_json=False, keep=None) == 0
    assert stage.ue.done == ["attach", f"ping {AGENT} 5", "detach"]
    assert stage.supervisor.stopped
    (laboratory,) = stage.laboratories
    assert not laboratory.folder.exists()
    told = capsys.readouterr().out.splitlines()
    block = laboratory.plan.block
    assert told[0] == (
        f"UE {block.ue} - PDN GW {block.pdngw} - Diameter S6b - AAA {block.aaa} - SWx - HSS {block.hss}; "
        f"DNS {block.dns}"
    )
    assert told[1] == f"subscriber {laboratory.imsi}, APN internet"
    assert told[-1] == "all eight steps held"
    assert [line[0] for line in told if line[:1].isdigit()] == list("12345678")


def test_demo_for_a_program_prints_one_object_alone(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    assert demo.run(aaa="radius", as_json=True, keep=None) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["ok"], told["aaa"], told["home_address"]) == (True, "radius", str(HOME))
    assert stage.laboratories[0].plan.aaa == "radius"


def test_demo_asks_the_hss_over_swx(stage: Stage) -> None:
    demo.run(aaa="diameter", as_json=True, keep=None)
    assert stage.laboratories[0].plan.hss == "swx"


def test_demo_whose_ue_fails_says_where_and_why(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.ue.fails = UeFailed(Step.EAP, "the network does not know this user")
    assert demo.run(aaa="diameter", as_json=False, keep=None) == 1
    assert stage.supervisor.stopped
    told = capsys.readouterr().out.splitlines()
    assert told[-2:] == ["3  IKE_AUTH with EAP-AKA failed", "     cause  the network does not know this user"]


def test_demo_with_a_lost_ping_fails_at_step_eight(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.ue.received = 4
    assert demo.run(aaa="diameter", as_json=True, keep=None) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["ok"], told["ping"]) == (False, {"sent": 5, "received": 4})
    assert [step["ok"] for step in told["steps"]] == [True] * 7 + [False]
    assert told["steps"][7]["evidence"] == {"cause": "1 of 5 pings were lost"}
    assert stage.ue.done[-1] == "detach"


def test_demo_whose_daemon_does_not_begin_says_which(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.supervisor.fails = DaemonFailed("aaa did not begin: exit code 1: no database")
    assert demo.run(aaa="diameter", as_json=False, keep=None) == 1
    assert "aaa did not begin: exit code 1: no database" in capsys.readouterr().out


def test_demo_that_is_interrupted_stops_everything_and_fails(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.ue.stalls, stage.stop_after = True, 0.05
    assert demo.run(aaa="diameter", as_json=True, keep=None) == 1
    assert stage.supervisor.stopped
    told = json.loads(capsys.readouterr().out)
    assert told["steps"][0]["evidence"] == {"cause": "interrupted"}
    assert not stage.laboratories[0].folder.exists()


def test_demo_that_is_kept_leaves_a_capture_and_the_keys_to_read_it(stage: Stage, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    original = stage.ue.attach

    async def attach() -> Attached:
        capture = open_capture(folder / "capture", "ue")
        capture.udp(source=("127.0.0.1", 4500), destination=("127.0.0.2", 4500), payload=b"hello")
        capture.close()
        return await original()

    stage.ue.attach = attach  # type: ignore[method-assign]
    assert demo.run(aaa="diameter", as_json=True, keep=folder) == 0
    assert stage.laboratories[0].plan.capture == "capture"
    packets = pcapng.parse((folder / "capture" / "all.pcapng").read_bytes())
    assert [packet.interface for packet in packets] == ["ue"]
    tables = folder / "capture" / "wireshark"
    assert tables.stat().st_mode & 0o777 == 0o700
    secret = (folder / "radius.secret").read_text()
    assert f"radius.shared_secret: {secret}" in (tables / "preferences").read_text().splitlines()
    entries = (tables / "decode_as_entries").read_text()
    assert "udp.port,4191,(none),IPv6" in entries
    assert "udp.port,5500,(none),ISAKMP" in entries


def test_demo_that_failed_is_kept_too(stage: Stage, tmp_path: Path) -> None:
    stage.ue.fails = UeFailed(Step.EAP, "why")
    assert demo.run(aaa="diameter", as_json=True, keep=tmp_path / "kept") == 1
    assert (tmp_path / "kept" / "capture" / "all.pcapng").exists()
