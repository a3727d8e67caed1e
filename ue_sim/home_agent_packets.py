"""Packets that speak to the mobile node itself and to none of its applications (RFC 6275 §11.3.5, §11.4, §9.3.3)."""

from ipaddress import IPv6Address
from typing import assert_never

from ue_sim import mobility as mip
from ue_sim.agent_discovery import ReplyArrived
from ue_sim.connection import Connection
from ue_sim.prefix_discovery import AdvertisementArrived
from ue_sim.ue_events import Note
from wire.errors import DecodeError
from wire.ip.checksum import IpAddress
from wire.ip.icmpv6 import ParameterProblem, UnknownIcmpv6, parse_icmpv6
from wire.ip.ipv6 import HEADER_OCTETS, PROTO_ICMPV6, PROTO_MOBILITY, Ipv6Packet
from wire.ip.packet import IpPacket, parse_packet
from wire.mip6.binding_error import BindingError
from wire.mip6.discovery import AgentReply, PrefixAdvertisement, parse_answer
from wire.mip6.encapsulation import at_home, spi_of
from wire.mip6.header import checksum_holds
from wire.mip6.messages import parse_message

Bare = AgentReply | BindingError | ParameterProblem
"""What may come to the Care-of Address itself, where nothing protects it."""


def read_bare(packet: Ipv6Packet) -> Bare | None:
    """What a packet to the Care-of Address says without a security association; None for every other packet.

    DecodeError for one that is broken.
    """
    if packet.next_header == PROTO_MOBILITY:
        if not checksum_holds(packet.payload, packet.source, packet.destination):
            raise DecodeError(HEADER_OCTETS + 4, "the Mobility Header's checksum is wrong")
        error = parse_message(packet.payload)
        return error if isinstance(error, BindingError) else None
    if packet.next_header != PROTO_ICMPV6:
        return None
    message = parse_icmpv6(packet.payload, packet.source, packet.destination)
    if isinstance(message, ParameterProblem):
        return message
    answer = parse_answer(message) if isinstance(message, UnknownIcmpv6) else None
    return answer if isinstance(answer, AgentReply) else None


def quotes_update(problem: ParameterProblem, *, care_of: IPv6Address, ha_address: IPv6Address, spi: int) -> bool:
    """Whether a bare problem is about a message that we have sent in the SA `spi`, which no stranger knows."""
    try:
        quoted = Ipv6Packet.parse(problem.invoking)
        ours = (quoted.source, quoted.destination) == (care_of, ha_address)
        return ours and spi_of(at_home(quoted)) == spi
    except DecodeError:
        return False


def read_mobility(
    octets: bytes, connection: Connection | None, care_of: IpAddress, ha_address: IPv6Address
) -> ReplyArrived | mip.ErrorArrived | mip.ProblemArrived | mip.MobilityArrived | Note:
    """What came to the Care-of Address, with or without protection; raises as Connection.open_mobility does."""
    packet = parse_packet(octets)
    here = isinstance(packet, Ipv6Packet) and packet.destination == care_of
    bare = read_bare(packet) if here and isinstance(packet, Ipv6Packet) else None
    match bare:
        case AgentReply():
            return ReplyArrived(bare)
        case BindingError():
            return mip.ErrorArrived(IPv6Address(int(packet.source)), bare)
        case ParameterProblem(code, pointer):
            transport = connection.transport if connection is not None else None
            spi = transport.child.spi_out if transport is not None else 0
            if quotes_update(bare, care_of=IPv6Address(int(care_of)), ha_address=ha_address, spi=spi):
                return mip.ProblemArrived(code, pointer)
            return Note(f"a Parameter Problem of {packet.source} about nothing that we have sent")
        case None if connection is not None:
            return mip.MobilityArrived(connection.open_mobility(octets))
        case None:
            return Note("a Mobility Header without a tunnel")
    assert_never(bare)


def read_tunnelled(
    packet: IpPacket, home_address: IPv6Address | None, ha_address: IPv6Address
) -> AdvertisementArrived | mip.ProblemArrived | None:
    """What the home agent says to the mobile node by the tunnel; None for every other packet, and for a broken one."""
    if not isinstance(packet, Ipv6Packet) or packet.next_header != PROTO_ICMPV6 or packet.source != ha_address:
        return None
    try:
        message = parse_icmpv6(packet.payload, packet.source, packet.destination)
        if isinstance(message, ParameterProblem):
            quoted = Ipv6Packet.parse(message.invoking)
            about_update = quoted.next_header == PROTO_MOBILITY and quoted.source == home_address
            return mip.ProblemArrived(message.code, message.pointer) if about_update else None
        answer = parse_answer(message) if isinstance(message, UnknownIcmpv6) else None
    except DecodeError:
        return None
    return AdvertisementArrived(answer) if isinstance(answer, PrefixAdvertisement) else None
