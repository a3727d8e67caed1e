"""The key of a backup under the master key (hss.keys.data_keys)."""

from hss.keys.data_keys import MasterKey
from hss.keys.vault import UnknownKeyVersion, VaultError, WrongMasterKey
from hss.provisioning.backups.container import BackupRefused
from wire.secret import Secret

_PLACE = "backup"


class MasterWrapper:
    """Wraps and unwraps; the salt takes the place of an IMSI, so that no two backups exchange their keys."""

    def __init__(self, master: MasterKey) -> None:
        self._master = master

    def wrap(self, key: Secret, salt: bytes) -> bytes:
        """As KeyWrapper."""
        return self._master.seal(key, table=_PLACE, column="key", imsi=salt.hex())

    def unwrap(self, wrapped: bytes, salt: bytes) -> Secret:
        """As KeyWrapper."""
        try:
            return self._master.open(wrapped, table=_PLACE, column="key", imsi=salt.hex())
        except (WrongMasterKey, UnknownKeyVersion):
            raise BackupRefused(
                "the backup was made under another master key; name that one in hss.master_key"
            ) from None
        except VaultError:
            raise BackupRefused("the backup's header was altered; take another copy of it") from None
