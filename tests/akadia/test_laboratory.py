"""`akadia init`: what it writes, for whom it is readable, and what it refuses."""

import json
import stat
import tomllib
from pathlib import Path

import pytest
from cryptography import x509

from akadia import first_store
from akadia import laboratory as laboratory_module
from akadia.laboratory import Laboratory, LaboratoryRefused, choose_block, create
from akadia.template import Block, Plan
from hss.config import HssConfig
from hss.keys.vault import read_master_key
from hss.provisioning import subscribers
from hss.store.engines import transaction
from runtime.config import read_config
from ue_sim.card import read_card
from wire.identity import Imsi


def always(_block: Block) -> bool:
    return True


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    return create(tmp_path_factory.mktemp("lab") / "one", hss="swx", is_free=always)


def modes(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}


def test_secrets_are_readable_by_their_owner_alone(made: Laboratory) -> None:
    assert stat.S_IMODE(made.folder.stat().st_mode) == 0o700
    found = modes(made.folder)
    assert found.pop("pki") == found.pop("ue") == 0o700
    assert [found.pop(f"pki/{name}.pem") for name in ("ca", "pgw", "aaa", "hss", "tester")] == [0o644] * 5
    assert set(found.values()) == {0o600}
    assert set(found) == {
        "akadia.toml",
        "akadia.sqlite",
        "identity.keys",
        "master.key",
        "radius.secret",
        "pki/ca.key",
        "pki/pgw.key",
        "pki/aaa.key",
        "pki/hss.key",
        "pki/tester.key",
        "api.token",
        "ue/usim.toml",
    }


def test_modes_do_not_depend_on_the_umask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    before = os.umask(0)
    try:
        loose = create(tmp_path / "loose", is_free=always)
    finally:
        os.umask(before)
    assert stat.S_IMODE(loose.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(loose.usim.stat().st_mode) == 0o600
    assert stat.S_IMODE(loose.ca.stat().st_mode) == 0o644


def test_subscriber_is_in_the_database_and_its_card_beside_it(made: Laboratory) -> None:
    assert made.imsi == "001010000000001"
    assert str(read_card(made.usim).imsi) == made.imsi
    hss = read_config(made.config).section("hss", HssConfig)
    with transaction(hss.database) as connection:
        account = subscribers.show(connection, Imsi(made.imsi))
    assert [apn.name for apn in account.profile.apns] == ["internet"]


def test_keys_are_never_those_of_another_laboratory(made: Laboratory, tmp_path: Path) -> None:
    other = create(tmp_path / "two", is_free=always)
    assert read_card(made.usim) != read_card(other.usim)
    assert read_card(made.usim).k != read_card(made.usim).opc
    assert made.radius_secret.read_bytes() != other.radius_secret.read_bytes()
    assert read_master_key(made.folder / "master.key") != read_master_key(other.folder / "master.key")


def test_keys_are_neither_in_the_database_nor_in_what_is_printed(made: Laboratory) -> None:
    keys = read_card(made.usim)
    stored = (made.folder / "akadia.sqlite").read_bytes()
    shown = made.description() + json.dumps(made.summary())
    for key in (keys.k, keys.opc):
        assert bytes(key) not in stored
        assert key.hex() not in shown
    assert made.radius_secret.read_text() not in shown


def test_gateway_certificate_carries_its_name_every_apn_and_its_addresses(made: Laboratory) -> None:
    certificate = x509.load_pem_x509_certificate((made.folder / "pki" / "pgw.pem").read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [made.plan.host("pgw"), "internet"]
    block = made.plan.block
    assert names.get_values_for_type(x509.IPAddress) == [block.pdngw, block.home_agent]


def test_summary_has_the_promised_shape(made: Laboratory) -> None:
    block, realm = made.plan.block, "epc.mnc001.mcc001.3gppnetwork.org"
    peer = {"origin_host": f"tester.{realm}", "realm": realm}
    assert made.summary() == {
        "config": f"{made.folder}/akadia.toml",
        "radius": {"auth": f"{block.aaa}:1812", "secret_file": f"{made.folder}/radius.secret"},
        "diameter": {"address": f"{block.aaa}:3868", "origin_host": f"aaa.{realm}", "realm": realm, "peer": peer},
        "swx": {"address": f"{block.hss}:3868", "origin_host": f"hss.{realm}", "realm": realm, "peer": peer},
        "api": {
            "url": f"https://{block.hss}:8443",
            "ca": f"{made.folder}/pki/ca.pem",
            "token_file": f"{made.folder}/api.token",
        },
        "ike": {
            "address": str(block.pdngw),
            "port": 5500,
            "natt_port": 4500,
            "ca": f"{made.folder}/pki/ca.pem",
            "id": f"pgw.{realm}",
        },
        "dns": {"address": f"{block.dns}:5300"},
        "apn": "internet",
    }


def test_summary_says_what_the_configuration_says(made: Laboratory) -> None:
    summary, tables = made.summary(), tomllib.loads(made.config.read_text())
    radius, diameter, swx, ike, dns = (summary[key] for key in ("radius", "diameter", "swx", "ike", "dns"))
    assert isinstance(radius, dict)
    assert isinstance(diameter, dict)
    assert isinstance(swx, dict)
    assert isinstance(ike, dict)
    assert isinstance(dns, dict)
    assert radius["auth"] == tables["aaa"]["radius"]["auth"]
    assert diameter["address"] == tables["aaa"]["diameter"]["address"]
    assert diameter["peer"]["origin_host"] in [peer["origin_host"] for peer in tables["aaa"]["diameter"]["peer"]]
    assert swx["address"] == tables["hss"]["swx"]
    assert swx["peer"]["origin_host"] in [peer["origin_host"] for peer in tables["hss"]["peer"]]
    assert (ike["address"], ike["port"], ike["natt_port"], ike["id"]) == tuple(
        tables["pdngw"][key] for key in ("address", "ike_port", "natt_port", "id")
    )
    assert dns["address"] == tables["dns"]["address"]
    assert tables["aaa"]["hss"] == "swx"


def test_second_init_refuses_and_changes_nothing(made: Laboratory) -> None:
    before = {path: path.read_bytes() for path in made.folder.rglob("*") if path.is_file()}
    with pytest.raises(LaboratoryRefused, match="holds a laboratory already; start it"):
        create(made.folder, is_free=always)
    assert {path: path.read_bytes() for path in made.folder.rglob("*") if path.is_file()} == before


def test_folder_with_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("dear")
    with pytest.raises(LaboratoryRefused, match="is not an empty folder; name another one"):
        create(tmp_path, is_free=always)
    with pytest.raises(LaboratoryRefused, match="is not an empty folder"):
        create(tmp_path / "letter", is_free=always)


def test_empty_folder_is_taken_and_closed(tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir(mode=0o755)
    assert create(folder, is_free=always).config.exists()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("there", [True, False])
def test_failed_init_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, there: bool) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    folder = tmp_path / "lab"
    if there:
        folder.mkdir(mode=0o750)
    monkeypatch.setattr(first_store, "fill", fail)
    with pytest.raises(OSError, match="No space"):
        create(folder, is_free=always)
    assert folder.exists() == there
    if there:
        assert list(folder.iterdir()) == []
        assert stat.S_IMODE(folder.stat().st_mode) == 0o750


def test_block_depends_on_the_folder_and_avoids_the_first_and_last() -> None:
    blocks = {choose_block(Path(f"/lab/{number}"), always) for number in range(300)}
    assert len(blocks) > 250
    assert all(1 <= block.a <= 254 and 0 <= block.b <= 255 for block in blocks)
    assert choose_block(Path("/lab/1"), always) == choose_block(Path("/lab/1"), always)


def test_block_in_use_is_passed_over() -> None:
    first = choose_block(Path("/lab"), always)
    second = choose_block(Path("/lab"), lambda block: block != first)
    assert second != first
    with pytest.raises(LaboratoryRefused, match="64 blocks of loopback addresses were tried"):
        choose_block(Path("/lab"), lambda _block: False)


def test_description_names_what_to_do_next() -> None:
    text = Laboratory(Path("/lab"), Plan(Block(1, 2)), "001010000000001").description()
    assert "next: akadia --config /lab/akadia.toml up" in text


@pytest.mark.stack
def test_block_whose_port_is_taken_is_not_free() -> None:
    import socket

    block = Block(97, 31)
    assert laboratory_module._is_free(block)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((str(block.pdngw), 4191))
        assert not laboratory_module._is_free(block)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listening:
        listening.bind((str(block.hss), 3868))
        listening.listen()
        assert not laboratory_module._is_free(block)
