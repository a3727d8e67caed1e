"""Accounting-Requests against the codec that pyrad is behind, and which answers are believed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ue_sim.load.accounting_packets import AccountingPackets, record
from ue_sim.load.radius_packets import AnswerRefused
from wire.radius.accounting import AcctStatusType, TerminateCause, whole_counter
from wire.radius.codec import build_attributes, parse_packet
from wire.radius.messages import reply
from wire.radius.packet import Attribute, Code, RadiusPacket, is_genuine_request
from wire.secret import Secret

SECRET = Secret(b"testing123")
PACKETS = AccountingPackets(SECRET, "load")
CLASSES = build_attributes([Attribute.of("Class", b"ours"), Attribute.of("Class", b"another's")])


def request(status: AcctStatusType, period: int, *, delay: int = 0) -> RadiusPacket:
    said = record(status, period) + PACKETS.session(b"a1b2c3d4", b"0imsi@realm", 0x010203, CLASSES)
    octets = PACKETS.request(7, said, 1_900_000_000, delay)
    assert is_genuine_request(octets, SECRET)
    return parse_packet(octets)


@pytest.mark.parametrize(
    ("status", "period"), [(AcctStatusType.START, 0), (AcctStatusType.INTERIM_UPDATE, 1), (AcctStatusType.STOP, 2)]
)
def test_every_record_says_whose_session_it_is(status: AcctStatusType, period: int) -> None:
    packet = request(status, period, delay=3)
    assert (packet.code, packet.identifier) == (Code.ACCOUNTING_REQUEST, 7)
    assert packet.integer("Acct-Status-Type") == status
    assert (packet.text("Acct-Session-Id"), packet.text("User-Name")) == ("a1b2c3d4", "0imsi@realm")
    assert (packet.text("NAS-Identifier"), packet.text("Framed-IP-Address")) == ("load", "10.1.2.3")
    assert packet.values("Class") == (b"ours", b"another's")
    assert (packet.integer("Event-Timestamp"), packet.integer("Acct-Delay-Time")) == (1_900_000_000, 3)


def usage(packet: RadiusPacket) -> tuple[int | None, ...]:
    low_in, low_out = packet.integer("Acct-Input-Octets"), packet.integer("Acct-Output-Octets")
    high_in, high_out = packet.integer("Acct-Input-Gigawords"), packet.integer("Acct-Output-Gigawords")
    packets = packet.integer("Acct-Input-Packets"), packet.integer("Acct-Output-Packets")
    return (
        packet.integer("Acct-Session-Time"),
        whole_counter(low_in, high_in),
        whole_counter(low_out, high_out),
        *packets,
    )


def test_counters_rise_beyond_32_bits_and_a_start_has_none() -> None:
    assert usage(request(AcctStatusType.START, 0)) == (None,) * 5
    told = [usage(request(AcctStatusType.INTERIM_UPDATE, period)) for period in range(1, 6)]
    for one in range(5):
        each = [record[one] or 0 for record in told]
        assert each == sorted(set(each))
    assert (told[-1][2] or 0) > 1 << 32


def test_only_a_stop_says_why() -> None:
    assert request(AcctStatusType.INTERIM_UPDATE, 1).integer("Acct-Terminate-Cause") is None
    assert request(AcctStatusType.STOP, 1).integer("Acct-Terminate-Cause") == TerminateCause.USER_REQUEST


def test_genuine_answer_is_believed_and_any_changed_octet_is_not() -> None:
    asked = request(AcctStatusType.START, 0)
    octets = reply(asked, Code.ACCOUNTING_RESPONSE, secret=SECRET, attributes=[Attribute.of("Proxy-State", b"proxy")])
    PACKETS.require_genuine(octets, asked.authenticator)
    for place in range(len(octets)):
        changed = bytearray(octets)
        changed[place] ^= 1
        with pytest.raises(AnswerRefused):
            PACKETS.require_genuine(bytes(changed), asked.authenticator)


def test_answer_of_another_code_is_none() -> None:
    asked = request(AcctStatusType.START, 0)
    with pytest.raises(AnswerRefused, match="code 2"):
        PACKETS.require_genuine(reply(asked, Code.ACCESS_ACCEPT, secret=SECRET), asked.authenticator)


@given(st.binary(max_size=64))
def test_whatever_comes_is_refused(octets: bytes) -> None:
    with pytest.raises(AnswerRefused):
        PACKETS.require_genuine(octets, bytes(16))
