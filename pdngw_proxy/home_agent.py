"""The home agent: one binding for the Home Address of each SA (RFC 6275 §10.3, RFC 5555 §4.5)."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from typing import assert_never

from pdngw_proxy.bindings import MAX_DELETE_BCE_TIMEOUT, BindingCache, Entry, Lingering, Registered, Unbound
from pdngw_proxy.mobility import (
    AgentEffect,
    AgentEvent,
    Binding,
    BindingAdded,
    BindingChanged,
    BindingRemoved,
    Dropped,
    HomeAgentPolicy,
    IpAddress,
    MobilityArrived,
    Refused,
    SendMobility,
    SendPacket,
    SessionEnded,
)
from pdngw_proxy.rate import RateLimit
from pdngw_proxy.registration import (
    care_of_address,
    find_invalidity,
    find_refusal,
    find_silent_fault,
    granted_units,
    is_behind_nat,
    is_deregistration,
)
from wire.errors import DecodeError
from wire.ip.icmpv6 import PROBLEM_FIELD, ParameterProblem, build_icmpv6
from wire.ip.ipv6 import HEADER_OCTETS, PROTO_ICMPV6, PROTO_MOBILITY, Ipv6Packet
from wire.mip6.binding_ack import AckFlag, BindingAck
from wire.mip6.binding_error import BindingError
from wire.mip6.binding_update import BindingFlag, BindingUpdate
from wire.mip6.header import HEADER_LEN_OFFSET, checksum_holds
from wire.mip6.ipv4_options import NO_KEEPALIVE, Ipv4AddressAck, Ipv4HomeAddress, NatDetection
from wire.mip6.ipv6_options import LIFETIME_UNIT
from wire.mip6.messages import MobilityMessage, build_message, is_known_type, parse_message
from wire.mip6.options import MobilityOption, find
from wire.mip6.statuses import BindingErrorStatus, BindingStatus, Ipv4AckStatus, name_of
from wire.sansio import Tick, Transitions, check_transition

TRANSITIONS: Transitions = {
    (Unbound, MobilityArrived): frozenset({Unbound, Registered}),
    (Unbound, SessionEnded): frozenset({Unbound}),
    (Registered, MobilityArrived): frozenset({Registered, Lingering}),
    (Registered, SessionEnded): frozenset({Unbound}),
    (Registered, Tick): frozenset({Unbound}),
    (Lingering, MobilityArrived): frozenset({Lingering, Registered}),
    (Lingering, SessionEnded): frozenset({Unbound}),
    (Lingering, Tick): frozenset({Unbound}),
}
"""Of each Home Address's entry in the binding cache."""

_MOST_COMPLAINTS = 10
"""Binding Errors and Parameter Problems per second, to all mobile nodes together (RFC 6275 §9.3.3)."""


class HomeAgent:
    """Keeps the bindings of one home prefix."""

    def __init__(self, policy: HomeAgentPolicy) -> None:
        self._policy = policy
        self._cache = BindingCache(policy.most_bindings)
        self._complaints = RateLimit(most=_MOST_COMPLAINTS)

    @property
    def deadline(self) -> float | None:
        """When the next entry of the binding cache ends."""
        return self._cache.deadline

    def binding(self, home_address: IPv6Address) -> Binding | None:
        """The binding of a Home Address, or None."""
        return self._cache.binding(home_address)

    def entry(self, home_address: IPv6Address) -> Entry:
        """The state of a Home Address, one of TRANSITIONS."""
        return self._cache.entry(home_address)

    def handle(self, event: AgentEvent, now: float) -> list[AgentEffect]:
        """Take one event and return its effects; entries whose time is over are removed first."""
        effects = self._expire(now)
        match event:
            case MobilityArrived():
                return effects + self._receive(event, now)
            case SessionEnded(home_address):
                return effects + self._end(home_address, event)
            case Tick():
                return effects
        assert_never(event)

    def _become(self, home_address: IPv6Address, event: AgentEvent, entry: Entry) -> None:
        check_transition(TRANSITIONS, self._cache.entry(home_address), event, entry)
        self._cache.put(home_address, entry)

    def _expire(self, now: float) -> list[AgentEffect]:
        effects: list[AgentEffect] = []
        for home_address, entry in self._cache.ended(now):
            self._become(home_address, Tick(), Unbound())
            if isinstance(entry, Registered):
                effects.append(BindingRemoved(entry.binding, "its lifetime ended"))
        return effects

    def _end(self, home_address: IPv6Address, event: SessionEnded) -> list[AgentEffect]:
        """Nothing lingers: the Home Address may be another subscriber's next, whose numbers begin anywhere."""
        binding = self._cache.binding(home_address)
        self._become(home_address, event, Unbound())
        return [BindingRemoved(binding, "its session ended")] if binding is not None else []

    # Messages

    def _receive(self, arrived: MobilityArrived, now: float) -> list[AgentEffect]:
        """RFC 6275 §9.2, with the policy of RFC 6275 §5.1 before it: an SA speaks for one Home Address."""
        octets = arrived.octets
        if not checksum_holds(octets, arrived.source, arrived.destination):
            return [Dropped(f"a Mobility Header from {arrived.source} with a wrong checksum")]
        if arrived.source != arrived.sa_home_address:
            return [Dropped(f"foreign Home Address {arrived.source} in the SA of {arrived.sa_home_address}")]
        if arrived.destination != self._policy.ha_address:
            return [Dropped(f"a Mobility Header for {arrived.destination}, which is not this home agent")]
        if len(octets) > 2 and not is_known_type(octets[2]):
            return self._report_unknown_type(arrived, now)
        try:
            message = parse_message(octets)
        except DecodeError as error:
            return self._report_problem(arrived, error, now)
        return self._read(arrived, message, now)

    def _read(self, arrived: MobilityArrived, message: MobilityMessage, now: float) -> list[AgentEffect]:
        if not isinstance(message, BindingUpdate):
            return [Dropped(f"MH type {message.mh_type} from the mobile node {arrived.source}")]
        entry = self._cache.entry(arrived.source)
        fault = find_silent_fault(arrived, message, entry)
        if fault is not None:
            return [Dropped(fault)]
        care_of = care_of_address(message, arrived.outer.address)
        deregisters = is_deregistration(message, care_of, arrived.source)
        invalidity = find_invalidity(message, entry, deregisters)
        if invalidity is not None:
            return self._refuse(arrived, message, invalidity, entry)
        self._remember(arrived, entry, message.sequence)
        if deregisters:
            return self._deregister(arrived, message, now)
        return self._register(arrived, message, care_of, now)

    def _remember(self, arrived: MobilityArrived, entry: Entry, sequence: int) -> None:
        """A valid update moves the sequence number, also when it is refused after that (RFC 6275 §9.5.1)."""
        match entry:
            case Registered(binding):
                self._become(arrived.source, arrived, Registered(replace(binding, sequence=sequence)))
            case Lingering():
                self._become(arrived.source, arrived, replace(entry, sequence=sequence))
            case Unbound():
                self._become(arrived.source, arrived, entry)

    def _register(
        self, arrived: MobilityArrived, update: BindingUpdate, care_of: IpAddress, now: float
    ) -> list[AgentEffect]:
        entry = self._cache.entry(arrived.source)
        no_room = isinstance(entry, Unbound) and self._cache.is_full
        refusal = find_refusal(update, arrived, care_of, self._policy, no_room)
        if refusal is not None:
            return self._refuse(arrived, update, refusal, entry)
        units = granted_units(update, self._policy)
        binding = Binding(
            home_address=arrived.source,
            care_of=care_of,
            endpoint=arrived.outer,
            sequence=update.sequence,
            flags=update.flags,
            lifetime=units * LIFETIME_UNIT,
            expires_at=now + units * LIFETIME_UNIT,
            nat_detected=is_behind_nat(update, arrived.outer.address),
        )
        self._become(arrived.source, arrived, Registered(binding))
        answer = self._answer(arrived, update, BindingStatus.ACCEPTED, units)
        if isinstance(entry, Registered):
            return [BindingChanged(binding, entry.binding), answer]
        return [BindingAdded(binding), answer]

    def _deregister(self, arrived: MobilityArrived, update: BindingUpdate, now: float) -> list[AgentEffect]:
        """RFC 6275 §10.3.2; the sequence number stays for a while, against updates that come late."""
        entry = self._cache.entry(arrived.source)
        if not isinstance(entry, Registered):
            return self._refuse(arrived, update, BindingStatus.NOT_HOME_AGENT_FOR_THIS_NODE, entry)
        self._become(arrived.source, arrived, Lingering(update.sequence, now + MAX_DELETE_BCE_TIMEOUT))
        answer = self._answer(arrived, update, BindingStatus.ACCEPTED, 0)
        return [BindingRemoved(entry.binding, "the mobile node de-registered"), answer]

    # Answers

    def _refuse(
        self, arrived: MobilityArrived, update: BindingUpdate, status: BindingStatus, entry: Entry
    ) -> list[AgentEffect]:
        """A refusal goes where the update came from and changes no binding (RFC 6275 §9.5.4)."""
        if status == BindingStatus.SEQUENCE_OUT_OF_WINDOW and not isinstance(entry, Unbound):
            update = replace(update, sequence=entry.sequence)
        cause = f"status {name_of(status)}, sequence number {update.sequence}"
        return [Refused(arrived.source, cause), self._answer(arrived, update, status, 0)]

    def _answer(
        self, arrived: MobilityArrived, update: BindingUpdate, status: BindingStatus, units: int
    ) -> SendMobility:
        accepted = status == BindingStatus.ACCEPTED
        ack = BindingAck(
            status=status,
            flags=self._flags(update) if accepted else AckFlag(0),
            sequence=update.sequence,
            lifetime=units,
            options=self._options(arrived, update, bound=units > 0),
        )
        octets = build_message(ack, self._policy.ha_address, arrived.source)
        return SendMobility(octets=octets, home_address=arrived.source, endpoint=arrived.outer)

    def _flags(self, update: BindingUpdate) -> AckFlag:
        flags = AckFlag(0)
        if update.flags & BindingFlag.KEY_MANAGEMENT and self._policy.moves_ike:
            flags |= AckFlag.KEY_MANAGEMENT
        if update.flags & BindingFlag.MOBILE_ROUTER:
            flags |= AckFlag.MOBILE_ROUTER
        return flags

    def _options(self, arrived: MobilityArrived, update: BindingUpdate, bound: bool) -> tuple[MobilityOption, ...]:
        """RFC 5555 §4.5: an IPv4 Home Address is answered, and what is known of a NAT is told."""
        options: list[MobilityOption] = []
        asked = find(update.options, Ipv4HomeAddress)
        if asked is not None and bound:
            options.append(Ipv4AddressAck(_ipv4_status(asked), asked.address, prefix_length=0))
        if isinstance(arrived.outer.address, IPv4Address):
            nat = is_behind_nat(update, arrived.outer.address)
            refresh = self._policy.nat_refresh if nat else NO_KEEPALIVE
            options.append(NatDetection(refresh, force_udp=self._policy.force_udp))
        return tuple(options)

    def _report_unknown_type(self, arrived: MobilityArrived, now: float) -> list[AgentEffect]:
        """RFC 6275 §9.3.3; the packet had no Home Address option where the source is the Home Address itself."""
        dropped = Dropped(f"unknown MH type {arrived.octets[2]} from {arrived.source}")
        if not self._complaints.allow(now):
            return [dropped]
        error = BindingError(BindingErrorStatus.UNRECOGNISED_MH_TYPE, self._home_address_option(arrived))
        octets = build_message(error, self._policy.ha_address, arrived.source)
        return [dropped, SendMobility(octets=octets, home_address=arrived.source, endpoint=arrived.outer)]

    def _home_address_option(self, arrived: MobilityArrived) -> IPv6Address:
        return IPv6Address(0) if isinstance(arrived.outer.address, IPv4Address) else arrived.source

    def _report_problem(self, arrived: MobilityArrived, error: DecodeError, now: float) -> list[AgentEffect]:
        """A Parameter Problem for Payload Proto or Header Len, to the packet's source (RFC 6275 §9.2)."""
        dropped = Dropped(f"a malformed Mobility Header from {arrived.source}: {error}")
        if error.offset > HEADER_LEN_OFFSET or not self._complaints.allow(now):
            return [dropped]
        ha_address = self._policy.ha_address
        invoking = Ipv6Packet(
            source=arrived.source,
            destination=arrived.destination,
            next_header=PROTO_MOBILITY,
            payload=arrived.octets,
        )
        problem = ParameterProblem(PROBLEM_FIELD, HEADER_OCTETS + error.offset, invoking.build())
        packet = Ipv6Packet(
            source=ha_address,
            destination=arrived.source,
            next_header=PROTO_ICMPV6,
            payload=build_icmpv6(problem, ha_address, arrived.source),
        )
        return [dropped, SendPacket(octets=packet.build(), home_address=arrived.source, endpoint=arrived.outer)]


def _ipv4_status(asked: Ipv4HomeAddress) -> Ipv4AckStatus:
    """This home agent has no IPv4 Home Addresses; the IPv6 binding is made all the same (RFC 5555 §4.5)."""
    if asked.prefix_length == 0 or asked.address.is_multicast:
        return Ipv4AckStatus.INVALID_ADDRESS
    if asked.prefix_requested:
        return Ipv4AckStatus.PREFIX_UNAUTHORISED
    if asked.address.is_unspecified:
        return Ipv4AckStatus.DYNAMIC_UNAVAILABLE
    return Ipv4AckStatus.INCORRECT_HOME_ADDRESS
