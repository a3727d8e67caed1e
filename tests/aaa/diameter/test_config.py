"""[aaa.diameter] as an operator writes it."""

from pathlib import Path

import pytest

from aaa.diameter.config import DiameterConfig
from runtime.config import ConfigError, read_config

PEER = """
[[aaa.diameter.peer]]
name = "pgw"
origin_host = "pgw.example"
origin_realm = "example"
addresses = ["127.0.0.0/8", "::1/128"]
applications = ["eap", "s6b"]
network_name = "WLAN"
"""
GOOD = (
    """
[aaa.diameter]
address = "127.1.2.3:3868"
tls_address = "127.1.2.3:5658"
certificate = "pki/aaa.pem"
key = "pki/aaa.key"
ca = "pki/ca.pem"
"""
    + PEER
)


def read(folder: Path, text: str) -> DiameterConfig:
    path = folder / "akadia.toml"
    path.write_text(text, encoding="utf-8")
    return read_config(path).section("aaa.diameter", DiameterConfig)


def test_config_is_read_with_its_peers(tmp_path: Path) -> None:
    config = read(tmp_path, GOOD)
    assert config.address == ("127.1.2.3", 3868)
    assert config.tls_address == ("127.1.2.3", 5658)
    assert config.certificate == tmp_path / "pki/aaa.pem"
    (peer,) = config.peer
    assert (peer.name, peer.network_name, peer.applications) == ("pgw", "WLAN", ("eap", "s6b"))


def test_config_needs_no_tls(tmp_path: Path) -> None:
    config = read(tmp_path, '[aaa.diameter]\naddress = "[::1]:3868"\ntls_address = ""\ncertificate = ""')
    assert config.tls_address is None
    assert config.certificate is None


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (GOOD.replace('key = "pki/aaa.key"', ""), "tls_address needs certificate and key"),
        ("[aaa.diameter]\n" + PEER, "nobody could connect: write address for TCP, tls_address for TLS, or both"),
        (
            '[aaa.diameter]\naddress = "127.1.2.3:3868"\nmore_tls_addresses = ["[::1]:5658"]\n' + PEER,
            "more_tls_addresses are beside tls_address",
        ),
        (GOOD + PEER, "have name pgw"),
        (GOOD + PEER.replace('"pgw"', '"other"'), "have origin_host pgw.example"),
        (GOOD.replace('"s6b"', '"swx"'), "peer pgw may ask for swx"),
        (GOOD.replace('address = "127.1.2.3:3868"', 'address = "here"'), "aaa.diameter.address"),
        (GOOD.replace("network_name", "anid"), "anid"),
    ],
)
def test_config_complains_in_one_line(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint) as caught:
        read(tmp_path, text)
    assert "\n" not in str(caught.value)
