"""The data keys that this process holds open, and what they seal: format 2 of a sealed value (NIST SP 800-38D).

A sealed value is: format 1 octet, check of the place 8, nonce 12, ciphertext, tag 16. The associated data are the first
nine octets and the place: data key, table, column and IMSI. The check secures nothing; it is there so that a value
that does not open can say why.
"""

import hashlib
from typing import NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection

from hss.keys.data_keys import MasterKey, WrappedKey, active_key, make_key, read_data_keys, unwrap
from hss.keys.vault import Altered, Misplaced, VaultError, WrongMasterKey
from hss.models import KeyPurpose, KeyState
from wire.sansio import RandomBytes
from wire.secret import Secret

_FORMAT = b"\x02"
_HEADER = 9
_NONCE = 12
_TAG = 16
_BODY = _HEADER + _NONCE


class UnknownDataKey(VaultError):
    """The value names a data key that this process has not read, or that has retired."""


class Keyring:
    """Opens with every data key, seals with the active one. Its methods raise VaultError."""

    def __init__(self, master: MasterKey, random: RandomBytes) -> None:
        self.master = master
        self._random = random
        self._ciphers: dict[int, AESGCM] = {}
        self._audit: dict[int, Secret] = {}
        self._wrapped: dict[int, bytes] = {}
        self.current: int | None = None
        """The data key that seals; None until there is one."""

    def load(self, connection: Connection) -> None:
        """Read what other processes have made, and forget what has retired."""
        keys = [key for key in read_data_keys(connection) if key.state is not KeyState.RETIRED]
        for key in keys:
            self._learn(key)
        there = {key.id for key in keys}
        for gone in self._wrapped.keys() - there:
            for kept in (self._wrapped, self._ciphers, self._audit):
                kept.pop(gone, None)
        active = [key.id for key in keys if key.purpose is KeyPurpose.SUBSCRIBER and key.state is KeyState.ACTIVE]
        self.current = active[0] if active else None

    def _learn(self, key: WrappedKey) -> None:
        wrapped = key.wrapped or b""
        if self._wrapped.get(key.id) == wrapped:
            return
        try:
            octets = unwrap(self.master, key)
        except WrongMasterKey:
            if key.id in self._wrapped:
                # wrapped anew under another master key: what it is we know already
                return
            raise
        # the id may be known from a transaction that was rolled back, and be another key now
        self._wrapped[key.id] = wrapped
        if key.purpose is KeyPurpose.AUDIT:
            self._audit[key.id] = octets
        else:
            self._ciphers[key.id] = AESGCM(bytes(octets))

    def prepare(self, connection: Connection) -> None:
        """Make sure, in a writing transaction, that there is a key to seal with and that it stays until its end."""
        if active_key(connection, KeyPurpose.SUBSCRIBER) is None:
            make_key(connection, self.master, KeyPurpose.SUBSCRIBER, self._random)
        self.load(connection)

    def audit_key(self, connection: Connection) -> tuple[int, Secret]:
        """The id and the octets of the active key of the audit trail, made in this transaction if there is none."""
        found = active_key(connection, KeyPurpose.AUDIT)
        if found is None:
            found = make_key(connection, self.master, KeyPurpose.AUDIT, self._random)
            self.load(connection)
        return found, self.audit_key_of(connection, found)

    def audit_key_of(self, connection: Connection, key: int) -> Secret:
        """The octets of one key of the audit trail."""
        if key not in self._audit:
            self.load(connection)
        if key not in self._audit:
            raise UnknownDataKey(f"the audit trail names data key {key}, which is not there")
        return self._audit[key]

    def seal(self, value: bytes, *, table: str, column: str, imsi: str) -> bytes:
        """`value` sealed under `current`, to be kept in this `table` and `column` beside this `imsi`."""
        if self.current is None:
            raise UnknownDataKey("there is no data key to seal with; make one with: akadia keys rotate")
        place = _place(self.current, table, column, imsi)
        header = _FORMAT + _check(place)
        nonce = self._random(_NONCE)
        return header + nonce + self._ciphers[self.current].encrypt(nonce, value, header + place)

    def open(self, sealed: bytes, *, table: str, column: str, imsi: str, key: int) -> Secret:
        """What was sealed at this place under data key `key`; a VaultError names what is wrong otherwise."""
        cipher = self._ciphers.get(key)
        if cipher is None:
            raise UnknownDataKey(f"{table}.{column} of {imsi}: is sealed under data key {key}, which is not there")
        place = _place(key, table, column, imsi)
        try:
            return Secret(cipher.decrypt(sealed[_HEADER:_BODY], sealed[_BODY:], sealed[:_HEADER] + place))
        except (InvalidTag, ValueError):
            _explain(f"{table}.{column} of {imsi}", sealed, place)


def _place(key: int, table: str, column: str, imsi: str) -> bytes:
    return f"akadia\0{key}\0{table}\0{column}\0{imsi}".encode()


def _check(place: bytes) -> bytes:
    return hashlib.sha256(place).digest()[:8]


def _explain(where: str, sealed: bytes, place: bytes) -> NoReturn:
    if len(sealed) < _BODY + _TAG:
        raise Altered(f"{where}: has {len(sealed)} octets, too few for a sealed value") from None
    if sealed[1:_HEADER] != _check(place):
        raise Misplaced(f"{where}: was sealed for another subscriber or column, and does not open here") from None
    raise Altered(f"{where}: was changed after it was sealed") from None
