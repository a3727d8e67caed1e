"""What is believed of a packet before anything is made of it."""

import pytest

from aaa.radius.decisions import Discard, Send, admit, answer_status
from tests.aaa.radius.samples import AUTHENTICATOR, CLIENT, SECRET, asked
from wire.radius.codec import build_packet, parse_packet
from wire.radius.messages import status_server
from wire.radius.packet import Code, RadiusPacket

UNPROTECTED = build_packet(RadiusPacket(Code.STATUS_SERVER, 7, AUTHENTICATOR))


def test_packet_with_and_without_protection_is_admitted() -> None:
    assert admit(asked(), CLIENT) == parse_packet(asked())
    assert admit(UNPROTECTED, CLIENT) == parse_packet(UNPROTECTED)


@pytest.mark.parametrize("octets", [b"", asked()[:-1], asked(secret=b"another")])
def test_malformed_and_forged_packets_are_not(octets: bytes) -> None:
    assert isinstance(admit(octets, CLIENT), Discard)


def test_status_is_answered_to_who_proves_himself() -> None:
    asking = status_server(identifier=3, authenticator=AUTHENTICATOR, secret=SECRET)
    admitted = admit(asking, CLIENT)
    assert isinstance(admitted, RadiusPacket)
    answer = answer_status(admitted, CLIENT, Code.ACCESS_ACCEPT)
    assert isinstance(answer, Send)
    assert answer.octets[:2] == b"\2\3"
    unproved = admit(UNPROTECTED, CLIENT)
    assert isinstance(unproved, RadiusPacket)
    assert isinstance(answer_status(unproved, CLIENT, Code.ACCESS_ACCEPT), Discard)
