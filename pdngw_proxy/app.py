"""The PDN GW as a daemon: sockets, the AAA link, and the log around the machine."""

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from pdngw_proxy.aaa_link.config import DiameterLinkConfig, RadiusLinkConfig
from pdngw_proxy.aaa_link.diameter import DiameterLink
from pdngw_proxy.aaa_link.port import AaaLink
from pdngw_proxy.aaa_link.radius import RadiusLink
from pdngw_proxy.config import PdnGwConfig
from pdngw_proxy.control import Operator
from pdngw_proxy.home_agents import KnownAgent
from pdngw_proxy.ike.credentials import Credential
from pdngw_proxy.ike.policy import Admission, MoveCheck, ResponderPolicy
from pdngw_proxy.mobility import HomeAgentPolicy
from pdngw_proxy.server import GatewayShell
from pdngw_proxy.settings import GatewaySettings
from runtime.capture import Capture, NullCapture, open_capture
from runtime.config import CaptureConfig, ConfigError, NetworkConfig, RawConfig, read_config
from runtime.control_socket import ControlServer
from runtime.log_setup import set_up
from runtime.logs import get_logger
from runtime.metrics.config import MetricsConfig
from runtime.metrics.exposing import exposing
from runtime.neighbor_link import link_layer_of
from runtime.process import notify_ready, run
from runtime.unix_socket import listening
from wire.ikev2.nat import Endpoint
from wire.ikev2.proposal import ESP_PROPOSALS, IKE_PROPOSALS
from wire.ikev2.proposal_text import parse_esp, parse_ike
from wire.ikev2.redirect import GatewayIdentity
from wire.ikev2.signatures import SigningKey
from wire.names import Plmn, visited_network

log = get_logger("pdngw")


def main(path: Path) -> int:
    """`akadia pdngw serve`: serve until told to stop; the exit code."""
    raw = read_config(path)
    set_up(raw)
    return run(partial(serve, raw), hangup_stops=False)


async def serve(raw: RawConfig, stop: asyncio.Event) -> None:
    """Serve IKEv2, Binding Updates and tunnels until `stop` is set; then end every session politely."""
    config = raw.section("pdngw", PdnGwConfig)
    metrics = raw.optional("pdngw.metrics", MetricsConfig)
    settings = _settings(config)
    capture = open_capture(raw.section("capture", CaptureConfig).folder, "pdngw")
    link = _open_link(raw, config, capture)
    shell = GatewayShell(settings, link, capture=capture)
    try:
        shell.open(config)
        interim = raw.section("pdngw.radius", RadiusLinkConfig).interim if config.aaa == "radius" else 0
        if interim:
            shell.begin_accounting(interim)
        async with exposing(metrics, "pdngw.metrics"), _obeying(config.control, shell):
            log.info("pdngw ready", ike=f"{config.address}:{config.natt_port}", aaa=config.aaa)
            notify_ready()
            await stop.wait()
            await shell.drain()
    finally:
        shell.close()
        await link.close()
        capture.close()


@asynccontextmanager
async def _obeying(control: Path | None, shell: GatewayShell) -> AsyncIterator[None]:
    """Do what is asked on the socket at `control`, which nobody but this user may write to."""
    if control is None:
        yield
        return
    with listening(control, 0o600, socket.SOCK_STREAM) as bound:
        async with ControlServer(Operator(shell).answer).serving(bound):
            yield


def _open_link(raw: RawConfig, config: PdnGwConfig, capture: Capture | NullCapture) -> AaaLink:
    if config.aaa == "radius":
        radius = raw.section("pdngw.radius", RadiusLinkConfig)
        return RadiusLink.of(radius, config.address, random=secrets.token_bytes, capture=capture)
    network = raw.section("network", NetworkConfig)
    return DiameterLink.of(
        raw.section("pdngw.diameter", DiameterLinkConfig),
        home_agent=config.ha_address,
        visited_network=visited_network(Plmn(network.mcc, network.mnc)),
        random=secrets.token_bytes,
        capture=capture,
        address=config.address,
    )


def _settings(config: PdnGwConfig) -> GatewaySettings:
    others = tuple(_credential(one.certificate, one.key) for one in config.alternate)
    first = _credential(config.certificate, config.key)
    return GatewaySettings(
        responder=ResponderPolicy(
            name=config.id,
            chain=first.chain,
            key=first.key,
            others=others,
            ha_address=config.ha_address,
            dns=config.dns_servers,
            pcscf=config.pcscf_servers,
            prefix_lifetime=config.home_prefix_lifetime,
            redirects=config.redirects,
            eap_only=config.eap_only,
            asks_identity=config.ask_identity,
            ipv4_home_prefix=config.ipv4_home_prefix,
            ike_proposals=tuple(map(parse_ike, config.ike_proposals)) or IKE_PROPOSALS,
            esp_proposals=tuple(map(parse_esp, config.esp_proposals)) or ESP_PROPOSALS,
            liveness_interval=config.liveness_interval,
            lifetimes=config.lifetimes,
            fragment_octets=config.fragment_octets,
            encapsulates=config.force_encapsulation,
            auth_lifetime=config.auth_lifetime or None,
            reauthentication_time=config.reauthentication_time,
            mobike=config.mobike,
            move_check=None if config.mobike_check == "never" else MoveCheck(config.mobike_check),
        ),
        admission=Admission(
            cookie_threshold=config.cookie_threshold,
            half_open_limit=config.half_open_limit,
            source_limit=config.half_open_per_source,
            session_limit=config.session_limit,
            redirect_from=config.redirect_from,
            redirect_to=GatewayIdentity.of(config.redirect_to) if config.redirect_to else None,
        ),
        agent=HomeAgentPolicy(
            ha_address=config.ha_address,
            home_prefix=config.home_prefix,
            ipv4_home_prefix=config.ipv4_home_prefix,
            most_lifetime=config.lifetime_limit,
            prefix_lifetime=config.home_prefix_lifetime,
            most_bindings=config.session_limit,
            refresh_advice=config.refresh_advice,
            moves_ike=config.moves_ike,
            has_link=bool(config.home_link),
            advertisement_interval=config.advertisement_interval,
            preference=config.preference,
            others=tuple(KnownAgent(one.address, one.preference) for one in config.home_agent),
        ),
        dsmip=Endpoint(config.address, config.dsmip_port),
        ike_ports=frozenset({config.ike_port, config.natt_port}),
        device=bool(config.tun),
        link_layer=link_layer_of(config.home_link) if config.home_link else None,
        drain_to=GatewayIdentity.of(config.drain_to) if config.drain_to else None,
    )


def _credential(certificate: Path, key: Path) -> Credential:
    found = Credential(_certificates(certificate), _private_key(key))
    if found.chain[0].public_key() != found.key.public_key():
        raise ConfigError(f"{key}: is not the key of {certificate}; name the two that belong together")
    return found


def _certificates(path: Path) -> tuple[x509.Certificate, ...]:
    try:
        return tuple(x509.load_pem_x509_certificates(path.read_bytes()))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}; name it in [pdngw] certificate") from None
    except ValueError:
        raise ConfigError(f"{path}: holds no certificate; write it in PEM form") from None


def _private_key(path: Path) -> SigningKey:
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}; name it in [pdngw] key") from None
    except (ValueError, TypeError):
        raise ConfigError(f"{path}: holds no private key without a password; write it in PEM form") from None
    if not isinstance(key, SigningKey):
        raise ConfigError(f"{path}: is neither RSA, ECDSA nor Ed25519, which IKEv2 signs with; make one of these")
    return key
