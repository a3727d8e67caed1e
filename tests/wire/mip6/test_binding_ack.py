"""Binding Acknowledgements, against the Mobile IPv6 set."""

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.mip6.test_options import OPTION, U8, U16
from tests.wire.mip6.vectors import named
from wire.errors import DecodeError
from wire.mip6.binding_ack import AckFlag, BindingAck
from wire.mip6.ipv4_options import Ipv4AddressAck, NatDetection
from wire.mip6.ipv6_options import BindingRefreshAdvice

ACK = st.builds(
    BindingAck,
    status=U8,
    flags=U8.map(AckFlag),
    sequence=U16,
    lifetime=U16,
    options=st.lists(OPTION, max_size=5).map(tuple),
)
IPV4 = Ipv4AddressAck(0, IPv4Address("203.0.113.5"))
K = AckFlag.KEY_MANAGEMENT
SAMPLES = {
    "ba_ipv6_rh2": BindingAck(status=0, flags=K, sequence=1, lifetime=900, options=(IPV4, BindingRefreshAdvice(225))),
    "ba_ipv4_udp4191": BindingAck(status=0, flags=K, sequence=7, lifetime=900, options=(IPV4, NatDetection(110))),
    "ba_seq_out_of_window": BindingAck(status=135, flags=AckFlag(0), sequence=0x1234, lifetime=0),
}


@given(ACK)
def test_acknowledgement_survives_a_round_trip(ack: BindingAck) -> None:
    assert BindingAck.parse(ack.build()) == ack


@pytest.mark.parametrize("name", SAMPLES)
def test_acknowledgements_of_the_mobile_ipv6_set_are_read_and_rebuilt(name: str) -> None:
    data = named(name).mobility_header[6:]
    assert BindingAck.parse(data) == SAMPLES[name]
    assert SAMPLES[name].build() == data


def test_lifetime_counts_four_seconds() -> None:
    assert SAMPLES["ba_ipv6_rh2"].lifetime_seconds == 3600


def test_parser_counts_from_the_start_of_the_header() -> None:
    with pytest.raises(DecodeError) as caught:
        BindingAck.parse(bytes(5))
    assert caught.value.offset == 10
