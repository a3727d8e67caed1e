"""The home agent as a router: no spoofed source, no packet for nobody, no endless way."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

import pytest

from pdngw_proxy.forwarding import ERRORS_PER_SECOND, Discard, ForwardEffect, Forwarder, SendHome, SendToTunnel
from pdngw_proxy.mobility import Binding, Endpoint
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
from wire.mip6.binding_update import BindingFlag

AGENT, HOST, UE, PEER, UNBOUND = (IPv6Address(f"2001:db8:1::{end}") for end in ("1", "cafe", "100", "101", "102"))


def binding(home_address: IPv6Address) -> Binding | None:
    if home_address not in {UE, PEER}:
        return None
    return Binding(
        home_address=home_address,
        care_of=IPv4Address("10.1.2.3"),
        endpoint=Endpoint(IPv4Address("10.1.2.3"), 4191),
        sequence=1,
        flags=BindingFlag.HOME_REGISTRATION,
        lifetime=60,
        expires_at=60.0,
        nat_detected=False,
    )


def forwarder() -> Forwarder:
    return Forwarder(ha_address=AGENT, binding=binding)


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
    assert router.from_tunnel(sent.build(), UE, 0.0) == [SendHome(replace(sent, hop_limit=63).build())]
    counters = router.counters
    assert (counters.from_tunnel, counters.forwarded, counters.octets, counters.discarded) == (1, 1, 48, 0)


def test_packet_for_the_home_agent_itself_keeps_its_hop_limit() -> None:
    sent = packet(UE, AGENT, hop_limit=1)
    assert forwarder().from_tunnel(sent.build(), UE, 0.0) == [SendHome(sent.build())]


def test_packet_from_home_goes_into_the_tunnel_of_its_destination() -> None:
    sent = packet(HOST, UE)
    assert forwarder().from_home(sent.build(), 0.0) == [SendToTunnel(UE, replace(sent, hop_limit=63).build())]
    own = packet(AGENT, UE, hop_limit=1)
    assert forwarder().from_home(own.build(), 0.0) == [SendToTunnel(UE, own.build())]


def test_packet_between_two_mobile_nodes_turns_at_the_home_agent() -> None:
    sent = packet(UE, PEER)
    assert forwarder().from_tunnel(sent.build(), UE, 0.0) == [SendToTunnel(PEER, replace(sent, hop_limit=63).build())]


@pytest.mark.parametrize("source", [PEER, HOST, AGENT, IPv6Address("2001:db8:ffff::1")])
def test_spoofed_source_is_discarded_without_an_answer(source: IPv6Address) -> None:
    router = forwarder()
    effects = router.from_tunnel(packet(source, HOST).build(), UE, 0.0)
    assert effects == [Discard(f"spoofed source {source} in the tunnel of {UE}")]
    assert router.counters.discarded == 1


def test_tunnel_without_binding_carries_nothing() -> None:
    effects = forwarder().from_tunnel(packet(UNBOUND, HOST).build(), UNBOUND, 0.0)
    assert effects == [Discard(f"no binding of {UNBOUND}")]


@pytest.mark.parametrize("octets", [b"", b"\x60" + bytes(20), bytes(60)])
def test_what_is_no_ipv6_packet_is_discarded(octets: bytes) -> None:
    router = forwarder()
    assert isinstance(router.from_tunnel(octets, UE, 0.0)[0], Discard)
    assert isinstance(router.from_home(octets, 0.0)[0], Discard)


def test_ipv4_in_the_tunnel_is_discarded() -> None:
    inner = Ipv4Packet(source=IPv4Address(1), destination=IPv4Address(2), protocol=1, payload=b"")
    (effect,) = forwarder().from_tunnel(inner.build(), UE, 0.0)
    assert isinstance(effect, Discard)
    assert "version 4" in effect.cause


@pytest.mark.parametrize("destination", ["ff02::1", "fe80::1", "::"])
def test_destinations_of_a_link_are_not_forwarded(destination: str) -> None:
    (effect,) = forwarder().from_tunnel(packet(UE, IPv6Address(destination)).build(), UE, 0.0)
    assert isinstance(effect, Discard)


@pytest.mark.parametrize("hop_limit", [0, 1])
def test_exceeded_hop_limit_is_told_to_the_mobile_node(hop_limit: int) -> None:
    sent = packet(UE, HOST, hop_limit=hop_limit)
    discard, answer = forwarder().from_tunnel(sent.build(), UE, 0.0)
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
    _, answer = forwarder().from_tunnel(packet(UE, PEER, size=1400).build(), UE, 0.0)
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
    (effect,) = forwarder().from_tunnel(sent.build(), UE, 0.0)
    assert isinstance(effect, SendHome)
    assert effect.octets == sent.build()[:7] + b"\x3f" + sent.build()[8:]


def test_tunnel_mtu_is_no_less_than_ipv6_needs() -> None:
    with pytest.raises(ValueError, match="IPv6 needs 1280"):
        Forwarder(ha_address=AGENT, binding=binding, mtu=1279)


def test_host_at_home_does_not_speak_for_a_mobile_node_that_is_away() -> None:
    router = forwarder()
    assert router.from_home(packet(PEER, UE).build(), 0.0) == [
        Discard(f"spoofed source {PEER}, whose mobile node is not at home")
    ]
    assert router.counters.discarded == 1
