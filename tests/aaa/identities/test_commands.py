"""What the operator sees of the keyring."""

from pathlib import Path

import pytest

from aaa.identities.commands import keyring_path, retire, revoke, rotate, status
from aaa.identities.epochs import KeyringRefused
from aaa.identities.keyring_file import read_keyring
from runtime.config import ConfigError
from tests.aaa.eap.dialogue import IMSI
from tests.aaa.identities.keyrings import NOW

WHEN = "2027-01-15T08:00:00Z"


def test_epochs_come_seal_and_go(tmp_path: Path) -> None:
    path = tmp_path / "identity.keys"
    assert rotate(path, now=NOW) == f"epoch 1 seals from {WHEN} on"
    assert rotate(path, now=NOW, delay=60) == "epoch 2 seals from 2027-01-15T08:01:00Z on"
    assert status(path, now=NOW).splitlines() == [
        f"epoch 1: seals and opens, since {WHEN}",
        "epoch 2: opens; seals from 2027-01-15T08:01:00Z on",
    ]
    with pytest.raises(KeyringRefused):
        retire(path, 1, now=NOW)
    assert "its key is gone" in retire(path, 1, now=NOW + 60)
    rotate(path, now=NOW + 70, delay=0)
    assert revoke(path, IMSI, now=NOW) == f"{IMSI}: what was given out until {WHEN} is void"
    assert status(path, now=NOW + 80).splitlines() == [
        "epoch 1: retired",
        "epoch 2: opens",
        "epoch 3: seals and opens, since 2027-01-15T08:01:10Z",
        f"revoked {IMSI}: up to {WHEN}",
    ]
    assert not any(epoch.key.hex() in status(path) for epoch in read_keyring(path).epochs if epoch.key)


def test_epochs_have_keys_of_their_own(tmp_path: Path) -> None:
    for _ in range(2):
        rotate(tmp_path / "identity.keys")
    one, other = read_keyring(tmp_path / "identity.keys").epochs
    assert (len(one.key), len(other.key), one.key == other.key) == (32, 32, False)


def test_empty_keyring_says_so(tmp_path: Path) -> None:
    (tmp_path / "identity.keys").touch(0o600)
    assert status(tmp_path / "identity.keys") == "no epoch: no identity is sealed"


def test_file_is_the_one_of_the_configuration(tmp_path: Path) -> None:
    config = tmp_path / "akadia.toml"
    config.write_text('[aaa.identities]\nkeys = "identity.keys"\n')
    assert keyring_path(config) == tmp_path / "identity.keys"
    for text in ("", "[aaa.identities]\n"):
        config.write_text(text)
        with pytest.raises(ConfigError, match="there are no identity keys"):
            keyring_path(config)
