"""AUTH payloads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.buffer import Reader
from wire.errors import DecodeError
from wire.ikev2.payloads.auth import Authentication

PAYLOADS = st.builds(Authentication, st.integers(0, 255), st.binary(max_size=80))


@given(PAYLOADS)
def test_payload_survives_the_round_trip(payload: Authentication) -> None:
    assert Authentication.parse(Reader(payload.build())) == payload


def test_parser_refuses_a_body_without_method() -> None:
    with pytest.raises(DecodeError):
        Authentication.parse(Reader(b"\2\0\0"))
