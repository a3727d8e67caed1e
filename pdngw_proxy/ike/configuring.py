"""CFG_REPLY: addresses, DNS servers and the like for what the UE asks (RFC 7296 §3.15, RFC 5026 §5.3)."""

from ipaddress import IPv4Address, IPv6Network

from pdngw_proxy.ike.events import AddressLeased
from pdngw_proxy.ike.policy import ResponderPolicy
from wire.ikev2.constants import ConfigurationAttributeType as Kind
from wire.ikev2.constants import ConfigurationType
from wire.ikev2.message import Message
from wire.ikev2.payloads.cp import Configuration, ConfigurationAttribute

_SUPPORTED = (
    Kind.INTERNAL_IP4_ADDRESS,
    Kind.INTERNAL_IP4_NETMASK,
    Kind.INTERNAL_IP4_DNS,
    Kind.APPLICATION_VERSION,
    Kind.INTERNAL_IP6_ADDRESS,
    Kind.INTERNAL_IP6_DNS,
    Kind.SUPPORTED_ATTRIBUTES,
    Kind.MIP6_HOME_PREFIX,
    Kind.P_CSCF_IP4_ADDRESS,
    Kind.P_CSCF_IP6_ADDRESS,
)
_HOST = b"\xff\xff\xff\xff"


def asks(message: Message, kind: Kind) -> bool:
    """Whether `message` has a CFG_REQUEST with an attribute of that type."""
    request = message.find(Configuration)
    return request is not None and request.kind == ConfigurationType.REQUEST and request.find(kind) is not None


def asks_for_address(message: Message) -> bool:
    """Whether the UE asks for an address or a home prefix; without any it is no user of ours."""
    return any(
        asks(message, kind) for kind in (Kind.INTERNAL_IP6_ADDRESS, Kind.INTERNAL_IP4_ADDRESS, Kind.MIP6_HOME_PREFIX)
    )


def wants_ipv4_alone(message: Message) -> bool:
    """Whether nothing but an IPv4 address helps the UE."""
    return asks(message, Kind.INTERNAL_IP4_ADDRESS) and not (
        asks(message, Kind.INTERNAL_IP6_ADDRESS) or asks(message, Kind.MIP6_HOME_PREFIX)
    )


def wants_prefix(message: Message) -> bool:
    """Whether the UE would make its Home Address itself (RFC 5026 §5.3.2)."""
    return asks(message, Kind.MIP6_HOME_PREFIX) and not asks(message, Kind.INTERNAL_IP6_ADDRESS)


def reply(policy: ResponderPolicy, message: Message, leased: AddressLeased) -> Configuration:
    """What `message` is answered: no attribute that was not asked for (RFC 7296 §3.15.1).

    A UE that asks for a home prefix alone is told the address that it has to use instead (RFC 5026 §8.3); one that asks
    for both learns which prefix its address is of.
    """
    found: list[ConfigurationAttribute] = []
    if asks(message, Kind.INTERNAL_IP6_ADDRESS) or wants_prefix(message):
        found.append(ConfigurationAttribute.ip6_address(leased.home_address, leased.prefix_length))
    if leased.ipv4_home_address is not None:
        found.append(ConfigurationAttribute(Kind.INTERNAL_IP4_ADDRESS, leased.ipv4_home_address.packed))
        if asks(message, Kind.INTERNAL_IP4_NETMASK):
            found.append(ConfigurationAttribute(Kind.INTERNAL_IP4_NETMASK, _HOST))
    if asks(message, Kind.MIP6_HOME_PREFIX) and not wants_prefix(message):
        found.append(_home_prefix(policy, leased))
    for servers, *kinds in (
        (policy.dns, Kind.INTERNAL_IP4_DNS, Kind.INTERNAL_IP6_DNS),
        (policy.pcscf, Kind.P_CSCF_IP4_ADDRESS, Kind.P_CSCF_IP6_ADDRESS),
    ):
        for server in servers:
            kind = kinds[0] if isinstance(server, IPv4Address) else kinds[1]
            if asks(message, kind):
                found.append(ConfigurationAttribute(kind, server.packed))
    if asks(message, Kind.APPLICATION_VERSION):
        found.append(ConfigurationAttribute(Kind.APPLICATION_VERSION, policy.version.encode("ascii")))
    if asks(message, Kind.SUPPORTED_ATTRIBUTES):
        known = b"".join(kind.to_bytes(2, "big") for kind in _SUPPORTED)
        found.append(ConfigurationAttribute(Kind.SUPPORTED_ATTRIBUTES, known))
    return Configuration(ConfigurationType.REPLY, tuple(found))


def _home_prefix(policy: ResponderPolicy, leased: AddressLeased) -> ConfigurationAttribute:
    """MIP6_HOME_PREFIX: lifetime in seconds, prefix, its length (RFC 5026 §8.2)."""
    prefix = IPv6Network((leased.home_address, leased.prefix_length), strict=False)
    value = policy.prefix_lifetime.to_bytes(4, "big") + prefix.network_address.packed + bytes((prefix.prefixlen,))
    return ConfigurationAttribute(Kind.MIP6_HOME_PREFIX, value)
