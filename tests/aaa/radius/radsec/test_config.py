"""[aaa.radius.radsec] as an operator writes it."""

from pathlib import Path

import pytest

from aaa.radius.config import RadiusConfig
from runtime.config import ConfigError, read_config

GOOD = """
[aaa.radius]
auth = "127.0.0.1:1812"
[aaa.radius.radsec]
address = "[::1]:2083"
certificate = "aaa.pem"
key = "aaa.key"
ca = "ca.pem"
[[aaa.radius.radsec.client]]
name = "proxy"
certificate_names = ["proxy.example.org"]
"""


def read(folder: Path, text: str) -> RadiusConfig:
    path = folder / "akadia.toml"
    path.write_text(text, encoding="utf-8")
    return read_config(path).section("aaa.radius", RadiusConfig)


def test_config_is_read_with_its_clients(tmp_path: Path) -> None:
    radsec = read(tmp_path, GOOD).radsec
    assert radsec is not None
    assert (radsec.address, radsec.ca) == (("::1", 2083), tmp_path / "ca.pem")
    assert radsec.client[0].services == ("auth", "acct")


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('certificate_names = ["proxy.example.org"]', "", "proxy would be anybody"),
        ('ca = "ca.pem"', "", "aaa.radius.radsec.ca"),
        ('name = "proxy"', 'name = "proxy"\nservices = ["coa"]', "services"),
    ],
)
def test_config_complains_of_the_key(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        read(tmp_path, GOOD.replace(old, new))
