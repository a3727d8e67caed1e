"""AT_ENCR_DATA of RFC 4186 Appendix A and of conversations of others."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import CBC
from hypothesis import given
from hypothesis import strategies as st

from tests.captures import load_runs
from wire.eap.aka import AkaMessage
from wire.eap.attributes import At, Attribute, Attributes
from wire.eap.encrypted import parse_encrypted, seal, seal_octets
from wire.errors import DecodeError
from wire.secret import Secret

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "eap_aka.json").read_text())
SIM = VECTORS["rfc4186_appendix_a_eap_sim"]
KEY = Secret(bytes(range(16)))
IV = bytes(range(16, 32))


@pytest.mark.parametrize("name", ["challenge_req", "reauth_req", "reauth_rsp"])
def test_published_plaintext_is_found_and_sealed_again(name: str) -> None:
    key = Secret.fromhex(SIM["keys"]["k_encr"])
    attributes = Attributes.parse(bytes.fromhex(SIM["packets"][name])[8:], base=8)
    iv, ciphertext = attributes.get(At.IV) or b"", attributes.get(At.ENCR_DATA) or b""
    inside = parse_encrypted(iv, ciphertext, key)
    assert inside.build().hex() == SIM["packets"][f"{name}_encr_plaintext"]
    content = [item for item in inside if item.type != At.PADDING]
    assert seal(content, key, iv) == (Attribute(At.IV, iv), Attribute(At.ENCR_DATA, ciphertext))
    octets = Attributes((Attribute(At.IV, iv), Attribute(At.ENCR_DATA, ciphertext))).build()
    assert seal_octets(Attributes(tuple(content)).build(), key, iv) == octets


def test_next_identities_of_rfc_4186_are_read() -> None:
    attributes = Attributes.parse(bytes.fromhex(SIM["packets"]["challenge_req_encr_plaintext"]))
    assert attributes.get(At.NEXT_PSEUDONYM) == SIM["next_pseudonym_ascii"].encode()
    assert attributes.get(At.NEXT_REAUTH_ID) == SIM["next_reauth_id_ascii"].encode()


@pytest.mark.parametrize(
    "case",
    [case for case in VECTORS["eap_aka_full_runs"] if "encr_plaintext" in case],
    ids=lambda case: str(case["source"]),
)
def test_foreign_challenge_is_opened(case: dict[str, Any]) -> None:
    packets = case["packets"]
    message = AkaMessage.parse(bytes.fromhex(packets.get("challenge_req_with_encr_data", packets.get("challenge_req"))))
    assert message.parse_encrypted(Secret.fromhex(case["k_encr"])).build().hex() == case["encr_plaintext"]


def test_captured_messages_are_opened() -> None:
    seen = 0
    for run in load_runs():
        for exchange in run.exchanges:
            for packet in (packet for packet in exchange.packets if packet.inner):
                keys = [one.values["k_encr"] for one in run.exchanges[0].rounds]
                message = AkaMessage.parse(packet.octets)
                assert packet.inner in [opened(message, Secret(key)) for key in keys]
                seen += 1
    assert seen == 9


def opened(message: AkaMessage, key: Secret) -> bytes:
    try:
        return message.parse_encrypted(key).build()
    except DecodeError:
        return b""


@given(st.binary(max_size=60), st.integers(0, 65535))
def test_sealed_attributes_are_opened_again(identity: bytes, counter: int) -> None:
    content = (Attribute(At.NEXT_REAUTH_ID, identity), Attribute.number(At.COUNTER, counter))
    iv, data = seal(content, KEY, IV)
    inside = parse_encrypted(iv.value, data.value, KEY)
    assert tuple(item for item in inside if item.type != At.PADDING) == content
    assert len(data.value) % 16 == 0


def test_wrong_key_gives_no_attributes() -> None:
    iv, data = seal((Attribute(At.NEXT_PSEUDONYM, b"2abc"),), KEY, IV)
    with pytest.raises(DecodeError):
        parse_encrypted(iv.value, data.value, Secret(bytes(16)))


@pytest.mark.parametrize(("iv", "length"), [(bytes(15), 16), (IV, 17)])
def test_broken_blocks_are_refused(iv: bytes, length: int) -> None:
    with pytest.raises(DecodeError, match="whole blocks"):
        parse_encrypted(iv, bytes(length), KEY)


def test_padding_must_be_last() -> None:
    iv, data = seal((Attribute(At.PADDING, bytes(6)), Attribute(At.PADDING, bytes(6))), KEY, IV)
    with pytest.raises(DecodeError, match="last"):
        parse_encrypted(iv.value, data.value, KEY)


@given(st.binary(min_size=2, max_size=2), st.integers(0, 12 * 8 - 1) | st.none())
def test_counter_alone_is_read_as_anything_is(counter: bytes, turned: int | None) -> None:
    plain = bytearray(Attribute(At.COUNTER, counter).build() + Attribute(At.PADDING, bytes(10)).build())
    if turned is not None:
        plain[turned // 8 if turned < 16 else 2 + turned // 8] ^= 1 << turned % 8
    cut = Cipher(AES128(KEY), CBC(IV)).encryptor().update(bytes(plain))
    try:
        expected = Attributes.parse(bytes(plain))
    except DecodeError:
        with pytest.raises(DecodeError):
            parse_encrypted(IV, cut, KEY)
        return
    if At.PADDING not in [item.type for item in expected][:-1]:
        assert parse_encrypted(IV, cut, KEY) == expected
