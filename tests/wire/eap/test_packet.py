"""EAP packets as RFC 3748 §4 draws them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.eap.packet import EapCode, EapPacket, EapType, failure, identity_request, identity_response, nak, success
from wire.errors import DecodeError, EncodeError

OCTET = st.integers(0, 255)


@given(st.sampled_from([EapCode.REQUEST, EapCode.RESPONSE]), OCTET, OCTET, st.binary(max_size=64))
def test_typed_packet_survives_a_round_trip(code: EapCode, identifier: int, kind: int, data: bytes) -> None:
    packet = EapPacket(code, identifier, kind, data)
    assert EapPacket.parse(packet.build()) == packet


@given(st.sampled_from([EapCode.SUCCESS, EapCode.FAILURE]), OCTET)
def test_result_survives_a_round_trip(code: EapCode, identifier: int) -> None:
    packet = EapPacket(code, identifier)
    assert EapPacket.parse(packet.build()) == packet


def test_octets_after_the_length_are_ignored() -> None:
    assert EapPacket.parse(bytes.fromhex("0101000501") + b"padding") == EapPacket(EapCode.REQUEST, 1, EapType.IDENTITY)


@pytest.mark.parametrize(
    "octets",
    ["", "01", "010100", "0001000501", "0501000501", "01010004", "0101000001", "01010006ff", "03010005ff", "03010003"],
)
def test_malformed_packet_is_refused(octets: str) -> None:
    with pytest.raises(DecodeError):
        EapPacket.parse(bytes.fromhex(octets))


def test_ready_made_packets_are_what_the_rfc_says() -> None:
    assert identity_request(7).hex() == "0107000501"
    assert identity_response(7, b"0a@b").hex() == "020700090130614062"
    assert nak(9, 50, 23).hex() == "02090007033217"
    assert nak(9).hex() == "020900060300"
    assert success(3).hex() == "03030004"
    assert failure(3).hex() == "04030004"


@pytest.mark.parametrize(
    "packet",
    [
        EapPacket(EapCode.REQUEST, 1),
        EapPacket(EapCode.SUCCESS, 1, 1),
        EapPacket(EapCode.FAILURE, 1, None, b"x"),
        EapPacket(EapCode.REQUEST, 256, 1),
        EapPacket(EapCode.REQUEST, 1, 1, bytes(65535)),
    ],
)
def test_packet_that_cannot_be_is_not_built(packet: EapPacket) -> None:
    with pytest.raises(EncodeError):
        packet.build()


def test_success_and_failure_have_every_identifier_and_no_other() -> None:
    for identifier in range(256):
        assert success(identifier) == EapPacket(EapCode.SUCCESS, identifier).build()
        assert failure(identifier) == EapPacket(EapCode.FAILURE, identifier).build()
    for identifier in (-1, 256):
        for build in (success, failure):
            with pytest.raises(EncodeError):
                build(identifier)
