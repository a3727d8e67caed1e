"""`akadia ue attach`: one UE from the configuration, its steps told as they hold."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from runtime.capture import open_capture
from runtime.config import CaptureConfig, ConfigError, LogConfig, NetworkConfig, RawConfig, read_config
from runtime.logs import configure
from runtime.process import run
from runtime.unix_socket import listening
from runtime.wireshark import KeyTables
from ue_sim.card import StoredUsim
from ue_sim.config import UeConfig
from ue_sim.control.server import stay as stay_attached
from ue_sim.discovery import Discovered
from ue_sim.eap.forms import IdentityForm
from ue_sim.faults import FaultScript, read_script
from ue_sim.profile import profiled
from ue_sim.report import say_outcome, say_step
from ue_sim.settings import UeSettings
from ue_sim.shell import StepReport, UeFailed, UeShell
from ue_sim.ue_events import Attached, Step
from wire.identity import Imsi, Plmn
from wire.ikev2.constants import IdType
from wire.ikev2.nat import Endpoint
from wire.ikev2.proposal import ESP_PROPOSALS, IKE_PROPOSALS, without_esn
from wire.ikev2.proposal_text import parse_esp, parse_ike

_ID_TYPES = {"rfc822": IdType.RFC822_ADDR, "fqdn": IdType.FQDN, "key-id": IdType.KEY_ID}

WIRESHARK_FOLDER = "wireshark"
"""Where, in the capture's folder, Wireshark's tables are."""


def main(
    config: Path,
    *,
    pings: int,
    stay: bool,
    as_json: bool,
    tun: str = "",
    profile: str = "",
    faults: Path | None = None,
) -> int:
    """Attach, ping the home agent, and detach; 0 when all of it held, 1 otherwise. `tun` names a TUN device.

    `profile` is taken instead of the configuration's; `faults` is a file with what is to go wrong.
    """
    outcome: list[int] = []

    async def attach(stop: asyncio.Event) -> None:
        raw = read_config(config)
        if profile:
            raw = replace(raw, tables={**raw.tables, "ue": {**raw.tables.get("ue", {}), "profile": profile}})
        script = read_script(faults) if faults is not None else None
        made = await _attach(raw, stop, pings=pings, stay=stay, as_json=as_json, tun=tun, faults=script)
        outcome.append(made)

    return run(attach) or outcome[0]


async def _attach(
    raw: RawConfig,
    stop: asyncio.Event,
    *,
    pings: int,
    stay: bool,
    as_json: bool,
    tun: str = "",
    faults: FaultScript | None = None,
) -> int:
    log = raw.section("log", LogConfig)
    configure("error" if log.level == "info" else log.level, log.format)

    def tell(report: StepReport) -> None:
        say_step(report, as_json=as_json)

    async with AsyncExitStack() as stack:
        bound = stack.enter_context(_control(raw)) if stay else None
        ue = await stack.enter_async_context(open_ue(raw, tell, tun, faults))
        steps = asyncio.create_task(_steps(ue, pings, tun))
        if not await _done_before(stop, steps):
            say_outcome(f"interrupted: {await ue.detach()}", ok=False, as_json=as_json)
            return 1
        try:
            attached, lost = await steps
        except UeFailed as failure:
            say_outcome(f"failed at {failure}", ok=False, as_json=as_json)
            return 1
        if bound is not None and not lost:
            await stay_attached(ue, attached, bound, stop)
        left = await ue.detach() if not ue.ended.is_set() else f"the session ended: {ue.end}"
        say_outcome(left if not lost else f"{lost} of {pings} pings were lost", ok=not lost, as_json=as_json)
        return 1 if lost else 0


def _control(raw: RawConfig) -> AbstractContextManager[socket.socket]:
    """The control socket, which nobody but this user may write to; ConfigError when another UE has it."""
    return listening(raw.section("ue", UeConfig).control, 0o600, socket.SOCK_STREAM)


async def _steps(ue: UeShell, pings: int, tun: str) -> tuple[Attached, int]:
    """All eight steps; what the attach gave, and how many pings were lost."""
    attached = await ue.attach()
    if not pings:
        return attached, 0
    finished = await ue.ping(attached.ha_address, pings)
    lost = finished.sent - finished.received
    ipv4: dict[str, str] = {}
    if attached.ipv4_home_address is not None:
        router = attached.ipv4_home_address.network.network_address + 1
        answered = await ue.ping(router, 1)
        lost += answered.sent - answered.received
        ipv4 = {"IPv4 ping": f"{attached.ipv4_home_address.ip} to {router}: {answered.received} of {answered.sent}"}
    device = {"TUN device": f"{tun} {attached.home_address}/{attached.prefix_length}"} if tun else {}
    ue.step_done(Step.TUNNEL, ping_evidence(finished.sent, finished.round_trips) | ipv4 | device)
    return attached, lost


def ping_evidence(sent: int, round_trips: tuple[float, ...]) -> dict[str, str]:
    """What the pings of step 8 showed; `round_trips` in seconds."""
    times = " ".join(f"{seconds * 1000:.1f}" for seconds in round_trips)
    return {"pings": f"{len(round_trips)} of {sent}", "round trips": f"{times} ms" if times else "none"}


async def _done_before(stop: asyncio.Event, work: asyncio.Task[tuple[Attached, int]]) -> bool:
    """Whether `work` came to its end; otherwise it is cancelled, because `stop` was set."""
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait((work, stopped), return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if work.done():
        return True
    work.cancel()
    return False


@asynccontextmanager
async def open_ue(
    raw: RawConfig, on_step: Callable[[StepReport], None], tun: str = "", faults: FaultScript | None = None
) -> AsyncIterator[UeShell]:
    """The UE that the configuration describes, on its sockets; ConfigError when something is missing.

    With `tun` a TUN device of that name has its Home Address while it is attached; `faults` befall it.
    """
    usim = StoredUsim(raw.section("ue", UeConfig).usim)
    settings = settings_of(raw, usim.imsi)
    if faults is not None:
        settings = replace(settings, shown_identity=faults.identity, script=faults)
    folder = raw.section("capture", CaptureConfig).folder
    capture = open_capture(folder, "ue")
    tables = KeyTables(folder / WIRESHARK_FOLDER) if folder is not None else None
    try:
        async with UeShell(
            settings, usim, on_step=on_step, capture=capture, tables=tables, tun=tun, faults=faults
        ) as shell:
            yield shell
    finally:
        capture.close()


def settings_of(raw: RawConfig, imsi: Imsi) -> UeSettings:
    """The UE's settings as the configuration has them, for the subscriber of its card."""
    ue = profiled(raw.section("ue", UeConfig), raw.path.parent)
    network = raw.section("network", NetworkConfig)
    esp_proposals = tuple(map(parse_esp, ue.esp_proposals)) or ESP_PROPOSALS
    return UeSettings(
        imsi=imsi,
        plmn=Plmn(network.mcc, network.mnc),
        apn=network.apn,
        methods=ue.eap_methods,
        ike=Endpoint(ue.address, 0),
        dns=Endpoint(ip_address(ue.dns.host), ue.dns.port),
        gateway_port=ue.gateway_port,
        dsmip_port=ue.dsmip_port,
        gateway_name=ue.gateway_id,
        anchors=read_certificates(ue.ca),
        eap_only=ue.eap_only,
        initial_contact=True,
        ike_proposals=tuple(map(parse_ike, ue.ike_proposals)) or IKE_PROPOSALS,
        esp_proposals=esp_proposals if ue.esn else without_esn(esp_proposals),
        ipv4=ue.ipv4,
        further_addresses=ue.further_addresses,
        configured=None if ue.home_agent is None else Discovered("the configuration", ue.home_agent, ue.gateway),
        home_prefix=ue.home_prefix,
        gateway_ipv4=ue.gateway,
        lifetime=ue.lifetime,
        give_up_after=ue.give_up_after,
        liveness_interval=ue.liveness_interval,
        keepalive_interval=ue.keepalive_interval,
        ike_port=ue.ike_port,
        own_port=_own_port(ue),
        make_before_break=ue.reauthentication == "make-before-break",
        lifetimes=ue.lifetimes,
        fragment_octets=ue.fragment_octets,
        mobike=ue.mobike,
        mobility=ue.mobility,
        temporary_identities=ue.temporary_identities,
        form=IdentityForm(ue.identity_lead, ue.visited_realm, read_public_key(ue.privacy_key)),
        id_type=_ID_TYPES[ue.id_type],
    )


def _own_port(ue: UeConfig) -> int:
    """ConfigError where IKE does not go on at another port than it began at."""
    if ue.own_port and (ue.ike_port in {0, ue.gateway_port} or ue.own_port == ue.gateway_port):
        why = f"own_port = {ue.own_port} and ike_port = {ue.ike_port} are where IKE begins, and it goes on elsewhere"
        raise ConfigError(f"[ue]: {why}; write another port than {ue.gateway_port} in both, such as 500")
    return ue.own_port


def read_public_key(path: Path | None) -> RSAPublicKey | None:
    """The RSA key of a PEM file, if one is named; ConfigError when it holds another or cannot be read."""
    if path is None:
        return None
    try:
        key = load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}; name the operator's key in privacy_key") from None
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPublicKey):
        raise ConfigError(f"{path}: is no RSA public key; write it in PEM form")
    return key


def read_certificates(path: Path) -> tuple[x509.Certificate, ...]:
    """Every certificate of a PEM file; ConfigError when it cannot be read or holds none."""
    try:
        return tuple(x509.load_pem_x509_certificates(path.read_bytes()))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}; name the authority's file in [ue] ca") from None
    except ValueError:
        raise ConfigError(f"{path}: holds no certificate; write it in PEM form") from None
