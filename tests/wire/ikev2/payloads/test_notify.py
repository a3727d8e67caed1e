"""Notify payloads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.buffer import Reader
from wire.errors import DecodeError
from wire.ikev2.constants import NotifyType
from wire.ikev2.payloads.notify import Notify

PAYLOADS = st.builds(Notify, st.integers(0, 0xFFFF), st.binary(max_size=40), st.integers(0, 255), st.binary(max_size=8))


@given(PAYLOADS)
def test_payload_survives_the_round_trip(payload: Notify) -> None:
    assert Notify.parse(Reader(payload.build())) == payload


def test_errors_end_where_status_begins() -> None:
    assert Notify(NotifyType.CHILD_SA_NOT_FOUND).is_error
    assert Notify(16383).is_error
    assert not Notify(NotifyType.INITIAL_CONTACT).is_error


def test_name_is_the_number_where_there_is_none() -> None:
    assert Notify(NotifyType.TS_UNACCEPTABLE).name == "TS_UNACCEPTABLE"
    assert Notify(9999).name == "9999"


def test_parser_refuses_an_spi_longer_than_the_body() -> None:
    with pytest.raises(DecodeError):
        Notify.parse(Reader(b"\3\4\0\x0b\0\0\0"))
