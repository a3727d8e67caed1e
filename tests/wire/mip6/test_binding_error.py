"""Binding Errors, against the Mobile IPv6 set."""

from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.mip6.test_options import OPTION, U8
from tests.wire.mip6.vectors import named
from wire.errors import DecodeError
from wire.mip6.binding_error import BindingError

ERROR = st.builds(
    BindingError, U8, st.integers(0, 2**128 - 1).map(IPv6Address), st.lists(OPTION, max_size=4).map(tuple)
)


@given(ERROR)
def test_error_survives_a_round_trip(error: BindingError) -> None:
    assert BindingError.parse(error.build()) == error


def test_error_of_the_mobile_ipv6_set_is_read_and_rebuilt() -> None:
    data = named("binding_error_unknown_hoa").mobility_header[6:]
    error = BindingError(1, IPv6Address("2001:db8:aaaa:1::100"))
    assert BindingError.parse(data) == error
    assert error.build() == data


def test_parser_counts_from_the_start_of_the_header() -> None:
    with pytest.raises(DecodeError) as caught:
        BindingError.parse(bytes(17))
    assert caught.value.offset == 8
