"""Datagrams of an IKE SA: with or without the non-ESP marker, back to where the UE spoke from (RFC 7296 §2.11)."""

from pdngw_proxy.ike.events import DatagramArrived, Transmit
from pdngw_proxy.ike.states import Sa
from wire.esp.encapsulation import NON_ESP_MARKER, build_ike
from wire.ikev2 import exchanges
from wire.ikev2.nat import Endpoint


def unmarked(octets: bytes) -> tuple[bytes, bool]:
    """An IKE message without its non-ESP marker, and whether it had one."""
    message = octets.removeprefix(NON_ESP_MARKER)
    return message, len(message) < len(octets)


def answer_to(arrived: DatagramArrived, transmit: exchanges.Transmit) -> Transmit:
    """Back to where `arrived` came from."""
    _, marked = unmarked(arrived.octets)
    return _datagrams(transmit, marked, source=arrived.destination, to=arrived.source)


def send(sa: Sa, transmit: exchanges.Transmit) -> Transmit:
    """To where the last genuine message of the UE came from."""
    return _datagrams(transmit, sa.path.marked, source=sa.path.local, to=sa.path.peer)


def follow(sa: Sa, arrived: DatagramArrived) -> bool:
    """Answer where this genuine message came from, out of where it came to; whether either is new (RFC 7296 §2.23)."""
    moved = (arrived.source, arrived.destination) != (sa.path.peer, sa.path.local)
    sa.path.peer, sa.path.local = arrived.source, arrived.destination
    sa.path.marked = unmarked(arrived.octets)[1]
    return moved


def _datagrams(transmit: exchanges.Transmit, marked: bool, *, source: Endpoint, to: Endpoint) -> Transmit:
    octets, *more = [build_ike(one) if marked else one for one in transmit.datagrams]
    return Transmit(octets, source=source, to=to, more=tuple(more))


def apart(transmit: Transmit) -> list[Transmit]:
    """Each fragment of a message by itself."""
    every = (transmit.octets, *transmit.more)
    return [Transmit(octets, source=transmit.source, to=transmit.to) for octets in every]
