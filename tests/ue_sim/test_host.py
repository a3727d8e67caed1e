"""The UE's own end of its tunnel: who gets a packet, the stack, the pings or the device."""

from ipaddress import IPv6Address

import pytest

from ue_sim.host import Host
from ue_sim.pinger import EchoTimed, PingFinished, PingRequested
from ue_sim.stack import SendPacket
from ue_sim.ue_events import DeliverPacket, Note
from wire.ip.icmpv6 import EchoReply, EchoRequest, Icmpv6Message, build_icmpv6
from wire.ip.ipv6 import PROTO_ICMPV6, PROTO_UDP, Ipv6Packet
from wire.ip.udp import UdpDatagram
from wire.sansio import Tick

HOME, HOST = IPv6Address("2001:db8:1::100"), IPv6Address("2001:db8:1::cafe")
SERIES = PingRequested(destination=HOST, identifier=7, count=1)


def a_host(*, device: bool = False) -> Host:
    host = Host(device=device)
    host.settle(HOME)
    return host


def icmpv6(message: Icmpv6Message) -> Ipv6Packet:
    return packet(PROTO_ICMPV6, build_icmpv6(message, HOST, HOME))


def packet(next_header: int, payload: bytes) -> Ipv6Packet:
    return Ipv6Packet(source=HOST, destination=HOME, next_header=next_header, payload=payload)


TCP = packet(6, bytes(20))
ASKED, FOREIGN_REPLY = icmpv6(EchoRequest(1, 2, b"data")), icmpv6(EchoReply(8, 1, b""))
OWN_REPLY = icmpv6(EchoReply(7, 1, SERIES.data))


def test_host_without_an_address_says_so_and_hears_nothing() -> None:
    host = Host()
    assert host.home_address is None
    assert list(host.receive(ASKED, 0.0)) == []
    assert list(host.ping(SERIES, 0.0)) == [Note("a ping needs a Home Address: attach first")]


def test_host_answers_by_itself_without_a_device() -> None:
    host = a_host()
    assert host.home_address == HOME
    (answer,) = host.receive(ASKED, 0.0)
    assert isinstance(answer, SendPacket)


@pytest.mark.parametrize("device", [False, True])
def test_reply_to_our_own_ping_is_timed(device: bool) -> None:
    host = a_host(device=device)
    (request,) = host.ping(SERIES, 1.0)
    assert isinstance(request, SendPacket)
    assert host.deadline == 3.0
    assert list(host.receive(OWN_REPLY, 1.5)) == [EchoTimed(1, 0.5), PingFinished(1, 1, (0.5,))]
    assert host.deadline is None


@pytest.mark.parametrize("arrived", [TCP, ASKED, FOREIGN_REPLY, packet(PROTO_ICMPV6, b"broken")])
def test_device_gets_everything_else_as_it_is(arrived: Ipv6Packet) -> None:
    host = a_host(device=True)
    assert list(host.receive(arrived, 0.0)) == [DeliverPacket(arrived.build())]
    list(host.ping(SERIES, 0.0))
    assert list(host.receive(arrived, 0.1)) == [DeliverPacket(arrived.build())]


def test_device_gets_the_reply_of_a_series_that_is_over() -> None:
    host = a_host(device=True)
    list(host.ping(SERIES, 0.0))
    assert [type(told) for told in host.ping(Tick(), 5.0)][-1] is PingFinished
    assert list(host.receive(OWN_REPLY, 5.0)) == [DeliverPacket(OWN_REPLY.build())]


def test_host_notes_what_nobody_reads() -> None:
    host = a_host()
    broken = packet(PROTO_UDP, b"broken")
    assert [type(told) for told in host.receive(broken, 0.0)] == [Note]
    host._stack.ports = frozenset({5000})  # type: ignore[union-attr]
    datagram = packet(PROTO_UDP, UdpDatagram(9, 5000, b"hello").build(HOST, HOME))
    assert list(host.receive(datagram, 0.0)) == [Note("a datagram for port 5000, which nobody reads")]
