"""`akadia ue attach`: what it reads, what it prints, how it exits."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest

from akadia.pki import Authority
from runtime.config import ConfigError, RawConfig, read_config
from runtime.unix_socket import listening
from tests.silent_network import SilentNetwork
from ue_sim import app, sockets
from ue_sim.config import UeConfig
from ue_sim.control.client import ask
from ue_sim.control.wishes import Detach, Ping
from ue_sim.faults import FaultScript
from ue_sim.pinger import PingFinished
from ue_sim.shell import StepReport, UeFailed
from ue_sim.ue_events import Attached, Step
from wire.identity import EapMethod, Imsi, Plmn
from wire.ikev2.constants import Esn, TransformType
from wire.ikev2.nat import Endpoint
from wire.ikev2.proposal import describe

HOME, AGENT = IPv6Address("2001:db8::100"), IPv6Address("2001:db8::1")
CONFIG = """
[network]
mcc = "001"
mnc = "01"
realm = "epc.mnc001.mcc001.3gppnetwork.org"
apn = "internet"
[capture]
folder = ""
[ue]
address = "127.9.9.10"
dns = "127.9.9.53:5300"
ca = "ca.pem"
gateway_id = "pgw"
usim = "usim.toml"
method = "aka-prime"
gateway_port = 4501
dsmip_port = 4192
lifetime = 600
give_up_after = 3.0
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "ca.pem").write_bytes(Authority("test", now=datetime.now(UTC)).credential.certificate)
    card = tmp_path / "usim.toml"
    card.write_text(f'imsi = "001010000000001"\nk = "{bytes(16).hex()}"\nopc = "{bytes(16).hex()}"\n')
    card.chmod(0o600)
    path = tmp_path / "akadia.toml"
    path.write_text(CONFIG)
    return path


def silence(monkeypatch: pytest.MonkeyPatch) -> None:
    network = SilentNetwork()
    monkeypatch.setattr(sockets, "UdpEndpoint", network)
    monkeypatch.setattr(sockets, "TrainEndpoint", network.trains)


def rewrite(config: Path, text: str) -> None:
    config.write_text(text)


# What it reads


async def test_ue_is_made_as_configured(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    silence(monkeypatch)
    async with app.open_ue(read_config(config), lambda _report: None) as ue:
        settings = ue._settings
    assert (settings.imsi, settings.plmn, settings.apn) == (Imsi("001010000000001"), Plmn("001", "01"), "internet")
    assert settings.methods == (EapMethod.AKA_PRIME,)
    assert settings.ike.address == IPv4Address("127.9.9.10")
    assert settings.dns == Endpoint(IPv4Address("127.9.9.53"), 5300)
    assert (settings.gateway_port, settings.dsmip_port, settings.gateway_name) == (4501, 4192, "pgw")
    assert (settings.lifetime, settings.give_up_after) == (600, 3.0)
    assert len(settings.anchors) == 1


@pytest.mark.parametrize(("line", "esns"), [("", {Esn.YES, Esn.NO}), ("esn = false", {Esn.NO})])
def test_ue_offers_the_sequence_numbers_that_it_may(config: Path, line: str, esns: set[Esn]) -> None:
    rewrite(config, CONFIG + line)
    offered = app.settings_of(read_config(config), Imsi("001010000000001")).esp_proposals
    transforms = [transform for proposal in offered for transform in proposal.transforms]
    assert {one.transform_id for one in transforms if one.kind == TransformType.ESN} == esns


def test_ue_offers_what_it_is_told_to(config: Path) -> None:
    rewrite(config, CONFIG + 'ike_proposals = ["aes256-sha384-ecp384"]\nesp_proposals = ["aes128gcm16"]\nesn = false')
    settings = app.settings_of(read_config(config), Imsi("001010000000001"))
    assert describe(settings.ike_proposals) == "AES_CBC_256 PRF_HMAC_SHA2_384 HMAC_SHA2_384_192 ECP_384"
    assert describe(settings.esp_proposals) == "AES_GCM_16_128 NO_ESN"


def test_ue_with_two_ports_of_its_own_needs_two_of_the_gateway(config: Path) -> None:
    rewrite(config, CONFIG + "ike_port = 500\nown_port = 500\n")
    settings = app.settings_of(read_config(config), Imsi("001010000000001"))
    assert (settings.ike_port, settings.own_port) == (500, 500)
    for ports in ("own_port = 500", "own_port = 500\nike_port = 4501", "own_port = 4501\nike_port = 500"):
        rewrite(config, CONFIG + ports)
        with pytest.raises(ConfigError, match="write another port than 4501 in both"):
            app.settings_of(read_config(config), Imsi("001010000000001"))


def test_ue_is_of_the_kind_that_the_configuration_names(config: Path) -> None:
    rewrite(config, CONFIG + 'profile = "no-privacy"\n')
    settings = app.settings_of(read_config(config), Imsi("001010000000001"))
    assert (settings.temporary_identities, settings.methods) == (False, (EapMethod.AKA_PRIME,))


async def test_keys_are_written_down_only_with_a_capture(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    silence(monkeypatch)
    async with app.open_ue(read_config(config), lambda _report: None) as ue:
        assert ue._tables is None
    rewrite(config, CONFIG.replace('folder = ""', 'folder = "capture"'))
    async with app.open_ue(read_config(config), lambda _report: None) as ue:
        assert ue._tables is not None
    assert (config.parent / "capture" / "ue.pcapng").exists()


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (None, "ca.pem: cannot be read: No such file or directory; name the authority's file in [ue] ca"),
        (b"nonsense", "ca.pem: holds no certificate; write it in PEM form"),
    ],
)
async def test_authority_that_cannot_be_used_is_said_in_one_line(config: Path, octets: bytes | None, said: str) -> None:
    path = config.parent / "ca.pem"
    if octets is None:
        path.unlink()
    else:
        path.write_bytes(octets)
    with pytest.raises(ConfigError) as caught:
        async with app.open_ue(read_config(config), lambda _report: None):
            pass
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


# What it prints


@dataclass
class ScriptedShell:
    """Stands in for UeShell: attaches, or fails as a test wants it."""

    on_step: Callable[[StepReport], None] = lambda _report: None
    fails: UeFailed | None = None
    ping_fails: UeFailed | None = None
    received: int = 5
    stalls: bool = False
    tun: str = ""
    profile: str = ""
    faults: FaultScript | None = None
    end: str = "the gateway deleted the IKE SA"
    done: list[str] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def attach(self) -> Attached:
        self.done.append("attach")
        if self.stalls:
            await asyncio.sleep(60)
        if self.fails is not None:
            raise self.fails
        self.on_step(StepReport(Step.DISCOVERY, 1.25, {"name": "x"}))
        return Attached(HOME, AGENT)

    async def ping(self, destination: IPv6Address, count: int) -> PingFinished:
        self.done.append(f"ping {destination} {count}")
        if self.ping_fails is not None:
            raise self.ping_fails
        received = min(count, self.received)
        return PingFinished(count, received, (0.0015,) * received)

    async def detach(self) -> str:
        self.done.append("detach")
        return "detached"

    def step_done(self, step: Step, evidence: dict[str, str]) -> None:
        self.on_step(StepReport(step, 2.0, evidence))


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> ScriptedShell:
    ue = ScriptedShell()

    @asynccontextmanager
    async def open_ue(
        raw: RawConfig, on_step: Callable[[StepReport], None], tun: str = "", faults: FaultScript | None = None
    ) -> AsyncIterator[ScriptedShell]:
        ue.on_step, ue.tun, ue.faults = on_step, tun, faults
        ue.profile = raw.section("ue", UeConfig).profile
        yield ue

    monkeypatch.setattr(app, "open_ue", open_ue)
    monkeypatch.setattr(app, "configure", lambda *_settings: None)
    return ue


async def attach(
    config: Path, *, pings: int = 5, stay: bool = False, as_json: bool = False, stop: bool = False, tun: str = ""
) -> int:
    stopped = asyncio.Event()
    if stop:
        asyncio.get_running_loop().call_later(0.05, stopped.set)
    return await app._attach(read_config(config), stopped, pings=pings, stay=stay, as_json=as_json, tun=tun)


async def test_ue_attaches_pings_the_home_agent_and_detaches(
    config: Path, scripted: ScriptedShell, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await attach(config) == 0
    assert scripted.done == ["attach", f"ping {AGENT} 5", "detach"]
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("1  PDN GW discovered")
    assert told[-3:] == ["     pings        5 of 5", "     round trips  1.5 1.5 1.5 1.5 1.5 ms", "detached"]


async def test_program_gets_a_line_of_json_for_each_step(
    config: Path, scripted: ScriptedShell, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await attach(config, as_json=True) == 0
    first, second, outcome = map(json.loads, capsys.readouterr().out.splitlines())
    assert first == {"n": 1, "name": "PDN GW discovered", "ok": True, "ms": 1.2, "evidence": {"name": "x"}}
    assert (second["n"], second["evidence"]["pings"]) == (8, "5 of 5")
    assert outcome == {"ok": True, "outcome": "detached"}


async def test_ue_without_pings_shows_no_step_eight(
    config: Path, scripted: ScriptedShell, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await attach(config, pings=0) == 0
    assert scripted.done == ["attach", "detach"]
    assert "DS-MIPv6 tunnel" not in capsys.readouterr().out


async def test_failed_step_is_named_with_its_cause(
    config: Path, scripted: ScriptedShell, capsys: pytest.CaptureFixture[str]
) -> None:
    scripted.fails = UeFailed(Step.EAP, "the network does not know this user")
    assert await attach(config) == 1
    assert capsys.readouterr().err == "error: failed at step 3: the network does not know this user\n"
    assert scripted.done == ["attach"]


async def test_session_that_ends_while_pinging_is_a_failure(
    config: Path, scripted: ScriptedShell, capsys: pytest.CaptureFixture[str]
) -> None:
    scripted.ping_fails = UeFailed(Step.TUNNEL, "the gateway stops")
    assert await attach(config, as_json=True) == 1
    outcome = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert outcome == {"ok": False, "outcome": "failed at step 8: the gateway stops"}


async def test_lost_ping_is_a_failure(
    config: Path, scripted: ScriptedShell, capsys: pytest.CaptureFixture[str]
) -> None:
    scripted.received = 3
    assert await attach(config) == 1
    assert capsys.readouterr().err == "error: 2 of 5 pings were lost\n"
    assert scripted.done[-1] == "detach"


@pytest.mark.stack
async def test_ue_stays_until_it_is_told_to_leave(config: Path, scripted: ScriptedShell) -> None:
    assert await attach(config, stay=True, stop=True) == 0
    assert scripted.done[-1] == "detach"


@pytest.mark.stack
async def test_ue_stays_until_the_gateway_ends_the_session(
    config: Path, scripted: ScriptedShell, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.get_running_loop().call_later(0.05, scripted.ended.set)
    assert await attach(config, stay=True) == 0
    assert scripted.done[-1] == f"ping {AGENT} 5"
    assert capsys.readouterr().out.splitlines()[-1] == "the session ended: the gateway deleted the IKE SA"


@pytest.mark.stack
async def test_ue_that_stays_takes_wishes_beside_the_configuration(config: Path, scripted: ScriptedShell) -> None:
    staying = asyncio.create_task(attach(config, stay=True))
    await asyncio.sleep(0.1)
    answer = await asyncio.to_thread(ask, config.with_name("ue.sock"), Ping(count=1))
    assert answer.outcome == f"ping {AGENT}: 1 of 1 pings were answered"
    await asyncio.to_thread(ask, config.with_name("ue.sock"), Detach())
    scripted.ended.set()
    assert await staying == 0
    assert scripted.done[-2:] == [f"ping {AGENT} 1", "detach"]


@pytest.mark.stack
async def test_second_ue_of_a_configuration_does_not_stay(config: Path, scripted: ScriptedShell) -> None:
    with (
        listening(config.with_name("ue.sock"), 0o600, socket.SOCK_STREAM),
        pytest.raises(ConfigError, match="another program answers there"),
    ):
        await attach(config, stay=True)
    assert scripted.done == []


async def test_tun_device_is_asked_for_and_told(
    config: Path, scripted: ScriptedShell, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await attach(config, tun="ak0") == 0
    assert scripted.tun == "ak0"
    assert f"     TUN device   ak0 {HOME}/128" in capsys.readouterr().out.splitlines()


async def test_ue_that_is_interrupted_detaches_and_says_so(
    config: Path, scripted: ScriptedShell, capsys: pytest.CaptureFixture[str]
) -> None:
    scripted.stalls = True
    async with asyncio.timeout(10):
        assert await attach(config, stop=True) == 1
    assert scripted.done == ["attach", "detach"]
    assert capsys.readouterr().err == "error: interrupted: detached\n"


@pytest.mark.parametrize(
    ("round_trips", "said"),
    [((0.0015, 0.01), ("2 of 5", "1.5 10.0 ms")), ((), ("0 of 5", "none"))],
)
def test_pings_are_told_with_their_times(round_trips: tuple[float, ...], said: tuple[str, str]) -> None:
    assert app.ping_evidence(5, round_trips) == {"pings": said[0], "round trips": said[1]}


@pytest.mark.parametrize(
    ("level", "quieter"), [("info", "error"), ("debug", "debug"), ("warning", "warning"), ("error", "error")]
)
async def test_steps_are_not_mixed_with_the_usual_log(
    config: Path, scripted: ScriptedShell, monkeypatch: pytest.MonkeyPatch, level: str, quieter: str
) -> None:
    seen: list[object] = []
    monkeypatch.setattr(app, "configure", lambda *settings: seen.append(settings))
    rewrite(config, CONFIG + f'[log]\nlevel = "{level}"\n')
    await attach(config)
    assert seen == [(quieter, "text")]


def test_kind_that_is_asked_for_holds_instead(config: Path, scripted: ScriptedShell) -> None:
    rewrite(config, CONFIG + 'profile = "no-privacy"\n')
    assert app.main(config, pings=0, stay=False, as_json=True) == 0
    assert scripted.profile == "no-privacy"
    assert app.main(config, pings=0, stay=False, as_json=True, profile="impatient") == 0
    assert scripted.profile == "impatient"


async def test_identity_of_a_script_is_shown(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    silence(monkeypatch)
    script = FaultScript(identity="6001010000000001@example")
    async with app.open_ue(read_config(config), lambda _report: None, faults=script) as ue:
        assert ue._settings.shown_identity == "6001010000000001@example"


def test_script_of_faults_is_read(config: Path, scripted: ScriptedShell) -> None:
    script = config.with_name("faults.json")
    script.write_text('{"reject": true}')
    assert app.main(config, pings=0, stay=False, as_json=True, faults=script) == 0
    assert scripted.faults == FaultScript(reject=True)


def test_exit_code_is_that_of_the_attach(config: Path, scripted: ScriptedShell) -> None:
    assert app.main(config, pings=1, stay=False, as_json=True) == 0
    scripted.fails = UeFailed(Step.DISCOVERY, "no DNS")
    assert app.main(config, pings=1, stay=False, as_json=True) == 1
