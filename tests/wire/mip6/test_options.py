"""The framing of mobility options: alignment, padding, what is unknown, what is broken."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.mip6.vectors import SETS
from wire.buffer import Reader
from wire.errors import DecodeError, EncodeError
from wire.mip6.ipv4_options import Ipv4AddressAck, Ipv4CareOf, Ipv4HomeAddress, NatDetection
from wire.mip6.ipv6_options import AlternateCareOf, BindingAuthorizationData, BindingRefreshAdvice, NonceIndices
from wire.mip6.options import MobilityOption, UnknownOption, append_options, find, read_options

U8, U16, U32 = st.integers(0, 255), st.integers(0, 65535), st.integers(0, 2**32 - 1)
PREFIX = st.integers(0, 63)
IPV4 = U32.map(IPv4Address)
KNOWN = {2, 3, 4, 5, 29, 30, 31, 32}
OPTION: st.SearchStrategy[MobilityOption] = st.one_of(
    st.builds(BindingRefreshAdvice, U16),
    st.builds(AlternateCareOf, st.integers(0, 2**128 - 1).map(IPv6Address)),
    st.builds(NonceIndices, U16, U16),
    st.builds(BindingAuthorizationData, st.binary(max_size=20)),
    st.builds(Ipv4HomeAddress, IPV4, PREFIX, st.booleans()),
    st.builds(Ipv4AddressAck, U8, IPV4, PREFIX),
    st.builds(NatDetection, U32, st.booleans()),
    st.builds(Ipv4CareOf, IPV4),
    st.builds(UnknownOption, st.integers(2, 255).filter(lambda kind: kind not in KNOWN), st.binary(max_size=40)),
)
START = bytes(12)


@given(st.lists(OPTION, max_size=6).map(tuple), st.sampled_from([8, 12, 24]))
def test_options_survive_a_round_trip(options: tuple[MobilityOption, ...], start: int) -> None:
    octets = append_options(bytes(start), options)
    assert len(octets) % 8 == 0
    assert read_options(Reader(octets[start:])) == options


@given(st.lists(OPTION, min_size=1, max_size=6).map(tuple))
def test_each_option_stands_at_its_alignment(options: tuple[MobilityOption, ...]) -> None:
    for at, option in zip(_offsets(append_options(START, options)), options, strict=True):
        multiple, remainder = option.alignment
        assert at % multiple == remainder % multiple


def _offsets(octets: bytes) -> list[int]:
    offsets, at = [], len(START)
    while at < len(octets):
        if octets[at] > 1:
            offsets.append(at)
        at += 1 if octets[at] == 0 else 2 + octets[at + 1]
    return offsets


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("bu_with_binding_refresh_advice", BindingRefreshAdvice(0)),
        ("bu_with_alternate_coa", AlternateCareOf(IPv6Address(0))),
        ("bu_with_mobile_network_prefix", UnknownOption(6, b"\x00\x40" + bytes(16))),
    ],
)
def test_padding_is_the_one_that_scapy_makes(name: str, option: MobilityOption) -> None:
    octets = bytes.fromhex(SETS["scapy_autopadding_samples"][name])
    assert append_options(octets[:12], (option,)) == octets
    assert read_options(Reader(octets[12:], base=12)) == (option,)


def test_nonce_indices_that_overrun_the_header_are_refused() -> None:
    # scapy writes 16 where RFC 6275 §6.2.6 has 4
    octets = bytes.fromhex(SETS["scapy_autopadding_samples"]["bu_with_nonce_indices"])
    with pytest.raises(DecodeError):
        read_options(Reader(octets[12:], base=12))


@pytest.mark.parametrize(
    ("octets", "offset"), [("02", 1), ("0203", 2), ("020300", 2), ("0201ff", 2), ("0203000000", 4), ("00000102", 4)]
)
def test_parser_says_where_an_option_is_wrong(octets: str, offset: int) -> None:
    with pytest.raises(DecodeError) as caught:
        read_options(Reader(bytes.fromhex(octets)))
    assert caught.value.offset == offset


def test_padding_of_any_kind_is_passed_over() -> None:
    octets = bytes.fromhex("0001000103aabbcc020200e100")
    assert read_options(Reader(octets)) == (BindingRefreshAdvice(0xE1),)


def test_builder_refuses_an_option_that_does_not_fit() -> None:
    with pytest.raises(EncodeError):
        append_options(START, (UnknownOption(200, bytes(256)),))


def test_first_option_of_a_type_is_found() -> None:
    options = (UnknownOption(8, b""), NatDetection(1), NatDetection(2))
    assert find(options, NatDetection) == NatDetection(1)
    assert find(options, Ipv4CareOf) is None
