"""The gateway as a daemon: what it reads, what it refuses to begin with, and how it leaves."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed448, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from akadia.pki import Authority
from pdngw_proxy import app
from pdngw_proxy.aaa_link.diameter import DiameterLink
from pdngw_proxy.aaa_link.radius import RadiusLink
from pdngw_proxy.config import PdnGwConfig
from pdngw_proxy.ike.policy import MoveCheck
from pdngw_proxy.settings import GatewaySettings
from runtime.config import ConfigError, RawConfig, read_config
from wire.ikev2.nat import Endpoint
from wire.ikev2.proposal import describe

AUTHORITY = Authority("test", now=datetime.now(UTC))
GATEWAY, OTHER = (AUTHORITY.issue(names=(name,)) for name in ("pgw", "other"))
CONFIG = """
[network]
mcc = "001"
mnc = "01"
realm = "epc.mnc001.mcc001.3gppnetwork.org"
apn = "internet"
[pdngw]
address = "127.9.9.4"
id = "pgw"
certificate = "pgw.pem"
key = "pgw.key"
ha_address = "2001:db8:7::1"
home_prefix = "2001:db8:7::/64"
session_limit = 7
lifetime_limit = 600
aaa = "{aaa}"
[pdngw.radius]
aaa = "127.9.9.3:1812"
secret_file = "radius.secret"
nas_identifier = "pgw"
[pdngw.diameter]
aaa = "127.9.9.3:3868"
aaa_origin_host = "aaa.example"
aaa_realm = "example"
origin_host = "pgw.example"
origin_realm = "example"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pgw.pem").write_bytes(GATEWAY.certificate)
    (tmp_path / "pgw.key").write_bytes(GATEWAY.key)
    secret = tmp_path / "radius.secret"
    secret.write_text("testing123")
    secret.chmod(0o600)
    return tmp_path


def read(folder: Path, aaa: str = "radius") -> RawConfig:
    path = folder / "akadia.toml"
    path.write_text(CONFIG.format(aaa=aaa))
    return read_config(path)


@dataclass
class SilentShell:
    """Stands in for GatewayShell: notes what is asked of it."""

    done: list[str] = field(default_factory=list)
    settings: GatewaySettings | None = None
    link: object = None
    refuses: OSError | None = None

    def __call__(self, settings: GatewaySettings, link: object, **_capture: object) -> "SilentShell":
        self.settings, self.link = settings, link
        return self

    def open(self, _config: PdnGwConfig) -> None:
        self.done.append("open")
        if self.refuses is not None:
            raise self.refuses

    def begin_accounting(self, interval: float) -> None:
        assert interval == 600
        self.done.append("accounts")

    async def drain(self) -> None:
        self.done.append("drain")

    def close(self) -> None:
        self.done.append("close")


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> SilentShell:
    silent = SilentShell()
    monkeypatch.setattr(app, "GatewayShell", silent)
    monkeypatch.setattr(app, "notify_ready", lambda: silent.done.append("ready"))
    return silent


@pytest.fixture
def stopped() -> asyncio.Event:
    stop = asyncio.Event()
    stop.set()
    return stop


async def test_gateway_is_ready_when_it_listens_and_leaves_politely(
    folder: Path, shell: SilentShell, stopped: asyncio.Event
) -> None:
    await app.serve(read(folder), stopped)
    assert shell.done == ["open", "accounts", "ready", "drain", "close"]


async def test_gateway_is_made_as_configured(folder: Path, shell: SilentShell, stopped: asyncio.Event) -> None:
    await app.serve(read(folder), stopped)
    settings = shell.settings
    assert settings is not None
    assert settings.home_prefix == IPv6Network("2001:db8:7::/64")
    assert (settings.responder.name, len(settings.responder.credentials)) == ("pgw", 1)
    assert settings.responder.ha_address == settings.agent.ha_address == IPv6Address("2001:db8:7::1")
    assert (settings.agent.most_lifetime, settings.agent.most_bindings, settings.admission.session_limit) == (600, 7, 7)
    assert settings.dsmip == Endpoint(IPv4Address("127.9.9.4"), 4191)
    assert not settings.device
    assert settings.agent.moves_ike


async def test_gateway_has_the_policy_of_its_configuration(
    folder: Path, shell: SilentShell, stopped: asyncio.Event
) -> None:
    raw = read(folder)
    policy = """[pdngw]
ike_proposals = ["chacha20poly1305-prfsha512-ecp521", "aes128-sha256-modp2048"]
esp_proposals = ["aes256-sha512-noesn"]
half_open_limit = 5
redirect_to = "2001:db8::5"
redirect_from = 6
redirect_apns = ["IMS=pgw2.example"]
half_open_per_source = 4
cookie_threshold = 3
mobike_check = "before"
force_encapsulation = true
drain_to = "pgw3.example"
auth_lifetime = 900
reauthentication_time = 30
"""
    raw.path.write_text(CONFIG.format(aaa="radius").replace("[pdngw]\n", policy))
    await app.serve(read_config(raw.path), stopped)
    assert shell.settings is not None
    responder, admission = shell.settings.responder, shell.settings.admission
    assert describe(responder.ike_proposals) == (
        "CHACHA20_POLY1305 PRF_HMAC_SHA2_512 ECP_521 | AES_CBC_128 PRF_HMAC_SHA2_256 HMAC_SHA2_256_128 MODP_2048"
    )
    assert describe(responder.esp_proposals) == "AES_CBC_256 HMAC_SHA2_512_256 NO_ESN"
    assert (str(admission.redirect_to), admission.redirect_from) == ("2001:db8::5", 6)
    assert {apn: str(gateway) for apn, gateway in responder.redirects.items()} == {"ims": "pgw2.example"}
    assert str(shell.settings.drain_to) == "pgw3.example"
    assert responder.encapsulates
    assert responder.move_check is MoveCheck.BEFORE
    assert (responder.auth_lifetime, responder.reauthentication_time) == (900, 30)
    assert (admission.half_open_limit, admission.source_limit, admission.cookie_threshold) == (5, 4, 3)


async def test_gateway_does_not_begin_with_a_proposal_that_cannot_be(
    folder: Path, shell: SilentShell, stopped: asyncio.Event
) -> None:
    raw = read(folder)
    raw.path.write_text(CONFIG.format(aaa="radius").replace("[pdngw]\n", '[pdngw]\nike_proposals = ["aes256"]\n'))
    with pytest.raises(ConfigError, match="AES_CBC_256 needs one, such as sha256"):
        await app.serve(read_config(raw.path), stopped)
    assert not shell.done


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('redirect_to = "no where"', "neither an address nor a name"),
        ('redirect_apns = ["ims"]', "write it as ims=192.0.2.5"),
        ('redirect_apns = ["ims="]', "neither an address nor a name"),
    ],
)
async def test_gateway_does_not_begin_with_a_redirection_to_nowhere(
    folder: Path, shell: SilentShell, stopped: asyncio.Event, line: str, said: str
) -> None:
    raw = read(folder)
    raw.path.write_text(CONFIG.format(aaa="radius").replace("[pdngw]\n", f"[pdngw]\n{line}\n"))
    with pytest.raises(ConfigError, match=said):
        await app.serve(read_config(raw.path), stopped)
    assert not shell.done


async def test_gateway_with_a_tun_device_has_its_home_network_outside(
    folder: Path, shell: SilentShell, stopped: asyncio.Event
) -> None:
    raw = read(folder)
    raw.path.write_text(CONFIG.format(aaa="radius").replace("[pdngw]", '[pdngw]\ntun = "home0"'))
    await app.serve(read_config(raw.path), stopped)
    assert shell.settings is not None
    assert shell.settings.device


async def test_gateway_asks_over_radius_or_diameter_as_configured(
    folder: Path, shell: SilentShell, stopped: asyncio.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    await app.serve(read(folder, "radius"), stopped)
    assert isinstance(shell.link, RadiusLink)
    made: list[dict[str, object]] = []

    def of(_config: object, **settings: object) -> object:
        made.append(settings)
        return shell.link

    monkeypatch.setattr(DiameterLink, "of", of)
    await app.serve(read(folder, "diameter"), stopped)
    (settings,) = made
    assert settings["home_agent"] == IPv6Address("2001:db8:7::1")
    assert settings["visited_network"] == "mnc001.mcc001.3gppnetwork.org"
    assert settings["address"] == IPv4Address("127.9.9.4")


async def test_gateway_whose_port_is_taken_leaves_nothing_open(
    folder: Path, shell: SilentShell, stopped: asyncio.Event
) -> None:
    shell.refuses = OSError(98, "Address already in use")
    with pytest.raises(OSError, match="already in use"):
        await app.serve(read(folder), stopped)
    assert shell.done == ["open", "close"]
    assert isinstance(shell.link, RadiusLink)
    assert all(server.requests._closed for server in shell.link._auth._servers)


def test_main_reads_how_to_log_before_it_serves(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []
    monkeypatch.setattr(app, "set_up", lambda raw: seen.append(raw.path.name))

    def run(serving: partial[object], *, hangup_stops: bool) -> int:
        seen.extend((serving.func, hangup_stops))
        return 0

    monkeypatch.setattr(app, "run", run)
    read(folder)
    assert app.main(folder / "akadia.toml") == 0
    assert seen == ["akadia.toml", app.serve, False]


def pem(key: rsa.RSAPrivateKey | ed448.Ed448PrivateKey, password: bytes | None = None) -> bytes:
    sealed = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed)


RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.mark.parametrize(
    ("name", "octets", "said"),
    [
        ("pgw.pem", None, "pgw.pem: cannot be read: No such file or directory; name it in [pdngw] certificate"),
        ("pgw.pem", b"nonsense", "pgw.pem: holds no certificate; write it in PEM form"),
        ("pgw.key", None, "pgw.key: cannot be read: No such file or directory; name it in [pdngw] key"),
        ("pgw.key", b"nonsense", "pgw.key: holds no private key without a password; write it in PEM form"),
        ("pgw.key", pem(RSA, b"secret"), "pgw.key: holds no private key without a password; write it in PEM form"),
        ("pgw.key", pem(ed448.Ed448PrivateKey.generate()), "pgw.key: is neither RSA, ECDSA nor Ed25519"),
        ("pgw.key", bytes(OTHER.key), "pgw.key: is not the key of "),
        ("pgw.key", pem(RSA), "pgw.key: is not the key of "),
    ],
)
async def test_gateway_does_not_begin_with_what_it_cannot_use(
    folder: Path, shell: SilentShell, stopped: asyncio.Event, name: str, octets: bytes | None, said: str
) -> None:
    if octets is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(octets)
    with pytest.raises(ConfigError) as caught:
        await app.serve(read(folder), stopped)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert shell.done == []
