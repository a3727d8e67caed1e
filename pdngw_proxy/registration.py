"""The tests that a Binding Update stands before, in their order (RFC 6275 §9.5.1, RFC 6275 §10.3, RFC 5555 §4.5)."""

from ipaddress import IPv4Address, IPv6Address

from pdngw_proxy.bindings import Entry, Registered, Revoking, Unbound
from pdngw_proxy.mobility import Clause, Dropped, HomeAgentPolicy, IpAddress, MobilityArrived
from wire.mip6.binding_update import BindingFlag, BindingUpdate
from wire.mip6.ipv4_options import Ipv4CareOf
from wire.mip6.ipv6_options import LIFETIME_UNIT, AlternateCareOf, NonceIndices
from wire.mip6.options import find
from wire.mip6.sequence import is_newer
from wire.mip6.statuses import BindingStatus


def care_of_address(update: BindingUpdate, outer: IpAddress) -> IpAddress:
    """Where the mobile node says it is; the packet's own source only when it does not (RFC 6275 §9.5.1)."""
    alternate = find(update.options, AlternateCareOf)
    if alternate is not None:
        return alternate.address
    ipv4 = find(update.options, Ipv4CareOf)
    return ipv4.address if ipv4 is not None else outer


def is_behind_nat(update: BindingUpdate, outer: IpAddress) -> bool:
    """Whether an IPv4 outer source differs from the IPv4 Care-of Address option, or there is none (RFC 5555 §4.5)."""
    if not isinstance(outer, IPv4Address):
        return False
    ipv4 = find(update.options, Ipv4CareOf)
    return ipv4 is None or ipv4.address != outer


def is_deregistration(update: BindingUpdate, care_of: IpAddress, home_address: IPv6Address) -> bool:
    """Lifetime zero, or a Care-of Address that is the Home Address (RFC 3963 §6.2, RFC 6275 §11.5.5)."""
    return update.lifetime == 0 or care_of == home_address


def granted_units(update: BindingUpdate, policy: HomeAgentPolicy) -> int:
    """The lifetime granted in units of 4 s: no more than asked for, than the policy allows, than the prefix lives."""
    most = min(policy.most_lifetime, policy.prefix_lifetime)
    return min(update.lifetime, max(most // LIFETIME_UNIT, 1))


def acceptance(units: int, policy: HomeAgentPolicy) -> BindingStatus:
    """Status 1 where the home prefix is no longer preferred, or valid, at the end of a binding (RFC 6275 §10.3.1).

    Of the prefix one lifetime is known, for which it is preferred and valid.
    """
    ends = units >= policy.prefix_lifetime // LIFETIME_UNIT
    return BindingStatus.ACCEPTED_PREFIX_DISCOVERY_NECESSARY if ends else BindingStatus.ACCEPTED


def find_silent_fault(arrived: MobilityArrived, update: BindingUpdate, entry: Entry) -> Dropped | None:
    """Why an update is dropped without an answer (RFC 6275 §9.5.1), or None."""
    home_address, is_home_registration = arrived.source, update.flags & BindingFlag.HOME_REGISTRATION
    if not is_routable(home_address):
        cause = f"a Binding Update for {home_address}, which is no unicast routable address"
        return Dropped(Clause.NOT_ROUTABLE, cause)
    if not is_home_registration and isinstance(entry, Unbound):
        cause = f"a Binding Update of {home_address} without H: no route optimisation here"
        return Dropped(Clause.ROUTE_OPTIMISATION, cause)
    if is_home_registration and find(update.options, NonceIndices) is not None:
        return Dropped(Clause.NONCE_INDICES, f"a home registration of {home_address} with Nonce Indices")
    return None


def find_invalidity(update: BindingUpdate, entry: Entry, deregisters: bool) -> BindingStatus | None:
    """Why an update counts as none: it neither moves the sequence number nor the binding (RFC 6275 §9.5.1)."""
    if not isinstance(entry, Unbound) and not is_newer(update.sequence, entry.sequence):
        return BindingStatus.SEQUENCE_OUT_OF_WINDOW
    if not update.flags & BindingFlag.HOME_REGISTRATION:
        return BindingStatus.REGISTRATION_TYPE_CHANGE_DISALLOWED
    changed = isinstance(entry, Registered) and (entry.binding.flags ^ update.flags) & BindingFlag.MOBILE_ROUTER
    # RFC 3963 §6.2: R may not change within a binding, but a de-registration need not repeat it
    return BindingStatus.REGISTRATION_TYPE_CHANGE_DISALLOWED if changed and not deregisters else None


def find_refusal(
    update: BindingUpdate,
    arrived: MobilityArrived,
    care_of: IpAddress,
    policy: HomeAgentPolicy,
    *,
    entry: Entry,
    no_room: bool,
) -> BindingStatus | None:
    """Why a valid update that asks for a binding is refused (RFC 6275 §10.3.1, RFC 5555 §4.5), or None.

    Nobody binds anew what was just taken back (RFC 5846 §7). `no_room`: the binding cache is full.
    """
    if arrived.source not in policy.home_prefix:
        return BindingStatus.NOT_HOME_SUBNET
    if update.flags & BindingFlag.PROXY_REGISTRATION or isinstance(entry, Revoking):
        return BindingStatus.ADMINISTRATIVELY_PROHIBITED
    if no_room and isinstance(entry, Unbound):
        return BindingStatus.INSUFFICIENT_RESOURCES
    if update.flags & BindingFlag.FORCE_UDP and not isinstance(arrived.outer.address, IPv4Address):
        return BindingStatus.CANNOT_FORCE_UDP_ENCAPSULATION
    if not _can_be_care_of(care_of) or _is_at_home(care_of, policy):
        return BindingStatus.INVALID_CARE_OF_ADDRESS
    return None


def is_routable(address: IPv6Address) -> bool:
    """Whether it is a unicast routable address (RFC 6275 §9.3.1)."""
    return not (address.is_multicast or address.is_unspecified or address.is_loopback or address.is_link_local)


def _is_at_home(care_of: IpAddress, policy: HomeAgentPolicy) -> bool:
    """Two mobile nodes, each at the other's Home Address, would send packets round for ever (RFC 2473 §4.1.3)."""
    if isinstance(care_of, IPv6Address):
        return care_of in policy.home_prefix
    return policy.ipv4_home_prefix is not None and care_of in policy.ipv4_home_prefix


def _can_be_care_of(address: IpAddress) -> bool:
    """An IPv4 loopback address can: a whole laboratory lives on 127.0.0.0/8."""
    if isinstance(address, IPv6Address):
        return is_routable(address)
    return not (address.is_multicast or address.is_unspecified or address == IPv4Address("255.255.255.255"))
