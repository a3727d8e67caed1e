"""A case list of our own for dual-stack home agents, where none was ever published; clauses are of RFC 5555.

Every Binding Update is sealed in the mobile node's own SA and every answer opened with it. That both payloads go over
both transports, and on through a move, is in test_moving_pair.py.
"""

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest

from pdngw_proxy.gateway_events import Channel, Send
from tests.pairs.test_home_agent_cases import CARE_OF, POLICY, UPDATE, A, Ground, H, status
from wire.ikev2.nat import Endpoint
from wire.mip6.binding_ack import BindingAck
from wire.mip6.binding_update import BindingFlag
from wire.mip6.ipv4_options import NO_KEEPALIVE, Ipv4AddressAck, Ipv4CareOf, Ipv4HomeAddress, NatDetection
from wire.mip6.options import find

HOME4 = IPv4Network("10.1.2.0/29")
FIRST = IPv4Address("10.1.2.2")
ANY = Ipv4HomeAddress(IPv4Address(0))
PRIVATE = IPv4Address("192.168.7.7")
DUAL = replace(POLICY, ipv4_home_prefix=HOME4)


def ack_of(
    ground: Ground, *options: Ipv4HomeAddress | Ipv4CareOf, sequence: int = 15, lifetime: int = 900
) -> BindingAck:
    ack = ground.update(UPDATE, sequence=sequence, lifetime=lifetime, options=options)
    assert ack is not None
    return ack


def ipv4_of(ack: BindingAck) -> tuple[int, IPv4Address] | None:
    """Status and address of the IPv4 Address Acknowledgement."""
    option = find(ack.options, Ipv4AddressAck)
    return None if option is None else (option.status, option.address)


# 1. Care-of Addresses and NATs


def test_care_of_address_that_is_the_source_is_behind_no_nat_ds_1_1() -> None:
    # §3.2.2: all ones where no keepalive is needed
    nat = find(ack_of(Ground(), Ipv4CareOf(CARE_OF)).options, NatDetection)
    assert nat is not None
    assert nat.refresh == NO_KEEPALIVE


@pytest.mark.parametrize("options", [(Ipv4CareOf(PRIVATE),), ()], ids=["ds_1_2", "ds_1_3 without the option"])
def test_care_of_address_that_is_not_the_source_is_behind_a_nat(options: tuple[Ipv4CareOf, ...]) -> None:
    # §4.5, §6: NATKATIMEOUT
    nat = find(ack_of(Ground(), *options).options, NatDetection)
    assert nat == NatDetection(110, force_udp=True)


def test_answer_goes_to_the_address_and_port_of_the_update_ds_1_4() -> None:
    # §4.2
    outer = Endpoint(IPv4Address("203.0.113.9"), 24415)
    ground = Ground(outer=outer)
    (sent,) = [effect for effect in ground.send(ground.octets()) if isinstance(effect, Send)]
    assert (sent.channel, sent.source.port, sent.to) == (Channel.DSMIP, 4191, outer)


def test_refused_update_is_answered_with_nat_detection_too_ds_1_5() -> None:
    ground = Ground()
    ack_of(ground, Ipv4CareOf(PRIVATE))
    ack = ack_of(ground, Ipv4CareOf(PRIVATE))
    assert (ack.status, find(ack.options, NatDetection)) == (135, NatDetection(110, force_udp=True))


def test_forced_udp_over_ipv4_is_granted_ds_1_6() -> None:
    assert status(Ground().update(flags=A | H | BindingFlag.FORCE_UDP)) == 0


def test_ipv4_care_of_address_at_home_gets_174_ds_1_7() -> None:
    ground = Ground(DUAL)
    assert ack_of(ground, Ipv4CareOf(HOME4[5])).status == 174
    assert not ground.is_bound


# 2. IPv4 Home Addresses (§4.5)


def test_any_ipv4_home_address_is_given_where_none_is_named_ds_2_1() -> None:
    ack = ack_of(Ground(DUAL), ANY, Ipv4CareOf(CARE_OF))
    assert (ack.status, ipv4_of(ack)) == (0, (0, FIRST))


def test_own_ipv4_home_address_is_confirmed_by_name_ds_2_2() -> None:
    ground = Ground(DUAL)
    ack_of(ground, ANY, Ipv4CareOf(CARE_OF))
    ack = ack_of(ground, Ipv4HomeAddress(FIRST), Ipv4CareOf(CARE_OF), sequence=16)
    assert ipv4_of(ack) == (0, FIRST)


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        (Ipv4HomeAddress(IPv4Address("10.1.2.5")), 130),
        (Ipv4HomeAddress(IPv4Address("224.0.0.5")), 131),
        (Ipv4HomeAddress(IPv4Address(0), 24, prefix_requested=True), 133),
    ],
    ids=["ds_2_3", "ds_2_4", "ds_2_5"],
)
def test_refused_ipv4_home_address_leaves_the_ipv6_binding(asked: Ipv4HomeAddress, refusal: int) -> None:
    ground = Ground(DUAL)
    ack = ack_of(ground, asked, Ipv4CareOf(CARE_OF))
    assert (ack.status, ipv4_of(ack)) == (0, (refusal, asked.address))
    assert ground.is_bound


def test_home_agent_without_ipv4_says_132_ds_2_6() -> None:
    ground = Ground()
    assert ipv4_of(ack_of(ground, ANY, Ipv4CareOf(CARE_OF))) == (132, IPv4Address(0))
    assert ground.is_bound


def test_update_without_the_option_ends_the_ipv4_binding_alone_ds_2_7() -> None:
    ground = Ground(DUAL)
    ack_of(ground, ANY, Ipv4CareOf(CARE_OF))
    assert ipv4_of(ack_of(ground, Ipv4CareOf(CARE_OF), sequence=16)) is None
    assert ground.agent.home_of(FIRST) is None
    assert ground.is_bound


def test_de_registration_ends_both_bindings_ds_2_8() -> None:
    # §4.4.2.1
    ground = Ground(DUAL)
    ack_of(ground, ANY, Ipv4CareOf(CARE_OF))
    ack = ack_of(ground, Ipv4HomeAddress(FIRST), Ipv4CareOf(CARE_OF), sequence=16, lifetime=0)
    assert (ack.status, ack.lifetime, ipv4_of(ack)) == (0, 0, None)
    assert ground.agent.home_of(FIRST) is None
    assert not ground.is_bound
