"""KE payloads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.buffer import Reader
from wire.errors import DecodeError
from wire.ikev2.payloads.ke import KeyExchange

PAYLOADS = st.builds(KeyExchange, st.integers(0, 0xFFFF), st.binary(max_size=300))


@given(PAYLOADS)
def test_payload_survives_the_round_trip(payload: KeyExchange) -> None:
    assert KeyExchange.parse(Reader(payload.build())) == payload


def test_parser_passes_over_the_reserved_octets() -> None:
    assert KeyExchange.parse(Reader(b"\0\x1f\xff\xffdata")) == KeyExchange(31, b"data")


def test_parser_refuses_a_body_without_group() -> None:
    with pytest.raises(DecodeError):
        KeyExchange.parse(Reader(b"\0\x1f\0"))
