"""Neighbor Solicitation and Advertisement: a Linux kernel's are read, and ours are those of RFC 4861 octet by octet."""

from dataclasses import replace
from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.errors import DecodeError
from wire.ip.icmpv6 import EchoRequest, UnknownIcmpv6, build_icmpv6
from wire.ip.ipv6 import PROTO_ICMPV6, PROTO_NONE, Ipv6Packet
from wire.ip.neighbors import (
    ALL_NODES,
    NEIGHBOR_ADVERTISEMENT,
    NEIGHBOR_SOLICITATION,
    UNSPECIFIED,
    NeighborAdvertisement,
    NeighborSolicitation,
    advertisement,
    parse_neighbor,
    solicitation,
    solicited_node_of,
)

HOME, AGENT = IPv6Address("2001:db8:1::100"), IPv6Address("2001:db8:1::1")
MAC = bytes.fromhex("02000000000b")

# Linux 6.18 looks for a duplicate, with a Nonce (RFC 7527), and says that it has an address
LINUX_LOOKS = bytes.fromhex(
    "6000000000203aff 00000000000000000000000000000000 ff0200000000000000000001ff000100"
    "8700fd5600000000 20010db8000100000000000000000100 0e0100fc32300c62"
)
LINUX_HAS = bytes.fromhex(
    "6000000000203aff 20010db8000100000000000000000100 ff020000000000000000000000000001"
    "8800f72120000000 20010db8000100000000000000000100 020102000000000a"
)


def test_a_kernels_messages_are_read() -> None:
    looks = parse_neighbor(LINUX_LOOKS)
    assert looks == NeighborSolicitation(UNSPECIFIED, HOME)
    assert looks.is_for_oneself
    assert parse_neighbor(LINUX_HAS) == NeighborAdvertisement(
        source=HOME, target=HOME, link_layer=bytes.fromhex("02000000000a"), override=True
    )


def test_ours_are_the_kernels_but_for_what_it_adds() -> None:
    said = NeighborAdvertisement(source=HOME, target=HOME, link_layer=bytes.fromhex("02000000000a"), override=True)
    assert advertisement(said) == LINUX_HAS
    ours, theirs = Ipv6Packet.parse(solicitation(HOME)), Ipv6Packet.parse(LINUX_LOOKS)
    assert (ours.source, ours.destination, ours.hop_limit) == (theirs.source, theirs.destination, theirs.hop_limit)
    assert ours.payload[4:] == theirs.payload[4:24]
    assert parse_neighbor(solicitation(HOME)) == NeighborSolicitation(UNSPECIFIED, HOME)


def test_solicited_nodes_share_the_last_three_octets() -> None:
    # The example of RFC 4291 §2.7.1
    assert solicited_node_of(IPv6Address("4037::01:800:200e:8c6c")) == IPv6Address("ff02::1:ff0e:8c6c")


@given(st.booleans(), st.booleans(), st.none() | st.binary(min_size=6, max_size=6))
def test_advertisement_survives_a_round_trip(router: bool, override: bool, link_layer: bytes | None) -> None:
    said = NeighborAdvertisement(source=AGENT, target=HOME, link_layer=link_layer, router=router, override=override)
    assert parse_neighbor(advertisement(said)) == said


def packet(kind: int, body: bytes, **changes: object) -> bytes:
    whole = Ipv6Packet(source=AGENT, destination=ALL_NODES, next_header=PROTO_ICMPV6, payload=b"", hop_limit=255)
    whole = replace(whole, **changes)  # type: ignore[arg-type]
    payload = build_icmpv6(UnknownIcmpv6(kind, 0, body), whole.source, whole.destination)
    return replace(whole, payload=payload).build()


TARGET = bytes(4) + HOME.packed


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (packet(NEIGHBOR_ADVERTISEMENT, TARGET, hop_limit=254), "another link"),
        (LINUX_HAS[:-1] + b"\x0b", "checksum"),
        (packet(NEIGHBOR_ADVERTISEMENT, bytes(4) + ALL_NODES.packed), "multicast"),
        (packet(NEIGHBOR_ADVERTISEMENT, TARGET[:19]), "octets needed"),
        (packet(NEIGHBOR_ADVERTISEMENT, TARGET + bytes(8)), "without length"),
        (packet(NEIGHBOR_ADVERTISEMENT, TARGET + b"\x02\x02" + MAC), "octets needed"),
        (packet(NEIGHBOR_ADVERTISEMENT, b"\x40" + TARGET[1:]), "solicited advertisement"),
        (packet(NEIGHBOR_SOLICITATION, TARGET, source=UNSPECIFIED), "nobody"),
        (
            packet(
                NEIGHBOR_SOLICITATION,
                TARGET + b"\x01\x01" + MAC,
                source=UNSPECIFIED,
                destination=solicited_node_of(HOME),
            ),
            "nobody",
        ),
    ],
)
def test_what_does_not_pass_the_tests_of_the_rfc_is_refused(octets: bytes, said: str) -> None:
    with pytest.raises(DecodeError, match=said):
        parse_neighbor(octets)


def test_any_other_packet_is_none() -> None:
    echo = build_icmpv6(EchoRequest(1, 1, b""), AGENT, HOME)
    for next_header, payload in ((PROTO_ICMPV6, echo), (PROTO_ICMPV6, b""), (PROTO_NONE, echo)):
        whole = Ipv6Packet(source=AGENT, destination=HOME, next_header=next_header, payload=payload)
        assert parse_neighbor(whole.build()) is None


@given(st.binary(max_size=120))
def test_no_octets_break_it(octets: bytes) -> None:
    try:
        parse_neighbor(LINUX_HAS[:40] + octets)
    except DecodeError:
        return
