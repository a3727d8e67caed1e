"""The UE's sockets in the network where it is: UDP for DNS, IKE and ESP, and whole packets in IPv6 (RFC 5555 §2.3)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from ipaddress import IPv6Address, ip_address
from secrets import randbits

from runtime.ipv6_packets import Ipv6Packets, interface_of
from runtime.taps import Address, DatagramTap
from runtime.udp import UdpEndpoint
from runtime.udp_trains import TrainEndpoint
from ue_sim.path_mtu import pieces, told_mtu
from ue_sim.settings import UeSettings
from ue_sim.ue_events import Channel, Send, SendTrain
from wire.ikev2.nat import Endpoint
from wire.ip.checksum import IpAddress

_ANY = {4: "0.0.0.0", 6: "::"}
"""Where a socket is for a DNS server of the other IP version than the UE's address."""


@dataclass(slots=True)
class UeSockets:
    """All that one UE sends and receives by, from one address at a time; `on_datagrams` hears of what comes."""

    settings: UeSettings
    on_datagrams: Callable[[Channel, Sequence[bytes]], None]
    capture: DatagramTap | None = None
    _udp: dict[Channel, UdpEndpoint | TrainEndpoint] = field(default_factory=dict)
    _trains: TrainEndpoint | None = None
    _opening: TrainEndpoint | None = None
    _packets: Ipv6Packets | None = None
    _mtu: int | None = None

    def open(self, address: IpAddress) -> Endpoint:
        """Be at `address`, and nowhere else from now on; the socket for IKE. OSError or ConfigError when it cannot be.

        A mobile node's sockets in an IPv6 network hold to that address's interface: the home agent's own address is in
        the home network, which a TUN device of the UE leads into the tunnel.
        """
        self.close()
        dns = self.settings.dns.address
        host = str(address) if dns.version == address.version else _ANY[dns.version]
        self._udp[Channel.DNS] = self._bind(Channel.DNS, host)
        if isinstance(address, IPv6Address) and self.settings.mobility:
            self._bind_ike(str(address), interface_of(address) or "")
            self._mtu, port = None, self._udp[Channel.IKE].local[1]
            self._packets = Ipv6Packets.open(address, partial(self._came, address, port))
        else:
            self._bind_ike(str(address), "")
            self._udp[Channel.DSMIP] = self._bind(Channel.DSMIP, str(address))
        return Endpoint(address, self._udp[Channel.IKE].local[1])

    def send(self, effect: Send) -> None:
        """Send, or lose it."""
        if effect.channel is Channel.DSMIP and effect.to.address.version == 6:
            if self._packets is not None:
                self._packets.send(effect.octets)
        elif self._opening is not None and effect.channel is Channel.IKE and effect.to.port == self.settings.ike_port:
            self._opening.send(effect.octets, (str(effect.to.address), effect.to.port))
        elif effect.channel is Channel.IKE and self._is_cut(effect.octets, effect.to):
            return
        elif effect.channel in self._udp:
            self._udp[effect.channel].send(effect.octets, (str(effect.to.address), effect.to.port))

    def send_train(self, effect: SendTrain) -> None:
        """Send them, or lose them."""
        if self._trains is not None:
            whole: Sequence[bytes] = effect.datagrams
            if self._mtu is not None:
                whole = [octets for octets in whole if not self._is_cut(octets, effect.to)]
            self._trains.send_train(whole, (str(effect.to.address), effect.to.port))

    def _came(self, address: IPv6Address, port: int, octets: bytes) -> None:
        """A whole packet beside the kernel. What a router says of the path holds for as long as the UE is here."""
        mtu = told_mtu(octets, address, port)
        if mtu is None:
            self.on_datagrams(Channel.DSMIP, (octets,))
        else:
            self._mtu = min(mtu, self._mtu or mtu)

    def _is_cut(self, datagram: bytes, to: Endpoint) -> bool:
        """Whether a datagram of IKE or ESP was too large for the path, and has been sent in pieces."""
        if self._mtu is None or self._packets is None or self._trains is None:
            return False
        local = Endpoint(ip_address(self._trains.local[0]), self._trains.local[1])
        cut = pieces(datagram, local, to, self._mtu, randbits(32))
        for piece in cut:
            self._packets.send(piece)
        return bool(cut)

    def close(self) -> None:
        """Give all of them back; they may be opened again."""
        for endpoint in self._udp.values():
            endpoint.close()
        if self._opening is not None:
            self._opening.close()
        self._udp.clear()
        self._trains = self._opening = None
        if self._packets is not None:
            self._packets.close()
            self._packets = None

    def _bind_ike(self, host: str, device: str) -> None:
        try:
            self._trains = self._bind_trains(host, self.settings.gateway_port, device)
        except OSError:
            if self.settings.own_port:
                raise
            # Another UE of this address has the usual port; any other does as well (RFC 7296 §2.23).
            self._trains = self._bind_trains(host, 0, device)
        self._udp[Channel.IKE] = self._trains
        if self.settings.own_port:
            self._opening = self._bind_trains(host, self.settings.own_port, device)

    def _bind_trains(self, host: str, port: int, device: str) -> TrainEndpoint:
        def arrived(datagrams: list[bytes], _source: Address) -> None:
            self.on_datagrams(Channel.IKE, datagrams)

        return TrainEndpoint.bind((host, port), arrived, capture=self.capture, device=device)

    def _bind(self, channel: Channel, host: str) -> UdpEndpoint:
        def arrived(octets: bytes, _source: Address) -> None:
            self.on_datagrams(channel, (octets,))

        return UdpEndpoint.bind((host, 0), arrived, capture=self.capture)
