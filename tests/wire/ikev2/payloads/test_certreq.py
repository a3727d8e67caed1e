"""CERTREQ payloads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.buffer import Reader
from wire.errors import DecodeError
from wire.ikev2.payloads.certreq import CertificateRequest

PAYLOADS = st.builds(CertificateRequest, st.integers(0, 255), st.binary(max_size=80))


@given(PAYLOADS)
def test_payload_survives_the_round_trip(payload: CertificateRequest) -> None:
    assert CertificateRequest.parse(Reader(payload.build())) == payload


def test_authorities_are_hashes_of_twenty_octets() -> None:
    one, two = bytes(range(20)), bytes(range(20, 40))
    assert CertificateRequest(4, one + two + b"rest").authorities == (one, two)
    assert CertificateRequest(4).authorities == ()


def test_parser_refuses_an_empty_body() -> None:
    with pytest.raises(DecodeError):
        CertificateRequest.parse(Reader(b""))
