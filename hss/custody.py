"""Who keeps K and OPc: the one door through which keys go into a row and come out as functions."""

from dataclasses import dataclass

from hss.algorithms import AlgorithmSettings, functions_for
from hss.auc import SubscriberKeys
from hss.models import Subscriber
from hss.vault import KEY_VERSION, Vault
from wire.aka.functions import AkaFunctions
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

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def columns(self, imsi: str, keys: SubscriberKeys, settings: AlgorithmSettings) -> dict[str, object]:  # noqa: ARG002
        """What the row of `imsi` holds of its keys: k, opc, data_key_id, k_check, opc_check."""
        k = self._vault.seal(keys.k, table=_TABLE, column="k", imsi=imsi)
        opc = self._vault.seal(keys.opc, table=_TABLE, column="opc", imsi=imsi)
        return {"k": k, "opc": opc, "data_key_id": None, "k_check": None, "opc_check": None}

    def functions(self, sealed: SealedKeys, settings: AlgorithmSettings) -> AkaFunctions:
        """The functions of a subscriber; where a token has K, each call of them takes its time."""
        keys = self.open(sealed)
        return functions_for(settings, keys.k, keys.opc)

    def open(self, sealed: SealedKeys) -> SubscriberKeys:
        """The keys themselves, to compare others with."""
        return SubscriberKeys(k=self._open(sealed, "k", sealed.k), opc=self._open(sealed, "opc", sealed.opc))

    def _open(self, sealed: SealedKeys, column: str, octets: bytes) -> Secret:
        return self._vault.open(octets, table=_TABLE, column=column, imsi=sealed.imsi, version=KEY_VERSION)
