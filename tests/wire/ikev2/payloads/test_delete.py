"""Delete payloads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.buffer import Reader
from wire.errors import DecodeError
from wire.ikev2.constants import ProtocolId
from wire.ikev2.payloads.delete import Delete

PAYLOADS = st.one_of(
    st.builds(Delete, st.integers(0, 255)),
    st.builds(
        lambda protocol, spis: Delete(protocol, tuple(spis), 4),
        st.integers(0, 255),
        st.lists(st.binary(min_size=4, max_size=4), max_size=5),
    ),
)


@given(PAYLOADS)
def test_payload_survives_the_round_trip(payload: Delete) -> None:
    assert Delete.parse(Reader(payload.build())) == payload


def test_delete_of_the_ike_sa_carries_no_spi() -> None:
    assert Delete(ProtocolId.IKE).build() == b"\1\0\0\0"


@pytest.mark.parametrize("body", [b"\3\4\0\2\0\0\0\1", b"\3\4\0\1\0\0\0\1\0", b"\1\0\0\1", b"\3\4\0"])
def test_parser_refuses_a_count_that_lies(body: bytes) -> None:
    with pytest.raises(DecodeError):
        Delete.parse(Reader(body))
