"""Binding Refresh Requests, against the Mobile IPv6 set."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.mip6.test_options import OPTION
from tests.wire.mip6.vectors import named
from wire.errors import DecodeError
from wire.mip6.refresh_request import RefreshRequest


@given(st.builds(RefreshRequest, st.lists(OPTION, max_size=4).map(tuple)))
def test_request_survives_a_round_trip(request: RefreshRequest) -> None:
    assert RefreshRequest.parse(request.build()) == request


def test_request_of_the_mobile_ipv6_set_is_read_and_rebuilt() -> None:
    data = named("binding_refresh_request").mobility_header[6:]
    assert RefreshRequest.parse(data) == RefreshRequest()
    assert RefreshRequest().build() == data


def test_parser_wants_the_reserved_octets() -> None:
    with pytest.raises(DecodeError):
        RefreshRequest.parse(b"\x00")
