"""[pdngw.radius] and [pdngw.diameter] as an operator writes them."""

from pathlib import Path

import pytest

from pdngw_proxy.aaa_link.config import APPLICATIONS, DiameterLinkConfig, RadiusLinkConfig
from runtime.config import ConfigError, read_config

GOOD = """
[pdngw.radius]
aaa = "127.0.0.3:1812"
secret_file = "radius.secret"
nas_identifier = "pgw"
[pdngw.diameter]
aaa = "[0:0::1]:3868"
aaa_origin_host = "aaa.example"
aaa_realm = "example"
origin_host = "pgw.example"
origin_realm = "example"
ca = ""
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "akadia.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_config_of_the_radius_link_is_read(tmp_path: Path) -> None:
    config = read_config(written(tmp_path, GOOD)).section("pdngw.radius", RadiusLinkConfig)
    assert config.aaa == ("127.0.0.3", 1812)
    assert config.secret_file == tmp_path / "radius.secret"
    assert config.limit == 30.0


def test_config_of_the_diameter_link_is_read(tmp_path: Path) -> None:
    config = read_config(written(tmp_path, GOOD)).section("pdngw.diameter", DiameterLinkConfig)
    assert config.aaa == ("::1", 3868)
    assert APPLICATIONS[config.application] == 16777272
    assert (config.origin_host, config.aaa_origin_host, config.ca) == ("pgw.example", "aaa.example", None)


@pytest.mark.parametrize(("name", "number"), [("s6b", 16777272), ("mip6i", 7), ("eap", 5)])
def test_application_is_chosen_by_name(tmp_path: Path, name: str, number: int) -> None:
    path = written(tmp_path, GOOD + f'application = "{name}"\n')
    assert APPLICATIONS[read_config(path).section("pdngw.diameter", DiameterLinkConfig).application] == number


def test_application_of_another_gateway_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD + 'application = "swm"\n')
    with pytest.raises(ConfigError, match=r"pdngw\.diameter\.application"):
        read_config(path).section("pdngw.diameter", DiameterLinkConfig)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("127.0.0.3:1812", "aaa.example:1812", "aaa.example is a name; write the address itself"),
        ('nas_identifier = "pgw"', "", "pdngw.radius.nas_identifier"),
        ('nas_identifier = "pgw"', 'nas_identifier = "pgw"\nlimit = 60', "pdngw.radius.limit"),
        ('nas_identifier = "pgw"', 'nas_identifier = "pgw"\nsecret = "s"', "pdngw.radius.secret"),
    ],
)
def test_config_complains_of_the_key(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        read_config(written(tmp_path, GOOD.replace(old, new))).section("pdngw.radius", RadiusLinkConfig)
