"""The form of an encrypted identity, around a ciphertext that OpenSSL made."""

import json
from base64 import b64encode
from pathlib import Path

import pytest

from wire.eap.encrypted_identity import EncryptedIdentity
from wire.errors import DecodeError, EncodeError

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "imsi_privacy.json").read_text())
CIPHERTEXT = bytes.fromhex(VECTORS["encrypted"][0]["ciphertext"])
BASE64 = b64encode(CIPHERTEXT)


@pytest.mark.parametrize(
    ("octets", "attribute"),
    [
        (b"\0" + BASE64, ""),
        (b"\0" + BASE64 + b",Name=Value", "Name=Value"),
        (b"\0" + BASE64 + b",CertificateSerialNumber=12,x", "CertificateSerialNumber=12,x"),
        (b"\0" + BASE64 + b"@nai.epc.mnc001.mcc001.3gppnetwork.org", ""),
        (b"\0" + BASE64 + b"@realm.example,Name=Value", "Name=Value"),
    ],
)
def test_identity_is_read_in_every_form_that_handsets_send(octets: bytes, attribute: str) -> None:
    assert len(BASE64) == 344
    assert EncryptedIdentity.parse(octets) == EncryptedIdentity(CIPHERTEXT, attribute)


@pytest.mark.parametrize("attribute", ["", "Name=Value"])
def test_identity_is_built_as_hostap_builds_it(attribute: str) -> None:
    tail = b"," + attribute.encode() if attribute else b""
    assert EncryptedIdentity(CIPHERTEXT, attribute).build() == b"\0" + BASE64 + tail


@pytest.mark.parametrize(
    "octets", [b"", b"\0", BASE64, b"\0A", b"\0AB CD", b"\0" + BASE64 + b"=", b"\0AAAA\n", b"\0AAAA@a b", b"\0AAAA,\n"]
)
def test_anything_else_is_refused(octets: bytes) -> None:
    with pytest.raises(DecodeError):
        EncryptedIdentity.parse(octets)


@pytest.mark.parametrize(("ciphertext", "attribute"), [(b"", ""), (b"x", "a\nb"), (b"x", "a" * 254)])
def test_what_no_identity_can_carry_is_not_built(ciphertext: bytes, attribute: str) -> None:
    with pytest.raises(EncodeError):
        EncryptedIdentity(ciphertext, attribute).build()
