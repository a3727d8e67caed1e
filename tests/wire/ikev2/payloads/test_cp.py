"""CP payloads."""

from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.buffer import Reader
from wire.errors import DecodeError
from wire.ikev2.constants import ConfigurationAttributeType, ConfigurationType
from wire.ikev2.payloads.cp import Configuration, ConfigurationAttribute

ATTRIBUTES = st.builds(ConfigurationAttribute, st.integers(0, 0x7FFF), st.binary(max_size=24))
PAYLOADS = st.builds(Configuration, st.integers(0, 255), st.lists(ATTRIBUTES, max_size=4).map(tuple))
HOME_ADDRESS = IPv6Address("2001:db8::1")


@given(PAYLOADS)
def test_payload_survives_the_round_trip(payload: Configuration) -> None:
    assert Configuration.parse(Reader(payload.build())) == payload


@given(st.ip_addresses(v=6), st.integers(0, 128))
def test_home_address_survives_the_round_trip(address: IPv6Address, prefix_length: int) -> None:
    attribute = ConfigurationAttribute.ip6_address(address, prefix_length)
    assert len(attribute.value) == 17
    assert attribute.as_ip6_address == (address, prefix_length)


def test_parser_passes_over_the_reserved_bit() -> None:
    payload = Configuration.parse(Reader(b"\1\0\0\0\x80\x08\0\0"))
    assert payload.find(ConfigurationAttributeType.INTERNAL_IP6_ADDRESS) == ConfigurationAttribute(8)
    assert payload.find(ConfigurationAttributeType.MIP6_HOME_PREFIX) is None


@pytest.mark.parametrize("attribute", [ConfigurationAttribute(8), ConfigurationAttribute(10, bytes(17))])
def test_only_a_full_home_address_is_one(attribute: ConfigurationAttribute) -> None:
    assert attribute.as_ip6_address is None


def test_parser_refuses_an_attribute_longer_than_the_body() -> None:
    with pytest.raises(DecodeError):
        Configuration.parse(Reader(bytes((ConfigurationType.REPLY, 0, 0, 0, 0, 8, 0, 17)) + HOME_ADDRESS.packed))
