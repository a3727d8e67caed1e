"""The key of a backup under the master key."""

import pytest

from hss.keys.vault import Vault
from hss.provisioning.backups.container import BackupRefused
from hss.provisioning.backups.wrapping import MasterWrapper
from wire.secret import Secret

KEY = Secret(bytes(range(100, 132)))
SALT = bytes(16)


def test_key_comes_back(vault: Vault) -> None:
    wrapper = MasterWrapper(vault)
    wrapped = wrapper.wrap(KEY, SALT)
    assert bytes(KEY) not in bytes(wrapped)
    assert wrapper.unwrap(wrapped, SALT) == KEY


def test_key_belongs_to_its_salt(vault: Vault) -> None:
    wrapper = MasterWrapper(vault)
    with pytest.raises(BackupRefused, match="header was altered"):
        wrapper.unwrap(wrapper.wrap(KEY, SALT), bytes(15) + b"\1")
