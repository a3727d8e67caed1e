"""[aaa.radius] as an operator writes it."""

from pathlib import Path

import pytest

from aaa.radius.config import RadiusConfig
from runtime.config import ConfigError, read_config

GOOD = """
[aaa.radius]
auth = "127.1.2.3:1812"
[[aaa.radius.client]]
name = "lab"
network = "127.0.0.0/8"
secret_file = "radius.secret"
network_name = "WLAN"
"""


def read(folder: Path, text: str) -> RadiusConfig:
    path = folder / "akadia.toml"
    path.write_text(text, encoding="utf-8")
    return read_config(path).section("aaa.radius", RadiusConfig)


def test_config_is_read_with_its_clients(tmp_path: Path) -> None:
    config = read(tmp_path, GOOD)
    assert config.auth == ("127.1.2.3", 1812)
    (client,) = config.client
    assert (client.name, str(client.network), client.network_name) == ("lab", "127.0.0.0/8", "WLAN")
    assert client.secret_file == tmp_path / "radius.secret"
    assert 5 <= config.duplicate_age <= 30


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ('auth = "nowhere"', "aaa.radius.auth"),
        ('auth = "127.0.0.1:1812"\nsecret = "x"', "aaa.radius.secret"),
        ('auth = "127.0.0.1:1812"\nduplicate_age = 60', "aaa.radius.duplicate_age"),
        ('auth = "127.0.0.1:1812"\nrequest_limit = 0', "aaa.radius.request_limit"),
        ('auth = "127.0.0.1:1812"\nduplicate_age = 12', "duplicate_age has to be 5 s more"),
        ("", "aaa.radius.auth"),
    ],
)
def test_config_complains_of_the_key(tmp_path: Path, wrong: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        read(tmp_path, f"[aaa.radius]\n{wrong}\n")


def test_client_names_its_network_and_its_secret_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="network"):
        read(tmp_path, GOOD.replace("127.0.0.0/8", "somewhere"))
    with pytest.raises(ConfigError, match="secret_file"):
        read(tmp_path, GOOD.replace('secret_file = "radius.secret"', ""))


def test_client_takes_disconnect_at_an_address_that_answers_come_from(tmp_path: Path) -> None:
    radius = read(tmp_path, f'{GOOD}coa = "[2001:DB8::0:9]:3799"\n')
    assert radius.client[0].coa == ("2001:db8::9", 3799)
    assert read(tmp_path, f'{GOOD}coa = ""\n').client[0].coa is None
    with pytest.raises(ConfigError, match=r"ap1\.example is a name"):
        read(tmp_path, f'{GOOD}coa = "ap1.example:3799"\n')
