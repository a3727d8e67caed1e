"""Binding Updates, against the Mobile IPv6 set."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.mip6.test_options import OPTION, U16
from tests.wire.mip6.vectors import named
from wire.errors import DecodeError
from wire.mip6.binding_update import BindingFlag, BindingUpdate
from wire.mip6.ipv4_options import Ipv4CareOf, Ipv4HomeAddress
from wire.mip6.ipv6_options import AlternateCareOf

UPDATE = st.builds(
    BindingUpdate,
    sequence=U16,
    flags=U16.map(BindingFlag),
    lifetime=U16,
    options=st.lists(OPTION, max_size=5).map(tuple),
)
AHK = BindingFlag.ACKNOWLEDGE | BindingFlag.HOME_REGISTRATION | BindingFlag.KEY_MANAGEMENT
ANY_IPV4 = Ipv4HomeAddress(IPv4Address(0))
SAMPLES = {
    "bu_ipv6_coa": BindingUpdate(
        sequence=1,
        flags=AHK,
        lifetime=900,
        options=(ANY_IPV4, AlternateCareOf(IPv6Address("2001:db8:bbbb::77"))),
    ),
    "bu_deregister": BindingUpdate(sequence=2, flags=AHK, lifetime=0),
    "bu_ipv4_udp4191": BindingUpdate(
        sequence=7, flags=AHK, lifetime=900, options=(ANY_IPV4, Ipv4CareOf(IPv4Address("10.1.2.3")))
    ),
}


@given(UPDATE)
def test_update_survives_a_round_trip(update: BindingUpdate) -> None:
    assert BindingUpdate.parse(update.build()) == update


@pytest.mark.parametrize("name", SAMPLES)
def test_updates_of_the_mobile_ipv6_set_are_read_and_rebuilt(name: str) -> None:
    data = named(name).mobility_header[6:]
    assert BindingUpdate.parse(data) == SAMPLES[name]
    assert SAMPLES[name].build() == data


def test_lifetime_counts_four_seconds() -> None:
    assert SAMPLES["bu_ipv6_coa"].lifetime_seconds == 3600


@pytest.mark.parametrize(("octets", "offset"), [("", 6), ("000180", 8), ("0001d00003841d06", 14)])
def test_parser_counts_from_the_start_of_the_header(octets: str, offset: int) -> None:
    with pytest.raises(DecodeError) as caught:
        BindingUpdate.parse(bytes.fromhex(octets))
    assert caught.value.offset == offset
