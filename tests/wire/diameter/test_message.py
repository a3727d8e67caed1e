import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.diameter.samples import OCTETS, S6B_DEA, S6B_DER, SESSION, numbered
from tests.wire.diameter.strategies import unknown_avps
from wire.diameter.avp import Avp, AvpFault
from wire.diameter.message import Header, Message
from wire.diameter.results import ResultCode
from wire.errors import DecodeError, EncodeError

GOOD = numbered(S6B_DER.message()).build()


def test_a_header_is_read_as_rfc_6733_section_3_draws_it() -> None:
    header = Header.parse(bytes.fromhex("01000014 c000010c 01000038 01020304 a1a2a3a4"))
    assert header == Header(1, 20, 0xC0, 268, 16777272, 0x01020304, 0xA1A2A3A4)
    assert header.bare().is_request


def test_a_header_needs_twenty_octets() -> None:
    with pytest.raises(DecodeError):
        Header.parse(bytes(19))


@given(
    st.builds(
        Message,
        command=st.integers(0, 2**24 - 1),
        application=st.integers(0, 2**32 - 1),
        flags=st.sampled_from([0x00, 0x40, 0x80, 0xC0, 0xD0, 0x20, 0x60, 0x0F]),
        hop_by_hop=st.integers(0, 2**32 - 1),
        end_to_end=st.integers(0, 2**32 - 1),
        avps=st.lists(unknown_avps(), max_size=4).map(tuple),
    )
)
def test_messages_survive_a_round_trip(message: Message) -> None:
    assert Message.parse(message.build()) == message


def test_every_sample_is_built_back_octet_by_octet() -> None:
    for octets in OCTETS:
        assert Message.parse(octets).build() == octets


@pytest.mark.parametrize(
    ("octets", "result"),
    [
        (b"\x00" + GOOD[1:], ResultCode.UNSUPPORTED_VERSION),
        (b"\x02" + GOOD[1:], ResultCode.UNSUPPORTED_VERSION),
        (GOOD + bytes(4), ResultCode.INVALID_MESSAGE_LENGTH),
        (GOOD[:-4], ResultCode.INVALID_MESSAGE_LENGTH),
        (GOOD[:4] + b"\xe0" + GOOD[5:], ResultCode.INVALID_HDR_BITS),
        (GOOD[:25] + b"\xff\xff\xff" + GOOD[28:], ResultCode.INVALID_AVP_LENGTH),
    ],
)
def test_a_bad_message_says_its_result_code(octets: bytes, result: ResultCode) -> None:
    with pytest.raises(AvpFault) as caught:
        Message.parse(octets)
    assert caught.value.result is result


def test_reserved_header_bits_are_ignored() -> None:
    assert Message.parse(GOOD[:4] + bytes([GOOD[4] | 0x0F]) + GOOD[5:]).is_request


def test_avps_are_found_by_name() -> None:
    message = Message.parse(GOOD)
    assert message.text("Session-Id") == SESSION
    assert message.value("RAT-Type") == 0
    assert message.first("Error-Message") is None
    assert message.value("Error-Message") is None
    assert S6B_DEA.message(message).result_code == 2001
    assert message.result_code is None


def test_the_first_of_each_is_known_by_its_key() -> None:
    first, second = Avp(25, 0, 0x40, b"1"), Avp(25, 0, 0x40, b"2")
    assert Message(268, 5, 0x80, 0, 0, (first, second, Avp(1, 0, 0x40, b"n"))).firsts == {
        (25, 0): first,
        (1, 0): Avp(1, 0, 0x40, b"n"),
    }


def test_text_that_is_not_well_encoded_is_none() -> None:
    assert Message(268, 5, 0x80, 0, 0, (Avp(263, 0, 0x40, b"\xff"),)).text("Session-Id") is None


def test_flags_are_told_apart() -> None:
    message = Message(268, 5, 0x30, 0, 0, ())
    assert (message.is_request, message.is_error, message.retransmitted) == (False, True, True)


def test_a_message_beyond_its_length_field_is_not_built() -> None:
    with pytest.raises(EncodeError):
        Message(268, 5, 0x80, 0, 0, (Avp(462, 0, 0x40, bytes(0xFFFFFF)),)).build()


def test_a_printed_message_shows_no_value() -> None:
    assert SESSION not in repr(Message.parse(GOOD))
