"""[hss] as an operator writes it."""

from pathlib import Path

import pytest

from hss.config import HssConfig
from runtime.config import ConfigError, read_config

SECTION = '[hss]\norigin_host = "hss.example"\norigin_realm = "example"\nswx = "127.1.2.2:3868"\n'
PEER = (
    '[[hss.peer]]\nname = "{name}"\norigin_host = "{host}"\norigin_realm = "example"\n'
    'addresses = ["127.0.0.0/8"]\napplications = ["{application}"]\n'
)


def read(folder: Path, text: str) -> HssConfig:
    path = folder / "akadia.toml"
    path.write_text(text)
    return read_config(path).section("hss", HssConfig)


def peer(name: str, host: str, application: str = "swx") -> str:
    return PEER.format(name=name, host=host, application=application)


def test_files_are_beside_the_configuration(tmp_path: Path) -> None:
    config = read(tmp_path, SECTION)
    assert (config.database, config.master_key) == (tmp_path / "akadia.sqlite", tmp_path / "master.key")
    assert config.swx == ("127.1.2.2", 3868)
    assert config.peer == ()


def test_peers_are_read(tmp_path: Path) -> None:
    config = read(tmp_path, SECTION + peer("a", "a.example") + peer("b", "b.example", "s6a"))
    assert [one.origin_host for one in config.peer] == ["a.example", "b.example"]


def test_peer_may_be_limited(tmp_path: Path) -> None:
    keys = 'agent = true\nrealms = ["visited"]\nimsi_prefixes = ["00101"]\nvectors_per_minute = 600\n'
    config = read(tmp_path, SECTION + 'policy = "learn"\n' + peer("a", "a.example") + keys + peer("b", "b.example"))
    assert config.policy == "learn"
    limited, free = config.peer
    assert (limited.agent, limited.realms, limited.imsi_prefixes) == (True, ("visited",), ("00101",))
    assert limited.vectors_per_minute == 600
    assert (free.agent, free.realms, free.imsi_prefixes, free.vectors_per_minute) == (False, (), (), 0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SECTION + peer("a", "a.example") + peer("b", "A.example"), "two [[hss.peer]] have origin_host a.example"),
        (SECTION + peer("a", "a.example") + peer("a", "b.example"), "two [[hss.peer]] have name a; give each its own"),
        (SECTION + peer("a", "a.example", "s6b"), "peer a may ask for s6b, which no HSS serves; write swx or s6a"),
        (SECTION + peer("a", "a.example") + 'imsi_prefixes = ["x"]\n', "hss.peer.0.imsi_prefixes.0: 'x'"),
        (SECTION + 'policy = "off"\n', "hss.policy: 'off': input should be 'enforce' or 'learn'"),
        (SECTION.replace("swx", "sxw"), "hss.swx: is missing; write where to listen"),
        (SECTION + "databse = 'x'\n", "hss.databse: nothing reads this key; did you mean database?"),
    ],
)
def test_mistake_is_said_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
