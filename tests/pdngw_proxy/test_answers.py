"""What the home agent says, each message as its mobile node reads it."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network

import pytest

from pdngw_proxy import answers
from pdngw_proxy.bindings import Revoking
from pdngw_proxy.mobility import (
    Binding,
    Endpoint,
    HomeAddressUsed,
    HomeAgentPolicy,
    IpAddress,
    MobilityArrived,
    SendMobility,
)
from tests.wire.mip6.vectors import named
from wire.errors import DecodeError
from wire.ip.icmpv6 import ParameterProblem, parse_icmpv6
from wire.ip.ipv6 import Ipv6Packet
from wire.mip6.binding_ack import AckFlag, BindingAck
from wire.mip6.binding_error import BindingError
from wire.mip6.binding_update import BindingFlag, BindingUpdate
from wire.mip6.header import checksum_holds
from wire.mip6.messages import MobilityMessage, parse_message
from wire.mip6.refresh_request import RefreshRequest
from wire.mip6.revocation import RevocationIndication
from wire.mip6.statuses import BindingStatus

HOME, AGENT, AWAY = (IPv6Address(text) for text in ("2001:db8:1::100", "2001:db8:1::1", "2001:db8:b::77"))
OUTSIDE = IPv4Address("198.51.100.9")
POLICY = HomeAgentPolicy(ha_address=AGENT, home_prefix=IPv6Network("2001:db8:1::/64"))
HK = BindingFlag.HOME_REGISTRATION | BindingFlag.KEY_MANAGEMENT
UPDATE = BindingUpdate(sequence=7, flags=HK | BindingFlag.MOBILE_ROUTER, lifetime=900)
BINDING = Binding(
    home_address=HOME,
    care_of=OUTSIDE,
    endpoint=Endpoint(OUTSIDE, 24415),
    sequence=7,
    flags=HK,
    lifetime=3600,
    expires_at=3600.0,
    nat_detected=False,
)


def arrived(outer: IpAddress = OUTSIDE, octets: bytes = b"") -> MobilityArrived:
    return MobilityArrived(
        octets=octets, sa_home_address=HOME, source=HOME, destination=AGENT, outer=Endpoint(outer, 24415)
    )


def read(sent: SendMobility) -> MobilityMessage:
    assert sent.home_address == HOME
    assert checksum_holds(sent.octets, AGENT, HOME)
    return parse_message(sent.octets)


@pytest.mark.parametrize(
    ("status", "flags"),
    [
        (BindingStatus.ACCEPTED, AckFlag.KEY_MANAGEMENT | AckFlag.MOBILE_ROUTER),
        (BindingStatus.INSUFFICIENT_RESOURCES, AckFlag(0)),
    ],
)
def test_acknowledgement_goes_to_where_the_update_came_from(status: BindingStatus, flags: AckFlag) -> None:
    sent = answers.acknowledgement(POLICY, arrived(AWAY), UPDATE, status, 0)
    assert sent.endpoint == Endpoint(AWAY, 24415)
    assert read(sent) == BindingAck(status=status, flags=flags, sequence=7, lifetime=0)


def test_binding_error_names_the_home_address_only_of_an_option() -> None:
    assert read(answers.unknown_type(POLICY, arrived(AWAY))) == BindingError(2, HOME)
    assert read(answers.unknown_type(POLICY, arrived())) == BindingError(2, IPv6Address(0))


def test_parameter_problem_points_into_the_packet_that_it_quotes() -> None:
    sent = answers.header_problem(POLICY, arrived(octets=bytes(16)), DecodeError(1, "too short"))
    packet = Ipv6Packet.parse(sent.octets)
    problem = parse_icmpv6(packet.payload, AGENT, HOME)
    assert isinstance(problem, ParameterProblem)
    assert (problem.pointer, problem.invoking[40:]) == (41, bytes(16))


def test_refresh_request_is_the_one_of_the_mobile_ipv6_set() -> None:
    vector = named("binding_refresh_request")
    sent = answers.refresh_request(POLICY, BINDING)
    assert (sent.endpoint, read(sent)) == (BINDING.endpoint, RefreshRequest())
    assert sent.octets[:4] == vector.mobility_header[:4]
    assert len(sent.octets) == len(vector.mobility_header)


def test_revocation_says_which_and_why() -> None:
    entry = Revoking(binding=BINDING, trigger=1, cause="why", indication=77, sendings=1, due_at=5.0)
    sent = answers.revocation(POLICY, entry)
    assert (sent.endpoint, read(sent)) == (BINDING.endpoint, RevocationIndication(trigger=1, sequence=77))


def test_unknown_binding_is_told_as_the_mobile_ipv6_set_does() -> None:
    # RFC 6275 §9.3.3: to the packet's own source, and of the Home Address in its option
    known = Ipv6Packet.parse(named("binding_error_unknown_hoa").packet)
    error = parse_message(named("binding_error_unknown_hoa").mobility_header)
    assert isinstance(error, BindingError)
    policy = HomeAgentPolicy(ha_address=known.source, home_prefix=IPv6Network("2001:db8:1::/64"))
    sent = answers.unknown_binding(policy, HomeAddressUsed(error.home_address, known.destination))
    packet = Ipv6Packet.parse(sent.octets)
    assert (packet.source, packet.destination, packet.payload) == (known.source, known.destination, known.payload)
