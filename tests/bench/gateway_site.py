"""A laboratory whose PDN GW is under measurement: what it negotiates, who it asks, and a crowd of UEs before it."""

import datetime as dt
import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from akadia.laboratory import Laboratory, create
from akadia.template import RADIUS_PORT
from tests.bench.cards import write_cards
from tests.bench.crowd import write_same_cards
from tests.bench.processes import ROOT, BenchFailed, Daemon, cpu_seconds
from tests.bench.rows import Round
from tests.bench.site import akadia, akadia_words
from tests.namespaces import Namespace
from tests.network_side import OPC, K

RSA_BITS = 2048
AT_ONCE = 32
_LEAVING = 120.0


@dataclass(frozen=True)
class Suite:
    """What both ends propose, and whether the gateway signs with RSA or, as a laboratory's does, with ECDSA P-256."""

    name: str
    title: str
    ike: str
    esp: str
    rsa: bool


MODP_RSA = Suite("modp2048-rsa", "MODP-2048 + RSA", "aes256-sha256-modp2048", "aes256-sha256", rsa=True)
X25519_ECDSA = Suite("x25519-ecdsa", "X25519 + ECDSA", "aes256gcm16-prfsha256-x25519", "aes256gcm16", rsa=False)


@dataclass(frozen=True)
class GatewaySite:
    """A laboratory that runs; `gateway` is the PDN GW's process, `others` are the AAA server's and the DNS server's."""

    laboratory: Laboratory
    cards: Path
    gateway: int
    others: tuple[int, ...]
    ue: Namespace | None = None
    """Where the UEs are, if not here."""

    @property
    def chain(self) -> tuple[int, ...]:
        """Every process but the UEs'."""
        return (self.gateway, *self.others)


@contextmanager
def whole_chain(folder: Path, suite: Suite, subscribers: int) -> Iterator[GatewaySite]:
    """DNS, AAA server with HSS on SQLite, PDN GW by Diameter; UEs are mobile nodes."""
    laboratory = new_laboratory(folder, suite)
    cards = laboratory.folder / "cards.csv"
    write_cards(cards, subscribers, "milenage")
    # its own subscriber has an IMSI of the bench's cards, and another key
    akadia(laboratory.config, "subscriber", "remove", laboratory.imsi)
    akadia(laboratory.config, "import", str(cards), "--mapping", "pysim")
    with ExitStack() as running:
        aaa = started(running, laboratory, akadia_words(laboratory.config, "aaa", "serve"), "aaa ready")
        yield _serving(running, laboratory, cards, aaa)


@contextmanager
def gateway_alone(folder: Path, suite: Suite, cards: int) -> Iterator[GatewaySite]:
    """A PDN GW that asks the stub of an AAA server over RADIUS; UEs want a tunnel and no more (TS 33.402 §8)."""
    laboratory = new_laboratory(folder, suite)
    edit(laboratory.config, {r'^aaa = "diameter"': 'aaa = "radius"', r"^acct = .*\n(?=secret)": ""})
    edit(laboratory.config, {r"^\[ue\].*$": "[ue]\nmobility = false"})
    file = laboratory.folder / "cards.csv"
    write_same_cards(file, cards, K.hex(), OPC.hex())
    words = stub_words(laboratory, str(laboratory.plan.block.aaa))
    with ExitStack() as running:
        yield _serving(running, laboratory, file, started(running, laboratory, words, "stub ready"))


def stub_words(laboratory: Laboratory, address: str) -> list[str]:
    """The command that runs the stub of an AAA server."""
    where = f"{address}:{RADIUS_PORT}"
    return [sys.executable, "-m", "tests.bench.stub_aaa", where, str(laboratory.radius_secret)]


def _serving(running: ExitStack, laboratory: Laboratory, cards: Path, aaa: int) -> GatewaySite:
    words = {name: akadia_words(laboratory.config, name, "serve") for name in ("dns", "pdngw")}
    dns = started(running, laboratory, words["dns"], "dns listening")
    gateway = started(running, laboratory, words["pdngw"], "pdngw ready")
    site = GatewaySite(laboratory, cards, gateway, (aaa, dns))
    # what is done once, such as loading libraries, belongs to no UE that is counted
    Crowd(site, 1).leave()
    return site


def started(running: ExitStack, laboratory: Laboratory, words: list[str], ready: str) -> int:
    """A daemon's process, when it has said `ready`."""
    log = re.sub(r"\W+", "-", ready)
    daemon = Daemon(words, laboratory.folder / f"{log}.log")
    running.callback(daemon.end)
    daemon.said(ready)
    return daemon.pid


class Crowd:
    """UEs that have attached and stay until `leave`; `tally` is what came of them (see tests.bench.crowd)."""

    def __init__(self, site: GatewaySite, count: int, at_once: int = AT_ONCE) -> None:
        numbers = (str(site.laboratory.config), str(site.cards), str(count), str(at_once))
        words = [sys.executable, "-m", "tests.bench.crowd", *numbers]
        with (site.laboratory.folder / "crowd.log").open("wb") as log:
            self._process = subprocess.Popen(
                site.ue.command(*words) if site.ue else words, cwd=ROOT, stdout=subprocess.PIPE, stderr=log
            )
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        if not said:
            self._process.wait()
            raise BenchFailed(f"the UEs ended: {(site.laboratory.folder / 'crowd.log').read_text()[-300:]!r}")
        self.tally = json.loads(said)

    @property
    def pid(self) -> int:
        """The process of them all."""
        return self._process.pid

    def leave(self) -> None:
        """Let all detach."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.communicate(timeout=_LEAVING)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()


def attaches(site: GatewaySite, count: int, pids: tuple[int, ...], tell: Callable[[str], None]) -> Round:
    """So many UEs attach, 32 at the same time; the CPU is that of `pids` until the last one has.

    `tell` hears why UEs failed.
    """
    before = cpu_seconds(pids)
    crowd = Crowd(site, count)
    cpu = cpu_seconds(pids) - before
    crowd.leave()
    tally = crowd.tally
    for cause, failed in tally["by_cause"].items():
        tell(f"{failed} failed: {cause}")
    if not tally["attached"]:
        raise BenchFailed("no UE attached")
    return Round(
        tally["attached"], tally["seconds"], cpu, p50_ms=tally["p50_ms"], p99_ms=tally["p99_ms"],
        failed=tally["failed"],
    )  # fmt: skip


def new_laboratory(folder: Path, suite: Suite) -> Laboratory:
    """A laboratory in a new folder of `folder`, where UE and PDN GW have agreed on `suite`."""
    laboratory = create(Path(mkdtemp(prefix=suite.name, dir=folder)) / "lab")
    if suite.rsa:
        _sign_by_rsa(laboratory)
    # an IPv4 Home Address each would take more than the /24 of a laboratory
    edit(
        laboratory.config,
        {
            r"^ike_proposals = \[\]": f'ike_proposals = ["{suite.ike}"]',
            r"^esp_proposals = \[\]": f'esp_proposals = ["{suite.esp}"]',
            r"^ipv4 = true": "ipv4 = false",
        },
    )
    return laboratory


def edit(config: Path, changes: dict[str, str]) -> None:
    """Put something in the place of all that each pattern finds; BenchFailed when it finds nothing."""
    text = config.read_text(encoding="utf-8")
    for pattern, put in changes.items():
        text, found = re.subn(pattern, put, text, flags=re.MULTILINE)
        if not found:
            raise BenchFailed(f"the configuration of a laboratory has no {pattern}")
    config.write_text(text, encoding="utf-8")


def _sign_by_rsa(laboratory: Laboratory) -> None:
    """Give the gateway an RSA key, and a certificate that says the same as the one that it has."""
    pki = laboratory.folder / "pki"
    authority = serialization.load_pem_private_key((pki / "ca.key").read_bytes(), None)
    assert isinstance(authority, ec.EllipticCurvePrivateKey)
    known = x509.load_pem_x509_certificate((pki / "pgw.pem").read_bytes())
    key = rsa.generate_private_key(65537, RSA_BITS)
    fresh = x509.CertificateBuilder(
        known.issuer, known.subject, key.public_key(), x509.random_serial_number(),
        known.not_valid_before_utc, known.not_valid_before_utc + dt.timedelta(days=365),
    )  # fmt: skip
    for extension in known.extensions:
        if extension.oid != x509.SubjectKeyIdentifier.oid:
            fresh = fresh.add_extension(extension.value, extension.critical)
    (pki / "pgw.pem").write_bytes(fresh.sign(authority, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    private = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (pki / "pgw.key").write_bytes(key.private_bytes(*private))
