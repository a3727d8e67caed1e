"""[[aaa.radius.server]] and [[aaa.radius.realm]] as an operator writes them."""

from pathlib import Path

import pytest

from aaa.radius.config import RadiusConfig
from runtime.config import ConfigError, read_config

GOOD = """
[aaa.radius]
auth = "127.0.0.1:1812"
[[aaa.radius.server]]
name = "hq"
auth = "192.0.2.9:1812"
acct = ""
secret_file = "hq.secret"
[[aaa.radius.realm]]
realm = "example.org"
servers = ["hq"]
"""


def read(folder: Path, text: str) -> RadiusConfig:
    path = folder / "akadia.toml"
    path.write_text(text, encoding="utf-8")
    return read_config(path).section("aaa.radius", RadiusConfig)


def test_config_is_read(tmp_path: Path) -> None:
    radius = read(tmp_path, GOOD)
    assert (radius.server[0].auth.port, radius.server[0].acct) == (1812, None)
    assert (radius.realm[0].servers, radius.realm[0].choose) == (("hq",), "failover")


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('["hq"]', "[]", "servers"),
        ('auth = "192.0.2.9:1812"', "", "auth"),
        ("[[aaa.radius.realm]]\n", "", "realm"),
        ('acct = ""', "window = 10.0", "window of server hq is 10 s"),
        ("192.0.2.9:1812", "hq.example.org:1812", "hq.example.org is a name; write the address itself"),
    ],
)
def test_config_complains_of_the_key(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        read(tmp_path, GOOD.replace(old, new))


SERVER = '[[aaa.radius.server]]\nname = "hq"\nauth = "192.0.2.8:1812"\nsecret_file = "hq.secret"\n'
REALM = '[[aaa.radius.realm]]\nrealm = "Example.ORG"\nservers = ["hq"]\n'
PEER = '[[aaa.radius.diameter_server]]\nname = "d"\naddress = "192.0.2.8:3868"\norigin_host = "d.x"\nrealm = "x"\n'


@pytest.mark.parametrize(
    ("more", "complaint"), [(SERVER, "server.. are called hq"), (REALM, "called example.org"), (PEER * 2, "called d;")]
)
def test_no_two_have_one_name(tmp_path: Path, more: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        read(tmp_path, f"{GOOD}{more}")


def test_server_is_known_by_its_answers_however_its_address_is_spelled(tmp_path: Path) -> None:
    radius = read(tmp_path, GOOD.replace("192.0.2.9:1812", "[2001:DB8:0::9]:1812"))
    assert radius.server[0].auth == ("2001:db8::9", 1812)
