"""The UE's sockets in the network where it is: UDP for DNS, IKE and ESP, and whole packets in IPv6 (RFC 5555 §2.3)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv6Address

from runtime.ipv6_packets import Ipv6Packets, interface_of
from runtime.taps import DatagramTap
from runtime.udp import UdpEndpoint
from ue_sim.settings import UeSettings
from ue_sim.ue_events import Channel, Send
from wire.ikev2.nat import Endpoint
from wire.ip.checksum import IpAddress

_ANY = {4: "0.0.0.0", 6: "::"}
"""Where a socket is for a DNS server of the other IP version than the UE's address."""


@dataclass(slots=True)
class UeSockets:
    """All that one UE sends and receives by, from one address at a time; `on_datagram` hears of what comes."""

    settings: UeSettings
    on_datagram: Callable[[Channel, bytes], None]
    capture: DatagramTap | None = None
    _udp: dict[Channel, UdpEndpoint] = field(default_factory=dict)
    _packets: Ipv6Packets | None = None

    def open(self, address: IpAddress) -> Endpoint:
        """Be at `address`, and nowhere else from now on; the socket for IKE. OSError or ConfigError when it cannot be.

        A mobile node's sockets in an IPv6 network hold to that address's interface: the home agent's own address is in
        the home network, which a TUN device of the UE leads into the tunnel.
        """
        self.close()
        dns = self.settings.dns.address
        host = str(address) if dns.version == address.version else _ANY[dns.version]
        self._udp[Channel.DNS] = self._bind(Channel.DNS, host, 0, "")
        if isinstance(address, IPv6Address) and self.settings.mobility:
            self._udp[Channel.IKE] = self._bind_ike(str(address), interface_of(address) or "")
            self._packets = Ipv6Packets.open(address, lambda octets: self.on_datagram(Channel.DSMIP, octets))
        else:
            self._udp[Channel.IKE] = self._bind_ike(str(address), "")
            self._udp[Channel.DSMIP] = self._bind(Channel.DSMIP, str(address), 0, "")
        return Endpoint(address, self._udp[Channel.IKE].local[1])

    def send(self, effect: Send) -> None:
        """Send, or lose it."""
        if effect.channel is Channel.DSMIP and effect.to.address.version == 6:
            if self._packets is not None:
                self._packets.send(effect.octets)
        elif effect.channel in self._udp:
            self._udp[effect.channel].send(effect.octets, (str(effect.to.address), effect.to.port))

    def close(self) -> None:
        """Give all of them back; they may be opened again."""
        for endpoint in self._udp.values():
            endpoint.close()
        self._udp.clear()
        if self._packets is not None:
            self._packets.close()
            self._packets = None

    def _bind_ike(self, host: str, device: str) -> UdpEndpoint:
        try:
            return self._bind(Channel.IKE, host, self.settings.gateway_port, device)
        except OSError:
            # Another UE of this address has the usual port; any other does as well (RFC 7296 §2.23).
            return self._bind(Channel.IKE, host, 0, device)

    def _bind(self, channel: Channel, host: str, port: int, device: str) -> UdpEndpoint:
        def arrived(octets: bytes, _source: tuple[str, int]) -> None:
            self.on_datagram(channel, octets)

        return UdpEndpoint.bind((host, port), arrived, capture=self.capture, device=device)
