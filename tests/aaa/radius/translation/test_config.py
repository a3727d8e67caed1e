"""[[aaa.radius.diameter_server]] and the realms that name it, as an operator writes them."""

from pathlib import Path

import pytest

from aaa.radius.config import RadiusConfig
from runtime.config import ConfigError, read_config

GOOD = """
[aaa.radius]
auth = "127.0.0.1:1812"
[[aaa.radius.diameter_server]]
name = "hq"
address = "192.0.2.9:3868"
origin_host = "aaa.hq.example"
realm = "hq.example"
ca = ""
[[aaa.radius.realm]]
realm = "hq.example"
diameter = ["hq"]
"""


def read(folder: Path, text: str) -> RadiusConfig:
    path = folder / "akadia.toml"
    path.write_text(text, encoding="utf-8")
    return read_config(path).section("aaa.radius", RadiusConfig)


def test_config_is_read(tmp_path: Path) -> None:
    radius = read(tmp_path, GOOD)
    server = radius.diameter_server[0]
    assert (server.address.port, server.origin_host, server.agent, server.ca) == (3868, "aaa.hq.example", False, None)
    assert not server.accounting
    assert (radius.realm[0].servers, radius.realm[0].diameter) == ((), ("hq",))


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('origin_host = "aaa.hq.example"\n', "", "origin_host"),
        ('diameter = ["hq"]', "", "needs servers"),
        ('diameter = ["hq"]', 'diameter = ["hq"]\nservers = ["a"]', "one of them"),
        ('diameter = ["hq"]', 'diameter = ["hq"]\nchoose = "any"', "choose"),
    ],
)
def test_config_complains_of_the_key(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        read(tmp_path, GOOD.replace(old, new))
