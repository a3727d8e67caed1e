"""Under a master key: AES-256-GCM, each value bound to its table, column and row (NIST SP 800-38D).

It wraps the data keys of hss.keys.keyring. The first release sealed K and OPc with it directly, and such rows still
open.

A sealed value is: format 1 octet, check of the master key 4, check of the place 8, nonce 12, ciphertext, tag 16. The
two checks secure nothing; they are there so that a value that does not open can say why.
"""

import base64
import binascii
import hashlib
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from wire.sansio import RandomBytes
from wire.secret import Secret

KEY_LENGTH = 32
KEY_VERSION = 1
"""The version of the key in the master key file."""

_FORMAT = b"\x01"
_HEADER = 13
_NONCE = 12
_TAG = 16
_ACCESS_BY_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class VaultError(Exception):
    """A key or a sealed value that is of no use; the message is one line and shows neither."""


class MasterKeyRefused(VaultError):
    """The master key file is missing, open to others, or holds no key."""


class UnknownKeyVersion(VaultError):
    """The value was sealed under a master key that is not here."""


class WrongMasterKey(VaultError):
    """The value was sealed under another key of the same version."""


class Misplaced(VaultError):
    """The value was sealed for another subscriber or another column."""


class Altered(VaultError):
    """The value is not what was sealed."""


class Vault:
    """Seals and opens; `keys` are master keys of 32 octets by version, of which `current` seals."""

    def __init__(self, keys: Mapping[int, Secret], *, random: RandomBytes, current: int = KEY_VERSION) -> None:
        if current not in keys or any(len(key) != KEY_LENGTH for key in keys.values()):
            raise MasterKeyRefused(f"a vault needs keys of {KEY_LENGTH} octets, and its current one")
        self._ciphers = {version: AESGCM(bytes(key)) for version, key in keys.items()}
        self._checks = {version: _key_check(key) for version, key in keys.items()}
        self._random = random
        self._fingerprint = hashlib.sha256(b"akadia master key\0" + keys[current]).hexdigest()[:16]
        self.current = current

    def seal(self, value: bytes, *, table: str, column: str, imsi: str) -> bytes:
        """`value` sealed under the current key, to be kept in this `table` and `column` beside this `imsi`."""
        place = _place(table, column, imsi, self.current)
        nonce = self._random(_NONCE)
        sealed = self._ciphers[self.current].encrypt(nonce, value, place)
        return self._header(self.current, place) + nonce + sealed

    @property
    def fingerprint(self) -> str:
        """16 hex digits that tell one master key from another, and no more."""
        return self._fingerprint

    def open(self, sealed: bytes, *, table: str, column: str, imsi: str, version: int = KEY_VERSION) -> Secret:
        """What was sealed at this place under key `version`; a VaultError names what is wrong otherwise."""
        cipher = self._ciphers.get(version)
        where = f"{table}.{column} of {imsi}"
        if cipher is None:
            raise UnknownKeyVersion(f"{where}: is sealed under key version {version}, which the master key file lacks")
        if len(sealed) < _HEADER + _NONCE + _TAG:
            raise Altered(f"{where}: has {len(sealed)} octets, too few for a sealed value")
        place = _place(table, column, imsi, version)
        header = self._header(version, place)
        body = _HEADER + _NONCE
        try:
            value = cipher.decrypt(sealed[_HEADER:body], sealed[body:], place)
        except InvalidTag:
            _explain(where, sealed[:_HEADER], header)
        if sealed[:_HEADER] != header:
            raise Altered(f"{where}: was changed after it was sealed")
        return Secret(value)

    def _header(self, version: int, place: bytes) -> bytes:
        return _FORMAT + self._checks[version] + hashlib.sha256(place).digest()[:8]


def _place(table: str, column: str, imsi: str, version: int) -> bytes:
    return f"akadia\0{table}\0{column}\0{imsi}\0{version}".encode()


def _key_check(key: bytes) -> bytes:
    return hashlib.sha256(b"akadia key check\0" + key).digest()[:4]


def _explain(where: str, found: bytes, expected: bytes) -> NoReturn:
    if found[1:5] != expected[1:5]:
        raise WrongMasterKey(f"{where}: was sealed under another master key; name the right file in hss.master_key")
    if found[5:] != expected[5:]:
        raise Misplaced(f"{where}: was sealed for another subscriber or column, and does not open here")
    raise Altered(f"{where}: was changed after it was sealed")


def read_master_key(path: Path) -> Secret:
    """The master key in the file at `path`: 32 octets as hex or base64; MasterKeyRefused says what to do."""
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise MasterKeyRefused(f"{path}: there is no master key; name its file in hss.master_key") from None
    except OSError as error:
        raise MasterKeyRefused(f"{path}: cannot be read: {error.strerror}; correct its owner or mode") from None
    except UnicodeDecodeError:
        text = ""
    if mode & _ACCESS_BY_OTHERS:
        raise MasterKeyRefused(f"{path}: others can read the master key; close it with: chmod 600 {path}")
    key = key_of(text)
    if key is None:
        raise MasterKeyRefused(f"{path}: holds no master key; it takes {KEY_LENGTH} octets as hex or base64")
    return key


def key_of(text: str) -> Secret | None:
    """A master key as people write it: 32 octets as hex or base64; None for anything else."""
    try:
        octets = bytes.fromhex(text) if len(text) == 2 * KEY_LENGTH else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return None
    return Secret(octets) if len(octets) == KEY_LENGTH else None


def write_master_key(path: Path, random: RandomBytes) -> None:
    """Make a new master key at `path`, for its owner alone; MasterKeyRefused when something is there already."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise MasterKeyRefused(f"{path}: is there already, and what it sealed needs it; it is not replaced") from None
    # what it seals is on disk when it is used, and is lost without it
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(random(KEY_LENGTH)) + b"\n")
            file.flush()
            os.fsync(descriptor)
    except OSError:
        path.unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def open_vault(path: Path, random: RandomBytes) -> Vault:
    """The vault under the master key at `path`; MasterKeyRefused as `read_master_key` says."""
    return Vault({KEY_VERSION: read_master_key(path)}, random=random)
