"""NAT detection."""

import hashlib
from ipaddress import IPv4Address, IPv6Address

from wire.ikev2.constants import ExchangeType
from wire.ikev2.message import Message, Payload
from wire.ikev2.nat import Endpoint, NatStatus, detect, detection_hash, detection_payloads

UE = Endpoint(IPv4Address("192.0.2.1"), 500)
OUTSIDE = Endpoint(IPv4Address("198.51.100.1"), 61000)
GATEWAY = Endpoint(IPv6Address("2001:db8::1"), 4500)
SPI_I, SPI_R = bytes(range(8)), bytes(8)


def message(*payloads: Payload) -> Message:
    return Message(
        spi_i=SPI_I,
        spi_r=SPI_R,
        exchange=ExchangeType.IKE_SA_INIT,
        initiator=True,
        response=False,
        message_id=0,
        payloads=payloads,
    )


def test_hash_is_over_spis_address_and_port() -> None:
    """RFC 7296 §2.23."""
    assert detection_hash(SPI_I, SPI_R, UE) == hashlib.sha1(SPI_I + SPI_R + b"\xc0\0\2\1\x01\xf4").digest()
    assert len(detection_hash(SPI_I, SPI_R, GATEWAY)) == 20


def test_ends_without_nat_see_none() -> None:
    sent = message(*detection_payloads(SPI_I, SPI_R, source=UE, destination=GATEWAY))
    assert detect(sent, source=UE, destination=GATEWAY) == NatStatus(local=False, peer=False)


def test_receiver_sees_which_end_is_translated() -> None:
    sent = message(*detection_payloads(SPI_I, SPI_R, source=UE, destination=GATEWAY))
    assert detect(sent, source=OUTSIDE, destination=GATEWAY) == NatStatus(local=False, peer=True)
    assert detect(sent, source=UE, destination=OUTSIDE) == NatStatus(local=True, peer=False)


def test_one_of_several_sources_is_enough() -> None:
    """RFC 7296 §2.23: a sender that does not know its address sends one hash for each."""
    first, destination = detection_payloads(SPI_I, SPI_R, source=OUTSIDE, destination=GATEWAY)
    second, _ = detection_payloads(SPI_I, SPI_R, source=UE, destination=GATEWAY)
    sent = message(first, second, destination)
    assert detect(sent, source=UE, destination=GATEWAY) == NatStatus(local=False, peer=False)


def test_silence_is_no_nat() -> None:
    assert detect(message(), source=UE, destination=GATEWAY) == NatStatus(local=False, peer=False)


def test_endpoints_print_as_they_are_written() -> None:
    assert str(UE) == "192.0.2.1:500"
    assert str(GATEWAY) == "[2001:db8::1]:4500"
