"""What the home agent says to mobile nodes: answers, errors, requests, revocations (RFC 6275 §9, RFC 5846 §7)."""

from ipaddress import IPv4Address, IPv6Address

from pdngw_proxy.bindings import Revoking
from pdngw_proxy.mobility import (
    Binding,
    HomeAddressUsed,
    HomeAgentPolicy,
    MobilityArrived,
    SendBare,
    SendMobility,
    SendPacket,
)
from pdngw_proxy.registration import is_behind_nat
from wire.errors import DecodeError
from wire.ip.icmpv6 import PROBLEM_FIELD, ParameterProblem, build_icmpv6
from wire.ip.ipv6 import HEADER_OCTETS, PROTO_ICMPV6, PROTO_MOBILITY, Ipv6Packet
from wire.mip6.binding_ack import AckFlag, BindingAck
from wire.mip6.binding_error import BindingError
from wire.mip6.binding_update import BindingFlag, BindingUpdate
from wire.mip6.ipv4_options import NO_KEEPALIVE, Ipv4AddressAck, NatDetection
from wire.mip6.ipv6_options import LIFETIME_UNIT, BindingRefreshAdvice
from wire.mip6.messages import MobilityMessage, build_message
from wire.mip6.options import MobilityOption
from wire.mip6.refresh_request import RefreshRequest
from wire.mip6.revocation import RevocationIndication
from wire.mip6.statuses import BindingErrorStatus, BindingStatus, is_accepted


def acknowledgement(
    policy: HomeAgentPolicy,
    arrived: MobilityArrived,
    update: BindingUpdate,
    status: BindingStatus,
    units: int,
    ipv4: Ipv4AddressAck | None = None,
) -> SendMobility:
    """The answer to `update`, to where it came from, granting `units` of 4 s (RFC 6275 §9.5.4).

    `ipv4` is the answer to its IPv4 Home Address option, None where it had none.
    """
    ack = BindingAck(
        status=status,
        flags=_flags(policy, update) if is_accepted(status) else AckFlag(0),
        sequence=update.sequence,
        lifetime=units,
        options=_options(policy, arrived, update, units, ipv4),
    )
    return _to_sender(policy, arrived, ack)


def unknown_type(policy: HomeAgentPolicy, arrived: MobilityArrived) -> SendMobility:
    """The Binding Error about a message type; its Home Address is that of a Home Address option (RFC 6275 §9.3.3)."""
    over_ipv4 = isinstance(arrived.outer.address, IPv4Address)
    home_address = IPv6Address(0) if over_ipv4 else arrived.source
    return _to_sender(policy, arrived, BindingError(BindingErrorStatus.UNRECOGNISED_MH_TYPE, home_address))


def unknown_binding(policy: HomeAgentPolicy, used: HomeAddressUsed) -> SendBare:
    """The Binding Error about a Home Address without a binding, to where the packet came from (RFC 6275 §9.3.3)."""
    error = BindingError(BindingErrorStatus.UNKNOWN_BINDING, used.home_address)
    packet = Ipv6Packet(
        source=policy.ha_address,
        destination=used.care_of,
        next_header=PROTO_MOBILITY,
        payload=build_message(error, policy.ha_address, used.care_of),
    )
    return SendBare(packet.build())


def header_problem(policy: HomeAgentPolicy, arrived: MobilityArrived, error: DecodeError) -> SendPacket:
    """The Parameter Problem that points at Payload Proto or Header Len (RFC 6275 §9.2)."""
    invoking = Ipv6Packet(
        source=arrived.source, destination=arrived.destination, next_header=PROTO_MOBILITY, payload=arrived.octets
    )
    problem = ParameterProblem(PROBLEM_FIELD, HEADER_OCTETS + error.offset, invoking.build())
    packet = Ipv6Packet(
        source=policy.ha_address,
        destination=arrived.source,
        next_header=PROTO_ICMPV6,
        payload=build_icmpv6(problem, policy.ha_address, arrived.source),
    )
    return SendPacket(octets=packet.build(), home_address=arrived.source, endpoint=arrived.outer)


def refresh_request(policy: HomeAgentPolicy, binding: Binding) -> SendMobility:
    """Ask the mobile node to renew a binding that is about to end (RFC 6275 §9.5.5)."""
    return _to_holder(policy, binding, RefreshRequest())


def revocation(policy: HomeAgentPolicy, entry: Revoking) -> SendMobility:
    """Tell the mobile node that its binding was taken back (RFC 5846 §7)."""
    return _to_holder(policy, entry.binding, RevocationIndication(trigger=entry.trigger, sequence=entry.indication))


def _to_sender(policy: HomeAgentPolicy, arrived: MobilityArrived, message: MobilityMessage) -> SendMobility:
    octets = build_message(message, policy.ha_address, arrived.source)
    return SendMobility(octets=octets, home_address=arrived.source, endpoint=arrived.outer)


def _to_holder(policy: HomeAgentPolicy, binding: Binding, message: MobilityMessage) -> SendMobility:
    octets = build_message(message, policy.ha_address, binding.home_address)
    return SendMobility(octets=octets, home_address=binding.home_address, endpoint=binding.endpoint)


def _flags(policy: HomeAgentPolicy, update: BindingUpdate) -> AckFlag:
    flags = AckFlag(0)
    if update.flags & BindingFlag.KEY_MANAGEMENT and policy.moves_ike:
        flags |= AckFlag.KEY_MANAGEMENT
    if update.flags & BindingFlag.MOBILE_ROUTER:
        flags |= AckFlag.MOBILE_ROUTER
    return flags


def _options(
    policy: HomeAgentPolicy,
    arrived: MobilityArrived,
    update: BindingUpdate,
    units: int,
    ipv4: Ipv4AddressAck | None,
) -> tuple[MobilityOption, ...]:
    """RFC 5555 §4.5: an IPv4 Home Address is answered, and what is known of a NAT is told."""
    options: list[MobilityOption] = [ipv4] if ipv4 is not None else []
    advice = policy.refresh_advice // LIFETIME_UNIT
    if 0 < advice < units:
        options.append(BindingRefreshAdvice(advice))
    if isinstance(arrived.outer.address, IPv4Address):
        nat = is_behind_nat(update, arrived.outer.address)
        refresh = policy.nat_refresh if nat else NO_KEEPALIVE
        options.append(NatDetection(refresh, force_udp=policy.force_udp))
    return tuple(options)
