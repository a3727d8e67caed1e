"""The home agent as a router: no spoofed source, no packet for nobody, no endless way."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

import pytest

from pdngw_proxy.forwarding import ERRORS_PER_SECOND, Discard, ForwardEffect, Forwarder, SendHome, SendToTunnel
from wire.ip.checksum import IpAddress
from wire.ip.icmpv4 import parse_icmpv4
from wire.ip.icmpv6 import (
    DestinationUnreachable,
    EchoRequest,
    Icmpv6Message,
    PacketTooBig,
    TimeExceeded,
    build_icmpv6,
    parse_icmpv6,
)
from wire.ip.ipv4 import Ipv4Packet
from wire.ip.ipv6 import Ipv6Packet

AGENT4, HOST4, UE4, PEER4, UNBOUND4 = (IPv4Address(f"10.1.2.{end}") for end in (1, 254, 10, 11, 12))
AGENT, HOST, UE, PEER, UNBOUND = (IPv6Address(f"2001:db8:1::{end}") for end in ("1", "cafe", "100", "101", "102"))


def home_of(address: IpAddress) -> IPv6Address | None:
    if isinstance(address, IPv6Address):
        return address if address in {UE, PEER} else None
    return {UE4: UE, PEER4: PEER}.get(address)


def forwarder() -> Forwarder:
    return Forwarder(routers=[AGENT, AGENT4], home_of=home_of)


def packet(source: IPv6Address, destination: IPv6Address, *, hop_limit: int = 64, size: int = 8) -> Ipv6Packet:
    return Ipv6Packet(
        source=source, destination=destination, next_header=58, payload=b"\x80" + bytes(size - 1), hop_limit=hop_limit
    )


def error_in(effect: ForwardEffect, destination: IPv6Address) -> Icmpv6Message:
    assert isinstance(effect, SendToTunnel | SendHome)
    answer = Ipv6Packet.parse(effect.octets)
    assert (answer.source, answer.destination) == (AGENT, destination)
    return parse_icmpv6(answer.payload, AGENT, destination)


def test_packet_of_a_mobile_node_goes_home_one_hop_older() -> None:
    router, sent = forwarder(), packet(UE, HOST)
    assert router.from_tunnel(sent, UE, 0.0) == [SendHome(replace(sent, hop_limit=63).build())]
    counters = router.counters
    assert (counters.from_tunnel, counters.forwarded, counters.octets, counters.discarded) == (1, 1, 48, 0)


def test_packet_for_the_home_agent_itself_keeps_its_hop_limit() -> None:
    sent = packet(UE, AGENT, hop_limit=1)
    assert forwarder().from_tunnel(sent, UE, 0.0) == [SendHome(sent.build())]


def test_packet_from_home_goes_into_the_tunnel_of_its_destination() -> None:
    sent = packet(HOST, UE)
    assert forwarder().from_home(sent.build(), 0.0) == [SendToTunnel(UE, replace(sent, hop_limit=63).build())]
    own = packet(AGENT, UE, hop_limit=1)
    assert forwarder().from_home(own.build(), 0.0) == [SendToTunnel(UE, own.build())]


def test_packet_between_two_mobile_nodes_turns_at_the_home_agent() -> None:
    sent = packet(UE, PEER)
    assert forwarder().from_tunnel(sent, UE, 0.0) == [SendToTunnel(PEER, replace(sent, hop_limit=63).build())]


@pytest.mark.parametrize("source", [PEER, HOST, AGENT, IPv6Address("2001:db8:ffff::1")])
def test_spoofed_source_is_discarded_without_an_answer(source: IPv6Address) -> None:
    router = forwarder()
    effects = router.from_tunnel(packet(source, HOST), UE, 0.0)
    assert effects == [Discard(f"spoofed source {source} in the tunnel of {UE}")]
    assert router.counters.discarded == 1


def test_tunnel_without_binding_carries_nothing() -> None:
    effects = forwarder().from_tunnel(packet(UNBOUND, HOST), UNBOUND, 0.0)
    assert effects == [Discard(f"no binding of {UNBOUND}")]


@pytest.mark.parametrize("octets", [b"", b"\x60" + bytes(20), bytes(60)])
def test_what_is_no_ip_packet_is_discarded(octets: bytes) -> None:
    router = forwarder()
    assert isinstance(router.from_home(octets, 0.0)[0], Discard)


# IPv4 Home Addresses (RFC 5555 §4.5)


def packet4(source: IPv4Address, destination: IPv4Address, *, size: int = 8, **changes: object) -> Ipv4Packet:
    whole = Ipv4Packet(source=source, destination=destination, protocol=17, payload=bytes(size))
    return replace(whole, **changes)  # type: ignore[arg-type]


def error_in4(effect: ForwardEffect, destination: IPv4Address) -> Icmpv6Message:
    assert isinstance(effect, SendToTunnel | SendHome)
    answer = Ipv4Packet.parse(effect.octets)
    assert (answer.source, answer.destination, answer.protocol) == (AGENT4, destination, 1)
    return parse_icmpv4(answer.payload)


def test_ipv4_packet_goes_home_and_comes_back_one_hop_older() -> None:
    out, back = packet4(UE4, HOST4), packet4(HOST4, UE4)
    assert forwarder().from_tunnel(out, UE, 0.0) == [SendHome(replace(out, ttl=63).build())]
    assert forwarder().from_home(back.build(), 0.0) == [SendToTunnel(UE, replace(back, ttl=63).build())]


def test_ipv4_packet_between_two_mobile_nodes_turns_at_the_home_agent() -> None:
    sent = packet4(UE4, PEER4)
    assert forwarder().from_tunnel(sent, UE, 0.0) == [SendToTunnel(PEER, replace(sent, ttl=63).build())]


def test_ipv4_home_address_of_another_is_spoofed() -> None:
    assert forwarder().from_tunnel(packet4(PEER4, HOST4), UE, 0.0) == [
        Discard(f"spoofed source {PEER4} in the tunnel of {UE}")
    ]
    assert forwarder().from_tunnel(packet4(UNBOUND4, HOST4), UE, 0.0) == [Discard(f"no binding of {UNBOUND4}")]


def test_exceeded_time_to_live_is_told_in_icmp() -> None:
    sent = packet4(UE4, HOST4, ttl=1)
    _, answer = forwarder().from_tunnel(sent, UE, 0.0)
    assert error_in4(answer, UE4) == TimeExceeded(0, sent.build())


def test_missing_ipv4_binding_is_told_to_the_host() -> None:
    _, answer = forwarder().from_home(packet4(HOST4, UNBOUND4).build(), 0.0)
    assert isinstance(error_in4(answer, HOST4), DestinationUnreachable)


def test_too_big_ipv4_packet_is_told_the_mtu_where_it_may_not_be_fragmented() -> None:
    _, answer = forwarder().from_home(packet4(HOST4, UE4, size=1400, dont_fragment=True).build(), 0.0)
    error = error_in4(answer, HOST4)
    assert isinstance(error, PacketTooBig)
    assert error.mtu == 1400


def test_too_big_ipv4_packet_goes_in_pieces_where_it_may() -> None:
    effects = forwarder().from_home(packet4(HOST4, UE4, size=2000, identification=7).build(), 0.0)
    assert all(isinstance(effect, SendToTunnel) and effect.home_address == UE for effect in effects)
    pieces = [Ipv4Packet.parse(effect.octets) for effect in effects if isinstance(effect, SendToTunnel)]
    assert [(len(piece.payload), piece.fragment_offset, piece.more_fragments) for piece in pieces] == [
        (1376, 0, True),
        (624, 172, False),
    ]


def test_ipv4_is_not_forwarded_where_the_home_agent_has_none() -> None:
    router = Forwarder(routers=[AGENT], home_of=home_of)
    assert router.from_tunnel(packet4(UE4, HOST4), UE, 0.0) == [Discard(f"destination {HOST4} is not forwarded")]


@pytest.mark.parametrize("destination", ["ff02::1", "fe80::1", "::"])
def test_destinations_of_a_link_are_not_forwarded(destination: str) -> None:
    (effect,) = forwarder().from_tunnel(packet(UE, IPv6Address(destination)), UE, 0.0)
    assert isinstance(effect, Discard)


@pytest.mark.parametrize("hop_limit", [0, 1])
def test_exceeded_hop_limit_is_told_to_the_mobile_node(hop_limit: int) -> None:
    sent = packet(UE, HOST, hop_limit=hop_limit)
    discard, answer = forwarder().from_tunnel(sent, UE, 0.0)
    assert isinstance(discard, Discard)
    assert error_in(answer, UE) == TimeExceeded(0, sent.build())


def test_missing_binding_is_told_to_the_host() -> None:
    sent = packet(HOST, UNBOUND)
    discard, answer = forwarder().from_home(sent.build(), 0.0)
    assert discard == Discard(f"no binding of {UNBOUND}")
    assert isinstance(answer, SendHome)
    assert error_in(answer, HOST) == DestinationUnreachable(3, sent.build())


def test_too_big_packet_is_told_the_mtu_of_the_tunnel() -> None:
    router, sent = forwarder(), packet(HOST, UE, size=1400)
    discard, answer = router.from_home(sent.build(), 0.0)
    assert isinstance(discard, Discard)
    error = error_in(answer, HOST)
    assert isinstance(error, PacketTooBig)
    assert error.mtu == 1400
    assert isinstance(router.from_home(packet(HOST, UE, size=1360).build(), 0.0)[0], SendToTunnel)


def test_too_big_packet_between_mobile_nodes_is_told_through_the_tunnel() -> None:
    _, answer = forwarder().from_tunnel(packet(UE, PEER, size=1400), UE, 0.0)
    assert isinstance(answer, SendToTunnel)
    assert isinstance(error_in(answer, UE), PacketTooBig)


def test_home_agent_does_not_complain_to_itself() -> None:
    assert len(forwarder().from_home(packet(AGENT, UNBOUND).build(), 0.0)) == 1


def test_error_about_an_error_is_not_sent() -> None:
    error = build_icmpv6(TimeExceeded(0, b""), HOST, UNBOUND)
    sent = Ipv6Packet(source=HOST, destination=UNBOUND, next_header=58, payload=error)
    assert len(forwarder().from_home(sent.build(), 0.0)) == 1


def test_errors_are_limited() -> None:
    router, octets = forwarder(), packet(HOST, UNBOUND).build()
    sent = sum(len(router.from_home(octets, 0.5)) - 1 for _ in range(ERRORS_PER_SECOND * 2))
    assert sent == ERRORS_PER_SECOND
    assert len(router.from_home(octets, 1.6)) == 2


def test_echo_request_is_kept_octet_by_octet_apart_from_the_hop_limit() -> None:
    request = build_icmpv6(EchoRequest(1, 2, bytes(56)), UE, HOST)
    sent = Ipv6Packet(source=UE, destination=HOST, next_header=58, payload=request, flow_label=7, traffic_class=1)
    (effect,) = forwarder().from_tunnel(sent, UE, 0.0)
    assert isinstance(effect, SendHome)
    assert effect.octets == sent.build()[:7] + b"\x3f" + sent.build()[8:]


def test_tunnel_mtu_is_no_less_than_ipv6_needs() -> None:
    with pytest.raises(ValueError, match="IPv6 needs 1280"):
        Forwarder(routers=[AGENT], home_of=home_of, mtu=1279)


def test_host_at_home_does_not_speak_for_a_mobile_node_that_is_away() -> None:
    router = forwarder()
    assert router.from_home(packet(PEER, UE).build(), 0.0) == [
        Discard(f"spoofed source {PEER}, whose mobile node is not at home")
    ]
    assert router.counters.discarded == 1
