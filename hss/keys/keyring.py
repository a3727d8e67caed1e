"""The data keys that this process holds open, and what they seal: format 2 of a sealed value (NIST SP 800-38D).

A sealed value is: format 1 octet, check of the place 8, nonce 12, ciphertext, tag 16. The associated data are the first
nine octets and the place: data key, table, column and IMSI. The check secures nothing; it is there so that a value
that does not open can say why.
"""

import hashlib
from datetime import datetime
from functools import lru_cache
from typing import NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection

from hss.keys.data_keys import MasterKey, WrappedKey, active_key, make_key, read_data_keys, unwrap
from hss.keys.vault import Altered, Misplaced, VaultError
from hss.models import KeyPurpose, KeyState
from wire.sansio import RandomBytes
from wire.secret import Secret

_FORMAT = b"\x02"
_HEADER = 9
_NONCE = 12
_TAG = 16
_BODY = _HEADER + _NONCE
_HEADER_AT, _NONCE_AT, _BODY_AT = slice(_HEADER), slice(_HEADER, _BODY), slice(_BODY, None)


class UnknownDataKey(VaultError):
    """The value names a data key that this process has not read, or that has retired."""


class Keyring:
    """Opens with every data key, seals with the active one. Its methods raise VaultError.

    Any thread may open and load; `prepare`, and what seals after it, are for one thread.
    """

    def __init__(self, master: MasterKey, random: RandomBytes) -> None:
        self.master = master
        self._random = random
        self._ciphers: dict[int, AESGCM] = {}
        self._audit: dict[int, Secret] = {}
        self._known: dict[int, tuple[datetime, bytes]] = {}
        self.current: int | None = None
        """The data key that seals in the transaction that was prepared last; None before that."""

    def load(self, connection: Connection) -> None:
        """Read what other processes have made, and forget what has retired.

        What seals stays: another thread may be at it, in a transaction that sees what this one does not.
        """
        for key in read_data_keys(connection):
            if key.state is KeyState.RETIRED:
                for kept in (self._known, self._ciphers, self._audit):
                    kept.pop(key.id, None)
            else:
                self._learn(key)

    def _learn(self, key: WrappedKey) -> None:
        wrapped = key.wrapped or b""
        # the id may be known from a transaction that was rolled back, and be another key now
        created, known = self._known.get(key.id, (None, b""))
        if (created, known) == (key.created, wrapped):
            return
        try:
            octets = unwrap(self.master, key)
        except VaultError:
            if created == key.created and key.master != self.master.fingerprint:
                # wrapped anew under another master key: what it is we know already
                return
            raise
        if key.purpose is KeyPurpose.AUDIT:
            self._audit[key.id] = octets
        else:
            self._ciphers[key.id] = AESGCM(bytes(octets))
        self._known[key.id] = (key.created, wrapped)

    def prepare(self, connection: Connection) -> None:
        """Make sure, in a writing transaction, that there is a key to seal with and that it stays until its end."""
        current = active_key(connection, KeyPurpose.SUBSCRIBER)
        if current is None:
            current = make_key(connection, self.master, KeyPurpose.SUBSCRIBER, self._random)
        self.load(connection)
        self.current = current

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

    def open(self, sealed: bytes, table: str, column: str, imsi: str, key: int) -> Secret:
        """What was sealed at this place under data key `key`; a VaultError names what is wrong otherwise."""
        cipher = self._ciphers.get(key)
        if cipher is None:
            raise UnknownDataKey(f"{table}.{column} of {imsi}: is sealed under data key {key}, which is not there")
        place = _room(key, table, column) + imsi.encode()
        try:
            return Secret(cipher.decrypt(sealed[_NONCE_AT], sealed[_BODY_AT], sealed[_HEADER_AT] + place))
        except (InvalidTag, ValueError):
            _explain(f"{table}.{column} of {imsi}", sealed, place)


def _place(key: int, table: str, column: str, imsi: str) -> bytes:
    return _room(key, table, column) + imsi.encode()


@lru_cache(maxsize=64)
def _room(key: int, table: str, column: str) -> bytes:
    """What all places of one column begin with, under one data key."""
    return f"akadia\0{key}\0{table}\0{column}\0".encode()


def _check(place: bytes) -> bytes:
    return hashlib.sha256(place).digest()[:8]


def _explain(where: str, sealed: bytes, place: bytes) -> NoReturn:
    if len(sealed) < _BODY + _TAG:
        raise Altered(f"{where}: has {len(sealed)} octets, too few for a sealed value") from None
    if sealed[1:_HEADER] != _check(place):
        raise Misplaced(f"{where}: was sealed for another subscriber or column, and does not open here") from None
    raise Altered(f"{where}: was changed after it was sealed") from None
