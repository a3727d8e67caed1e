"""A data plane with UEs on it, and their ends of its security associations."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network

from pdngw_proxy.addresses import Lease
from pdngw_proxy.data_plane import DataPlane
from pdngw_proxy.gateway_events import Channel, DatagramArrived, Report, Send
from pdngw_proxy.home_agent import HomeAgent
from pdngw_proxy.home_network import HomeNetwork, correspondent_of
from pdngw_proxy.mobility import HomeAgentPolicy
from pdngw_proxy.mobility_plane import PlaneEffect
from pdngw_proxy.sessions import GatewaySession, SessionBook
from tests.pdngw_proxy.associations import pair
from wire.ikev2.association import Association
from wire.ikev2.child import Mode
from wire.ikev2.nat import Endpoint
from wire.ip.icmpv6 import EchoRequest, build_icmpv6
from wire.ip.ipv6 import PROTO_ICMPV6, PROTO_IPV6, Ipv6Packet
from wire.mip6.binding_update import BindingFlag, BindingUpdate
from wire.mip6.encapsulation import seal_mobility
from wire.mip6.ipv4_options import Ipv4CareOf
from wire.mip6.messages import build_message

PREFIX = IPv6Network("2001:db8:1::/64")
AGENT, HOME, SECOND, FOREIGN = (IPv6Address(f"2001:db8:1::{end}") for end in ("1", "100", "101", "bad"))
CORRESPONDENT = correspondent_of(PREFIX)
GATEWAY = IPv4Address("192.0.2.4")
NATT, DSMIP = Endpoint(GATEWAY, 4500), Endpoint(GATEWAY, 4191)
CARE_OF = IPv4Address("198.51.100.9")
FLAGS = BindingFlag.ACKNOWLEDGE | BindingFlag.HOME_REGISTRATION


class Ground:
    """A data plane with one UE on it, and that UE's end of both SAs; `wide` leaves the gateway's selectors open."""

    def __init__(self, *, wide: bool = False, device: bool = False) -> None:
        self.book = SessionBook()
        policy = HomeAgentPolicy(ha_address=AGENT, home_prefix=PREFIX)
        self.plane = DataPlane(
            sessions=self.book,
            agent=HomeAgent(policy),
            home=HomeNetwork(routers=[AGENT], prefixes=[PREFIX], hosts=() if device else (CORRESPONDENT,)),
            routers=(AGENT,),
            dsmip=DSMIP,
            device=device,
        )
        self.session, self.transport, self.tunnel = self.add(HOME, 0x1000, CARE_OF, wide=wide)

    def add(
        self, home_address: IPv6Address, spi: int, care_of: IPv4Address, *, wide: bool = False
    ) -> tuple[GatewaySession, Association, Association]:
        """Another UE."""
        peer = Endpoint(care_of, 4500)
        session = GatewaySession(spi.to_bytes(8, "big"), f"session {spi}", local=NATT, peer=peer, identity=f"UE {spi}")
        self.book.open(session)
        self.book.lease(session, Lease(home_address, session.identity, spi))
        transport, its_transport = pair(home_address, Mode.TRANSPORT, spi, wide=wide)
        tunnel, its_tunnel = pair(home_address, Mode.TUNNEL, spi + 0x100, wide=wide)
        for association in (transport, tunnel):
            self.book.install(session, association)
        return session, its_transport, its_tunnel

    def update(
        self,
        home_address: IPv6Address = HOME,
        *,
        sa: Association | None = None,
        sequence: int = 1,
        lifetime: int = 900,
        flags: BindingFlag = FLAGS,
        to: Endpoint = DSMIP,
    ) -> list[PlaneEffect]:
        """What comes of a Binding Update, sealed in the transport SA or in another."""
        update = BindingUpdate(sequence=sequence, flags=flags, lifetime=lifetime, options=(Ipv4CareOf(CARE_OF),))
        octets = build_message(update, home_address, AGENT)
        outbound = (sa or self.transport).outbound
        return self.mobility(seal_mobility(octets, home_address, AGENT, outbound), to)

    def mobility(self, datagram: bytes, to: Endpoint = DSMIP) -> list[PlaneEffect]:
        """What comes of a datagram on the DSMIPv6 port."""
        arrived = DatagramArrived(Channel.DSMIP, datagram, Endpoint(CARE_OF, 4191), to)
        return list(self.plane.mobility.receive(arrived, 1.0))

    def esp(self, packet: bytes, *, next_header: int = PROTO_IPV6) -> list[PlaneEffect]:
        """What comes of an inner packet that the first UE tunnels."""
        octets = self.tunnel.outbound.seal(packet, next_header)
        association = self.session.associations[self.tunnel.child.spi_out]
        arrived = DatagramArrived(Channel.IKE, octets, self.session.peer, NATT)
        return list(self.plane.receive_esp(self.session, association, arrived, 1.0))


def echo(source: IPv6Address, destination: IPv6Address) -> bytes:
    payload = build_icmpv6(EchoRequest(1, 2, b"data"), source, destination)
    packet = Ipv6Packet(source=source, destination=destination, next_header=PROTO_ICMPV6, payload=payload)
    return packet.build()


def the_report(effects: list[PlaneEffect]) -> Report:
    (report,) = effects
    assert isinstance(report, Report)
    return report


def sent(effects: list[PlaneEffect]) -> Send:
    (send,) = (effect for effect in effects if isinstance(effect, Send))
    return send
