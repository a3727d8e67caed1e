"""[pdngw] as an operator writes it."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network
from pathlib import Path

import pytest

from pdngw_proxy.config import PdnGwConfig
from runtime.config import ConfigError, read_config

SECTION = """[pdngw]
address = "127.1.2.4"
id = "pgw.epc.mnc001.mcc001.3gppnetwork.org"
certificate = "pki/gateway.pem"
key = "pki/gateway.key"
ha_address = "2001:db8:1::1"
home_prefix = "2001:db8:1::/64"
"""


def read(folder: Path, text: str) -> PdnGwConfig:
    path = folder / "akadia.toml"
    path.write_text(text)
    return read_config(path).section("pdngw", PdnGwConfig)


def test_gateway_is_read_with_the_usual_ports(tmp_path: Path) -> None:
    config = read(tmp_path, SECTION)
    assert config.address == IPv4Address("127.1.2.4")
    assert (config.ike_port, config.natt_port, config.dsmip_port) == (5500, 4500, 4191)
    assert (config.ha_address, config.home_prefix) == (IPv6Address("2001:db8:1::1"), IPv6Network("2001:db8:1::/64"))
    assert (config.aaa, config.tun) == ("diameter", "")


def test_files_are_beside_the_configuration(tmp_path: Path) -> None:
    config = read(tmp_path, SECTION)
    assert (config.certificate, config.key) == (tmp_path / "pki/gateway.pem", tmp_path / "pki/gateway.key")


@pytest.mark.parametrize(
    ("written", "instead", "said"),
    [
        ('"2001:db8:1::1"', '"2001:db8:2::1"', "ha_address 2001:db8:2::1 is not in"),
        ('"2001:db8:1::/64"', '"2001:db8:1::1/64"', "pdngw.home_prefix"),
        ('id = "pgw.epc.mnc001.mcc001.3gppnetwork.org"', 'id = ""', "pdngw.id"),
        ('"127.1.2.4"', '"2001:db8::4"', "pdngw.address"),
        ('key = "pki/gateway.key"', "", "pdngw.key: is missing"),
        ("[pdngw]", '[pdngw]\naaa = "tacacs"', "pdngw.aaa"),
        ("[pdngw]", "[pdngw]\nnatt_port = 65536", "pdngw.natt_port"),
        ("[pdngw]", '[pdngw]\ntun = "sixteen-letters-"', "pdngw.tun"),
        ("[pdngw]", '[pdngw]\nhome_link = "eth1"', "home_link eth1 needs tun"),
        ("[pdngw]", "[pdngw]\nlifetime_limit = 3", "pdngw.lifetime_limit"),
        ("[pdngw]", "[pdngw]\nsession_limit = 0", "pdngw.session_limit"),
        ("[pdngw]", "[pdngw]\nike_prot = 500", "nothing reads this key; did you mean ike_port?"),
    ],
)
def test_mistake_is_said_in_one_line(tmp_path: Path, written: str, instead: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, SECTION.replace(written, instead))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_longest_lifetime_is_what_the_binding_update_can_say(tmp_path: Path) -> None:
    # RFC 6275 §6.1.7: 16 bits in units of 4 s
    longest = 0xFFFF * 4
    assert read(tmp_path, SECTION + f"lifetime_limit = {longest}\n").lifetime_limit == longest
    with pytest.raises(ConfigError, match="lifetime_limit"):
        read(tmp_path, SECTION + f"lifetime_limit = {longest + 1}\n")


def test_further_home_agents_are_tables(tmp_path: Path) -> None:
    others = '[[pdngw.home_agent]]\naddress = "2001:db8:1::2"\npreference = 10\n'
    (other,) = read(tmp_path, SECTION + others).home_agent
    assert (other.address, other.preference) == (IPv6Address("2001:db8:1::2"), 10)
    with pytest.raises(ConfigError, match="preference"):
        read(tmp_path, SECTION + others.replace("10", "65536"))
