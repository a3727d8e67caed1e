"""Vendor ID payloads."""

from hypothesis import given
from hypothesis import strategies as st

from wire.buffer import Reader
from wire.ikev2.payloads.vendor import VendorId

PAYLOADS = st.builds(VendorId, st.binary(max_size=40))


@given(PAYLOADS)
def test_payload_survives_the_round_trip(payload: VendorId) -> None:
    assert VendorId.parse(Reader(payload.build())) == payload
