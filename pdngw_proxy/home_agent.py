"""The home agent: one binding for the Home Address of each SA (RFC 6275 §10.3, RFC 5555 §4.5)."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from typing import assert_never

from pdngw_proxy import answers
from pdngw_proxy.bindings import (
    MAX_DELETE_BCE_TIMEOUT,
    Ageing,
    BindingCache,
    Entry,
    Lingering,
    Pending,
    Registered,
    Revoking,
    Unbound,
)
from pdngw_proxy.home_link import AddressFree, AddressTaken
from pdngw_proxy.home_network import correspondent_of
from pdngw_proxy.ipv4_home import Ipv4HomePool, home_agent_of
from pdngw_proxy.mobility import (
    AgentEffect,
    AgentEvent,
    Binding,
    BindingAdded,
    BindingChanged,
    BindingRemoved,
    Clause,
    Dropped,
    HomeAddressUsed,
    HomeAgentPolicy,
    IpAddress,
    LookForDuplicate,
    LookNoMore,
    MobilityArrived,
    Refused,
    RevokeRequested,
    SessionEnded,
)
from pdngw_proxy.rate import RateLimit
from pdngw_proxy.registration import (
    acceptance,
    care_of_address,
    find_invalidity,
    find_refusal,
    find_silent_fault,
    granted_units,
    is_behind_nat,
    is_deregistration,
    is_routable,
)
from wire.errors import DecodeError
from wire.mip6.binding_update import BindingFlag, BindingUpdate
from wire.mip6.header import HEADER_LEN_OFFSET, checksum_holds
from wire.mip6.ipv4_options import Ipv4HomeAddress
from wire.mip6.ipv6_options import LIFETIME_UNIT
from wire.mip6.messages import MobilityMessage, is_known_type, parse_message
from wire.mip6.options import find
from wire.mip6.revocation import RevocationAck
from wire.mip6.sequence import following
from wire.mip6.statuses import BindingStatus, is_accepted, name_of
from wire.sansio import Tick, Transitions, check_transition

TRANSITIONS: Transitions = {
    (Unbound, MobilityArrived): frozenset({Unbound, Registered, Pending}),
    (Unbound, SessionEnded): frozenset({Unbound}),
    (Unbound, RevokeRequested): frozenset({Unbound}),
    (Pending, MobilityArrived): frozenset({Pending, Lingering}),
    (Pending, AddressFree): frozenset({Registered}),
    (Pending, AddressTaken): frozenset({Unbound}),
    (Pending, SessionEnded): frozenset({Unbound}),
    (Pending, RevokeRequested): frozenset({Pending}),
    (Registered, MobilityArrived): frozenset({Registered, Lingering}),
    (Registered, SessionEnded): frozenset({Unbound}),
    (Registered, RevokeRequested): frozenset({Revoking}),
    (Registered, Tick): frozenset({Registered, Unbound}),
    (Revoking, MobilityArrived): frozenset({Revoking, Lingering}),
    (Revoking, SessionEnded): frozenset({Unbound}),
    (Revoking, RevokeRequested): frozenset({Revoking}),
    (Revoking, Tick): frozenset({Revoking, Unbound}),
    (Lingering, MobilityArrived): frozenset({Lingering, Registered, Pending}),
    (Lingering, SessionEnded): frozenset({Unbound}),
    (Lingering, RevokeRequested): frozenset({Lingering}),
    (Lingering, Tick): frozenset({Unbound}),
}
"""Of each Home Address's entry in the binding cache."""

INIT_MIN_DELAY_BRIS = 1.0
MAX_BRACK_TIMEOUT = 2.0
BRI_MAX_RETRIES = 1
"""Seconds before the first and before any later repetition, and how many there are (RFC 5846 §11)."""

_MOST_COMPLAINTS = 10
"""Binding Errors and Parameter Problems per second, to all mobile nodes together (RFC 6275 §9.3.3)."""


class HomeAgent:
    """Keeps the bindings of one home prefix."""

    def __init__(self, policy: HomeAgentPolicy) -> None:
        self._policy = policy
        self._cache = BindingCache(policy.most_bindings)
        self._complaints = RateLimit(most=_MOST_COMPLAINTS)
        prefix = policy.ipv4_home_prefix
        own = frozenset({home_agent_of(prefix), correspondent_of(prefix)}) if prefix is not None else frozenset()
        self._ipv4 = Ipv4HomePool(prefix, reserved=own)
        self._leased_ipv4: set[IPv6Address] = set()
        self._indication = 0

    @property
    def deadline(self) -> float | None:
        """When the next entry of the binding cache is due."""
        return self._cache.deadline

    @property
    def moves_ike(self) -> bool:
        """Whether K is granted to who asks for it (RFC 6275 §10.3.1)."""
        return self._policy.moves_ike

    def binding(self, home_address: IPv6Address) -> Binding | None:
        """The binding of a Home Address, or None."""
        return self._cache.binding(home_address)

    def home_of(self, address: IpAddress) -> IPv6Address | None:
        """The Home Address of the bound mobile node to which a packet for `address` goes, or None."""
        if isinstance(address, IPv6Address):
            return address if self._cache.binding(address) is not None else None
        holder = self._ipv4.holder(address)
        binding = self._cache.binding(holder) if holder is not None else None
        return holder if binding is not None and binding.ipv4_home_address == address else None

    def lease_ipv4(self, home_address: IPv6Address) -> IPv4Address | None:
        """The IPv4 Home Address for a UE that asks in IKE; the same that a Binding Update of its would be given.

        Its SAs are for that address, so that it keeps it, bound or not, until `release_ipv4`.
        """
        answer = self._ipv4.answer(Ipv4HomeAddress(IPv4Address(0)), home_address)
        if not is_accepted(answer.status):
            return None
        self._leased_ipv4.add(home_address)
        return answer.address

    def release_ipv4(self, home_address: IPv6Address) -> None:
        """The UE has left."""
        self._leased_ipv4.discard(home_address)
        self._ipv4.release(home_address)

    def holder_of(self, address: IPv4Address) -> IPv6Address | None:
        """Whose IPv4 Home Address it is, bound or not; None when it is nobody's."""
        return self._ipv4.holder(address)

    def entry(self, home_address: IPv6Address) -> Entry:
        """The state of a Home Address, one of TRANSITIONS."""
        return self._cache.entry(home_address)

    def handle(self, event: AgentEvent, now: float) -> list[AgentEffect]:
        """Take one event and return its effects; entries whose time has come are seen to first."""
        effects = self._see_to_due(now)
        match event:
            case MobilityArrived():
                return effects + self._receive(event, now)
            case HomeAddressUsed():
                return effects + self._receive_unprotected(event, now)
            case SessionEnded(home_address):
                return effects + self._end(home_address, event)
            case RevokeRequested():
                return effects + self._revoke(event, now)
            case AddressFree() | AddressTaken():
                return effects + self._tested(event, now)
            case Tick():
                return effects
        assert_never(event)

    def _become(self, home_address: IPv6Address, event: AgentEvent, entry: Entry) -> None:
        check_transition(TRANSITIONS, self._cache.entry(home_address), event, entry)
        self._cache.put(home_address, entry)
        if isinstance(entry, Unbound) and home_address not in self._leased_ipv4:
            self._ipv4.release(home_address)

    def _see_to_due(self, now: float) -> list[AgentEffect]:
        effects: list[AgentEffect] = []
        for home_address, entry in self._cache.due(now):
            effects += self._see_to(home_address, entry, now)
        return effects

    def _see_to(self, home_address: IPv6Address, entry: Ageing, now: float) -> list[AgentEffect]:
        match entry:
            case Registered(binding) if now < binding.expires_at:
                self._become(home_address, Tick(), Registered(binding))
                return [answers.refresh_request(self._policy, binding)]
            case Revoking() if entry.sendings <= BRI_MAX_RETRIES:
                again = replace(entry, sendings=entry.sendings + 1, due_at=now + MAX_BRACK_TIMEOUT)
                self._become(home_address, Tick(), again)
                return [answers.revocation(self._policy, again)]
        self._become(home_address, Tick(), Unbound())
        match entry:
            case Registered(binding):
                return [BindingRemoved(binding, "its lifetime ended")]
            case Revoking(binding=binding, cause=cause):
                return [BindingRemoved(binding, f"{cause}; the mobile node did not confirm")]
            case Lingering():
                return []
        assert_never(entry)

    def _end(self, home_address: IPv6Address, event: SessionEnded) -> list[AgentEffect]:
        """Nothing lingers: the Home Address may be another subscriber's next, whose numbers begin anywhere."""
        entry = self._cache.entry(home_address)
        self._become(home_address, event, Unbound())
        return [BindingRemoved(entry.binding, "its session ended")] if isinstance(entry, Registered | Revoking) else []

    def _revoke(self, event: RevokeRequested, now: float) -> list[AgentEffect]:
        """RFC 5846 §7: from now on nothing is forwarded, and the mobile node is told until it says that it knows."""
        entry = self._cache.entry(event.home_address)
        if not isinstance(entry, Registered):
            self._become(event.home_address, event, entry)
            return []
        self._indication = following(self._indication)
        revoking = Revoking(
            binding=entry.binding,
            trigger=event.trigger,
            cause=event.cause,
            indication=self._indication,
            sendings=1,
            due_at=now + INIT_MIN_DELAY_BRIS,
        )
        self._become(event.home_address, event, revoking)
        return [answers.revocation(self._policy, revoking)]

    # Messages

    def _receive(self, arrived: MobilityArrived, now: float) -> list[AgentEffect]:
        """RFC 6275 §9.2, with the policy of RFC 6275 §5.1 before it: an SA speaks for one Home Address."""
        octets = arrived.octets
        if not checksum_holds(octets, arrived.source, arrived.destination):
            return [Dropped(Clause.CHECKSUM, f"a Mobility Header from {arrived.source} with a wrong checksum")]
        if arrived.source != arrived.sa_home_address:
            cause = f"foreign Home Address {arrived.source} in the SA of {arrived.sa_home_address}"
            return [Dropped(Clause.FOREIGN_HOME_ADDRESS, cause)]
        if arrived.destination != self._policy.ha_address:
            cause = f"a Mobility Header for {arrived.destination}, which is not this home agent"
            return [Dropped(Clause.OTHER_HOME_AGENT, cause)]
        if len(octets) > 2 and not is_known_type(octets[2]):
            return self._report_unknown_type(arrived, now)
        try:
            message = parse_message(octets)
        except DecodeError as error:
            return self._report_problem(arrived, error, now)
        return self._read(arrived, message, now)

    def _read(self, arrived: MobilityArrived, message: MobilityMessage, now: float) -> list[AgentEffect]:
        entry = self._cache.entry(arrived.source)
        if isinstance(message, RevocationAck):
            return self._revoked(arrived, message, entry, now)
        if not isinstance(message, BindingUpdate):
            cause = f"MH type {message.mh_type} from the mobile node {arrived.source}"
            return [Dropped(Clause.UNEXPECTED_TYPE, cause)]
        fault = find_silent_fault(arrived, message, entry)
        if fault is not None:
            return [fault]
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
            case Registered(binding) | Revoking(binding=binding):
                self._become(arrived.source, arrived, replace(entry, binding=replace(binding, sequence=sequence)))
            case Lingering():
                self._become(arrived.source, arrived, replace(entry, sequence=sequence))
            case Unbound() | Pending():
                self._become(arrived.source, arrived, entry)

    def _register(
        self, arrived: MobilityArrived, update: BindingUpdate, care_of: IpAddress, now: float
    ) -> list[AgentEffect]:
        entry = self._cache.entry(arrived.source)
        refusal = find_refusal(update, arrived, care_of, self._policy, entry=entry, no_room=self._cache.is_full)
        if refusal is not None:
            return self._refuse(arrived, update, refusal, entry)
        if self._policy.has_link and not isinstance(entry, Registered):
            # What the mobile node asks meanwhile takes the place of what it asked first, and is answered alone.
            self._become(arrived.source, arrived, Pending(arrived, update))
            with_link_local = bool(update.flags & BindingFlag.LINK_LOCAL)
            return [] if isinstance(entry, Pending) else [LookForDuplicate(arrived.source, with_link_local)]
        return self._bind(arrived, arrived, update, now)

    def _tested(self, event: AddressFree | AddressTaken, now: float) -> list[AgentEffect]:
        """RFC 6275 §10.3.1: the answer to the first registration that waited for it, if one still does."""
        entry = self._cache.entry(event.address)
        if not isinstance(entry, Pending):
            return []
        if isinstance(event, AddressFree):
            return self._bind(event, entry.arrived, entry.update, now)
        self._become(event.address, event, Unbound())
        status = BindingStatus.DUPLICATE_ADDRESS_DETECTION_FAILED
        return self._refuse(entry.arrived, entry.update, status, entry, event.cause)

    def _bind(
        self, event: MobilityArrived | AddressFree, arrived: MobilityArrived, update: BindingUpdate, now: float
    ) -> list[AgentEffect]:
        entry = self._cache.entry(arrived.source)
        care_of = care_of_address(update, arrived.outer.address)
        units = granted_units(update, self._policy)
        asked = find(update.options, Ipv4HomeAddress)
        ipv4 = self._ipv4.answer(asked, arrived.source) if asked is not None else None
        expires_at = now + units * LIFETIME_UNIT
        binding = Binding(
            home_address=arrived.source,
            care_of=care_of,
            endpoint=arrived.outer,
            sequence=update.sequence,
            flags=update.flags,
            lifetime=units * LIFETIME_UNIT,
            expires_at=expires_at,
            nat_detected=is_behind_nat(update, arrived.outer.address),
            ipv4_home_address=ipv4.address if ipv4 is not None and is_accepted(ipv4.status) else None,
        )
        ask_at = expires_at - self._policy.asking_share * binding.lifetime
        self._become(arrived.source, event, Registered(binding, ask_at))
        answer = answers.acknowledgement(self._policy, arrived, update, acceptance(units, self._policy), units, ipv4)
        if isinstance(entry, Registered):
            return [BindingChanged(binding, entry.binding), answer]
        return [BindingAdded(binding), answer]

    def _deregister(self, arrived: MobilityArrived, update: BindingUpdate, now: float) -> list[AgentEffect]:
        """RFC 6275 §10.3.2; the sequence number stays for a while, against updates that come late."""
        entry = self._cache.entry(arrived.source)
        if not isinstance(entry, Registered | Revoking):
            refusal = self._refuse(arrived, update, BindingStatus.NOT_HOME_AGENT_FOR_THIS_NODE, entry)
            if not isinstance(entry, Pending):
                return refusal
            self._become(arrived.source, arrived, Lingering(update.sequence, now + MAX_DELETE_BCE_TIMEOUT))
            return [LookNoMore(arrived.source), *refusal]
        self._become(arrived.source, arrived, Lingering(update.sequence, now + MAX_DELETE_BCE_TIMEOUT))
        answer = answers.acknowledgement(self._policy, arrived, update, BindingStatus.ACCEPTED, 0)
        return [BindingRemoved(entry.binding, "the mobile node de-registered"), answer]

    def _revoked(self, arrived: MobilityArrived, ack: RevocationAck, entry: Entry, now: float) -> list[AgentEffect]:
        """RFC 5846 §7: with whatever status, the mobile node has heard that its binding is no more."""
        if not isinstance(entry, Revoking) or ack.sequence != entry.indication:
            cause = f"a Binding Revocation Acknowledgement {ack.sequence} of {arrived.source}, none is due"
            return [Dropped(Clause.NOT_REVOKED, cause)]
        self._become(arrived.source, arrived, Lingering(entry.sequence, now + MAX_DELETE_BCE_TIMEOUT))
        doubt = "" if is_accepted(ack.status) else f"; the mobile node answered with status {ack.status}"
        return [BindingRemoved(entry.binding, entry.cause + doubt)]

    def _receive_unprotected(self, used: HomeAddressUsed, now: float) -> list[AgentEffect]:
        """RFC 6275 §9.3.1; what has a binding has no protection here, and is dropped all the same."""
        home_address, care_of = used.home_address, used.care_of
        binding = self._cache.binding(home_address)
        if binding is not None and binding.care_of == care_of:
            return [Dropped(Clause.NOT_AUTHENTIC, f"a packet of {home_address} from {care_of}, which is not in ESP")]
        dropped = Dropped(Clause.UNKNOWN_BINDING, f"a packet of {home_address}, which has no binding at {care_of}")
        if not is_routable(care_of) or not self._complaints.allow(now):
            return [dropped]
        return [dropped, answers.unknown_binding(self._policy, used)]

    # Answers

    def _refuse(
        self, arrived: MobilityArrived, update: BindingUpdate, status: BindingStatus, entry: Entry, why: str = ""
    ) -> list[AgentEffect]:
        """A refusal goes where the update came from and changes no binding (RFC 6275 §9.5.4)."""
        if status == BindingStatus.SEQUENCE_OUT_OF_WINDOW and not isinstance(entry, Unbound):
            update = replace(update, sequence=entry.sequence)
        cause = f"status {name_of(status)}, sequence number {update.sequence}" + (why and f": {why}")
        return [
            Refused(arrived.source, status, cause),
            answers.acknowledgement(self._policy, arrived, update, status, 0),
        ]

    def _report_unknown_type(self, arrived: MobilityArrived, now: float) -> list[AgentEffect]:
        dropped = Dropped(Clause.UNKNOWN_TYPE, f"unknown MH type {arrived.octets[2]} from {arrived.source}")
        return [dropped, answers.unknown_type(self._policy, arrived)] if self._complaints.allow(now) else [dropped]

    def _report_problem(self, arrived: MobilityArrived, error: DecodeError, now: float) -> list[AgentEffect]:
        dropped = Dropped(Clause.FORMAT, f"a malformed Mobility Header from {arrived.source}: {error}")
        if error.offset > HEADER_LEN_OFFSET or not self._complaints.allow(now):
            return [dropped]
        return [dropped, answers.header_problem(self._policy, arrived, error)]
