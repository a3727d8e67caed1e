"""[aaa.identities], and the RSA keys that it names."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from aaa.identities.config import IdentitiesConfig, read_privacy_key
from aaa.identities.sealed import Limits
from runtime.config import ConfigError, RawConfig

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "imsi_privacy.json").read_text())


def test_defaults_are_those_of_the_identities() -> None:
    assert IdentitiesConfig().limits == Limits()
    assert (IdentitiesConfig().keys, IdentitiesConfig().privacy_keys) == (None, ())


def test_every_key_reaches_the_identities(tmp_path: Path) -> None:
    table = {
        "keys": "identity.keys",
        "pseudonyms": "3gpp",
        "pseudonym_age": 3600,
        "reauthentications": 7,
        "reauthentication_age": 60,
        "reauthentication_realm": "aaa1.example",
        "privacy_keys": ["privacy.key"],
    }
    raw = RawConfig(tmp_path / "akadia.toml", {"aaa": {"identities": table}})
    config = raw.section("aaa.identities", IdentitiesConfig)
    assert (config.keys, config.privacy_keys) == (tmp_path / "identity.keys", (tmp_path / "privacy.key",))
    assert config.limits == Limits(
        pseudonyms_of_3gpp=True,
        pseudonym_age=3600,
        reauthentications=7,
        reauthentication_age=60,
        realm="aaa1.example",
    )
    assert not IdentitiesConfig(pseudonyms="off").limits.pseudonyms


@pytest.mark.parametrize(
    "table", [{"pseudonyms": "plain"}, {"reauthentications": 70_000}, {"reauthentication_realm": "a b"}, {"key": "x"}]
)
def test_what_cannot_be_is_refused(tmp_path: Path, table: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=r"aaa\.identities"):
        RawConfig(tmp_path / "akadia.toml", {"aaa": {"identities": table}}).section("aaa.identities", IdentitiesConfig)


def test_privacy_key_is_read_from_a_private_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "privacy.key"
    path.touch(0o600)
    path.write_text(VECTORS["private_key"])
    assert read_privacy_key(path).key_size == 2048
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        read_privacy_key(path)


def test_what_is_no_rsa_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "privacy.key"
    path.touch(0o600)
    elliptic = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for octets in (b"", b"nothing", VECTORS["certificate"].encode(), elliptic):
        path.write_bytes(octets)
        with pytest.raises(ConfigError, match="no RSA private key"):
            read_privacy_key(path)
