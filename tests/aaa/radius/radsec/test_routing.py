"""Where packets of a TLS connection go, and which of them end it."""

from dataclasses import replace

import pytest

from aaa.radius.radsec.names import RADSEC
from aaa.radius.radsec.routing import Answer, Broken, Ignored, Port, route
from tests.aaa.radius.accounting.reports import attributes, reported
from tests.aaa.radius.samples import AUTHENTICATOR, CLIENT, asked
from wire.radius.codec import build_packet
from wire.radius.messages import status_server
from wire.radius.packet import Code, RadiusPacket

KNOWN = replace(CLIENT, secret=RADSEC)


@pytest.mark.parametrize(
    ("octets", "where"),
    [
        (asked(secret=RADSEC), Port.AUTHENTICATION),
        (reported(secret=RADSEC), Port.ACCOUNTING),
        (status_server(identifier=1, authenticator=AUTHENTICATOR, secret=RADSEC), Port.AUTHENTICATION),
        (build_packet(RadiusPacket(Code.COA_ACK, 1, bytes(16))), Answer()),
        (build_packet(RadiusPacket(99, 1, bytes(16))), Ignored("code 99 is not served over TLS")),
    ],
)
def test_packet_goes_to_its_port(octets: bytes, where: Port | Answer | Ignored) -> None:
    assert route(octets, KNOWN) == where


@pytest.mark.parametrize(
    ("octets", "cause"),
    [
        (asked(secret=b"other"), "Message-Authenticator is wrong"),
        (build_packet(RadiusPacket(4, 7, bytes(16), tuple(attributes()))), "Request Authenticator is wrong"),
        (bytes([1, 1, 0, 22]) + bytes(16) + b"\1\1", "attribute 1 has Length 1"),
        (bytes([Code.COA_ACK, 1, 0, 22]) + bytes(16) + b"\1\1", "attribute 1 has Length 1"),
    ],
)
def test_packet_that_cannot_be_believed_ends_the_connection(octets: bytes, cause: str) -> None:
    # RFC 6613 §2.6.4
    routed = route(octets, KNOWN)
    assert isinstance(routed, Broken)
    assert cause in routed.cause
