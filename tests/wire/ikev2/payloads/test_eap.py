"""EAP payloads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.buffer import Reader
from wire.errors import DecodeError
from wire.ikev2.payloads.eap import EapMessage

PAYLOADS = st.builds(
    lambda head, data: EapMessage(head + (len(data) + 4).to_bytes(2, "big") + data),
    st.binary(min_size=2, max_size=2),
    st.binary(max_size=60),
)


@given(PAYLOADS)
def test_payload_survives_the_round_trip(payload: EapMessage) -> None:
    parsed = EapMessage.parse(Reader(payload.build()))
    assert parsed == payload
    assert parsed.code == payload.packet[0]


@pytest.mark.parametrize("packet", [b"", b"\1\0\0", b"\1\0\0\5", b"\1\0\0\4\0"])
def test_parser_refuses_a_packet_of_another_length(packet: bytes) -> None:
    with pytest.raises(DecodeError, match="EAP packet"):
        EapMessage.parse(Reader(packet))
