"""Who keeps K and OPc: the one door through which keys go into a row and come out as functions."""

import os

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from hss.algorithms import AlgorithmSettings, constants_of, functions_for
from hss.auc import SubscriberKeys
from hss.keys.data_keys import MasterKey
from hss.keys.keyring import Keyring
from hss.keys.token import FORM, TokenMasterKey
from hss.keys.vault import MasterKeyRefused
from hss.models import Custody, Subscriber
from wire.aka.functions import AkaFunctions
from wire.frozen import dataclass
from wire.sansio import RandomBytes
from wire.secret import Secret

_TABLE = Subscriber.__tablename__


@dataclass(frozen=True, slots=True)
class SealedKeys:
    """A subscriber's keys as the store has them."""

    imsi: str
    k: bytes
    opc: bytes
    data_key_id: int | None
    amf: int
    profile: str


class Custodian:
    """Puts keys under seal and uses them again. Its methods raise VaultError, one line that shows no key."""

    def __init__(self, master: MasterKey, random: RandomBytes = os.urandom) -> None:
        self.keyring = Keyring(master, random)

    def columns(self, imsi: str, keys: SubscriberKeys, settings: AlgorithmSettings) -> dict[str, object]:
        """What the row of `imsi` holds of its keys: k, opc, data_key_id, k_check, opc_check.

        `keyring` must have been prepared in the same transaction.
        """
        k = self._token(settings).wrap_k(keys.k) if settings.custody is Custody.TOKEN else keys.k
        return {
            "k": self.keyring.seal(k, table=_TABLE, column="k", imsi=imsi),
            "opc": self.keyring.seal(keys.opc, table=_TABLE, column="opc", imsi=imsi),
            "data_key_id": self.keyring.current,
            "k_check": key_check(keys.k),
            "opc_check": key_check(keys.opc),
        }

    def functions(self, sealed: SealedKeys, settings: AlgorithmSettings) -> AkaFunctions:
        """The functions of a subscriber; where a token has K, each call of them takes its time."""
        k, opc = self._opened(sealed)
        if settings.custody is Custody.TOKEN:
            return self._token(settings).functions(k, opc, constants_of(settings))
        return functions_for(settings, k, opc)

    def resealed(self, sealed: SealedKeys) -> dict[str, object]:
        """The row under the active data key; what a token has wrapped stays wrapped."""
        keys = self.open(sealed)
        return {
            "k": self.keyring.seal(keys.k, table=_TABLE, column="k", imsi=sealed.imsi),
            "opc": self.keyring.seal(keys.opc, table=_TABLE, column="opc", imsi=sealed.imsi),
            "data_key_id": self.keyring.current,
        }

    def open(self, sealed: SealedKeys) -> SubscriberKeys:
        """The keys themselves, to compare others with; K of a token's profile is wrapped by the token."""
        return SubscriberKeys(*self._opened(sealed))

    def _token(self, settings: AlgorithmSettings) -> TokenMasterKey:
        if not isinstance(self.keyring.master, TokenMasterKey):
            where = f"profile {settings.name}: K is in a token's custody"
            raise MasterKeyRefused(f"{where}, and hss.master_key names none; write {FORM}")
        return self.keyring.master

    def _opened(self, sealed: SealedKeys) -> tuple[Secret, Secret]:
        """K and OPc."""
        key, imsi = sealed.data_key_id, sealed.imsi
        if key is None:
            # as the first release sealed: akadia keys rewrap moves such a row under a data key
            opened = self.keyring.master.open
            return (
                opened(sealed.k, table=_TABLE, column="k", imsi=imsi),
                opened(sealed.opc, table=_TABLE, column="opc", imsi=imsi),
            )
        by_key = self.keyring.open
        return by_key(sealed.k, _TABLE, "k", imsi, key), by_key(sealed.opc, _TABLE, "opc", imsi, key)


def key_check(key: bytes) -> bytes:
    """The key check value of a key of 16 or 32 octets: the first 3 of a block of zeros enciphered by AES under it.

    It tells an operator which key is there, and nobody what it is.
    """
    return Cipher(AES(bytes(key)), ECB()).encryptor().update(bytes(16))[:3]  # noqa: S305 - one block
