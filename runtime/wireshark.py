"""Wireshark's tables: with WIRESHARK_CONFIG_DIR naming their folder, it reads IKEv2 and ESP in clear.

Wireshark 4.0 opens no ChaCha20-Poly1305, and has no name for it in its tables: such keys are left out.
Wireshark 4.0 verifies no ESP with extended sequence numbers: its table has no place for them. All else it verifies.
They hold session keys; so they are written only where a capture was asked for, in a folder of mode 0700.
"""

import os
from pathlib import Path

from wire.ciphers import CHACHA20_POLY1305, Encryption, Integrity
from wire.ikev2.algorithms import IkeSuite
from wire.ikev2.child import ChildSa, Mode
from wire.ikev2.keys import IkeKeys
from wire.secret import Secret

_IKE_INTEGRITY = {
    12: "HMAC_SHA2_256_128 [RFC4868]",
    13: "HMAC_SHA2_384_192 [RFC4868]",
    14: "HMAC_SHA2_512_256 [RFC4868]",
}
_ESP_INTEGRITY = {
    12: "HMAC-SHA-256-128 [RFC4868]",
    13: "HMAC-SHA-384-192 [RFC4868]",
    14: "HMAC-SHA-512-256 [RFC4868]",
}
_NO_INTEGRITY = "NONE [RFC4306]"


class KeyTables:
    """The folder of one capture's tables; made when the first key comes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add_ike(self, spi_i: bytes, spi_r: bytes, suite: IkeSuite, keys: IkeKeys) -> None:
        """One IKE SA, by its two SPIs of 8 octets."""
        if suite.encryption is CHACHA20_POLY1305:
            return
        integrity = _IKE_INTEGRITY[suite.integrity.transform_id] if suite.integrity else _NO_INTEGRITY
        fields = (
            spi_i.hex(), spi_r.hex(), keys.sk_ei.hex(), keys.sk_er.hex(), f'"{_ike_cipher(suite.encryption)}"',
            keys.sk_ai.hex(), keys.sk_ar.hex(), f'"{integrity}"',
        )  # fmt: skip
        self._append("ikev2_decryption_table", ",".join(fields))

    def add_esp(self, child: ChildSa) -> None:
        """Both directions of a Child SA; a transport-mode one stands in an IPv6 packet, a tunnel in IPv4 and UDP."""
        if child.encryption is CHACHA20_POLY1305:
            return
        family = "IPv6" if child.mode is Mode.TRANSPORT else "IPv4"
        for spi, keys in ((child.spi_in, child.keys_in), (child.spi_out, child.keys_out)):
            cipher, key, integrity, integrity_key = _esp_fields(child.encryption, child.integrity, keys)
            fields = (family, "*", "*", f"{spi:#010x}", cipher, key, integrity, integrity_key)
            self._append("esp_sa", ",".join(f'"{field}"' for field in fields))

    def add_settings(self, *, radius_secret: Secret, ports: dict[int, str]) -> None:
        """What Wireshark must be told of: the RADIUS secret, and UDP ports with the protocols they carry."""
        self._append("preferences", "esp.enable_encryption_decode: TRUE")
        self._append("preferences", "esp.enable_authentication_check: TRUE")
        self._append("preferences", "radius.validate_authenticator: TRUE")
        self._append("preferences", f"radius.shared_secret: {bytes(radius_secret).decode('ascii', 'replace')}")
        for port, protocol in ports.items():
            self._append("decode_as_entries", f"decode_as_entry: udp.port,{port},(none),{protocol}")

    def _append(self, name: str, line: str) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(line + "\n")


def _ike_cipher(encryption: Encryption) -> str:
    if encryption.is_aead:
        return f"AES-GCM-{encryption.key_bits} with 16 octet ICV [RFC5282]"
    return f"AES-CBC-{encryption.key_bits} [RFC3602]"


def _esp_fields(encryption: Encryption, integrity: Integrity | None, keys: Secret) -> tuple[str, str, str, str]:
    cipher_octets = encryption.key_octets + encryption.salt_octets
    key = f"0x{keys[:cipher_octets].hex()}"
    if integrity is None:
        return "AES-GCM with 16 octet ICV [RFC4106]", key, "NULL", ""
    return "AES-CBC [RFC3602]", key, _ESP_INTEGRITY[integrity.transform_id], f"0x{keys[cipher_octets:].hex()}"
