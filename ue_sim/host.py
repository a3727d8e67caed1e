"""The UE's own end of its tunnel: the stack on the Home Address, its pings, and a device that takes the rest."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from typing import assert_never

from ue_sim.pinger import EchoMissed, EchoTimed, Pinger, PingerEvent, PingFinished, SendEcho
from ue_sim.stack import DatagramArrived, Discard, EchoAnswered, EchoFailed, SendPacket, Stack, StackEffect
from ue_sim.ue_events import DeliverPacket, Note
from wire.errors import EncodeError
from wire.ip.icmpv4 import PROTO_ICMP
from wire.ip.ipv6 import PROTO_ICMPV6
from wire.ip.packet import IpPacket, protocol_of

HostEffect = SendPacket | DeliverPacket | EchoTimed | EchoMissed | PingFinished | Note
Effects = Iterator[HostEffect]


class Host:
    """One host on its Home Address, from the time that it has one.

    With `device` the machine's kernel is the host: only what answers our own pings is kept from it.
    """

    def __init__(self, *, device: bool = False) -> None:
        self._device = device
        self._stack: Stack | None = None
        self._pinger = Pinger()

    @property
    def deadline(self) -> float | None:
        """When a ping is due, or given up."""
        return self._pinger.deadline

    @property
    def home_address(self) -> IPv6Address | None:
        """The Home Address, or None before there is one."""
        return self._stack.home_address if self._stack else None

    def settle(self, home_address: IPv6Address) -> None:
        """The UE has got its Home Address."""
        self._stack = Stack(home_address)

    def settle_ipv4(self, home_address: IPv4Address | None) -> None:
        """The UE has got an IPv4 Home Address beside the other, or has none any more."""
        if self._stack is not None:
            self._stack.ipv4_home_address = home_address

    def ping(self, event: PingerEvent, now: float) -> Effects:
        """Begin a series of pings, or go on with it."""
        for effect in self._pinger.handle(event, now):
            if not isinstance(effect, SendEcho):
                yield effect
            elif self._stack is None:
                yield Note("a ping needs a Home Address: attach first")
            else:
                yield self._request(effect, self._stack)

    def _request(self, echo: SendEcho, stack: Stack) -> SendPacket | Note:
        try:
            return SendPacket(stack.echo_request(echo.destination, echo.identifier, echo.sequence, echo.data))
        except EncodeError as error:
            return Note(f"not sent: {error}")

    def receive(self, packet: IpPacket, now: float) -> Effects:
        """Take a packet out of the tunnel."""
        if self._stack is None:
            return
        if self._device and not self._answers_a_ping(packet, self._stack):
            yield DeliverPacket(packet.build())
            return
        for effect in self._stack.receive(packet.build()):
            yield from self._read(effect, now)

    def _answers_a_ping(self, packet: IpPacket, stack: Stack) -> bool:
        identifier = self._pinger.identifier
        if identifier is None or protocol_of(packet) not in {PROTO_ICMPV6, PROTO_ICMP}:
            return False
        effects = stack.receive(packet.build())
        return any(isinstance(told, EchoAnswered | EchoFailed) and told.identifier == identifier for told in effects)

    def _read(self, effect: StackEffect, now: float) -> Effects:
        match effect:
            case SendPacket():
                yield effect
            case EchoAnswered() | EchoFailed():
                yield from self.ping(effect, now)
            case Discard(cause):
                yield Note(cause)
            case DatagramArrived(destination_port=port):
                yield Note(f"a datagram for port {port}, which nobody reads")
            case _:
                assert_never(effect)
