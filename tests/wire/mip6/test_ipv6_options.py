"""The options of RFC 6275 §6.2, octet by octet."""

from ipaddress import IPv6Address

import pytest

from wire.buffer import Reader
from wire.errors import DecodeError
from wire.mip6.ipv6_options import AlternateCareOf, BindingAuthorizationData, BindingRefreshAdvice, NonceIndices

Option = BindingRefreshAdvice | AlternateCareOf | NonceIndices | BindingAuthorizationData
OPTIONS: list[tuple[Option, str]] = [
    (BindingRefreshAdvice(225), "00e1"),
    (AlternateCareOf(IPv6Address("2001:db8:bbbb::77")), "20010db8bbbb00000000000000000077"),
    (NonceIndices(0x0102, 0x0304), "01020304"),
    (BindingAuthorizationData(bytes(range(12))), "000102030405060708090a0b"),
]


@pytest.mark.parametrize(("option", "octets"), OPTIONS, ids=lambda value: type(value).__name__)
def test_option_is_these_octets(option: Option, octets: str) -> None:
    assert option.body().hex() == octets
    assert type(option).read(Reader(bytes.fromhex(octets))) == option


@pytest.mark.parametrize(("option", "octets"), OPTIONS[:3], ids=lambda value: type(value).__name__)
def test_short_option_is_refused(option: Option, octets: str) -> None:
    with pytest.raises(DecodeError):
        type(option).read(Reader(bytes.fromhex(octets)[:-1]))


def test_kinds_and_alignments_are_those_of_the_specification() -> None:
    assert [(type(option).kind, type(option).alignment) for option, _ in OPTIONS] == [
        (2, (2, 0)),
        (3, (8, 6)),
        (4, (2, 0)),
        (5, (8, 2)),
    ]
