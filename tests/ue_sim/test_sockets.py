"""The UE's sockets: one address at a time, and the right kind for its network."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv6Address

import pytest

from tests.aaa.memory_hss import IMSI
from tests.network import ue_settings
from tests.silent_network import SilentNetwork
from ue_sim import sockets
from ue_sim.sockets import UeSockets
from ue_sim.ue_events import Channel, Send, SendTrain
from wire.ikev2.nat import Endpoint
from wire.ip.fragments import PROTO_FRAGMENT
from wire.ip.icmpv6 import PacketTooBig, build_icmpv6
from wire.ip.ipv6 import PROTO_ICMPV6, PROTO_UDP, Ipv6Packet
from wire.ip.udp import UdpDatagram

OWN, OTHER, OWN6 = IPv4Address("127.9.9.10"), IPv4Address("127.9.9.11"), IPv6Address("2001:db8:b::77")
GATEWAY, GATEWAY6 = IPv4Address("127.9.9.4"), IPv6Address("2001:db8::1")


@dataclass
class Packets:
    """Stands in for runtime.ipv6_packets.Ipv6Packets."""

    address: IPv6Address
    on_packet: Callable[[bytes], None]
    sent: list[bytes] = field(default_factory=list)
    closed: bool = False

    def send(self, packet: bytes) -> None:
        self.sent.append(packet)

    def close(self) -> None:
        self.closed = True


@dataclass
class Ground:
    """Sockets that are none, and what came by them."""

    ue: UeSockets
    network: SilentNetwork
    packets: list[Packets]
    came: list[tuple[Channel, bytes]]


@pytest.fixture
def ground(monkeypatch: pytest.MonkeyPatch) -> Ground:
    network, packets = SilentNetwork(), list[Packets]()

    class Opener:
        @staticmethod
        def open(address: IPv6Address, on_packet: Callable[[bytes], None]) -> Packets:
            packets.append(Packets(address, on_packet))
            return packets[-1]

    monkeypatch.setattr(sockets, "UdpEndpoint", network)
    monkeypatch.setattr(sockets, "TrainEndpoint", network.trains)
    monkeypatch.setattr(sockets, "Ipv6Packets", Opener)
    monkeypatch.setattr(sockets, "interface_of", lambda address: f"if-{address}")
    came: list[tuple[Channel, bytes]] = []

    def arrived(channel: Channel, datagrams: Sequence[bytes]) -> None:
        came.extend((channel, octets) for octets in datagrams)

    ue = UeSockets(ue_settings(IMSI, Endpoint(OWN, 0)), arrived)
    return Ground(ue, network, packets, came)


def test_ipv4_network_has_three_udp_sockets(ground: Ground) -> None:
    local = ground.ue.open(OWN)
    assert local == Endpoint(OWN, 4500)
    assert [(endpoint.local[0], endpoint.device) for endpoint in ground.network.endpoints] == [(str(OWN), "")] * 3
    for channel, endpoint in zip((Channel.DNS, Channel.IKE, Channel.DSMIP), ground.network.endpoints, strict=True):
        endpoint.on_datagram(b"hello", ("127.9.9.4", 4500))
        assert ground.came[-1] == (channel, b"hello")
        ground.ue.send(Send(channel, b"out", Endpoint(GATEWAY, 99)))
        assert endpoint.sent == [(b"out", (str(GATEWAY), 99))]


def test_ipv6_network_has_packets_for_binding_updates(ground: Ground) -> None:
    assert ground.ue.open(OWN6) == Endpoint(OWN6, 4500)
    dns, ike = ground.network.endpoints
    # the DNS server is in an IPv4 network
    assert (dns.local[0], ike.local[0], ike.device) == ("0.0.0.0", str(OWN6), f"if-{OWN6}")
    (packets,) = ground.packets
    ground.ue.send(Send(Channel.DSMIP, b"packet", Endpoint(GATEWAY6, 0)))
    ground.ue.send(Send(Channel.IKE, b"ike", Endpoint(GATEWAY6, 4500)))
    packets.on_packet(b"answer")
    assert (packets.sent, ike.sent) == ([b"packet"], [(b"ike", (str(GATEWAY6), 4500))])
    assert ground.came == [(Channel.DSMIP, b"answer")]


@pytest.mark.parametrize(("one", "other"), [(OWN, OTHER), (OWN6, OWN)])
def test_other_address_has_other_sockets(ground: Ground, one: IPv4Address, other: IPv4Address) -> None:
    ground.ue.open(one)
    before = list(ground.network.endpoints)
    assert ground.ue.open(other).address == other
    assert all(endpoint.closed for endpoint in before)
    assert all(packets.closed for packets in ground.packets)
    assert not any(endpoint.closed for endpoint in ground.network.endpoints[len(before) :])
    # what was still to be sent where the UE is no longer is lost
    ground.ue.send(Send(Channel.DSMIP, b"packet", Endpoint(GATEWAY6, 0)))
    assert all(packets.sent == [] for packets in ground.packets)


def test_taken_port_for_ike_is_no_reason_to_stay_away(ground: Ground) -> None:
    ground.network.taken.add((str(OWN), 4500))
    assert ground.ue.open(OWN).port > 40000


def test_ue_with_a_port_of_its_own_begins_there_and_goes_on_from_the_other(ground: Ground) -> None:
    ground.ue.settings = replace(ground.ue.settings, ike_port=500, own_port=500)
    assert ground.ue.open(OWN) == Endpoint(OWN, 4500)
    opening, later = ground.network.at(500), ground.network.at(4500)
    for port in (500, 4500):
        ground.ue.send(Send(Channel.IKE, b"%d" % port, Endpoint(GATEWAY, port)))
    assert (opening.sent, later.sent) == ([(b"500", (str(GATEWAY), 500))], [(b"4500", (str(GATEWAY), 4500))])
    opening.on_datagram(b"answer", (str(GATEWAY), 500))
    assert ground.came == [(Channel.IKE, b"answer")]
    ground.ue.close()
    assert opening.closed
    ground.ue.send(Send(Channel.IKE, b"late", Endpoint(GATEWAY, 500)))
    assert len(opening.sent) == 1


@pytest.mark.parametrize("port", [500, 4500])
def test_ue_that_wants_its_own_ports_wants_no_others(ground: Ground, port: int) -> None:
    ground.ue.settings = replace(ground.ue.settings, ike_port=500, own_port=500)
    ground.network.taken.add((str(OWN), port))
    with pytest.raises(OSError, match="already in use"):
        ground.ue.open(OWN)


def test_train_goes_by_the_socket_of_ike(ground: Ground) -> None:
    ground.ue.open(OWN)
    ground.ue.send_train(SendTrain((b"one", b"two"), Endpoint(GATEWAY, 4500)))
    assert ground.network.endpoints[1].sent == [(b"one", (str(GATEWAY), 4500)), (b"two", (str(GATEWAY), 4500))]


def test_closed_sockets_lose_what_is_sent(ground: Ground) -> None:
    ground.ue.open(OWN)
    ground.ue.close()
    ground.ue.send(Send(Channel.IKE, b"late", Endpoint(GATEWAY, 99)))
    ground.ue.send_train(SendTrain((b"late",), Endpoint(GATEWAY, 99)))
    assert all(endpoint.closed and endpoint.sent == [] for endpoint in ground.network.endpoints)


def too_big(mtu: int) -> bytes:
    """A router's word about a datagram of ours."""
    sent = UdpDatagram(4500, 4500, bytes(1400)).build(OWN6, GATEWAY6)
    quoted = Ipv6Packet(source=OWN6, destination=GATEWAY6, next_header=PROTO_UDP, payload=sent).build()
    payload = build_icmpv6(PacketTooBig(mtu, quoted), GATEWAY6, OWN6)
    return Ipv6Packet(source=GATEWAY6, destination=OWN6, next_header=PROTO_ICMPV6, payload=payload).build()


def test_what_is_too_large_for_the_path_goes_in_pieces(ground: Ground) -> None:
    ground.ue.open(OWN6)
    (packets,) = ground.packets
    ike, to = ground.network.at(4500), Endpoint(GATEWAY6, 4500)
    ground.ue.send(Send(Channel.IKE, bytes(1400), to))
    packets.on_packet(too_big(1300))
    packets.on_packet(too_big(1400))
    assert ground.came == [], "it is no word of the home agent"
    ground.ue.send_train(SendTrain((bytes(1400), bytes(1200)), to))
    ground.ue.send(Send(Channel.IKE, bytes(1300), to))
    ground.ue.send(Send(Channel.IKE, bytes(100), to))
    assert [len(octets) for octets, _ in ike.sent] == [1400, 1200, 100]
    assert [Ipv6Packet.parse(piece).next_header for piece in packets.sent] == [PROTO_FRAGMENT] * 4
    assert max(map(len, packets.sent)) <= 1300
    ground.ue.open(OWN6)
    ground.ue.send(Send(Channel.IKE, bytes(1400), to))
    assert len(ground.packets[-1].sent) == 0, "another network has another path"


def test_without_a_network_nothing_is_cut(ground: Ground) -> None:
    ground.ue.open(OWN6)
    ground.packets[0].on_packet(too_big(1300))
    ground.ue.open(OWN)
    ground.ue.send(Send(Channel.IKE, bytes(1400), Endpoint(GATEWAY, 4500)))
    assert len(ground.packets[0].sent) == 0
