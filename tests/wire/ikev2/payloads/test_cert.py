"""CERT payloads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.buffer import Reader
from wire.errors import DecodeError
from wire.ikev2.payloads.cert import Certificate

PAYLOADS = st.builds(Certificate, st.integers(0, 255), st.binary(max_size=80))


@given(PAYLOADS)
def test_payload_survives_the_round_trip(payload: Certificate) -> None:
    assert Certificate.parse(Reader(payload.build())) == payload


def test_parser_refuses_an_empty_body() -> None:
    with pytest.raises(DecodeError):
        Certificate.parse(Reader(b""))
