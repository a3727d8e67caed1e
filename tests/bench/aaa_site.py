"""A real AAA server on a store of the bench, with its HSS in the same process, and hostapd in its place."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import insert, literal, select

from hss.models import Registration, Subscriber
from hss.store.engines import transaction
from hss.store.location import parse_location
from tests.bench.processes import Daemon
from tests.bench.site import Site, akadia, akadia_words
from ue_sim.load.process_cpu import family_cpu_seconds

NODE = "aaa.example"
"""The Origin-Host of the server."""
REALM = "nai.epc.mnc001.mcc001.3gppnetwork.org"
"""Of every NAI."""
PEERS = 8
"""So many Diameter peers may connect, `load1.example` and so on."""
SECRET = "a secret of the bench"

_LONGEST_START, _PAUSE, _QUIET = 20.0, 0.5, 0.03

_AAA = """
[aaa]
origin_host = "{node}"
origin_realm = "example"
{identities}
[aaa.radius]
auth = "127.0.0.1:{radius}"
{accounting}
[[aaa.radius.client]]
name = "load"
network = "127.0.0.0/8"
secret_file = "radius.secret"
network_name = "WLAN"
[aaa.diameter]
address = "127.0.0.1:{diameter}"
"""
_IDENTITIES = """
[aaa.identities]
keys = "identity.keys"
reauthentications = 65535
"""
_ACCOUNTING = """
acct = "127.0.0.1:{port}"
"""
_PEER = """
[[aaa.diameter.peer]]
name = "load{number}"
origin_host = "load{number}.example"
origin_realm = "example"
addresses = ["127.0.0.0/8"]
applications = ["eap", "s6b", "swm"]
network_name = "WLAN"
"""
_HOSTAPD = """
driver=none
interface=radius0
eap_server=1
eap_user_file={folder}/users
eap_sim_db=unix:{vectors}
radius_server_clients={folder}/clients
radius_server_auth_port={port}
"""


@dataclass(frozen=True)
class ServingAaa:
    """Whom to ask, where, and whose CPU counts."""

    pids: tuple[int, ...]
    radius: str
    diameter: str
    secret_file: Path
    subscribers: int
    postmaster: int | None = None
    accounting: str = ""


@contextmanager
def serving(site: Site, workers: int = 1, *, identities: bool = True, accounting: bool = False) -> Iterator[ServingAaa]:
    """`akadia aaa serve` with so many workers, until the end of the block.

    Without `identities` IMSIs alone; with `accounting` it takes that, and keeps whom it has let in.
    """
    name = f"aaa{workers}{'' if identities else '-plain'}{'-accounting' if accounting else ''}"
    config, served_by = configure(site, name, identities=identities, accounting=accounting)
    words = akadia_words(config, "aaa", "serve", "--workers", str(workers))
    daemon = Daemon(words, site.folder / f"{name}.log")
    try:
        daemon.said("workers ready" if workers > 1 else "aaa ready")
        _settle(daemon.pid)
        yield served_by(daemon.pid)
    finally:
        daemon.end()


def configure(
    site: Site, name: str, *, identities: bool = True, accounting: bool = False
) -> tuple[Path, Callable[[int], ServingAaa]]:
    """The configuration of an AAA server called `name`, and what it is once a process serves by it."""
    hss = site.config()
    path, secret = site.folder / f"{name}.toml", site.folder / "radius.secret"
    radius, diameter, acct = free_port(), free_port(), free_port()
    peers = "".join(_PEER.format(number=number) for number in range(1, PEERS + 1))
    aaa = _AAA.format(
        node=NODE, radius=radius, diameter=diameter, identities=_IDENTITIES if identities else "",
        accounting=_ACCOUNTING.format(port=acct) if accounting else "",
    )  # fmt: skip
    path.write_text(hss.read_text() + aaa + peers)
    secret.write_text(SECRET)
    secret.chmod(0o600)
    if identities and not (site.folder / "identity.keys").exists():
        akadia(path, "aaa", "identity-keys", "rotate")

    def served_by(pid: int) -> ServingAaa:
        where = (f"127.0.0.1:{radius}", f"127.0.0.1:{diameter}")
        told = f"127.0.0.1:{acct}" if accounting else ""
        return ServingAaa((pid,), *where, secret, site.subscribers, site.postmaster, told)

    return path, served_by


def register_all(site: Site) -> None:
    """Have the AAA server of the bench serve every subscriber of `site`."""
    others = Subscriber.imsi.not_in(select(Registration.imsi))
    with transaction(parse_location(site.database, site.folder)) as connection:
        connection.execute(
            insert(Registration).from_select(["imsi", "aaa_name"], select(Subscriber.imsi, literal(NODE)).where(others))
        )


def _settle(pid: int) -> None:
    """Return when the worker that waits to replace another has loaded: it must not be counted."""
    until, before = time.monotonic() + _LONGEST_START, -1.0
    while time.monotonic() < until and (now := family_cpu_seconds(pid)) - before > _QUIET:
        before = now
        time.sleep(_PAUSE)


@contextmanager
def serving_hostapd(site: Site, program: str, name: str, vectors: Path, centre: int) -> Iterator[ServingAaa]:
    """hostapd as an EAP server that asks process `centre` for vectors over the socket `vectors`."""
    folder = site.folder / name
    folder.mkdir(exist_ok=True)
    (folder / "users").write_text('"0"* AKA\n"2"* AKA\n"4"* AKA\n"6"* AKA\'\n"7"* AKA\'\n"8"* AKA\'\n')
    (folder / "clients").write_text(f"127.0.0.0/8 {SECRET}\n")
    port = free_port()
    (folder / "hostapd.conf").write_text(_HOSTAPD.format(folder=folder, vectors=vectors, port=port))
    secret = folder / "radius.secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    daemon = Daemon([program, str(folder / "hostapd.conf")], folder / "log")
    try:
        daemon.said("AP-ENABLED")
        yield ServingAaa((daemon.pid, centre), f"127.0.0.1:{port}", "", secret, site.subscribers)
    finally:
        daemon.end()


def free_port() -> int:
    """A port of loopback that nobody has, for UDP and TCP."""
    with socket.socket() as stream, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        stream.bind(("127.0.0.1", 0))
        datagrams.bind(stream.getsockname())
        return int(stream.getsockname()[1])
