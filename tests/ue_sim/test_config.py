"""[ue] as an operator writes it."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network
from pathlib import Path

import pytest

from runtime.config import ConfigError, read_config
from ue_sim.config import UeConfig
from wire.identity import EapMethod

SECTION = """[ue]
address = "127.1.2.10"
dns = "127.1.2.53:5300"
ca = "pki/ca.pem"
gateway_id = "pgw.epc.mnc001.mcc001.3gppnetwork.org"
usim = "ue/usim.toml"
"""


def read(folder: Path, text: str) -> UeConfig:
    path = folder / "akadia.toml"
    path.write_text(text)
    return read_config(path).section("ue", UeConfig)


def test_ue_is_read_with_files_beside_the_configuration(tmp_path: Path) -> None:
    config = read(tmp_path, SECTION)
    assert (config.address, config.dns) == (IPv4Address("127.1.2.10"), ("127.1.2.53", 5300))
    assert (config.ca, config.usim) == (tmp_path / "pki/ca.pem", tmp_path / "ue/usim.toml")
    assert (config.gateway_port, config.dsmip_port) == (4500, 4191)


@pytest.mark.parametrize(
    ("written", "method"), [("", EapMethod.AKA), ("aka", EapMethod.AKA), ("aka-prime", EapMethod.AKA_PRIME)]
)
def test_method_is_by_name(tmp_path: Path, written: str, method: EapMethod) -> None:
    line = f'method = "{written}"\n' if written else ""
    assert read(tmp_path, SECTION + line).eap_methods == (method,)


def test_several_methods_are_in_the_order_wanted(tmp_path: Path) -> None:
    config = read(tmp_path, SECTION + 'methods = ["aka-prime", "aka"]\n')
    assert config.eap_methods == (EapMethod.AKA_PRIME, EapMethod.AKA)


def test_esp_counts_in_64_bits_unless_told_otherwise(tmp_path: Path) -> None:
    assert read(tmp_path, SECTION).esn
    assert not read(tmp_path, SECTION + "esn = false\n").esn


def test_client_of_an_ordinary_gateway_may_be_in_ipv6(tmp_path: Path) -> None:
    in_ipv6 = SECTION.replace("127.1.2.10", "2001:db8::10")
    config = read(tmp_path, in_ipv6 + "mobility = false\nmobike = true\n")
    assert (config.address.version, config.mobility, config.mobike) == (6, False, True)


def test_mobile_node_may_be_in_networks_of_either_version(tmp_path: Path) -> None:
    in_ipv6 = SECTION.replace("127.1.2.10", "2001:db8::10")
    more = 'further_addresses = ["127.1.2.10"]\nhome_agent = "2001:db8:1::1"\ngateway = "127.1.2.4"\n'
    config = read(tmp_path, in_ipv6 + more)
    assert (config.address.version, config.further_addresses) == (6, (IPv4Address("127.1.2.10"),))
    assert (config.home_agent, config.gateway) == (IPv6Address("2001:db8:1::1"), IPv4Address("127.1.2.4"))
    assert read(tmp_path, SECTION).home_agent is None


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('method = "sim"', "ue.method"),
        ("lifetime = 3", "ue.lifetime"),
        ("lifetime = 262141", "ue.lifetime"),
        ("give_up_after = 0", "ue.give_up_after"),
        ("gateway_port = 0", "ue.gateway_port"),
        ('k = "00112233445566778899aabbccddeeff"', "ue.k: nothing reads this key"),
    ],
)
def test_mistake_is_said_in_one_line(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, f"{SECTION}{line}\n")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key", ["address", "dns", "ca", "gateway_id", "usim"])
def test_what_the_ue_cannot_guess_must_be_there(tmp_path: Path, key: str) -> None:
    text = "\n".join(line for line in SECTION.splitlines() if not line.startswith(f"{key} ="))
    with pytest.raises(ConfigError, match=f"ue.{key}: is missing"):
        read(tmp_path, text)


def test_control_socket_is_beside_the_configuration(tmp_path: Path) -> None:
    assert read(tmp_path, SECTION).control == tmp_path / "ue.sock"
    assert read(tmp_path, SECTION + 'control = "run/first.sock"\n').control == tmp_path / "run/first.sock"


def test_home_prefix_needs_room_for_the_anycast_address(tmp_path: Path) -> None:
    config = read(tmp_path, SECTION + 'home_prefix = "2001:db8:1::/64"\n')
    assert config.home_prefix == IPv6Network("2001:db8:1::/64")
    with pytest.raises(ConfigError, match="no room for the anycast address"):
        read(tmp_path, SECTION + 'home_prefix = "2001:db8:1::/121"\n')
