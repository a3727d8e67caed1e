"""The key of a backup under the master key (hss.vault)."""

from hss.provisioning.backups.container import BackupRefused
from hss.vault import KEY_VERSION, UnknownKeyVersion, Vault, VaultError, WrongMasterKey
from wire.secret import Secret

_PLACE = "backup"


class VaultWrapper:
    """Wraps and unwraps with a vault; the salt takes the place of an IMSI, so that no two backups exchange keys."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def wrap(self, key: Secret, salt: bytes) -> bytes:
        """As KeyWrapper."""
        return self._vault.seal(key, table=_PLACE, column="key", imsi=salt.hex())

    def unwrap(self, wrapped: bytes, salt: bytes) -> Secret:
        """As KeyWrapper."""
        try:
            return self._vault.open(wrapped, table=_PLACE, column="key", imsi=salt.hex(), version=KEY_VERSION)
        except (WrongMasterKey, UnknownKeyVersion):
            raise BackupRefused(
                "the backup was made under another master key; name that one in hss.master_key"
            ) from None
        except VaultError:
            raise BackupRefused("the backup's header was altered; take another copy of it") from None
