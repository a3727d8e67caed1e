"""Datagrams that an attached UE, or somebody beside it, could send to the gateway: each wrong in one thing."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

from tests.network import HA_ADDRESS, VirtualUe
from wire.ikev2.association import Association
from wire.ikev2.nat import Endpoint
from wire.ip.icmpv6 import EchoRequest, build_icmpv6
from wire.ip.ipv6 import PROTO_ICMPV6, PROTO_IPV6, PROTO_MOBILITY, Ipv6Packet
from wire.mip6.binding_update import BindingFlag, BindingUpdate
from wire.mip6.encapsulation import seal_mobility
from wire.mip6.ipv4_options import Ipv4CareOf
from wire.mip6.messages import build_message

FLAGS = BindingFlag.ACKNOWLEDGE | BindingFlag.HOME_REGISTRATION | BindingFlag.KEY_MANAGEMENT
CARE_OF = IPv4Address("192.0.2.10")
STRANGER = Endpoint(IPv4Address("203.0.113.66"), 6666)


def binding_update(home_address: IPv6Address, *, sequence: int = 40000, lifetime: int = 900) -> bytes:
    """A whole Mobility Header: a Binding Update for this Home Address."""
    update = BindingUpdate(sequence=sequence, flags=FLAGS, lifetime=lifetime, options=(Ipv4CareOf(CARE_OF),))
    return build_message(update, home_address, HA_ADDRESS)


def echo_request(source: IPv6Address, destination: IPv6Address = HA_ADDRESS) -> bytes:
    """An IPv6 packet with an ICMPv6 echo request."""
    payload = build_icmpv6(EchoRequest(7, 1, b"data"), source, destination)
    packet = Ipv6Packet(source=source, destination=destination, next_header=PROTO_ICMPV6, payload=payload)
    return packet.build()


def associations(phone: VirtualUe) -> tuple[Association, Association]:
    """The UE's own transport and tunnel SA."""
    connection = phone.machine.links.current
    assert connection is not None
    assert connection.transport is not None
    assert connection.tunnel is not None
    return connection.transport, connection.tunnel


def sealed_update(phone: VirtualUe, home_address: IPv6Address, *, sequence: int = 40000) -> bytes:
    """A Binding Update for any Home Address, inside the transport SA that this UE really has."""
    transport, _ = associations(phone)
    octets = binding_update(home_address, sequence=sequence)
    return seal_mobility(octets, home_address, HA_ADDRESS, transport.outbound)


def update_in_the_tunnel_sa(phone: VirtualUe) -> bytes:
    """A Binding Update for the UE's own Home Address, but sealed in the SA that is for other packets."""
    _, tunnel = associations(phone)
    own = phone.attached.home_address
    return seal_mobility(binding_update(own), own, HA_ADDRESS, tunnel.outbound)


def bare_update(home_address: IPv6Address) -> bytes:
    """A Binding Update that nothing protects."""
    return Ipv6Packet(
        source=home_address,
        destination=HA_ADDRESS,
        next_header=PROTO_MOBILITY,
        payload=binding_update(home_address),
    ).build()


def tunnelled(phone: VirtualUe, packet: bytes) -> bytes:
    """Any inner packet, inside the tunnel SA that this UE really has, past its own selectors."""
    _, tunnel = associations(phone)
    return tunnel.outbound.seal(packet, PROTO_IPV6)


def with_foreign_source(datagram: bytes, source: IPv6Address) -> bytes:
    """The same ESP with another address on the IPv6 header before it."""
    return replace(Ipv6Packet.parse(datagram), source=source).build()
