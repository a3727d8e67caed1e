"""CFG_REPLY: what is asked for and nothing else."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from pdngw_proxy.ike.configuring import asks_for_address, reply, wants_ipv4_alone, wants_prefix
from pdngw_proxy.ike.events import AddressLeased
from tests.ike_link import HOME_ADDRESS, responder_policy
from wire.ikev2.constants import ConfigurationAttributeType as Kind
from wire.ikev2.constants import ConfigurationType, ExchangeType
from wire.ikev2.message import Message
from wire.ikev2.payloads.cp import Configuration, ConfigurationAttribute

LEASED = AddressLeased(HOME_ADDRESS, 64, IPv4Address("198.51.100.9"))
SERVERS = (IPv6Address("2001:db8::53"), IPv4Address("192.0.2.53"), IPv6Address("2001:db8::54"))
PCSCF = (IPv6Address("2001:db8::ca11"), IPv4Address("192.0.2.10"))
POLICY = responder_policy(dns=SERVERS, pcscf=PCSCF)


def asking(*kinds: Kind, kind: ConfigurationType = ConfigurationType.REQUEST) -> Message:
    request = Configuration(kind, tuple(ConfigurationAttribute(one) for one in kinds))
    return Message(
        spi_i=bytes(8),
        spi_r=bytes(8),
        exchange=ExchangeType.IKE_AUTH,
        initiator=True,
        response=False,
        message_id=1,
        payloads=(request,),
    )


def told(*kinds: Kind, leased: AddressLeased = LEASED) -> list[tuple[int, str]]:
    answer = reply(POLICY, asking(*kinds), leased)
    assert answer.kind == ConfigurationType.REPLY
    return [(attribute.kind, attribute.value.hex()) for attribute in answer.attributes]


HOME = HOME_ADDRESS.packed.hex() + "40"
PREFIX = "20010db8000700000000000000000000"


@pytest.mark.parametrize(
    ("kinds", "values"),
    [
        ((Kind.INTERNAL_IP6_ADDRESS,), [(8, HOME)]),
        ((Kind.MIP6_HOME_PREFIX,), [(8, HOME)]),
        ((Kind.INTERNAL_IP6_ADDRESS, Kind.MIP6_HOME_PREFIX), [(8, HOME), (16, "00278d00" + PREFIX + "40")]),
        ((Kind.INTERNAL_IP4_ADDRESS, Kind.P_CSCF_IP4_ADDRESS), [(20, "c000020a")]),
        ((Kind.INTERNAL_IP6_ADDRESS, Kind.P_CSCF_IP6_ADDRESS), [(8, HOME), (21, PCSCF[0].packed.hex())]),
        (
            (Kind.INTERNAL_IP6_ADDRESS, Kind.INTERNAL_IP6_DNS),
            [(8, HOME), (10, SERVERS[0].packed.hex()), (10, SERVERS[2].packed.hex())],
        ),
        ((Kind.INTERNAL_IP6_ADDRESS, Kind.APPLICATION_VERSION), [(8, HOME), (7, b"Akadia".hex())]),
        (
            (Kind.INTERNAL_IP6_ADDRESS, Kind.SUPPORTED_ATTRIBUTES),
            [(8, HOME), (14, "00010002000300070008000a000e001000140015")],
        ),
    ],
)
def test_reply_holds_what_was_asked_for(kinds: tuple[Kind, ...], values: list[tuple[int, str]]) -> None:
    """RFC 7296 §3.15.1."""
    assert told(*kinds, leased=AddressLeased(HOME_ADDRESS, 64)) == values


def test_reply_holds_the_ipv4_address_that_was_leased() -> None:
    kinds = Kind.INTERNAL_IP4_ADDRESS, Kind.INTERNAL_IP4_NETMASK, Kind.INTERNAL_IP4_DNS
    assert told(*kinds) == [(1, "c6336409"), (2, "ffffffff"), (3, "c0000235")]
    assert told(Kind.INTERNAL_IP6_ADDRESS, Kind.INTERNAL_IP4_ADDRESS) == [(8, HOME), (1, "c6336409")]


def test_address_is_wanted_in_three_ways() -> None:
    for kind in (Kind.INTERNAL_IP6_ADDRESS, Kind.INTERNAL_IP4_ADDRESS, Kind.MIP6_HOME_PREFIX):
        assert asks_for_address(asking(kind))
    assert not asks_for_address(asking(Kind.INTERNAL_IP6_DNS))
    assert not asks_for_address(asking(Kind.INTERNAL_IP6_ADDRESS, kind=ConfigurationType.SET))


def test_ipv4_alone_is_all_that_some_can_use() -> None:
    assert wants_ipv4_alone(asking(Kind.INTERNAL_IP4_ADDRESS))
    assert not wants_ipv4_alone(asking(Kind.INTERNAL_IP4_ADDRESS, Kind.INTERNAL_IP6_ADDRESS))
    assert not wants_ipv4_alone(asking(Kind.INTERNAL_IP6_ADDRESS))


def test_prefix_is_wanted_where_no_address_is() -> None:
    assert wants_prefix(asking(Kind.MIP6_HOME_PREFIX))
    assert not wants_prefix(asking(Kind.MIP6_HOME_PREFIX, Kind.INTERNAL_IP6_ADDRESS))
