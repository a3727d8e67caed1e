"""Binding Revocation messages: their octets by RFC 5846 §5, and what is not one."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.mip6.test_options import OPTION, U8, U16
from wire.errors import DecodeError
from wire.mip6.ipv4_options import Ipv4HomeAddress
from wire.mip6.messages import build_message, parse_message
from wire.mip6.revocation import (
    RevocationAck,
    RevocationFlag,
    RevocationIndication,
    RevocationStatus,
    RevocationTrigger,
    parse_revocation,
)

HOME, AGENT = IPv6Address("2001:db8::100"), IPv6Address("2001:db8::1")
FLAGS = st.builds(RevocationFlag, U16)
OPTIONS = st.lists(OPTION, max_size=4).map(tuple)
REVOCATION = st.one_of(
    st.builds(RevocationIndication, trigger=U8, sequence=U16, flags=FLAGS, options=OPTIONS),
    st.builds(RevocationAck, status=U8, sequence=U16, flags=FLAGS, options=OPTIONS),
)


@given(REVOCATION)
def test_revocation_survives_a_round_trip(message: RevocationIndication | RevocationAck) -> None:
    assert parse_revocation(message.build()) == message


def test_indication_is_laid_out_as_in_rfc_5846_section_5_1() -> None:
    indication = RevocationIndication(trigger=RevocationTrigger.ADMINISTRATIVE_REASON, sequence=0x1234)
    assert indication.build().hex() == "01011234000001020000"
    octets = build_message(indication, AGENT, HOME)
    assert octets[:4].hex() == "3b011000"
    assert parse_message(octets) == indication


def test_acknowledgement_is_laid_out_as_in_rfc_5846_section_5_2() -> None:
    ack = RevocationAck(
        status=RevocationStatus.SUCCESS,
        sequence=7,
        flags=RevocationFlag.IPV4_ONLY,
        options=(Ipv4HomeAddress(IPv4Address("203.0.113.5")),),
    )
    assert ack.build().hex() == "0200000740001d068000cb00710501020000"


def test_another_type_of_revocation_is_none() -> None:
    with pytest.raises(DecodeError, match="Type 3") as caught:
        parse_revocation(b"\x03" + bytes(9))
    assert caught.value.offset == 6
