"""From the files of [aaa.identities] to identities that open each other's."""

import json
from pathlib import Path

import pytest

from aaa.identities.commands import rotate
from aaa.identities.config import IdentitiesConfig
from aaa.identities.keyring_file import KeyringPath
from aaa.identities.loading import load_identities
from runtime.config import ConfigError
from tests.aaa.eap.dialogue import IMSI, keys_of
from tests.aaa.identities.keyrings import NOW
from wire.eap.encrypted_identity import EncryptedIdentity
from wire.identity import EapMethod, classify

KEYS = keys_of(EapMethod.AKA)
VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "imsi_privacy.json").read_text())


def test_two_servers_of_one_file_know_each_others_pseudonyms(tmp_path: Path) -> None:
    rotate(KeyringPath(tmp_path / "identity.keys"), now=NOW)
    config = IdentitiesConfig(keys=tmp_path / "identity.keys")
    one, other = (load_identities(config, clock=lambda: NOW, random=bytes) for _ in range(2))
    pseudonym = one.next_identities(IMSI, KEYS, None)[0]
    assert pseudonym is not None
    assert other.subscriber(classify(pseudonym)) == IMSI


def test_server_may_open_encrypted_identities_alone(tmp_path: Path) -> None:
    path = tmp_path / "privacy.key"
    path.touch(0o600)
    path.write_text(VECTORS["private_key"])
    identities = load_identities(IdentitiesConfig(privacy_keys=(path,)), clock=lambda: NOW, random=bytes)
    case = VECTORS["encrypted"][0]
    octets = EncryptedIdentity(bytes.fromhex(case["ciphertext"])).build()
    assert identities.reveal(octets) == case["identity"].encode()
    assert identities.next_identities(IMSI, KEYS, None) == (None, None)


def test_missing_keys_are_a_fault_of_the_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="identity-keys rotate makes it"):
        load_identities(IdentitiesConfig(keys=tmp_path / "none"), clock=lambda: NOW, random=bytes)
