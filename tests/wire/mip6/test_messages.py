"""Any Mobility Header: dispatch by type, what is unknown, what is too short."""

from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.mip6.test_binding_ack import ACK
from tests.wire.mip6.test_binding_error import ERROR
from tests.wire.mip6.test_binding_update import UPDATE
from tests.wire.mip6.test_revocation import REVOCATION
from tests.wire.mip6.vectors import MOBILITY, Vector
from wire.errors import DecodeError
from wire.mip6.binding_ack import BindingAck
from wire.mip6.binding_error import BindingError
from wire.mip6.binding_update import BindingUpdate
from wire.mip6.header import MobilityHeader
from wire.mip6.messages import MobilityMessage, UnknownMessage, build_message, is_known_type, parse_message
from wire.mip6.refresh_request import RefreshRequest

HOME, AGENT = IPv6Address("2001:db8::100"), IPv6Address("2001:db8::1")
UNKNOWN = st.builds(UnknownMessage, st.sampled_from([1, 2, 13, 255]), st.binary(min_size=10, max_size=10))
TYPES = {"bu": BindingUpdate, "ba": BindingAck, "binding_error": BindingError, "binding_refresh": RefreshRequest}


@given(st.one_of(UPDATE, ACK, ERROR, REVOCATION, UNKNOWN))
def test_message_survives_a_round_trip(message: MobilityMessage) -> None:
    assert parse_message(build_message(message, HOME, AGENT)) == message


@pytest.mark.parametrize("vector", MOBILITY, ids=lambda vector: vector.name)
def test_messages_of_the_mobile_ipv6_set_are_rebuilt_octet_by_octet(vector: Vector) -> None:
    message = parse_message(vector.mobility_header)
    wanted = next(kind for name, kind in TYPES.items() if vector.name.startswith(name + "_"))
    assert type(message) is wanted
    assert build_message(message, vector.source, vector.destination) == vector.mobility_header


@pytest.mark.parametrize(("mh_type", "octets"), [(5, 10), (6, 10), (7, 18)])
def test_header_too_short_for_its_type_is_the_fault_of_its_length(mh_type: int, octets: int) -> None:
    too_short = MobilityHeader(mh_type, bytes(octets - 8)).build(HOME, AGENT)
    with pytest.raises(DecodeError) as caught:
        parse_message(too_short)
    assert caught.value.offset == 1


def test_route_optimisation_is_not_known() -> None:
    assert [mh_type for mh_type in range(256) if is_known_type(mh_type)] == [0, 5, 6, 7, 16]
