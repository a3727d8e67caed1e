"""ID payloads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ikev2_vectors import SESSIONS, octets
from wire.buffer import Reader
from wire.errors import DecodeError
from wire.ikev2.constants import IdType, PayloadType
from wire.ikev2.payloads.identification import IdInitiator, IdResponder

FIELDS = (st.integers(0, 255), st.binary(max_size=80), st.binary(min_size=3, max_size=3))
PAYLOADS = st.one_of(st.builds(IdInitiator, *FIELDS), st.builds(IdResponder, *FIELDS))


@given(PAYLOADS)
def test_payload_survives_the_round_trip(payload: IdInitiator | IdResponder) -> None:
    assert type(payload).parse(Reader(payload.build())) == payload


def test_parser_reads_a_nai() -> None:
    """Source: tests/vectors/ikev2.json, ikev2_eap_sessions[0]."""
    idi = IdInitiator.parse(Reader(octets(SESSIONS[0], "idi_body")))
    assert idi.id_type == IdType.RFC822_ADDR
    assert idi.text == "0001010000000055@nai.epc.mnc001.mcc001.3gppnetwork.org"


def test_two_ends_have_types_of_their_own() -> None:
    assert (IdInitiator.payload_type, IdResponder.payload_type) == (PayloadType.IDI, PayloadType.IDR)


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (IdResponder(IdType.FQDN, b"internet"), "internet"),
        (IdResponder(IdType.FQDN, b"in\nternet"), "FQDN 696e0a7465726e6574"),
        (IdResponder(IdType.RFC822_ADDR, b"\xff"), "RFC822_ADDR ff"),
        (IdResponder(IdType.KEY_ID, b"key"), "KEY_ID 6b6579"),
        (IdResponder(201, b"\0"), "201 00"),
        (IdResponder(IdType.FQDN, b"a" * 255), "a" * 255),
        (IdResponder(IdType.FQDN, b"a" * 60_000), "FQDN " + "61" * 64 + "..."),
        (IdInitiator(IdType.KEY_ID, bytes(60_000)), "KEY_ID " + "00" * 64 + "..."),
    ],
)
def test_text_never_carries_control_characters(payload: IdResponder, text: str) -> None:
    assert payload.text == text


def test_parser_refuses_a_body_without_type() -> None:
    with pytest.raises(DecodeError):
        IdInitiator.parse(Reader(b"\3\0\0"))
