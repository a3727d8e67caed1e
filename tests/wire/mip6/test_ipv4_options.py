"""The options of RFC 5555 §3, octet by octet; the octets are those of the Mobile IPv6 set where it has them."""

from ipaddress import IPv4Address

import pytest

from wire.buffer import Reader
from wire.errors import DecodeError
from wire.mip6.ipv4_options import NO_KEEPALIVE, Ipv4AddressAck, Ipv4CareOf, Ipv4HomeAddress, NatDetection

Option = Ipv4HomeAddress | Ipv4AddressAck | NatDetection | Ipv4CareOf
OPTIONS: list[tuple[Option, str]] = [
    (Ipv4HomeAddress(IPv4Address("0.0.0.0")), "800000000000"),
    (Ipv4HomeAddress(IPv4Address("203.0.113.0"), 24, prefix_requested=True), "6200cb007100"),
    (Ipv4AddressAck(0, IPv4Address("203.0.113.5")), "0080cb007105"),
    (Ipv4AddressAck(132, IPv4Address("0.0.0.0"), 0), "840000000000"),
    (NatDetection(110), "00000000006e"),
    (NatDetection(NO_KEEPALIVE, force_udp=True), "8000ffffffff"),
    (Ipv4CareOf(IPv4Address("10.1.2.3")), "00000a010203"),
]


@pytest.mark.parametrize(("option", "octets"), OPTIONS, ids=lambda value: type(value).__name__)
def test_option_is_these_octets(option: Option, octets: str) -> None:
    assert option.body().hex() == octets
    assert type(option).read(Reader(bytes.fromhex(octets))) == option


@pytest.mark.parametrize(("option", "octets"), OPTIONS, ids=lambda value: type(value).__name__)
def test_short_option_is_refused(option: Option, octets: str) -> None:
    with pytest.raises(DecodeError):
        type(option).read(Reader(bytes.fromhex(octets)[:-1]))


def test_kinds_are_those_of_the_specification() -> None:
    kinds = [Ipv4HomeAddress.kind, Ipv4AddressAck.kind, NatDetection.kind, Ipv4CareOf.kind]
    assert kinds == [29, 30, 31, 32]
