"""MPPE keys against another implementation's octets and hostap's captures."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyrad.packet import AuthPacket

from wire.errors import DecodeError, EncodeError
from wire.radius.codec import build_attributes, parse_packet
from wire.radius.mppe import build_msk, decrypt_key, distinct_salts, encrypt_key, msk_attributes, msk_of
from wire.radius.packet import Attribute, Code, RadiusPacket
from wire.secret import Secret

FOLDER = Path(__file__).parents[2] / "vectors"
PUBLISHED: dict[str, str] = json.loads((FOLDER / "radius.json").read_text(encoding="utf-8"))["ms_mppe_keys"]
CAPTURES: dict[str, Any] = json.loads((FOLDER / "eap_captures.json").read_text(encoding="utf-8"))
SECRET = PUBLISHED["secret_ascii"].encode()
AUTHENTICATOR = bytes.fromhex(PUBLISHED["request_authenticator"])


@pytest.mark.parametrize("which", ["recv", "send"])
def test_key_string_is_as_published(which: str) -> None:
    # magma eap/aka mac_test.go
    key, salt = bytes.fromhex(PUBLISHED[f"{which}_key_plain"]), bytes.fromhex(PUBLISHED[f"{which}_salt"])
    string = bytes.fromhex(PUBLISHED[f"{which}_key_string"])
    assert encrypt_key(key, SECRET, AUTHENTICATOR, salt) == string
    assert decrypt_key(string, SECRET, AUTHENTICATOR) == key


def test_both_attributes_are_as_published() -> None:
    # magma eap/aka mac_test.go: the Vendor-Specific attributes whole
    salts = bytes.fromhex(PUBLISHED["recv_salt"] + PUBLISHED["send_salt"])
    made = msk_attributes(
        bytes.fromhex(PUBLISHED["msk"]),
        secret=SECRET,
        request_authenticator=AUTHENTICATOR,
        random=lambda count: salts[:count],
    )
    vsas = bytes.fromhex(PUBLISHED["recv_vsa"] + PUBLISHED["send_vsa"])
    header = b"\x02\x00" + (20 + len(vsas)).to_bytes(2, "big") + bytes(16)
    assert parse_packet(header + vsas).attributes == tuple(made)
    assert build_msk(bytes.fromhex(PUBLISHED["msk"]), SECRET, AUTHENTICATOR, lambda count: salts[:count]) == vsas


@given(st.binary(min_size=64, max_size=64), st.binary(min_size=1, max_size=40), st.binary(min_size=4, max_size=4))
def test_half_an_msk_is_encrypted_as_any_key(msk: bytes, secret: bytes, chance: bytes) -> None:
    salts = distinct_salts(lambda _count: chance)
    pairs = zip((msk[:32], msk[32:]), salts, strict=True)
    halves = [encrypt_key(half, secret, AUTHENTICATOR, salt) for half, salt in pairs]
    made = msk_attributes(msk, secret=secret, request_authenticator=AUTHENTICATOR, random=lambda _count: chance)
    assert [attribute.value for attribute in made] == halves
    assert build_msk(msk, secret, AUTHENTICATOR, lambda _count: chance) == build_attributes(made)


def test_msk_of_captured_accepts_is_the_one_derived() -> None:
    # hostap 2.10: full authentication and re-authentication, EAP-AKA and EAP-AKA'
    seen = 0
    for run in CAPTURES["runs"]:
        packets = [parse_packet(bytes.fromhex(entry["packet"])) for entry in run.get("radius", [])]
        asked = {packet.identifier: packet for packet in packets if packet.code == Code.ACCESS_REQUEST}
        accepts = [packet for packet in packets if packet.code == Code.ACCESS_ACCEPT]
        for accept, round_ in zip(accepts, run["rounds"] if accepts else [], strict=True):
            authenticator = asked[accept.identifier].authenticator
            msk = msk_of(accept, secret=run["secret"].encode(), request_authenticator=authenticator)
            assert msk == bytes.fromhex(round_["msk"])
            seen += 1
    assert seen == 4


def test_pyrad_decrypts_our_keys() -> None:
    foreign = AuthPacket(Code.ACCESS_ACCEPT, 0, SECRET, AUTHENTICATOR)
    for key in (bytes(range(32)), b"k", bytes(100)):
        assert foreign.SaltDecrypt(encrypt_key(key, SECRET, AUTHENTICATOR, b"\x80\x01")) == key


@given(st.binary(min_size=1, max_size=239), st.binary(min_size=1, max_size=40), st.binary(min_size=16, max_size=16))
def test_key_round_trips(key: bytes, secret: bytes, authenticator: bytes) -> None:
    string = encrypt_key(key, secret, authenticator, b"\xff\x00")
    assert len(string) % 16 == 2
    assert decrypt_key(string, secret, authenticator) == key


def test_decrypted_key_never_prints_itself() -> None:
    key = decrypt_key(encrypt_key(bytes(32), SECRET, AUTHENTICATOR, b"\x80\x00"), SECRET, AUTHENTICATOR)
    assert isinstance(key, Secret)


def test_salts_of_one_packet_differ_whatever_the_entropy() -> None:
    assert distinct_salts(bytes) == (b"\x80\x00", b"\x80\x01")
    chance = random.Random(1)
    for _ in range(1000):
        first, second = distinct_salts(lambda count: chance.randbytes(count) if chance.random() < 0.5 else bytes(count))
        assert first != second
        assert first[0] & second[0] & 0x80


@pytest.mark.parametrize("string", [b"", b"\x80\x00", b"\x80\x00" + bytes(15), b"\x00\x00" + bytes(16)])
def test_decrypter_refuses_a_misshapen_string(string: bytes) -> None:
    with pytest.raises(DecodeError):
        decrypt_key(string, SECRET, AUTHENTICATOR)


def test_wrong_secret_is_refused_or_gives_another_key() -> None:
    string = bytes.fromhex(PUBLISHED["recv_key_string"])
    with pytest.raises(DecodeError, match="shared secret differs"):
        decrypt_key(string, b"another", AUTHENTICATOR)


@pytest.mark.parametrize(
    ("key", "salt"), [(b"", b"\x80\x00"), (bytes(240), b"\x80\x00"), (b"k", b"\x7f\x00"), (b"k", b"\x80")]
)
def test_encrypter_refuses_what_the_string_cannot_carry(key: bytes, salt: bytes) -> None:
    with pytest.raises(EncodeError):
        encrypt_key(key, SECRET, AUTHENTICATOR, salt)


def test_msk_has_64_octets() -> None:
    with pytest.raises(EncodeError):
        msk_attributes(bytes(32), secret=SECRET, request_authenticator=AUTHENTICATOR, random=bytes)
    with pytest.raises(EncodeError):
        build_msk(bytes(65), SECRET, AUTHENTICATOR, bytes)
    short = Attribute.of("MS-MPPE-Recv-Key", encrypt_key(bytes(16), SECRET, AUTHENTICATOR, b"\x80\x00"))
    sent = Attribute.of("MS-MPPE-Send-Key", encrypt_key(bytes(32), SECRET, AUTHENTICATOR, b"\x80\x01"))
    with pytest.raises(DecodeError):
        msk_of(RadiusPacket(2, 0, bytes(16), (short, sent)), secret=SECRET, request_authenticator=AUTHENTICATOR)
    lonely = RadiusPacket(2, 0, bytes(16), (sent,))
    assert msk_of(lonely, secret=SECRET, request_authenticator=AUTHENTICATOR) is None
