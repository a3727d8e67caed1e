"""The tables as Wireshark 4.0 reads them: one line an SA, in a folder that is the owner's alone."""

from ipaddress import IPv6Address
from pathlib import Path

import pytest

from runtime.wireshark import KeyTables
from wire.ciphers import (
    AES_CBC_128,
    AES_CBC_256,
    AES_GCM_16_128,
    AES_GCM_16_256,
    CHACHA20_POLY1305,
    HMAC_SHA2_256_128,
    HMAC_SHA2_384_192,
    HMAC_SHA2_512_256,
    INTEGRITIES,
    Integrity,
    keymat_octets,
)
from wire.ikev2.algorithms import PRF_HMAC_SHA2_256, EspSuite, IkeSuite
from wire.ikev2.child import ChildSa, Mode, child_sa
from wire.ikev2.groups import GROUPS
from wire.ikev2.keys import ChildKeys, ike_keys
from wire.ikev2.selectors import TrafficSelector
from wire.secret import Secret

SPI_I, SPI_R = bytes.fromhex("0011223344556677"), bytes.fromhex("8899aabbccddeeff")
GROUP = next(iter(GROUPS.values()))
HOME = (TrafficSelector.address(IPv6Address("2001:db8::1")),)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "capture" / "wireshark"


def lines(folder: Path, name: str) -> list[str]:
    return (folder / name).read_text(encoding="ascii").splitlines()


def child(suite: EspSuite, mode: Mode = Mode.TUNNEL) -> tuple[ChildSa, ChildKeys]:
    octets = keymat_octets(suite.encryption, suite.integrity)
    keys = ChildKeys(Secret(bytes(range(octets))), Secret(bytes(range(100, 100 + octets))))
    spis = b"\x00\x00\x10\x01", b"\xc0\x00\x20\x02"
    sa = child_sa(suite, keys, mode=mode, spi_in=spis[0], spi_out=spis[1], local=HOME, remote=HOME, initiator=True)
    return sa, keys


def test_ike_line_of_an_aead_has_the_salt_with_the_key_and_no_integrity(folder: Path) -> None:
    suite = IkeSuite(AES_GCM_16_256, None, PRF_HMAC_SHA2_256, GROUP)
    keys = ike_keys(suite, Secret(bytes(32)), ni=b"i", nr=b"r", spi_i=SPI_I, spi_r=SPI_R)
    KeyTables(folder).add_ike(SPI_I, SPI_R, suite, keys)
    (line,) = lines(folder, "ikev2_decryption_table")
    assert line == (
        f"0011223344556677,8899aabbccddeeff,{keys.sk_ei.hex()},{keys.sk_er.hex()},"
        '"AES-GCM-256 with 16 octet ICV [RFC5282]",,,"NONE [RFC4306]"'
    )
    assert len(keys.sk_ei) == 36


@pytest.mark.parametrize(
    ("integrity", "name"),
    [
        (HMAC_SHA2_256_128, "HMAC_SHA2_256_128 [RFC4868]"),
        (HMAC_SHA2_384_192, "HMAC_SHA2_384_192 [RFC4868]"),
        (HMAC_SHA2_512_256, "HMAC_SHA2_512_256 [RFC4868]"),
    ],
)
def test_ike_line_of_a_block_cipher_has_both_integrity_keys(folder: Path, integrity: Integrity, name: str) -> None:
    suite = IkeSuite(AES_CBC_128, integrity, PRF_HMAC_SHA2_256, GROUP)
    keys = ike_keys(suite, Secret(bytes(32)), ni=b"i", nr=b"r", spi_i=SPI_I, spi_r=SPI_R)
    KeyTables(folder).add_ike(SPI_I, SPI_R, suite, keys)
    (line,) = lines(folder, "ikev2_decryption_table")
    assert line == (
        f"0011223344556677,8899aabbccddeeff,{keys.sk_ei.hex()},{keys.sk_er.hex()},"
        f'"AES-CBC-128 [RFC3602]",{keys.sk_ai.hex()},{keys.sk_ar.hex()},"{name}"'
    )


def test_esp_lines_of_an_aead_are_one_for_each_direction_with_its_own_key(folder: Path) -> None:
    sa, keys = child(EspSuite(AES_GCM_16_128, None, esn=True))
    KeyTables(folder).add_esp(sa)
    cipher = "AES-GCM with 16 octet ICV [RFC4106]"
    assert lines(folder, "esp_sa") == [
        f'"IPv4","*","*","0x00001001","{cipher}","0x{keys.responder_to_initiator.hex()}","NULL",""',
        f'"IPv4","*","*","0xc0002002","{cipher}","0x{keys.initiator_to_responder.hex()}","NULL",""',
    ]


@pytest.mark.parametrize("integrity", INTEGRITIES.values(), ids=lambda known: known.name)
def test_esp_lines_of_a_block_cipher_part_the_two_keys(folder: Path, integrity: Integrity) -> None:
    sa, keys = child(EspSuite(AES_CBC_256, integrity, esn=True))
    KeyTables(folder).add_esp(sa)
    inbound = keys.responder_to_initiator.hex()
    bits = {32: "256-128", 48: "384-192", 64: "512-256"}[integrity.key_octets]
    assert lines(folder, "esp_sa")[0] == (
        f'"IPv4","*","*","0x00001001","AES-CBC [RFC3602]","0x{inbound[:64]}",'
        f'"HMAC-SHA-{bits} [RFC4868]","0x{inbound[64:]}"'
    )


def test_transport_mode_stands_in_an_ipv6_packet(folder: Path) -> None:
    sa, _ = child(EspSuite(AES_GCM_16_256, None, esn=True), Mode.TRANSPORT)
    KeyTables(folder).add_esp(sa)
    assert all(line.startswith('"IPv6","*","*","0x') for line in lines(folder, "esp_sa"))


def test_settings_turn_on_decryption_and_name_the_ports(folder: Path) -> None:
    KeyTables(folder).add_settings(radius_secret=Secret(b"testing123"), ports={4191: "IPv6"})
    preferences = lines(folder, "preferences")
    assert "esp.enable_encryption_decode: TRUE" in preferences
    assert "esp.enable_authentication_check: TRUE" in preferences
    assert "radius.validate_authenticator: TRUE" in preferences
    assert "radius.shared_secret: testing123" in preferences
    assert lines(folder, "decode_as_entries") == ["decode_as_entry: udp.port,4191,(none),IPv6"]


def test_nothing_is_made_before_the_first_key(folder: Path) -> None:
    KeyTables(folder)
    assert not folder.exists()


def test_tables_are_the_owner_s_alone_and_grow(folder: Path) -> None:
    sa, _ = child(EspSuite(AES_GCM_16_128, None, esn=True))
    KeyTables(folder).add_esp(sa)
    KeyTables(folder).add_esp(sa)
    assert len(lines(folder, "esp_sa")) == 4
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "esp_sa").stat().st_mode & 0o777 == 0o600


def test_chacha20_poly1305_has_no_line(folder: Path) -> None:
    """Wireshark 4.0 has no name for it in either table."""
    suite = IkeSuite(CHACHA20_POLY1305, None, PRF_HMAC_SHA2_256, GROUP)
    keys = ike_keys(suite, Secret(bytes(32)), ni=b"i", nr=b"r", spi_i=SPI_I, spi_r=SPI_R)
    KeyTables(folder).add_ike(SPI_I, SPI_R, suite, keys)
    KeyTables(folder).add_esp(child(EspSuite(CHACHA20_POLY1305, None, esn=False))[0])
    assert not folder.exists()
