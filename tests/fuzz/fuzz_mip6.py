"""The parsers of wire/mip6, and the seeds they are fuzzed from."""

from collections.abc import Callable
from ipaddress import IPv6Address, IPv6Network

from tests.wire.mip6.test_router_advertisement import RADVD, said
from tests.wire.mip6.vectors import MOBILITY, named
from wire.buffer import Reader
from wire.ip.icmpv6 import UnknownIcmpv6
from wire.mip6.binding_ack import BindingAck
from wire.mip6.binding_error import BindingError
from wire.mip6.binding_update import BindingUpdate
from wire.mip6.discovery import HomePrefix, PrefixAdvertisement, parse_answer, parse_question
from wire.mip6.encapsulation import parse_tunnelled
from wire.mip6.header import MobilityHeader
from wire.mip6.messages import parse_message
from wire.mip6.options import read_options
from wire.mip6.refresh_request import RefreshRequest
from wire.mip6.revocation import RevocationIndication, parse_revocation
from wire.mip6.router_advertisement import parse_agent

REVOCATION = MobilityHeader(16, RevocationIndication(trigger=1, sequence=7).build()).build(
    IPv6Address("2001:db8::1"), IPv6Address("2001:db8::100")
)
ADVERTISED = PrefixAdvertisement(7, (HomePrefix(IPv6Network("2001:db8:1::/64"), 7200, 3600),))
HEADERS = tuple(vector.mobility_header for vector in MOBILITY)


def _behind_the_header(parse: Callable[[bytes], object]) -> Callable[[bytes], object]:
    """Offsets of message data count from the whole header, so it stands before them here as well."""

    def parsing(octets: bytes) -> object:
        return parse(MobilityHeader.parse(octets).data)

    return parsing


ENTRIES: dict[str, tuple[Callable[[bytes], object], tuple[bytes, ...]]] = {
    "wire.mip6.header.MobilityHeader.parse": (MobilityHeader.parse, HEADERS),
    "wire.mip6.messages.parse_message": (parse_message, HEADERS),
    "wire.mip6.binding_update.BindingUpdate.parse": (_behind_the_header(BindingUpdate.parse), HEADERS[:1]),
    "wire.mip6.binding_ack.BindingAck.parse": (_behind_the_header(BindingAck.parse), HEADERS[1:2]),
    "wire.mip6.binding_error.BindingError.parse": (
        _behind_the_header(BindingError.parse),
        (named("binding_error_unknown_hoa").mobility_header,),
    ),
    "wire.mip6.router_advertisement.parse_agent": (parse_agent, (RADVD,)),
    "wire.mip6.router_advertisement.parse_agent behind the checksum": (
        lambda octets: parse_agent(said(octets[44:]) if len(octets) > 60 else octets),
        (RADVD,),
    ),
    "wire.mip6.discovery.parse_question": (
        lambda octets: parse_question(UnknownIcmpv6(144, 0, octets)),
        (b"\x55\xaa\x00\x00",),
    ),
    "wire.mip6.discovery.parse_answer": (
        lambda octets: parse_answer(UnknownIcmpv6(147, 0, octets)),
        (ADVERTISED.build().body,),
    ),
    "wire.mip6.revocation.parse_revocation": (_behind_the_header(parse_revocation), (REVOCATION,)),
    "wire.mip6.refresh_request.RefreshRequest.parse": (
        _behind_the_header(RefreshRequest.parse),
        (named("binding_refresh_request").mobility_header,),
    ),
    "wire.mip6.options.read_options": (
        lambda octets: read_options(Reader(octets)),
        (named("bu_ipv6_coa").mobility_header[12:], named("ba_ipv4_udp4191").mobility_header[12:]),
    ),
    "wire.mip6.encapsulation.parse_tunnelled": (
        parse_tunnelled,
        (named("bu_ipv4_udp4191").packet[28:], named("bu_ipv4_udp4191").packet),
    ),
}
