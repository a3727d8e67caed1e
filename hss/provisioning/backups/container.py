"""The file of a backup: chunks under AES-256-GCM that nobody can alter, drop, repeat or put in another order.

    header     "AKADIABK", version 1 octet, salt 16, length of the wrapped key 2, wrapped key
    chunk      length 4 octets, flag 1 (1: the last), ciphertext and tag of 16

Each file has a key of its own: HKDF-SHA-256 (RFC 5869) of a random key with the salt and the purpose as info. The
random key is wrapped by the master key. The nonce of a chunk is its number; its associated data are the digest of the
header, its number and the flag (NIST SP 800-38D).
"""

import hashlib
from collections.abc import Iterator
from typing import BinaryIO, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hss.provisioning.change import ProvisioningRefused
from wire.sansio import RandomBytes
from wire.secret import Secret

MAGIC = b"AKADIABK"
VERSION = 1
CHUNK = 1 << 20
"""Octets of a chunk's plaintext, about."""

_KEY = 32
_SALT = 16
_TAG = 16
_CHUNK_MAX = 64 << 20
_PURPOSE = b"akadia backup 1"


class BackupRefused(ProvisioningRefused):
    """The file is no whole backup, or cannot be restored here; one line that says why."""


class KeyWrapper(Protocol):
    """The master key, as far as a backup needs it."""

    def wrap(self, key: Secret, salt: bytes) -> bytes:
        """`key` (32 octets) sealed under the master key for the backup with `salt`."""

    def unwrap(self, wrapped: bytes, salt: bytes) -> Secret:
        """The key again; BackupRefused when another master key wrapped it, or another backup has it."""


class BackupWriter:
    """Puts octets into chunks of `file`; nothing of it is a backup until `finish`."""

    def __init__(self, file: BinaryIO, wrapper: KeyWrapper, random: RandomBytes) -> None:
        self._file = file
        salt = random(_SALT)
        key = Secret(random(_KEY))
        wrapped = wrapper.wrap(key, salt)
        header = MAGIC + bytes((VERSION,)) + salt + len(wrapped).to_bytes(2, "big") + wrapped
        file.write(header)
        self._chunks = _Chunks(key, salt, header)
        self._pending = bytearray()

    def write(self, octets: bytes) -> None:
        """Add `octets`."""
        self._pending += octets
        if len(self._pending) >= CHUNK:
            self._flush(last=False)

    def finish(self) -> None:
        """Write the last chunk."""
        self._flush(last=True)

    def _flush(self, *, last: bool) -> None:
        sealed = self._chunks.seal(bytes(self._pending), last=last)
        self._file.write(len(sealed).to_bytes(4, "big") + bytes((last,)) + sealed)
        self._pending.clear()


def read_backup(file: BinaryIO, wrapper: KeyWrapper) -> Iterator[bytes]:
    """The plaintext of each chunk of a backup; BackupRefused at the first that is not as it was written."""
    magic = file.read(len(MAGIC) + 1)
    if not magic.startswith(MAGIC):
        raise BackupRefused("the file is no backup of Akadia; name one that akadia backup wrote")
    if magic[len(MAGIC) :] != bytes((VERSION,)):
        raise BackupRefused("the backup has another version; restore it with the program that made it")
    salt = _exactly(file, _SALT)
    length = _exactly(file, 2)
    wrapped = _exactly(file, int.from_bytes(length, "big"))
    chunks = _Chunks(wrapper.unwrap(wrapped, salt), salt, magic + salt + length + wrapped)
    last = False
    while not last:
        size = int.from_bytes(_exactly(file, 4), "big")
        flag = _exactly(file, 1)
        if not _TAG <= size <= _CHUNK_MAX or flag not in {b"\0", b"\1"}:
            raise BackupRefused(f"chunk {chunks.number} of the backup was altered; take another copy of it")
        last = flag == b"\1"
        yield chunks.open(_exactly(file, size), last=last)
    if file.read(1):
        raise BackupRefused("something follows the backup's end; take another copy of it")


class _Chunks:
    def __init__(self, key: Secret, salt: bytes, header: bytes) -> None:
        derived = HKDF(algorithm=SHA256(), length=_KEY, salt=salt, info=_PURPOSE).derive(key)
        self._cipher = AESGCM(derived)
        self._header = hashlib.sha256(header).digest()
        self.number = 0

    def seal(self, plaintext: bytes, *, last: bool) -> bytes:
        sealed = self._cipher.encrypt(self._nonce(self.number), plaintext, self._place(self.number, last))
        self.number += 1
        return sealed

    def open(self, sealed: bytes, *, last: bool) -> bytes:
        try:
            plaintext = self._cipher.decrypt(self._nonce(self.number), sealed, self._place(self.number, last))
        except InvalidTag:
            raise BackupRefused(self._explain(sealed, last)) from None
        self.number += 1
        return plaintext

    def _explain(self, sealed: bytes, last: bool) -> str:
        """Why a chunk does not open here: a chunk that was moved opens under the number that it had."""
        for other in range(max(0, self.number - _NEIGHBOURS), self.number + _NEIGHBOURS):
            try:
                self._cipher.decrypt(self._nonce(other), sealed, self._place(other, last))
            except InvalidTag:
                continue
            return f"chunk {other} of the backup stands where chunk {self.number} should; take another copy of it"
        return f"chunk {self.number} of the backup was altered; take another copy of it"

    def _place(self, number: int, last: bool) -> bytes:
        return self._header + number.to_bytes(8, "big") + bytes((last,))

    def _nonce(self, number: int) -> bytes:
        return number.to_bytes(12, "big")


_NEIGHBOURS = 64


def _exactly(file: BinaryIO, count: int) -> bytes:
    octets = file.read(count)
    if len(octets) < count:
        raise BackupRefused("the backup ends too early: it was cut short, or never finished; take another copy of it")
    return octets
