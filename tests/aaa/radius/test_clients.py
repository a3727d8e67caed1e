"""Clients by network."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from aaa.messages import Client
from aaa.radius.clients import ClientTable, RadiusClient, load_clients
from aaa.radius.config import RadiusClientConfig
from runtime.config import ConfigError
from wire.secret import Secret


def client(name: str, network: str) -> RadiusClient:
    return RadiusClient(ip_network(network), Secret(name.encode()), Client(name))


TABLE = ClientTable(
    [
        client("everybody", "0.0.0.0/0"),
        client("site", "192.0.2.0/24"),
        client("one", "192.0.2.7/32"),
        client("six", "2001:db8::/32"),
        client("six one", "2001:db8::7/128"),
    ]
)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("192.0.2.7", "one"),
        ("192.0.2.8", "site"),
        ("198.51.100.1", "everybody"),
        ("2001:db8::8", "six"),
        ("2001:db8::7", "six one"),
        ("::ffff:192.0.2.7", "one"),
    ],
)
def test_table_finds_the_longest_prefix(address: str, name: str) -> None:
    found = TABLE.find(address)
    assert found is not None
    assert found.client.name == name


def test_table_does_not_know_a_stranger() -> None:
    assert TABLE.find("2001:db9::1") is None
    assert ClientTable([]).find("192.0.2.1") is None


def test_table_refuses_two_clients_of_one_name_or_network() -> None:
    with pytest.raises(ConfigError, match="the name is taken"):
        ClientTable([client("a", "192.0.2.0/24"), client("a", "198.51.100.0/24")])
    with pytest.raises(ConfigError, match=r"RADIUS client b: network 192\.0\.2\.0/24 is there already"):
        ClientTable([client("a", "192.0.2.0/24"), client("b", "192.0.2.0/24")])


def test_client_is_the_same_wherever_it_sends_from(tmp_path: Path) -> None:
    more = (ip_network("2001:db8::/64"), ip_network("192.0.2.9"))
    found = load_clients([configured(tmp_path).model_copy(update={"more_networks": more})])
    assert [one.name for one in found] == ["lab"]
    assert found.find("127.0.0.1") is found.find("2001:db8::1") is found.find("192.0.2.9") is not None
    with pytest.raises(ConfigError, match="is there already"):
        load_clients([configured(tmp_path).model_copy(update={"more_networks": (ip_network("127.0.0.0/8"),)})])


def configured(folder: Path, mode: int = 0o600, network_name: str = "") -> RadiusClientConfig:
    path = folder / "radius.secret"
    path.write_text("testing123\n", encoding="utf-8")
    path.chmod(mode)
    return RadiusClientConfig(
        name="lab", network=ip_network("127.0.0.0/8"), secret_file=path, network_name=network_name
    )


def test_loader_reads_the_secret_from_its_file(tmp_path: Path) -> None:
    found = load_clients([configured(tmp_path, network_name="WLAN")]).find("127.0.0.1")
    assert found is not None
    assert found.secret == b"testing123"
    assert found.client == Client("lab", "WLAN", show_imsi=False)
    assert "testing123" not in repr(found)


@pytest.mark.parametrize("reauthenticates", [True, False])
def test_loader_knows_whose_users_authenticate_anew(tmp_path: Path, *, reauthenticates: bool) -> None:
    entry = configured(tmp_path).model_copy(update={"reauthenticates": reauthenticates})
    found = load_clients([entry]).find("127.0.0.1")
    assert found is not None
    assert found.policy.reauthenticates is reauthenticates


def test_loader_offers_no_aka_prime_without_a_network_name(tmp_path: Path) -> None:
    found = load_clients([configured(tmp_path)]).find("127.0.0.1")
    assert found is not None
    assert found.client.network_name is None


def test_loader_refuses_a_secret_that_others_can_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="chmod 600"):
        load_clients([configured(tmp_path, mode=0o644)])
