"""Nonce payloads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.buffer import Reader
from wire.errors import DecodeError
from wire.ikev2.payloads.nonce import Nonce

PAYLOADS = st.builds(Nonce, st.binary(min_size=16, max_size=256))


@given(PAYLOADS)
def test_payload_survives_the_round_trip(payload: Nonce) -> None:
    assert Nonce.parse(Reader(payload.build())) == payload


@pytest.mark.parametrize("length", [0, 15, 257])
def test_parser_refuses_a_nonce_of_unlawful_length(length: int) -> None:
    with pytest.raises(DecodeError, match=f"a nonce of {length} octets"):
        Nonce.parse(Reader(bytes(length)))
