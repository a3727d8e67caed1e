"""Datagrams of an IKE SA: with or without the non-ESP marker, back to where the UE spoke from (RFC 7296 §2.11)."""

from pdngw_proxy.ike.events import DatagramArrived, Transmit
from pdngw_proxy.ike.states import Sa
from wire.esp.encapsulation import NON_ESP_MARKER, build_ike
from wire.ikev2 import exchanges


def unmarked(octets: bytes) -> tuple[bytes, bool]:
    """An IKE message without its non-ESP marker, and whether it had one."""
    message = octets.removeprefix(NON_ESP_MARKER)
    return message, len(message) < len(octets)


def answer_to(arrived: DatagramArrived, transmit: exchanges.Transmit) -> Transmit:
    """Back to where `arrived` came from."""
    _, marked = unmarked(arrived.octets)
    octets = build_ike(transmit.octets) if marked else transmit.octets
    return Transmit(octets, source=arrived.destination, to=arrived.source)


def send(sa: Sa, transmit: exchanges.Transmit) -> Transmit:
    """To where the last genuine message of the UE came from."""
    octets = build_ike(transmit.octets) if sa.path.marked else transmit.octets
    return Transmit(octets, source=sa.path.local, to=sa.path.peer)


def follow(sa: Sa, arrived: DatagramArrived) -> bool:
    """Answer to where this genuine message came from, from now on; whether that is a new place (RFC 7296 §2.23)."""
    moved = arrived.source != sa.path.peer
    sa.path.peer, sa.path.local = arrived.source, arrived.destination
    sa.path.marked = unmarked(arrived.octets)[1]
    return moved
