"""`akadia init`: a folder with everything that a working laboratory needs, and no key that another one has."""

import base64
import datetime as dt
import hashlib
import os
import shutil
import socket
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from akadia.pki import Authority, Credential
from akadia.template import (
    API_PORT,
    DIAMETER_PORT,
    DIAMETER_TLS_PORT,
    DNS_PORT,
    DSMIP_PORT,
    IKE_PORT,
    NATT_PORT,
    RADIUS_ACCT_PORT,
    RADIUS_PORT,
    RADSEC_PORT,
    SWX_PORT,
    AaaChoice,
    Block,
    HssChoice,
    Plan,
    configuration,
)
from runtime.config import SocketAddress
from runtime.logs import Level
from wire.identity import Imsi
from wire.sansio import RandomBytes
from wire.secret import Secret

CONFIG_NAME = "akadia.toml"

BLOCKS_TRIED = 64

_SECRET_MODE, _PUBLIC_MODE, _FOLDER_MODE = 0o600, 0o644, 0o700


class LaboratoryRefused(Exception):
    """No laboratory can be made there; the message is one line with what to do."""


@dataclass(frozen=True, slots=True)
class Laboratory:
    """A laboratory in `folder`, made by `plan`, with one test subscriber."""

    folder: Path
    plan: Plan
    imsi: str

    @property
    def config(self) -> Path:
        """Its configuration file."""
        return self.folder / CONFIG_NAME

    @property
    def radius_secret(self) -> Path:
        """The file with the secret of RADIUS clients on loopback."""
        return self.folder / "radius.secret"

    @property
    def api_token(self) -> Path:
        """The file with a token of the REST API."""
        return self.folder / "api.token"

    @property
    def ca(self) -> Path:
        """The certificate of its certification authority."""
        return self.folder / "pki" / "ca.pem"

    @property
    def usim(self) -> Path:
        """The test subscriber's card."""
        return self.folder / "ue" / "usim.toml"

    def summary(self) -> dict[str, object]:
        """Where everything is, for programs: the shape of `akadia init --json`."""
        plan, block = self.plan, self.plan.block
        tester = {"origin_host": plan.host("tester"), "realm": plan.realm}
        return {
            "config": str(self.config),
            "radius": {"auth": _text(block.aaa, RADIUS_PORT), "secret_file": str(self.radius_secret)},
            "diameter": {
                "address": _text(block.aaa, DIAMETER_PORT),
                "origin_host": plan.host("aaa"),
                "realm": plan.realm,
                "peer": tester,
            },
            "swx": {
                "address": _text(block.hss, SWX_PORT),
                "origin_host": plan.host("hss"),
                "realm": plan.realm,
                "peer": tester,
            },
            "api": {
                "url": f"https://{_text(block.hss, API_PORT)}",
                "ca": str(self.ca),
                "token_file": str(self.api_token),
            },
            "ike": {
                "address": str(block.pdngw),
                "port": IKE_PORT,
                "natt_port": NATT_PORT,
                "ca": str(self.ca),
                "id": plan.host("pgw"),
            },
            "dns": {"address": _text(block.dns, DNS_PORT)},
            "apn": plan.apn,
        }

    def description(self) -> str:
        """The same for people."""
        plan, block = self.plan, self.plan.block
        return f"""\
a laboratory is in {self.folder}
  configuration  {self.config}
  subscriber     {self.imsi} with APN {plan.apn}; the card is {self.usim}
  DNS            {_text(block.dns, DNS_PORT)}
  RADIUS         {_text(block.aaa, RADIUS_PORT)}, for clients in 127.0.0.0/8; the secret is in {self.radius_secret}
  Diameter       {_text(block.aaa, DIAMETER_PORT)}, for a peer that calls itself {plan.host("tester")}
  SWx            {_text(block.hss, SWX_PORT)}, for the same peer
  REST API       https://{_text(block.hss, API_PORT)}, for whoever has the token in {self.api_token}
  IKEv2          {block.pdngw}, ports {IKE_PORT} and {NATT_PORT}; its certificate comes from {self.ca}
next: akadia --config {self.config} up"""


def create(
    folder: Path,
    *,
    hss: HssChoice = "local",
    aaa: AaaChoice = "diameter",
    capture: bool = False,
    log_level: Level = "info",
    database: str = "",
    random: RandomBytes = os.urandom,
    now: dt.datetime | None = None,
    is_free: Callable[[Block], bool] | None = None,
) -> Laboratory:
    """Make a laboratory in `folder`, which must be empty or not there yet; all of it or nothing.

    `database` is a PostgreSQL database without any table, instead of a SQLite file in the folder. Raises
    LaboratoryRefused, ConfigError, ProvisioningRefused, and what the HSS's store raises.
    """
    from akadia.first_store import fill, require_fresh

    folder = folder.absolute()
    _require_empty(folder)
    if database:
        require_fresh(database)
    block = choose_block(folder, is_free or _is_free)
    plan = Plan(block, hss=hss, aaa=aaa, capture="capture" if capture else "", log_level=log_level)
    plan = replace(plan, database=database) if database else plan
    laboratory = Laboratory(folder, plan, f"{plan.plmn.mcc}{plan.plmn.mnc}".ljust(14, "0") + "1")
    with ExitStack() as undo:
        _make_folder(folder, undo)
        _write_certificates(laboratory, now or dt.datetime.now(dt.UTC))
        _write(laboratory.radius_secret, base64.urlsafe_b64encode(random(24)), _SECRET_MODE)
        _write(laboratory.config, configuration(plan).encode(), _SECRET_MODE)
        _write(laboratory.folder / "identity.keys", _identity_keys(random), _SECRET_MODE)
        first = fill(laboratory.config, Imsi(laboratory.imsi), plan.apn, random)
        _write(laboratory.usim, first.card.encode(), _SECRET_MODE)
        _write(laboratory.api_token, bytes(first.token) + b"\n", _SECRET_MODE)
        undo.pop_all()
    return laboratory


def choose_block(folder: Path, is_free: Callable[[Block], bool]) -> Block:
    """The loopback addresses that `folder`'s name leads to, or the next ones that are free."""
    first = int.from_bytes(hashlib.sha256(str(folder).encode()).digest()[:4])
    for number in range(first, first + BLOCKS_TRIED):
        # 127.0.x.x and 127.255.x.x are left to others, above all 127.0.0.1.
        block = Block(1 + number // 256 % 254, number % 256)
        if is_free(block):
            return block
    raise LaboratoryRefused(
        f"{BLOCKS_TRIED} blocks of loopback addresses were tried, and in each a port is taken; "
        "see which program listens on all addresses (ss -lntup) and stop it"
    )


def _is_free(block: Block) -> bool:
    datagrams = [
        (block.dns, DNS_PORT),
        (block.aaa, RADIUS_PORT),
        (block.aaa, RADIUS_ACCT_PORT),
        (block.aaa, RADSEC_PORT),
        *((block.pdngw, port) for port in (IKE_PORT, NATT_PORT, DSMIP_PORT)),
    ]
    streams = [(block.hss, SWX_PORT), (block.hss, API_PORT), (block.aaa, DIAMETER_PORT), (block.aaa, DIAMETER_TLS_PORT)]
    return all(_can_bind(str(host), port, socket.SOCK_DGRAM) for host, port in datagrams) and all(
        _can_bind(str(host), port, socket.SOCK_STREAM) for host, port in streams
    )


def _can_bind(host: str, port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        if kind is socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def _require_empty(folder: Path) -> None:
    if (folder / CONFIG_NAME).exists():
        raise LaboratoryRefused(
            f"{folder} holds a laboratory already; start it (akadia --config {folder / CONFIG_NAME} up) "
            "or name another folder"
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise LaboratoryRefused(f"{folder} is not an empty folder; name another one")


def _make_folder(folder: Path, undo: ExitStack) -> None:
    """Make `folder` for its owner alone; `undo` leaves it as it was."""
    if folder.exists():
        undo.callback(folder.chmod, folder.stat().st_mode & 0o7777)
        undo.callback(_empty, folder)
        folder.chmod(_FOLDER_MODE)
    else:
        folder.mkdir(mode=_FOLDER_MODE, parents=True)
        undo.callback(shutil.rmtree, folder)
    for name in ("pki", "ue"):
        (folder / name).mkdir(mode=_FOLDER_MODE)


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _write_certificates(laboratory: Laboratory, now: dt.datetime) -> None:
    plan = laboratory.plan
    authority = Authority("Akadia laboratory", now=now)
    gateway = authority.issue(
        # The UE asks for the APN in IDr, and the gateway proves that name or its own (TS 33.402 §9.2.2).
        names=(plan.host("pgw"), plan.apn),
        addresses=(plan.block.pdngw, plan.block.home_agent),
    )
    aaa = authority.issue(names=(plan.host("aaa"),), addresses=(plan.block.aaa,))
    tester = authority.issue(names=(plan.host("tester"),))
    hss = authority.issue(names=(plan.host("hss"),), addresses=(plan.block.hss,))
    issued = {"ca": authority.credential, "pgw": gateway, "aaa": aaa, "hss": hss, "tester": tester}
    for name, credential in issued.items():
        _write_credential(laboratory.folder / "pki", name, credential)


def _write_credential(folder: Path, name: str, credential: Credential) -> None:
    _write(folder / f"{name}.pem", credential.certificate, _PUBLIC_MODE)
    _write(folder / f"{name}.key", credential.key, _SECRET_MODE)


def _write(path: Path, octets: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        # The mode that was asked for, whatever the umask says.
        os.fchmod(descriptor, mode)
        file.write(octets)


def _text(host: object, port: int) -> str:
    return str(SocketAddress(str(host), port))


def _identity_keys(random: RandomBytes) -> bytes:
    from aaa.identities.epochs import KEY_LENGTH, Keyring
    from aaa.identities.keyring_file import format_keyring

    now = int(dt.datetime.now(dt.UTC).timestamp())
    return format_keyring(Keyring().rotated(Secret(random(KEY_LENGTH)), now, 0)).encode()
