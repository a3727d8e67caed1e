"""Which packets answer an outstanding request (RFC 3748 §4.1)."""

import pytest

from aaa.eap.events import Discard
from aaa.eap.responses import LONGEST_PACKET, Unreadable, any_response, matching_response, read_response
from aaa.eap.states import Exchange
from tests.aaa.eap.dialogue import authentication_reject, client_error
from wire.eap.aka import AkaMessage
from wire.eap.constants import Subtype
from wire.eap.packet import EapPacket, nak
from wire.identity import EapMethod

EXCHANGE = Exchange(EapMethod.AKA, b"", 7)
GOOD = client_error(EapMethod.AKA, 7)

NOT_FOR_US = {
    "nothing": b"",
    "more than is kept of any": GOOD + bytes(LONGEST_PACKET + 1 - len(GOOD)),
    "a header cut short": GOOD[:3],
    "a Length beyond the end": GOOD[:2] + b"\x00\xff" + GOOD[4:],
    "an unknown Code": b"\x09" + GOOD[1:],
    "a request": b"\x01" + GOOD[1:],
    "a success": b"\x03\x07\x00\x04",
    "the Identifier of the round before": client_error(EapMethod.AKA, 6),
    "another method": client_error(EapMethod.AKA_PRIME, 7),
    "a Nak": nak(7, 50),
}

UNREADABLE = {
    "an unknown Subtype": "02070008171f0000",
    "a mandatory attribute missing": "02070008170e0000",
    "a non-skippable attribute that nobody knows": "0207000c17020000 7f010000",
    "an attribute twice": "02070010170e0000 16010000 16010000",
    "an attribute of length 0": "0207000c170e0000 16000000",
    "a Subtype that only servers send": "0207000c170d0000 16010000",
}


@pytest.mark.parametrize("octets", NOT_FOR_US.values(), ids=NOT_FOR_US.keys())
def test_server_discards(octets: bytes) -> None:
    assert isinstance(read_response(octets, EXCHANGE), Discard)


@pytest.mark.parametrize("octets", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_server_cannot_read(octets: str) -> None:
    assert isinstance(read_response(bytes.fromhex(octets), EXCHANGE), Unreadable)


def test_server_reads_the_answer_to_its_request() -> None:
    read = read_response(authentication_reject(EapMethod.AKA, 7), EXCHANGE)
    assert isinstance(read, AkaMessage)
    assert read.subtype is Subtype.AUTHENTICATION_REJECT


def test_server_reads_a_response_with_padding_behind_it() -> None:
    assert any_response(GOOD + bytes(LONGEST_PACKET - len(GOOD))) == EapPacket.parse(GOOD)


def test_server_takes_any_type_as_a_response() -> None:
    assert matching_response(nak(7, 50), 7) == EapPacket.parse(nak(7, 50))
